//! Reading and writing of image formats for the processors.
//!
//! [`CODECS`] is what an application hands to [`Source`](darkroom_core::source::Source): it reads JPEG, PNG,
//! WebP, GIF, BMP and TIFF into upright 8-bit sRGB, a JPEG at the smallest scale that serves the request. The other
//! modules are the steps that processors share: geometry ([`fit`]), where to cut ([`attention`]), resizing
//! ([`resize`]), sharpening ([`sharpen`]), alpha ([`alpha`]) and encoding ([`encode`]), and all of them in their
//! order ([`compose`]). What a derivative looks like is for the processors to say and unknown here.
//!
//! Everything gives the same bytes on every machine. What keeps it so:
//!
//! - JPEG is decoded by darkroom-jpeg, in integers, at the smallest scale that serves; which scale that is depends
//!   on the file and the request alone ([`jpeg`]).
//! - fast_image_resize carries its own `libm` with its `no_std` feature, so its filter weights do not depend
//!   on that of the platform; its SIMD paths are exact. Its alpha division is not used ([`alpha`]).
//! - JPEG is written by darkroom-jpeg and mozjpeg-rs in integers; highlights and trellis use only basic float operations, which IEEE 754 fixes, and
//!   powers of two that do not depend on the image.
//!
//! | file | what is in it |
//! |---|---|
//! | `jpeg/` | JPEG, with its orientation and profile |
//! | `png.rs`, `webp.rs`, `gif.rs`, `bmp.rs`, `tiff.rs` | the other formats |
//! | `icc.rs`, `cmyk.rs` | embedded colour profiles to sRGB; inks without one |
//! | `limits.rs` | the decode limits |
//! | `estimate.rs` | what decoding, resizing and encoding take, for plans |
//! | `exif.rs`, `orientation.rs` | EXIF blocks, searched in place; how a picture is turned |
//! | `fit/` | which part of a picture goes where, in integers |
//! | `attention.rs` | which part has most to look at |
//! | `resize.rs`, `linear.rs`, `sharpen.rs`, `canvas.rs`, `alpha.rs`, `color.rs`, `transpose.rs` | from pixels to pixels |
//! | `encode/` | from pixels to JPEG, PNG and lossless WebP |
//! | `compose.rs` | all steps from source to file |
//! | `params.rs` | what the parameters of processors share |
//! | `testing/` | pictures for tests, made from nothing (feature `testing`) |

pub mod alpha;
pub mod attention;
pub mod bmp;
pub mod canvas;
mod cmyk;
pub mod color;
pub mod compose;
mod contain;
pub mod encode;
mod estimate;
pub mod exif;
pub mod fit;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod gif;
mod icc;
pub mod jpeg;
mod limits;
pub mod linear;
pub mod orientation;
pub mod params;
pub mod png;
pub mod resize;
pub mod sharpen;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tiff;
mod transpose;
pub mod webp;

use darkroom_core::media::MediaType;
use darkroom_core::pixels::{Pixels, Size};
use std::sync::Arc;

use darkroom_core::decode::{Decode, DecodeLimits, DecodePlan};
use darkroom_core::{Error, Result};

/// The media types that [`Codecs`] reads.
pub const READABLE: &[MediaType] =
    &[MediaType::JPEG, MediaType::PNG, MediaType::WEBP, MediaType::GIF, MediaType::BMP, MediaType::TIFF];

/// The formats that can be read: [`READABLE`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Codecs;

/// [`Codecs`] to borrow from anywhere.
pub static CODECS: Codecs = Codecs;

/// What a source's bytes turn out to be.
enum Format {
    Jpeg,
    Png,
    WebP,
    Gif,
    Bmp,
    Tiff,
}

/// The format by the media type, which the first bytes have to confirm.
fn format_of(media: &MediaType, bytes: &[u8]) -> Result<Format> {
    let refuse = |reason: String| Err(Error::NotAnImage { reason });
    if bytes.is_empty() {
        return refuse("it is empty".to_owned());
    }
    let format = match media {
        media if *media == MediaType::JPEG => Format::Jpeg,
        media if *media == MediaType::PNG => Format::Png,
        media if *media == MediaType::WEBP => Format::WebP,
        media if *media == MediaType::GIF => Format::Gif,
        media if *media == MediaType::BMP => Format::Bmp,
        media if *media == MediaType::TIFF => Format::Tiff,
        other => {
            let read: Vec<_> = READABLE.iter().map(MediaType::as_str).collect();
            return refuse(format!("{other} is not read; {} are", read.join(", ")));
        }
    };
    match MediaType::sniff(bytes) {
        Some(found) if found == *media => Ok(format),
        Some(found) => refuse(format!("it is declared as {media} but is {found}")),
        None => {
            let start: Vec<_> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            refuse(format!("it is declared as {media} but starts with {}", start.join(" ")))
        }
    }
}

impl Decode for Codecs {
    fn size(&self, media: &MediaType, bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
        limits::check_bytes(bytes, limits)?;
        match format_of(media, bytes)? {
            Format::Jpeg => jpeg::size(bytes, limits),
            Format::Png => png::size(bytes, limits),
            Format::WebP => webp::size(bytes, limits),
            Format::Gif => gif::size(bytes, limits),
            Format::Bmp => bmp::size(bytes, limits),
            Format::Tiff => tiff::size(bytes, limits),
        }
    }

    fn decode(
        &self,
        media: &MediaType,
        bytes: &[u8],
        at_least: Size,
        limits: DecodeLimits,
    ) -> Result<Pixels> {
        limits::check_bytes(bytes, limits)?;
        match format_of(media, bytes)? {
            Format::Jpeg => jpeg::decode(bytes, at_least, limits),
            Format::Png => png::decode(bytes, limits),
            Format::WebP => webp::decode(bytes, limits),
            Format::Gif => gif::decode(bytes, limits),
            Format::Bmp => bmp::decode(bytes, limits),
            Format::Tiff => tiff::decode(bytes, limits),
        }
    }

    fn decode_many(
        &self,
        media: &MediaType,
        bytes: &[u8],
        requests: &[Size],
        limits: DecodeLimits,
    ) -> Result<Vec<Arc<Pixels>>> {
        limits::check_bytes(bytes, limits)?;
        match format_of(media, bytes)? {
            Format::Jpeg => jpeg::decode_many(bytes, requests, limits),
            _ if requests.is_empty() => Ok(Vec::new()),
            // All others have one size, whatever is asked for.
            _ => {
                let pixels = Arc::new(self.decode(media, bytes, Size::new(1, 1), limits)?);
                Ok(vec![pixels; requests.len()])
            }
        }
    }

    fn plan(
        &self,
        media: &MediaType,
        bytes: &[u8],
        requests: &[Size],
        limits: DecodeLimits,
    ) -> Result<DecodePlan> {
        let size = self.size(media, bytes, limits)?;
        match format_of(media, bytes)? {
            Format::Jpeg => jpeg::plan(bytes, requests, limits),
            format => Ok(estimate::full_size(format, bytes, size, requests.len())),
        }
    }
}
