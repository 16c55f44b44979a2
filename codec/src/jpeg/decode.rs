//! From a JPEG's bytes to upright pixels in sRGB.

use std::sync::Arc;

use darkroom_core::decode::{DecodeLimits, DecodePlan};
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Error, Result};
use darkroom_jpeg::{Decoder, Header, Image, Limits, Scale};
use memchr::memmem;

use super::metadata::Metadata;
use crate::contain::contained;
use crate::orientation::Orientation;
use crate::{estimate, icc, limits};

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
    Ok(Opened::new(bytes, limits)?.size())
}

/// The upright pixels at the smallest of the scales 1/8, 1/4, 1/2 and 1 that covers `at_least` (upright too).
///
/// # Errors
/// As [`size`], [`Error::ImageTooLarge`] for a decoding that takes more than 1 GiB, and [`Error::Damaged`] for files
/// whose picture ends early or does not decode.
pub fn decode(bytes: &[u8], at_least: Size, limits: DecodeLimits) -> Result<Pixels> {
    let file = Opened::new(bytes, limits)?;
    let pixels = file.decode(&[file.scale(at_least)], limits)?.pop();
    pixels.ok_or_else(|| Error::Damaged { format: "JPEG", reason: "nothing was decoded".to_owned() })
}

/// What [`decode`] gives for each of the requests, from one pass over the file.
///
/// # Errors
/// As [`decode`]; all scales together may take 1 GiB.
pub fn decode_many(bytes: &[u8], requests: &[Size], limits: DecodeLimits) -> Result<Vec<Arc<Pixels>>> {
    let file = Opened::new(bytes, limits)?;
    let (scales, places) = file.scales(requests);
    let pixels: Vec<_> = file.decode(&scales, limits)?.into_iter().map(Arc::new).collect();
    Ok(places.into_iter().filter_map(|place| pixels.get(place).cloned()).collect())
}

/// What [`decode_many`] will give and take.
///
/// # Errors
/// As [`size`].
pub fn plan(bytes: &[u8], requests: &[Size], limits: DecodeLimits) -> Result<DecodePlan> {
    let file = Opened::new(bytes, limits)?;
    let (scales, places) = file.scales(requests);
    let at = |scale: Scale| file.metadata.orientation.turn(scaled(size_of(&file.header), scale));
    let sizes: Vec<Size> = scales.iter().map(|scale| at(*scale)).collect();
    let (has_profile, orientation) = (file.metadata.has_profile(), file.metadata.orientation);
    let is_turned = orientation != Orientation::Upright;
    let scans = match file.header.progressive {
        true => memmem::find_iter(bytes, &[0xff, 0xda]).count() as u64,
        false => 1,
    };
    let scans = scans.min(MAX_SCANS);
    let described =
        estimate::Jpeg { header: &file.header, bytes: bytes.len(), scans, has_profile, is_turned };
    let (kept, cost) = estimate::jpeg(&described, &scales);
    let decoded = places.into_iter().filter_map(|place| sizes.get(place).copied()).collect();
    Ok(DecodePlan { size: file.size(), decoded, kept, cost })
}

/// A file whose headers were read and checked.
struct Opened<'a> {
    bytes: &'a [u8],
    header: Header,
    metadata: Metadata<'a>,
}

impl<'a> Opened<'a> {
    fn new(bytes: &'a [u8], limits: DecodeLimits) -> Result<Opened<'a>> {
        let header = Header::read(bytes).map_err(Error::from_jpeg)?;
        check(&header, limits)?;
        Ok(Opened { bytes, header, metadata: Metadata::read(bytes) })
    }

    fn size(&self) -> Size {
        self.metadata.orientation.turn(size_of(&self.header))
    }

    fn scale(&self, at_least: Size) -> Scale {
        scale(size_of(&self.header), self.metadata.orientation.turn(at_least))
    }

    /// The scales that requests need, each once, and for each request the place of its own.
    fn scales(&self, requests: &[Size]) -> (Vec<Scale>, Vec<usize>) {
        let mut scales = Vec::new();
        let places = requests.iter().map(|request| {
            let scale = self.scale(*request);
            scales.iter().position(|known| *known == scale).unwrap_or_else(|| {
                scales.push(scale);
                scales.len() - 1
            })
        });
        let places = places.collect();
        (scales, places)
    }

    /// Upright pixels at each of the scales.
    fn decode(&self, scales: &[Scale], limits: DecodeLimits) -> Result<Vec<Pixels>> {
        let allowed = Limits { pixels: limits.pixels, memory: MAX_MEMORY, scans: MAX_SCANS };
        let images = contained("JPEG", || {
            let decoder = Decoder::new(self.bytes, &allowed).map_err(Error::from_jpeg)?;
            if !decoder.is_complete() {
                let end = self.bytes.len();
                let reason = format!("at byte {end}: the file ends before the image does (ff d9 is missing)");
                return Err(Error::Damaged { format: "JPEG", reason });
            }
            decoder.decode_many(scales).map_err(Error::from_jpeg)
        })?;
        let profile = self.metadata.profile();
        let upright = |image: Image| {
            let size = Size::new(image.width, image.height);
            let data = to_srgb(image, self.header.inverted(), profile.as_deref());
            self.metadata.orientation.apply(Pixels::new(size, PixelFormat::Rgb8, data)?)
        };
        images.into_iter().map(upright).collect()
    }
}

fn check(header: &Header, limits: DecodeLimits) -> Result<()> {
    limits::check(size_of(header), DecodeLimits { side: limits.side.min(MAX_SIDE), ..limits })
}

fn size_of(header: &Header) -> Size {
    Size::new(header.width, header.height)
}

/// The smallest scale at which `size` covers `at_least`; full size where none does.
fn scale(size: Size, at_least: Size) -> Scale {
    Scale::ALL.into_iter().find(|scale| scaled(size, *scale).covers(at_least)).unwrap_or(Scale::Full)
}

fn scaled(size: Size, scale: Scale) -> Size {
    Size::new(scale.of(size.width), scale.of(size.height))
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
