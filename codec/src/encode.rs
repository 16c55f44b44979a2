//! Writing JPEG: baseline, 4:2:0, optimised Huffman tables and trellis quantisation, no metadata.

use darkroom_core::pixels::{PixelFormat, Pixels};
use darkroom_core::{Error, Result};
use mozjpeg_rs::{Encoder, Preset};

/// The longest side of a JPEG.
pub const MAX_SIDE: u32 = 65_500;

/// Encodes an opaque picture at quality 1 to 100; what lies outside counts as the nearest of these.
///
/// # Errors
/// [`Error::ImageTooLarge`] for a side over [`MAX_SIDE`]; [`Error::Damaged`] for pixels with alpha, which have
/// to be [flattened](crate::alpha::flatten) before.
pub fn jpeg(pixels: &Pixels, quality: u32) -> Result<Vec<u8>> {
    encode(pixels, quality, Preset::BaselineBalanced)
}

pub(crate) fn encode(pixels: &Pixels, quality: u32, preset: Preset) -> Result<Vec<u8>> {
    let size = pixels.size();
    for (what, side) in [("width", size.width), ("height", size.height)] {
        if side > MAX_SIDE {
            return Err(Error::ImageTooLarge { what, found: side.into(), allowed: MAX_SIDE.into() });
        }
    }
    if pixels.format() != PixelFormat::Rgb8 {
        return Err(refused("it has alpha, which JPEG cannot hold"));
    }
    let encoder = Encoder::new(preset).optimize_huffman(true).quality(narrow(quality));
    encoder.encode_rgb(pixels.data(), size.width, size.height).map_err(refused)
}

fn narrow(quality: u32) -> u8 {
    u8::try_from(quality).unwrap_or(u8::MAX).clamp(1, 100)
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Damaged { format: "pixel buffer", reason: format!("it cannot be encoded: {error}") }
}

#[cfg(test)]
mod tests {
    use darkroom_core::pixels::Size;

    use super::*;

    fn grey(width: u32, height: u32, format: PixelFormat) -> Pixels {
        let length = width as usize * height as usize * format.channels();
        Pixels::new(Size::new(width, height), format, vec![128; length]).unwrap()
    }

    #[test]
    fn what_jpeg_cannot_hold_is_refused() {
        assert_eq!(jpeg(&grey(2, 2, PixelFormat::Rgba8), 80).unwrap_err().code(), "damaged");
        assert_eq!(jpeg(&grey(65_501, 1, PixelFormat::Rgb8), 80).unwrap_err().code(), "image_too_large");
        assert!(jpeg(&grey(65_500, 1, PixelFormat::Rgb8), 80).is_ok());
    }
}
