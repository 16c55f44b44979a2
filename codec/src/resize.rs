//! Resizing with Lanczos3, the whole picture or a part of it.

use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Error, Result};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::alpha;
use crate::fit::{Placing, Region};

/// Resizes the whole picture to `size`.
///
/// # Errors
/// [`Error::Damaged`] for a `size` with a side of 0.
pub fn resize(pixels: &Pixels, size: Size) -> Result<Pixels> {
    if pixels.size() == size {
        return Ok(pixels.clone());
    }
    run(pixels, size, ResizeOptions::new())
}

/// Makes the picture of `placing` (without its background) from its source, decoded at whatever scale.
///
/// # Errors
/// None that a valid picture can cause.
pub fn place(pixels: &Pixels, placing: &Placing) -> Result<Pixels> {
    let Placing { source, region, picture, .. } = *placing;
    if region.size == source {
        return resize(pixels, picture);
    }
    if pixels.size() == source && region.size == picture {
        return cut(pixels, region);
    }
    let decoded = pixels.size();
    let (left, width) = span(region.left, region.size.width, source.width, decoded.width);
    let (top, height) = span(region.top, region.size.height, source.height, decoded.height);
    run(pixels, picture, ResizeOptions::new().crop(left, top, width, height))
}

/// Start and length of a part of the full side, in pixels of the decoded side. In steps of 1/1024 of a pixel,
/// so that start, length and end are exact in floating point and the end never lies outside.
fn span(start: u32, length: u32, full: u32, decoded: u32) -> (f64, f64) {
    let scaled = |at: u32| u64::from(at) * u64::from(decoded) * 1024 / u64::from(full);
    let (from, to) = (scaled(start), scaled(start + length));
    // At most 2^32 * 1024, far within the 53 bits that are exact.
    #[expect(clippy::cast_precision_loss, reason = "both are below 2^42")]
    let exact = |steps: u64| steps as f64 / 1024.0;
    (exact(from), exact((to - from).max(1)))
}

fn run(pixels: &Pixels, size: Size, options: ResizeOptions) -> Result<Pixels> {
    let (from, format) = (pixels.size(), pixels.format());
    let options = options.resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
    let mut resizer = Resizer::new();
    let mut go = |data: &[u8], kind: PixelType| -> Result<Vec<u8>> {
        let source = ImageRef::new(from.width, from.height, data, kind).map_err(refused)?;
        let mut target = Image::new(size.width, size.height, kind);
        resizer.resize(&source, &mut target, &options).map_err(refused)?;
        Ok(target.into_vec())
    };
    let data = match format {
        PixelFormat::Rgb8 => go(pixels.data(), PixelType::U8x3)?,
        PixelFormat::Rgba8 => {
            let mut data = go(&alpha::premultiply(pixels.data()), PixelType::U8x4)?;
            alpha::unpremultiply(&mut data);
            data
        }
    };
    Pixels::new(size, format, data)
}

/// A part at its own size.
fn cut(pixels: &Pixels, region: Region) -> Result<Pixels> {
    let bytes = |columns: u32| columns as usize * pixels.format().channels();
    let (from, width) = (bytes(region.left), bytes(region.size.width));
    let rows = pixels.data().chunks_exact(bytes(pixels.size().width));
    let data = rows
        .skip(region.top as usize)
        .take(region.size.height as usize)
        .flat_map(|row| &row[from..from + width])
        .copied()
        .collect();
    Pixels::new(region.size, pixels.format(), data)
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Damaged { format: "pixel buffer", reason: format!("it cannot be resized: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::Fit;

    /// Each pixel names its place, so that a cut can be read off.
    fn plan(width: u8, height: u8) -> Pixels {
        let data = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x, y, 7])).collect();
        Pixels::new(Size::new(width.into(), height.into()), PixelFormat::Rgb8, data).unwrap()
    }

    #[test]
    fn a_cut_at_its_own_size_keeps_the_pixels() {
        let pixels = plan(9, 4);
        let placing = Fit::Cover.place(pixels.size(), Size::new(100, 100));
        let cut = place(&pixels, &placing).unwrap();
        assert_eq!(cut.size(), Size::new(4, 4));
        assert_eq!(&cut.data()[..3], [2, 0, 7]);
        assert_eq!(&cut.data()[cut.data().len() - 3..], [5, 3, 7]);
    }

    #[test]
    fn a_part_is_taken_from_the_middle_at_any_scale() {
        // Left third red, middle third green, right third blue; a square cut shows green alone.
        let bars = |width: u32, height: u32| {
            let data = (0..width * height)
                .flat_map(|at| match (at % width) * 3 / width {
                    0 => [255, 0, 0],
                    1 => [0, 255, 0],
                    _ => [0, 0, 255],
                })
                .collect();
            Pixels::new(Size::new(width, height), PixelFormat::Rgb8, data).unwrap()
        };
        let placing = Fit::Cover.place(Size::new(2400, 800), Size::new(50, 50));
        for scale in [1, 2, 4] {
            let part = place(&bars(2400 / scale, 800 / scale), &placing).unwrap();
            assert_eq!(part.size(), Size::new(50, 50));
            let centre = &part.data()[(25 * 50 + 25) * 3..][..3];
            assert_eq!(centre, [0, 255, 0], "1/{scale}");
            assert!(part.data().chunks(3).all(|pixel| pixel[1] > 100), "1/{scale}");
        }
    }

    #[test]
    fn transparent_colours_do_not_bleed() {
        // Opaque green beside transparent red.
        let data = (0..64u32).flat_map(|at| if at % 8 < 4 { [0, 200, 0, 255] } else { [255, 0, 0, 0] });
        let pixels = Pixels::new(Size::new(8, 8), PixelFormat::Rgba8, data.collect()).unwrap();
        let small = resize(&pixels, Size::new(3, 3)).unwrap();
        for pixel in small.data().chunks(4).filter(|pixel| pixel[3] > 0) {
            assert_eq!((pixel[0], pixel[2]), (0, 0));
            // Lanczos overshoots a little beside an edge.
            assert!(pixel[1].abs_diff(200) < 30, "{pixel:?}");
        }
    }

    #[test]
    fn spans_stay_inside() {
        for full in [1u32, 7, 1000, 65_535] {
            for decoded in [1u32, 3, full.div_ceil(8), full] {
                for start in [0, full / 3, full - 1] {
                    let (from, length) = span(start, full - start, full, decoded);
                    assert!(from + length <= f64::from(decoded) || decoded == 1, "{full} {decoded} {start}");
                    assert!(length > 0.0);
                }
            }
        }
    }
}
