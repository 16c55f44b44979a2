//! WebP: lossy, lossless, with alpha; of an animation the first frame on its canvas.
//!
//! The container is walked first (`container`): that finds the sizes, in the container and in the picture's own
//! data, which have to agree before anything is allocated, counts the frames and finds files that are cut off.
//! image-webp then gets the picture's chunks alone.

mod container;

use std::io::Cursor;

use darkroom_core::decode::DecodeLimits;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Error, Result};
use image_webp::WebPDecoder;

use crate::contain::contained;
use crate::icc;
use crate::orientation::Orientation;
use container::Container;

/// The upright size of a WebP.
///
/// # Errors
/// [`Error::Damaged`], [`Error::ImageTooLarge`].
pub fn size(bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
    let container = Container::read(bytes, limits)?;
    Ok(orientation(&container).turn(container.canvas))
}

/// The upright pixels of a WebP at full size; RGBA where it has alpha, or where the first frame of an animation
/// leaves some of its canvas free.
///
/// # Errors
/// As [`size`], and for pictures whose data ends early or does not decode.
pub fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Pixels> {
    let container = Container::read(bytes, limits)?;
    let (alpha, mut data) = contained("WebP", || picture(&container))?;
    let channels = if alpha { 4 } else { 3 };
    icc::to_srgb(container.profile, &mut data, channels, false);
    let (format, data) = if container.canvas == container.frame {
        (if alpha { PixelFormat::Rgba8 } else { PixelFormat::Rgb8 }, data)
    } else {
        (PixelFormat::Rgba8, on_canvas(&container, channels, &data))
    };
    orientation(&container).apply(Pixels::new(container.canvas, format, data)?)
}

/// Decodes the picture; says whether it has alpha.
fn picture(container: &Container<'_>) -> Result<(bool, Vec<u8>)> {
    let damaged = |error: image_webp::DecodingError| Error::Damaged {
        format: "WebP",
        reason: match error {
            image_webp::DecodingError::IoError(_) => "the picture's data ends early".to_owned(),
            other => other.to_string(),
        },
    };
    let mut decoder = WebPDecoder::new(Cursor::new(container.alone())).map_err(damaged)?;
    let length = decoder.output_buffer_size().unwrap_or(usize::MAX);
    let alpha = decoder.has_alpha();
    let expected = container.frame.area() * if alpha { 4 } else { 3 };
    if length as u64 != expected {
        let reason = format!("{length} bytes are announced for {expected}");
        return Err(Error::Damaged { format: "WebP", reason });
    }
    let mut data = vec![0; length];
    decoder.read_image(&mut data).map_err(damaged)?;
    Ok((alpha, data))
}

/// The frame in its place on a transparent canvas.
fn on_canvas(container: &Container<'_>, channels: usize, data: &[u8]) -> Vec<u8> {
    let (left, top) = container.place;
    let across = container.canvas.width as usize;
    let mut canvas = vec![[0u8; 4]; across * container.canvas.height as usize];
    let rows = data.chunks_exact(container.frame.width as usize * channels);
    for (row, from) in canvas.chunks_exact_mut(across).skip(top as usize).zip(rows) {
        for (to, from) in row[left as usize..].iter_mut().zip(from.chunks_exact(channels)) {
            *to = [from[0], from[1], from[2], from.get(3).copied().unwrap_or(255)];
        }
    }
    canvas.into_flattened()
}

fn orientation(container: &Container<'_>) -> Orientation {
    // Some programs put JPEG's introduction before it.
    let tiff = |exif: &'_ [u8]| Orientation::in_exif(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
    container.exif.map(tiff).unwrap_or_default()
}
