//! From pixels to files: JPEG, PNG, lossless WebP, or whichever suits the picture.
//!
//! [`encode`] takes an [`Encoding`] and gives bytes without metadata. All formats are written in integers, or
//! in float operations that IEEE 754 fixes, so the bytes are the same on every machine. PNG and WebP are
//! written here: the deflate behind the `png` crate changes with the features of unrelated crates in a build,
//! and the Huffman lengths of `image-webp` depend on an unstable sort whose order of equals depends on the
//! width of a pointer.
//!
//! `auto` chooses in this order:
//!
//! 1. a picture with any pixel that is not opaque: the smaller of PNG and lossless WebP;
//! 2. a picture of few colours (at most 256, in the result or in what it was made from): the same;
//! 3. everything else: JPEG.
//!
//! PNG wins where both have the same size, and where a side is longer than WebP allows.

mod budget;
mod cost;
pub mod jpeg;
pub mod palette;
pub mod png;
pub mod webp;

use darkroom_core::media::MediaType;
use darkroom_core::pixels::Pixels;
use darkroom_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use cost::cost;
pub use jpeg::Chroma;

use crate::alpha;
use crate::color::Color;

/// A file format to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `image/jpeg`, lossy, without alpha.
    #[default]
    Jpeg,
    /// `image/png`, lossless.
    Png,
    /// `image/webp`, lossless.
    Webp,
    /// What suits the picture: see the [module](self).
    Auto,
}

impl Format {
    /// Whether a picture may keep its transparency.
    pub fn keeps_alpha(self) -> bool {
        self != Format::Jpeg
    }
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// The format.
    pub format: Format,
    /// JPEG quality, 1 to 100; what lies outside counts as the nearest of these.
    pub quality: u32,
    /// The most bytes that the file may have. JPEG goes down in quality for it, the others cannot.
    pub max_bytes: Option<u32>,
    /// JPEG in several passes, coarse to fine, in the arrangement that is smallest.
    pub progressive: bool,
    /// JPEG with trellis quantisation: smaller by an eighth to a fifth, nine times as expensive to write.
    pub trellis: bool,
    /// How JPEG keeps colour.
    pub chroma: Chroma,
    /// What shows through transparency in a JPEG.
    pub background: Color,
}

impl Default for Encoding {
    fn default() -> Self {
        Encoding {
            format: Format::Jpeg,
            quality: 80,
            max_bytes: None,
            progressive: false,
            trellis: false,
            chroma: Chroma::Auto,
            background: Color::WHITE,
        }
    }
}

/// An encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Its format.
    pub media: MediaType,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Encodes a picture. `few_colors` says that what it was made from has few colours, for [`Format::Auto`].
///
/// # Errors
/// [`Error::ImageTooLarge`] for a side that the format does not have; [`Error::OverBudget`] where the file
/// cannot be made as small as `max_bytes`.
pub fn encode(pixels: &Pixels, encoding: &Encoding, few_colors: bool) -> Result<Encoded> {
    let pixels = alpha::opaque(pixels);
    match encoding.format {
        Format::Jpeg => lossy(&pixels, encoding),
        Format::Png => within(png_file(&pixels)?, "PNG", encoding.max_bytes),
        Format::Webp => within(webp_file(&pixels)?, "lossless WebP", encoding.max_bytes),
        Format::Auto => {
            let graphic = few_colors || palette::few_colors(&pixels);
            if pixels.format().channels() == 3 && !graphic {
                return lossy(&pixels, encoding);
            }
            let smallest = smaller(&pixels)?;
            match within(smallest, "PNG or lossless WebP", encoding.max_bytes) {
                // A graphic over its budget can still be a JPEG.
                Err(Error::OverBudget { .. }) if pixels.format().channels() == 3 => lossy(&pixels, encoding),
                result => result,
            }
        }
    }
}

fn lossy(pixels: &Pixels, encoding: &Encoding) -> Result<Encoded> {
    let flat = alpha::flattened(pixels, encoding.background)?;
    let bytes = budget::jpeg(&flat, encoding)?;
    Ok(Encoded { media: MediaType::JPEG, bytes })
}

fn png_file(pixels: &Pixels) -> Result<Encoded> {
    Ok(Encoded { media: MediaType::PNG, bytes: png::encode(pixels)? })
}

fn webp_file(pixels: &Pixels) -> Result<Encoded> {
    Ok(Encoded { media: MediaType::WEBP, bytes: webp::encode(pixels)? })
}

fn smaller(pixels: &Pixels) -> Result<Encoded> {
    let size = pixels.size();
    let png = png_file(pixels)?;
    if size.width.max(size.height) > webp::MAX_SIDE {
        return Ok(png);
    }
    let webp = webp_file(pixels)?;
    Ok(if webp.bytes.len() < png.bytes.len() { webp } else { png })
}

/// Holds a lossless file against the budget.
fn within(encoded: Encoded, what: &str, budget: Option<u32>) -> Result<Encoded> {
    let found = encoded.bytes.len() as u64;
    match budget {
        Some(allowed) if found > u64::from(allowed) => Err(Error::OverBudget {
            encoding: format!("{what}, which has no quality to lower,"),
            found,
            allowed: allowed.into(),
        }),
        _ => Ok(encoded),
    }
}

/// Refuses a side that a format does not have.
fn check_sides(pixels: &Pixels, allowed: u32) -> Result<()> {
    for (what, side) in [("width", pixels.size().width), ("height", pixels.size().height)] {
        if side > allowed {
            return Err(Error::ImageTooLarge { what, found: side.into(), allowed: allowed.into() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
