//! Which decoder reads which JPEG at which scale.

use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::source::DecodeLimits;
use darkroom_core::{Error, Result};
use jpeg_decoder::ColorTransform;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::header::{Component, Frame, Header, Until};
use super::reader::Overrun;
use crate::contain::contained;
use crate::{icc, limits};

/// The upright size of a JPEG.
///
/// # Errors
/// [`Error::Damaged`], [`Error::NotAnImage`] for kinds of JPEG that are not read, [`Error::ImageTooLarge`].
pub fn size(bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
    let header = Header::read(bytes, Until::Data)?;
    let size = header.orientation.unwrap_or_default().turn(header.frame()?.size);
    limits::check(size, limits)?;
    Ok(size)
}

/// The upright pixels at the smallest of the scales 1/8, 1/4, 1/2 and 1 that covers `at_least` (upright too).
///
/// Below full size the decoder is jpeg-decoder, which computes only the pixels of that scale. At full size it
/// is zune-jpeg for what cameras and programs write: tidy files in grey, or in YCbCr with the common
/// subsamplings. Everything else is left to jpeg-decoder at full size too.
///
/// # Errors
/// As [`size`], and [`Error::Damaged`] for files that end early, whose scans end early, or that do not decode.
pub fn decode(bytes: &[u8], at_least: Size, limits: DecodeLimits) -> Result<Pixels> {
    let header = Header::read(bytes, Until::End)?;
    let frame = header.frame()?;
    let orientation = header.orientation.unwrap_or_default();
    limits::check(frame.size, limits)?;
    let colors = Colors::of(&header, frame);
    let pixels = match scale(frame.size, orientation.turn(at_least)) {
        8 if is_plain(&header, frame, colors) => contained("JPEG", || full(bytes, &header, frame))?,
        eighths => contained("JPEG", || scaled(bytes, &header, frame, colors, eighths))?,
    };
    orientation.apply(pixels)
}

/// How the components make up colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colors {
    Grey,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

impl Colors {
    /// As libjpeg has it: JFIF means YCbCr; else an Adobe segment says; else the components' ids.
    fn of(header: &Header<'_>, frame: &Frame) -> Colors {
        let ids: Vec<u8> = frame.components.iter().map(|component| component.id).collect();
        match (ids.len(), header.adobe) {
            (1, _) => Colors::Grey,
            (4, Some(2)) => Colors::Ycck,
            (4, _) => Colors::Cmyk,
            _ if header.jfif => Colors::YCbCr,
            (_, Some(0)) => Colors::Rgb,
            (_, Some(_)) => Colors::YCbCr,
            _ if ids == *b"RGB" => Colors::Rgb,
            _ => Colors::YCbCr,
        }
    }
}

/// A length at a scale.
fn eighths_of(length: u32, eighths: u32) -> u32 {
    (length * eighths).div_ceil(8)
}

/// The smallest scale, in eighths, at which `size` covers `at_least`; 8 where none does.
fn scale(size: Size, at_least: Size) -> u32 {
    let at = |eighths| Size::new(eighths_of(size.width, eighths), eighths_of(size.height, eighths));
    [1, 2, 4].into_iter().find(|&eighths| at(eighths).covers(at_least)).unwrap_or(8)
}

/// Whether a file is of the kinds that zune-jpeg is trusted with.
fn is_plain(header: &Header<'_>, frame: &Frame, colors: Colors) -> bool {
    let sampled = |component: &Component| component.sampling;
    let common = match &frame.components[..] {
        [grey] => sampled(grey) == (1, 1),
        [luma, rest @ ..] => {
            matches!(sampled(luma), (1 | 2, 1 | 2)) && rest.iter().all(|chroma| sampled(chroma) == (1, 1))
        }
        [] => false,
    };
    // zune-jpeg lets an Adobe segment and the ids decide before JFIF; where they agree it does not matter.
    let agreed = match colors {
        Colors::Grey => true,
        Colors::YCbCr => {
            matches!(header.adobe, None | Some(1)) && frame.components.first().is_some_and(|c| c.id != b'R')
        }
        _ => false,
    };
    // A single progressive scan is most of a picture missing; whether that is all is for jpeg-decoder to find.
    let whole = !frame.progressive || header.scans.len() > 1;
    common && agreed && whole && !header.untidy
}

fn full(bytes: &[u8], header: &Header<'_>, frame: &Frame) -> Result<Pixels> {
    let size = frame.size;
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(size.width as usize)
        .set_max_height(size.height as usize)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    // Behind the first of several scans this decoder wants the marker at once.
    let scans = header.scans.get(usize::from(frame.progressive)..).unwrap_or_default();
    let bytes = Overrun::new(bytes, scans).collect();
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let mut data = decoder.decode().map_err(|error| undecodable(&error))?;
    icc::to_srgb(header.profile().as_deref(), &mut data, 3, frame.components.len() == 1);
    Pixels::new(size, PixelFormat::Rgb8, data)
}

fn scaled(bytes: &[u8], header: &Header<'_>, frame: &Frame, colors: Colors, eighths: u32) -> Result<Pixels> {
    let mut decoder = jpeg_decoder::Decoder::new(Overrun::new(bytes, &header.scans));
    decoder.set_color_transform(match colors {
        Colors::Grey => ColorTransform::Grayscale,
        Colors::Rgb => ColorTransform::RGB,
        Colors::YCbCr => ColorTransform::YCbCr,
        Colors::Cmyk => ColorTransform::CMYK,
        Colors::Ycck => ColorTransform::YCCK,
    });
    // The decoder takes the first scale that reaches one of the sides asked for. Only the longer is asked for:
    // where two scales give it the same length, they give the same for the shorter one too.
    let Size { width, height } = frame.size;
    let side = |length| u16::try_from(eighths_of(length, eighths)).unwrap_or(u16::MAX);
    let (across, down) = if width >= height { (side(width), u16::MAX) } else { (u16::MAX, side(height)) };
    let (width, height) = decoder.scale(across, down).map_err(|error| undecodable(&error))?;
    let data = decoder.decode().map_err(|error| undecodable(&error))?;
    let profile = header.profile();
    let profile = profile.as_deref();
    let data = match colors {
        Colors::Grey => {
            let mut data: Vec<u8> = data.into_iter().flat_map(|grey| [grey; 3]).collect();
            icc::to_srgb(profile, &mut data, 3, true);
            data
        }
        Colors::Rgb | Colors::YCbCr => {
            let mut data = data;
            icc::to_srgb(profile, &mut data, 3, false);
            data
        }
        // The decoder takes inks as Adobe stores them, inverted.
        Colors::Cmyk if header.adobe.is_none() => {
            icc::inks_to_srgb(profile, &data.into_iter().map(|ink| 255 - ink).collect::<Vec<_>>())
        }
        Colors::Cmyk | Colors::Ycck => icc::inks_to_srgb(profile, &data),
    };
    Pixels::new(Size::new(width.into(), height.into()), PixelFormat::Rgb8, data)
}

fn undecodable(error: &dyn std::error::Error) -> Error {
    Error::Damaged { format: "JPEG", reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_scale_that_covers() {
        let size = Size::new(6000, 4001);
        for (width, height, eighths) in [
            (1, 1, 1),
            (750, 501, 1),
            (751, 501, 2),
            (750, 502, 2),
            (1501, 1, 4),
            (3000, 2001, 4),
            (3001, 1, 8),
            (9000, 9000, 8),
        ] {
            assert_eq!(scale(size, Size::new(width, height)), eighths, "{width}x{height}");
        }
    }
}
