//! A line of text as coverage, and the outline around it.

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use darkroom_core::pixels::Size;
use ttf_parser::OutlineBuilder;

use crate::font::Line;

/// How much of each pixel is covered, 255 for all of it.
pub(crate) struct Coverage {
    pub(crate) size: Size,
    pub(crate) data: Vec<u8>,
}

/// The text, its ink scaled to `ink` pixels, with `around` pixels free on every side.
pub(crate) fn text(line: &Line, ink: Size, around: u32) -> Coverage {
    let size = Size::new(ink.width + 2 * around, ink.height + 2 * around);
    let (width, height) = (size.width as usize, size.height as usize);
    let mut rasterizer = Rasterizer::new(width, height);
    let scale = Scale {
        across: exact(ink.width.cast_signed()) / exact(line.ink.width().cast_signed()),
        down: exact(ink.height.cast_signed()) / exact(line.ink.height().cast_signed()),
        around: exact(around.cast_signed()),
    };
    let start = point(0.0, 0.0);
    let top = exact(line.ink.top);
    let mut pen = Pen { rasterizer: &mut rasterizer, scale, left: 0.0, top, first: start, last: start };
    for (glyph, at) in line.glyphs() {
        pen.left = exact(at - line.ink.left);
        line.outline(glyph, &mut pen);
    }
    let mut data = vec![0; width * height];
    rasterizer.for_each_pixel(|at, covered| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 255, and the cast saturates"
        )]
        let byte = (covered * 255.0 + 0.5) as u8;
        data[at] = byte;
    });
    Coverage { size, data }
}

/// Font units and pixels are far below 2^24: 100 glyphs of at most 2 em of 2048, pictures of at most 8192.
#[expect(clippy::cast_precision_loss, reason = "below 2^24")]
fn exact(value: i32) -> f32 {
    value as f32
}

/// From font units to pixels.
#[derive(Clone, Copy)]
struct Scale {
    across: f32,
    down: f32,
    around: f32,
}

/// Draws glyphs.
struct Pen<'a> {
    rasterizer: &'a mut Rasterizer,
    scale: Scale,
    /// Of a glyph's start from the ink's left edge, and of the ink's upper edge from the base line, in font units.
    left: f32,
    top: f32,
    first: Point,
    last: Point,
}

impl Pen<'_> {
    fn to_pixels(&self, x: f32, y: f32) -> Point {
        let Scale { across, down, around } = self.scale;
        point((self.left + x) * across + around, (self.top - y) * down + around)
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.first = self.to_pixels(x, y);
        self.last = self.first;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.to_pixels(x, y);
        self.rasterizer.draw_line(self.last, to);
        self.last = to;
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (by, to) = (self.to_pixels(x1, y1), self.to_pixels(x, y));
        self.rasterizer.draw_quad(self.last, by, to);
        self.last = to;
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (by, and, to) = (self.to_pixels(x1, y1), self.to_pixels(x2, y2), self.to_pixels(x, y));
        self.rasterizer.draw_cubic(self.last, by, and, to);
        self.last = to;
    }

    fn close(&mut self) {
        self.rasterizer.draw_line(self.last, self.first);
        self.last = self.first;
    }
}

impl Coverage {
    /// What lies around it up to `radius` pixels away, soft: the mean of a square, twice, made four times as strong.
    pub(crate) fn outline(&self, radius: u32) -> Vec<u8> {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let radius = radius as usize;
        let mut soft = self.data.clone();
        // Each of two passes reaches half as far.
        for radius in [radius / 2, radius - radius / 2] {
            soft = means(&soft, width, radius);
            soft = transposed(&soft, width);
            soft = means(&soft, height, radius);
            soft = transposed(&soft, height);
        }
        let around =
            soft.iter().zip(&self.data).map(|(soft, text)| soft.saturating_mul(4).saturating_sub(*text));
        around.collect()
    }
}

/// Each value of a row becomes the mean of those up to `radius` away; beyond the ends there is nothing.
fn means(data: &[u8], width: usize, radius: usize) -> Vec<u8> {
    let wide = 2 * radius + 1;
    let mut made = Vec::with_capacity(data.len());
    for row in data.chunks_exact(width) {
        let mut sum: usize = row.iter().take(radius).map(|value| usize::from(*value)).sum();
        for at in 0..width {
            sum += row.get(at + radius).map_or(0, |value| usize::from(*value));
            made.push(u8::try_from(sum / wide).unwrap_or(u8::MAX));
            sum -= at.checked_sub(radius).map_or(0, |behind| usize::from(row[behind]));
        }
    }
    made
}

/// Rows become columns.
fn transposed(data: &[u8], width: usize) -> Vec<u8> {
    let column = |at: usize| data.iter().skip(at).step_by(width).copied();
    (0..width).flat_map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A capital I of this font is a rectangle.
    #[test]
    fn a_rectangle_covers_its_pixels_and_no_others() {
        let line = Line::of("I").unwrap();
        let covered = text(&line, Size::new(3, 5), 2);
        assert_eq!(covered.size, Size::new(7, 9));
        for (at, value) in covered.data.iter().enumerate() {
            let (x, y) = (at % 7, at / 7);
            let inside = (2..5).contains(&x) && (2..7).contains(&y);
            assert_eq!(*value, if inside { 255 } else { 0 }, "{x}, {y}");
        }
    }

    #[test]
    fn a_ring_has_a_hole_and_stays_in_its_frame() {
        let line = Line::of("O").unwrap();
        let covered = text(&line, Size::new(41, 51), 3);
        let at = |x: usize, y: usize| covered.data[y * 47 + x];
        assert_eq!((at(23, 28), at(6, 28), at(4, 4)), (0, 255, 0));
        let frame = (0..47 * 57).filter(|at| at % 47 < 3 || at % 47 > 43 || at / 47 < 3 || at / 47 > 53);
        assert!(frame.map(|at| covered.data[at]).all(|value| value == 0));
    }

    #[test]
    fn the_outline_reaches_as_far_as_its_radius_and_not_under_the_text() {
        let mut data = vec![0; 15 * 11];
        data[5 * 15 + 7] = 255;
        let dot = Coverage { size: Size::new(15, 11), data };
        for radius in 1..=4 {
            let outline = dot.outline(radius);
            assert_eq!(outline[5 * 15 + 7], 0, "under the dot");
            let reached = outline.iter().enumerate().filter(|(_, value)| **value > 0);
            let far = reached.map(|(at, _)| (at % 15).abs_diff(7).max((at / 15).abs_diff(5))).max();
            assert!(far <= Some(radius as usize) && far >= Some(1), "{far:?} for {radius}");
        }
        assert!(dot.outline(0).iter().all(|value| *value == 0));
    }
}
