//! From a JPEG's bytes to upright pixels in sRGB.

use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::source::DecodeLimits;
use darkroom_core::{Error, Result};
use darkroom_jpeg::{Decoder, Header, Image, Limits, Scale};

use super::metadata::Metadata;
use crate::contain::contained;
use crate::{icc, limits};

/// More scans than any encoder writes; each costs a pass over the picture.
const MAX_SCANS: u64 = 100;
/// The longest side of a JPEG that is read, as in libjpeg.
const MAX_SIDE: u32 = 65_500;
/// The most bytes of one decoding: what a canister's heap has room for beside the file.
const MAX_MEMORY: u64 = 1 << 30;

/// The upright size of a JPEG.
///
/// # Errors
/// [`Error::Damaged`], [`Error::NotAnImage`] for kinds of JPEG that are not read, [`Error::ImageTooLarge`].
pub fn size(bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
    let header = Header::read(bytes).map_err(Error::from_jpeg)?;
    check(&header, limits)?;
    Ok(Metadata::read(bytes).orientation.turn(size_of(&header)))
}

/// The upright pixels at the smallest of the scales 1/8, 1/4, 1/2 and 1 that covers `at_least` (upright too).
///
/// # Errors
/// As [`size`], [`Error::ImageTooLarge`] for a decoding that takes more than 1 GiB, and [`Error::Damaged`] for files
/// whose picture ends early or does not decode.
pub fn decode(bytes: &[u8], at_least: Size, limits: DecodeLimits) -> Result<Pixels> {
    let metadata = Metadata::read(bytes);
    let header = Header::read(bytes).map_err(Error::from_jpeg)?;
    check(&header, limits)?;
    let allowed = Limits { pixels: limits.pixels, memory: MAX_MEMORY, scans: MAX_SCANS };
    let scale = scale(size_of(&header), metadata.orientation.turn(at_least));
    let image = contained("JPEG", || {
        let decoder = Decoder::new(bytes, &allowed).map_err(Error::from_jpeg)?;
        if !decoder.is_complete() {
            let end = bytes.len();
            let reason = format!("at byte {end}: the file ends before the image does (ff d9 is missing)");
            return Err(Error::Damaged { format: "JPEG", reason });
        }
        decoder.decode(scale).map_err(Error::from_jpeg)
    })?;
    let size = Size::new(image.width, image.height);
    let data = to_srgb(image, header.inverted(), metadata.profile().as_deref());
    metadata.orientation.apply(Pixels::new(size, PixelFormat::Rgb8, data)?)
}

fn check(header: &Header, limits: DecodeLimits) -> Result<()> {
    limits::check(size_of(header), DecodeLimits { side: limits.side.min(MAX_SIDE), ..limits })
}

fn size_of(header: &Header) -> Size {
    Size::new(header.width, header.height)
}

/// The smallest scale at which `size` covers `at_least`; full size where none does.
fn scale(size: Size, at_least: Size) -> Scale {
    let at = |scale: Scale| Size::new(scale.of(size.width), scale.of(size.height));
    Scale::ALL.into_iter().find(|scale| at(*scale).covers(at_least)).unwrap_or(Scale::Full)
}

/// The picture's samples as red, green and blue. `inverted` says that 255 stands for no ink.
fn to_srgb(image: Image, inverted: bool, profile: Option<&[u8]>) -> Vec<u8> {
    let mut data = image.pixels;
    match image.format {
        darkroom_jpeg::PixelFormat::Grey8 => {
            let mut data: Vec<u8> = data.into_iter().flat_map(|grey| [grey; 3]).collect();
            icc::to_srgb(profile, &mut data, 3, true);
            data
        }
        darkroom_jpeg::PixelFormat::Cmyk8 => {
            if inverted {
                data.iter_mut().for_each(|ink| *ink = 255 - *ink);
            }
            icc::inks_to_srgb(profile, &data)
        }
        // The one that is left: the decoder's list may grow, and what it adds has to be read here first.
        _ => {
            icc::to_srgb(profile, &mut data, 3, false);
            data
        }
    }
}

/// The decoder's errors in the words of core.
trait FromJpeg {
    fn from_jpeg(error: darkroom_jpeg::Error) -> Self;
}

impl FromJpeg for Error {
    fn from_jpeg(error: darkroom_jpeg::Error) -> Error {
        match error {
            darkroom_jpeg::Error::Limit { unit, found, allowed } => {
                let what = if unit == "scans" { "number of scans" } else { unit };
                Error::ImageTooLarge { what, found, allowed }
            }
            unsupported @ darkroom_jpeg::Error::Unsupported { .. } => {
                Error::NotAnImage { reason: unsupported.to_string() }
            }
            darkroom_jpeg::Error::Damaged { what, at } => {
                Error::Damaged { format: "JPEG", reason: format!("at byte {at}: {what}") }
            }
            darkroom_jpeg::Error::Invalid { what, found, allowed, at } => {
                let reason = format!("at byte {at}: {what} is {found}; allowed is {allowed}");
                Error::Damaged { format: "JPEG", reason }
            }
            other => Error::Damaged { format: "JPEG", reason: other.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_scale_that_covers() {
        let size = Size::new(6000, 4001);
        for (width, height, expected) in [
            (1, 1, Scale::Eighth),
            (750, 501, Scale::Eighth),
            (751, 501, Scale::Quarter),
            (750, 502, Scale::Quarter),
            (1501, 1, Scale::Half),
            (3000, 2001, Scale::Half),
            (3001, 1, Scale::Full),
            (9000, 9000, Scale::Full),
        ] {
            assert_eq!(scale(size, Size::new(width, height)), expected, "{width}x{height}");
        }
    }
}
