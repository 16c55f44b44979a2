//! Resizing with Lanczos3, the whole picture or a part of it, in sRGB values or in linear light.
//!
//! Transparent pictures are resized with their colours multiplied by alpha. Linear light has 16 bits; its
//! accumulators are integers as those of 8 bits are, so every SIMD path gives the same.

use darkroom_core::cost::Cost;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Error, Result};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{Pixel, U8x3, U8x4, U16x3, U16x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use crate::fit::{Placing, Region};
use crate::{alpha, estimate, linear};

/// What is added up when a picture is resized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Light {
    /// The sRGB values: what most programs do.
    #[default]
    Srgb,
    /// Linear light: as if the eye stood farther away. Fine bright detail keeps its brightness.
    Linear,
}

/// Resizes the whole picture to `size`.
///
/// # Errors
/// [`Error::Damaged`] for a `size` with a side of 0.
pub fn resize(pixels: &Pixels, size: Size, light: Light) -> Result<Pixels> {
    if pixels.size() == size {
        return Ok(pixels.clone());
    }
    run(pixels, size, light, ResizeOptions::new())
}

/// Makes the picture of `placing` (without its background) from its source, decoded at whatever scale.
///
/// # Errors
/// None that a valid picture can cause.
pub fn place(pixels: &Pixels, placing: &Placing, light: Light) -> Result<Pixels> {
    let Placing { source, region, picture, .. } = *placing;
    if region.size == source {
        return resize(pixels, picture, light);
    }
    if pixels.size() == source && region.size == picture {
        return cut(pixels, region);
    }
    let decoded = pixels.size();
    let (left, width) = span(region.left, region.size.width, source.width, decoded.width);
    let (top, height) = span(region.top, region.size.height, source.height, decoded.height);
    run(pixels, picture, light, ResizeOptions::new().crop(left, top, width, height))
}

/// What [`place`] takes at most, for a source that is decoded at `decoded`.
pub fn cost(placing: &Placing, decoded: Size, light: Light) -> Cost {
    estimate::resize(placing, decoded, light)
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

fn run(pixels: &Pixels, size: Size, light: Light, options: ResizeOptions) -> Result<Pixels> {
    let (from, format) = (pixels.size(), pixels.format());
    let options = options.resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
    let data = match (light, format) {
        (Light::Srgb, PixelFormat::Rgb8) => bytes::<U8x3>(from, pixels.data(), size, &options)?,
        (Light::Srgb, PixelFormat::Rgba8) => {
            let mut data = bytes::<U8x4>(from, &alpha::premultiply(pixels.data()), size, &options)?;
            alpha::unpremultiply(&mut data);
            data
        }
        (Light::Linear, PixelFormat::Rgb8) => {
            let lights = pixels.data().as_chunks::<3>().0.iter();
            let lights: Vec<U16x3> = lights.map(|pixel| Pixel::new(pixel.map(linear::to_linear))).collect();
            let small = typed(from, &lights, size, &options)?;
            small.pixels().iter().flat_map(|pixel| pixel.0.map(linear::to_srgb)).collect()
        }
        (Light::Linear, PixelFormat::Rgba8) => {
            let lights = pixels.data().as_chunks::<4>().0.iter();
            let lights: Vec<U16x4> = lights.map(|pixel| Pixel::new(linear::premultiplied(*pixel))).collect();
            let small = typed(from, &lights, size, &options)?;
            small.pixels().iter().flat_map(|pixel| linear::straight(pixel.0)).collect()
        }
    };
    Pixels::new(size, format, data)
}

fn bytes<P: PixelTrait>(from: Size, data: &[u8], size: Size, options: &ResizeOptions) -> Result<Vec<u8>> {
    let source = TypedImageRef::<P>::from_buffer(from.width, from.height, data).map_err(refused)?;
    let mut made = vec![0; size.width as usize * size.height as usize * P::size()];
    let mut target = TypedImage::<P>::from_buffer(size.width, size.height, &mut made).map_err(refused)?;
    Resizer::new().resize_typed(&source, &mut target, options).map_err(refused)?;
    Ok(made)
}

fn typed<P: PixelTrait>(
    from: Size,
    pixels: &[P],
    size: Size,
    options: &ResizeOptions,
) -> Result<TypedImage<'static, P>> {
    let source = TypedImageRef::new(from.width, from.height, pixels).map_err(refused)?;
    let mut target = TypedImage::new(size.width, size.height);
    Resizer::new().resize_typed(&source, &mut target, options).map_err(refused)?;
    Ok(target)
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
mod tests;
