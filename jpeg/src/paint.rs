//! From strips of samples to the rows of the picture.

use crate::color;
use crate::geometry::{Geometry, Plane, Upsample};
use crate::header::ColorSpace;
use crate::image::Image;
use crate::strip::Strip;
use crate::upsample;

/// A picture that grows strip by strip.
#[derive(Debug)]
pub(crate) struct Painter<'a> {
    geometry: &'a Geometry,
    color: ColorSpace,
    /// Rows that a strip is behind the picture, as the last one needs the strip that follows.
    lag: usize,
    /// Rows that are done.
    done: usize,
    pixels: Vec<u8>,
    /// One row for each component that is brought to size.
    rows: [Vec<u8>; 4],
    sums: Vec<u16>,
}

impl<'a> Painter<'a> {
    pub(crate) fn new(geometry: &'a Geometry, color: ColorSpace) -> Self {
        let sums = geometry.planes.iter().map(|plane| plane.width).max().unwrap_or(0);
        Self {
            geometry,
            color,
            lag: usize::from(geometry.blends_rows()),
            done: 0,
            pixels: vec![0; geometry.width * geometry.height * color.format().bytes()],
            rows: Default::default(),
            sums: vec![0; sums],
        }
    }

    /// Bytes that [`Self::new`] and [`Self::paint`] take.
    pub(crate) fn memory(geometry: &Geometry, color: ColorSpace) -> u64 {
        let pixels = geometry.width as u64 * geometry.height as u64 * color.format().bytes() as u64;
        pixels + geometry.width as u64 * (color.format().bytes() as u64 + 2) + 64
    }

    /// Paints what strip number `index`, the newest, makes possible.
    pub(crate) fn paint(&mut self, strips: &[Strip], index: usize) {
        let geometry = self.geometry;
        let end = (index + 1) * geometry.strip_height;
        let end = if index + 1 == geometry.mcus_high { geometry.height } else { end - self.lag };
        let row_bytes = geometry.width * self.color.format().bytes();
        while self.done < end {
            for ((plane, strip), row) in geometry.planes.iter().zip(strips).zip(&mut self.rows) {
                // The row of the component that is row 1 of the strip.
                let first = index * plane.v * plane.points as usize;
                let source = Source { plane, strip, first };
                source.bring_to_size(self.done, geometry.width, row, &mut self.sums);
            }
            let rows: [&[u8]; 4] = std::array::from_fn(|i| {
                let (Some(plane), Some(strip)) = (geometry.planes.get(i), strips.get(i)) else {
                    return &[][..];
                };
                match plane.upsample {
                    Upsample::None => {
                        let first = index * plane.v * plane.points as usize;
                        strip.row(self.done + 1 - first, geometry.width)
                    }
                    _ => &self.rows[i][..geometry.width],
                }
            });
            let out = &mut self.pixels[self.done * row_bytes..][..row_bytes];
            let [a, b, c, _] = rows;
            match self.color {
                ColorSpace::Grey => out.copy_from_slice(a),
                ColorSpace::YCbCr => color::ycbcr([a, b, c], out),
                ColorSpace::Rgb => color::three([a, b, c], out),
                ColorSpace::Cmyk => color::four(rows, out),
                ColorSpace::Ycck => color::ycck(rows, out),
            }
            self.done += 1;
        }
    }

    pub(crate) fn finish(self) -> Image {
        let [width, height] =
            [self.geometry.width, self.geometry.height].map(|n| u32::try_from(n).unwrap_or(0));
        Image { width, height, format: self.color.format(), pixels: self.pixels }
    }
}

/// Where the rows of a component come from.
struct Source<'a> {
    plane: &'a Plane,
    strip: &'a Strip,
    first: usize,
}

impl<'a> Source<'a> {
    /// Row `y` of the component: at the edges the outermost is repeated.
    fn row(&self, y: usize) -> &'a [u8] {
        let y = y.min(self.plane.height - 1);
        self.strip.row(y + 1 - self.first, self.plane.width)
    }

    /// Makes row `y` of the picture, at least `width` samples, unless it stands in the strip already.
    fn bring_to_size(&self, y: usize, width: usize, out: &mut Vec<u8>, sums: &mut [u16]) {
        let own_width = self.plane.width;
        // Half the height: the nearer row, and the farther one above for even rows, below for odd ones.
        let near = y / 2;
        let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { near + 1 };
        match self.plane.upsample {
            Upsample::None => {}
            Upsample::Wider => {
                out.resize(2 * own_width, 0);
                upsample::wider(self.row(y), out);
            }
            Upsample::Higher => {
                out.resize(own_width, 0);
                let bias = if y.is_multiple_of(2) { 1 } else { 2 };
                upsample::higher(self.row(near), self.row(far), bias, out);
            }
            Upsample::Both => {
                out.resize(2 * own_width, 0);
                upsample::both(self.row(near), self.row(far), sums, out);
            }
            Upsample::Nearest { across, down } => {
                out.resize(width, 0);
                upsample::nearest(self.row(y * down.0 / down.1), across, out);
            }
        }
    }
}
