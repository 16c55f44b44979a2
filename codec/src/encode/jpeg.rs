//! Writing JPEG: Huffman tables made for the picture, no metadata.
//!
//! Plain files come from `darkroom-jpeg`, those with trellis quantisation or in several passes from mozjpeg-rs, with the
//! same quantisation tables; where both can write a file, it has the same bytes. Grey pictures are written with one
//! component.

use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Error, Result};
use mozjpeg_rs::{Encoder, Preset, Subsampling, TrellisConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Encoding, check_sides};

/// The longest side of a JPEG.
pub const MAX_SIDE: u32 = 65_500;

/// From this quality on, `auto` keeps colour at full resolution, as libvips does.
const FULL_CHROMA: u32 = 90;

/// At which resolution a JPEG keeps colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Chroma {
    /// 4:4:4 from quality 90 on, else 4:2:0.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// Half the resolution in both directions.
    #[serde(rename = "420")]
    Half,
    /// Full resolution.
    #[serde(rename = "444")]
    Full,
}

/// Encodes an opaque picture at `quality`; that of `encoding`, its format and budget play no part.
///
/// # Errors
/// [`Error::ImageTooLarge`] for a side over [`MAX_SIDE`]; [`Error::Damaged`] for pixels with alpha, which have
/// to be [flattened](crate::alpha::flatten) before.
pub fn encode(pixels: &Pixels, encoding: &Encoding, quality: u32) -> Result<Vec<u8>> {
    check(pixels)?;
    let full_chroma = match encoding.chroma {
        Chroma::Auto => quality >= FULL_CHROMA,
        Chroma::Half => false,
        Chroma::Full => true,
    };
    let Size { width, height } = pixels.size();
    let grey = grey(pixels);
    if !encoding.trellis && !encoding.progressive {
        let encoder = darkroom_jpeg::Encoder { quality: narrow(quality), full_chroma };
        return match grey {
            Some(grey) => encoder.grey(&grey, width, height),
            None => encoder.rgb(pixels.data(), width, height),
        }
        .map_err(refused);
    }
    let preset = if encoding.progressive { Preset::ProgressiveSmallest } else { Preset::BaselineBalanced };
    let mut encoder = Encoder::new(preset)
        .force_baseline(true)
        .optimize_huffman(true)
        .subsampling(if full_chroma { Subsampling::S444 } else { Subsampling::S420 })
        .quality(narrow(quality));
    if !encoding.trellis {
        encoder = encoder.trellis(TrellisConfig::disabled());
    }
    match grey {
        Some(grey) => encoder.encode_gray(&grey, width, height),
        None => encoder.encode_rgb(pixels.data(), width, height),
    }
    .map_err(refused)
}

/// The one value of every pixel, where all have but one.
fn grey(pixels: &Pixels) -> Option<Vec<u8>> {
    let colors = pixels.data().as_chunks::<3>().0;
    let grey = colors.iter().all(|[red, green, blue]| red == green && green == blue);
    grey.then(|| colors.iter().map(|[grey, ..]| *grey).collect())
}

/// A plain JPEG of the scenes that tests are made of, as fast as it gets.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn fastest(pixels: &Pixels, quality: u32) -> Result<Vec<u8>> {
    let encoder = Encoder::new(Preset::BaselineFastest).optimize_huffman(true).quality(narrow(quality));
    check(pixels)?;
    encoder.encode_rgb(pixels.data(), pixels.size().width, pixels.size().height).map_err(refused)
}

fn check(pixels: &Pixels) -> Result<()> {
    check_sides(pixels, MAX_SIDE)?;
    if pixels.format() != PixelFormat::Rgb8 {
        return Err(refused("it has alpha, which JPEG cannot hold"));
    }
    Ok(())
}

fn narrow(quality: u32) -> u8 {
    u8::try_from(quality).unwrap_or(u8::MAX).clamp(1, 100)
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Damaged { format: "pixel buffer", reason: format!("it cannot be encoded: {error}") }
}
