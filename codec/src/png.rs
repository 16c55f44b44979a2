//! PNG: every colour type and depth as 8-bit RGB or RGBA.
//!
//! Of 16 bits the upper 8 are taken, as libpng's `png_set_strip_16` and Pillow do it; 1, 2 and 4 bits of grey are
//! spread over 0 to 255. The chunks `gAMA`, `cHRM` and `sRGB` are not read, an embedded profile is (see
//! `icc`).

use std::io::Cursor;

use darkroom_core::decode::DecodeLimits;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Error, Result};
use png::{ColorType, DecodeOptions, Decoder, DecodingError, Limits, Reader, Transformations};

use crate::contain::contained;
use crate::orientation::Orientation;
use crate::{icc, limits};

/// What chunks may take besides the pixels, in bytes: a profile inflated, a palette, EXIF.
const MAX_CHUNKS: usize = 2 * icc::MAX_BYTES;

/// The upright size of a PNG.
///
/// # Errors
/// [`Error::Damaged`], [`Error::ImageTooLarge`].
pub fn size(bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
    contained("PNG", || {
        let (_, size) = open(bytes, limits)?;
        Ok(orientation(bytes).turn(size))
    })
}

/// The upright pixels of a PNG, always at full size; RGBA where it has an alpha channel or a transparent
/// colour. Of an animation, the default image.
///
/// # Errors
/// As [`size`], for wrong checksums, and for files that end before their end chunk.
pub fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Pixels> {
    contained("PNG", || {
        let (mut reader, size) = open(bytes, limits)?;
        let length = reader.output_buffer_size().unwrap_or(usize::MAX);
        let expected = size.area() * reader.output_color_type().0.samples() as u64;
        if length as u64 != expected {
            let reason = format!("{length} bytes are announced for {expected}");
            return Err(Error::Damaged { format: "PNG", reason });
        }
        let mut data = vec![0; length];
        reader.next_frame(&mut data).map_err(damaged)?;
        reader.finish().map_err(damaged)?;
        let grey = !matches!(reader.output_color_type().0, ColorType::Rgb | ColorType::Rgba);
        let (format, mut data) = match reader.output_color_type().0 {
            ColorType::Rgb => (PixelFormat::Rgb8, data),
            ColorType::Rgba => (PixelFormat::Rgba8, data),
            ColorType::Grayscale => {
                (PixelFormat::Rgb8, data.into_iter().flat_map(|grey| [grey; 3]).collect())
            }
            ColorType::GrayscaleAlpha => {
                let pixels = data.as_chunks::<2>().0.iter();
                (PixelFormat::Rgba8, pixels.flat_map(|&[grey, alpha]| [grey, grey, grey, alpha]).collect())
            }
            ColorType::Indexed => {
                let reason = "its palette was not applied".to_owned();
                return Err(Error::Damaged { format: "PNG", reason });
            }
        };
        let profile = reader.info().icc_profile.as_deref();
        icc::to_srgb(profile, &mut data, format.channels(), grey);
        orientation(bytes).apply(Pixels::new(size, format, data)?)
    })
}

type PngReader<'a> = Reader<Cursor<&'a [u8]>>;

/// Reads all that stands before the pixels.
fn open(bytes: &[u8], limits: DecodeLimits) -> Result<(PngReader<'_>, Size)> {
    // The size stands at a fixed place, so that it can be refused before anything is made of the file.
    if let Some(header) = bytes.get(8..33)
        && let (Some((length, rest)), true) = (header.split_first_chunk::<4>(), &header[4..8] == b"IHDR")
        && *length == [0, 0, 0, 13]
    {
        let side = |at: usize| rest[at..at + 4].iter().fold(0, |side, byte| side << 8 | u32::from(*byte));
        limits::check(Size::new(side(4), side(8)), limits)?;
    }
    let mut options = DecodeOptions::default();
    options.set_ignore_checksums(false);
    options.set_ignore_text_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_limits(Limits { bytes: MAX_CHUNKS });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = reader.info().size();
    let size = Size::new(width, height);
    limits::check(size, limits)?;
    Ok((reader, size))
}

/// From the `eXIf` chunk, which may stand behind the pixels too.
fn orientation(bytes: &[u8]) -> Orientation {
    let found = chunks(bytes).find(|(kind, _)| *kind == b"eXIf");
    found.map(|(_, body)| Orientation::in_exif(body)).unwrap_or_default()
}

/// The chunks that are there whole: names and bodies.
pub(crate) fn chunks(bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let (body, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        // A checksum follows.
        rest = after.get(4..).unwrap_or_default();
        Some((kind, body))
    })
}

fn damaged(error: DecodingError) -> Error {
    let reason = match error {
        DecodingError::IoError(_) => "the file ends before the image does".to_owned(),
        other => other.to_string(),
    };
    Error::Damaged { format: "PNG", reason }
}
