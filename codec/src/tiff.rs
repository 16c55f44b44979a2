//! TIFF and BigTIFF: the first picture in grey, colour, palette or CMYK, of 1 to 16 bits, in strips and tiles,
//! uncompressed or with PackBits, LZW and Deflate.
//!
//! Of 16 bits the upper 8 are taken, as for PNG. Strips and tiles are decoded one by one and reduced to 8 bits at
//! once, so that little more than the picture is held. Raw photos of many cameras are TIFFs whose first picture
//! is a small preview; they are refused, since a preview would pass for the photo.

mod directory;
mod layout;
mod patch;

use std::io::Cursor;

use darkroom_core::decode::DecodeLimits;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Error, Result};
use tiff::TiffError;
use tiff::decoder::{ChunkType, Decoder, DecodingResult};

use crate::contain::contained;
use crate::{alpha, icc};
use layout::{Color, Layout};
use patch::Patched;

/// The upright size of a TIFF.
///
/// # Errors
/// [`Error::Damaged`], [`Error::NotAnImage`] for kinds of TIFF that are not read, [`Error::ImageTooLarge`].
pub fn size(bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
    contained("TIFF", || {
        let (_, layout) = open(bytes, limits)?;
        Ok(layout.orientation.turn(layout.size))
    })
}

/// The upright pixels of the first picture of a TIFF at full size; RGBA where it has an alpha channel.
///
/// # Errors
/// As [`size`], and for files whose strips or tiles end early or do not decode.
pub fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Pixels> {
    contained("TIFF", || {
        let (mut decoder, layout) = open(bytes, limits)?;
        let samples = samples(&mut decoder, &layout)?;
        let profile = layout.profile.clone().and_then(|range| bytes.get(range));
        let converted = |format: PixelFormat, mut data: Vec<u8>, grey| {
            icc::to_srgb(profile, &mut data, format.channels(), grey);
            (format, data)
        };
        let grey = |v: u8| layout.grey(v);
        let (format, data) = match layout.color {
            Color::Grey { alpha: false } => {
                let data = samples.into_iter().flat_map(|v| [grey(v); 3]).collect();
                converted(PixelFormat::Rgb8, data, true)
            }
            Color::Grey { alpha: true } => {
                let pixels = samples.as_chunks::<2>().0.iter();
                let data = pixels.flat_map(|&[v, alpha]| [grey(v), grey(v), grey(v), alpha]).collect();
                converted(PixelFormat::Rgba8, data, true)
            }
            Color::Rgb { alpha: false } => converted(PixelFormat::Rgb8, samples, false),
            Color::Rgb { alpha: true } => {
                let mut samples = samples;
                if layout.premultiplied {
                    alpha::unpremultiply(&mut samples);
                }
                converted(PixelFormat::Rgba8, samples, false)
            }
            Color::Palette => {
                let color = |index: &u8| layout.palette.get(usize::from(*index)).copied().unwrap_or_default();
                converted(PixelFormat::Rgb8, samples.iter().flat_map(color).collect(), false)
            }
            Color::Cmyk => (PixelFormat::Rgb8, icc::inks_to_srgb(profile, &samples)),
        };
        layout.orientation.apply(Pixels::new(layout.size, format, data)?)
    })
}

type TiffDecoder<'a> = Decoder<Cursor<Patched<'a>>>;

/// Reads the first directory, holds it against the limits, and only then lets the decoder have it.
fn open(bytes: &[u8], limits: DecodeLimits) -> Result<(TiffDecoder<'_>, Layout)> {
    let (patched, layout) = Layout::read(bytes, limits)?;
    let mut allowed = tiff::decoder::Limits::default();
    // A strip or tile has at most the picture's samples, of 2 bytes.
    let whole = layout.size.area().saturating_mul(2 * layout.samples as u64);
    // The decoder takes only a first plane's last tiles for cut off at the bottom, the others for whole ones.
    let tile = layout.tile.filter(|_| layout.planar).map_or(0, |tile| {
        let rows = Size::new(layout.size.width, tile.height);
        2 * rows.area().min(limits.pixels)
    });
    allowed.decoding_buffer_size = usize::try_from(whole.max(tile)).unwrap_or(usize::MAX);
    allowed.intermediate_buffer_size = bytes.len();
    // Offsets of strips stand in a value.
    allowed.ifd_value_size = bytes.len().saturating_mul(4).min(icc::MAX_BYTES.max(bytes.len() / 8));
    let decoder = Decoder::new(Cursor::new(patched)).map_err(refused)?.with_limits(allowed);
    Ok((decoder, layout))
}

/// The samples as 8 bits, pixel by pixel; those of a palette as they are.
fn samples(decoder: &mut TiffDecoder<'_>, layout: &Layout) -> Result<Vec<u8>> {
    let (width, height) = (layout.size.width as usize, layout.size.height as usize);
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    let (chunk_width, chunk_height) = (chunk_width as usize, chunk_height as usize);
    if chunk_width == 0 || chunk_height == 0 {
        return Err(damaged("a strip or tile is of size 0"));
    }
    let across = match decoder.get_chunk_type() {
        ChunkType::Strip => 1,
        ChunkType::Tile => width.div_ceil(chunk_width),
    };
    let per_plane = across * height.div_ceil(chunk_height);
    let planes = if layout.planar { layout.stored } else { 1 };
    // Samples of a pixel in the file's chunk, and in what comes out.
    let from = if layout.planar { 1 } else { layout.decoded };
    let to = layout.samples;
    let mut out = vec![0; width * height * to];
    for chunk in 0..per_plane * planes {
        let (plane, place) = (chunk / per_plane, chunk % per_plane);
        if plane >= to {
            break;
        }
        let index = u32::try_from(chunk).map_err(|_| damaged("it has more than 2^32 strips"))?;
        let (columns, rows) = decoder.chunk_data_dimensions(index);
        let (columns, rows) = (columns as usize, rows as usize);
        let (left, top) = (place % across * chunk_width, place / across * chunk_height);
        let data = decoder.read_chunk(index).map_err(refused)?;
        let row_samples = columns * from;
        for row in 0..rows.min(height.saturating_sub(top)) {
            let bits = layout.bits;
            let sample = |at: usize| -> Option<u8> {
                match &data {
                    DecodingResult::U8(values) if bits < 8 => {
                        // Rows start at whole bytes.
                        let bits = usize::from(bits);
                        let byte = values.get(row * (row_samples * bits).div_ceil(8) + at * bits / 8)?;
                        Some(byte >> (8 - bits - at * bits % 8) & ((1 << bits) - 1))
                    }
                    DecodingResult::U8(values) => values.get(row * row_samples + at).copied(),
                    DecodingResult::U16(values) => {
                        let [high, _] = values.get(row * row_samples + at)?.to_be_bytes();
                        Some(high)
                    }
                    _ => None,
                }
            };
            let line = &mut out[((top + row) * width + left) * to..(top + row + 1) * width * to];
            for (x, pixel) in line.chunks_exact_mut(to).take(columns).enumerate() {
                let taken = if layout.planar { 1 } else { to };
                for (offset, value) in pixel.iter_mut().skip(plane).take(taken).enumerate() {
                    *value =
                        sample(x * from + offset).ok_or_else(|| damaged("a strip or tile is too short"))?;
                }
            }
        }
    }
    Ok(out)
}

fn refused(error: TiffError) -> Error {
    match error {
        TiffError::UnsupportedError(what) => unsupported(&what.to_string()),
        TiffError::LimitsExceeded => {
            damaged("a strip or tile is longer than the file, or larger than the picture")
        }
        TiffError::IoError(_) => {
            damaged("the file ends before the image does, or its data is not what it should be")
        }
        other => damaged(&other.to_string()),
    }
}

fn unsupported(what: &str) -> Error {
    Error::NotAnImage { reason: format!("a TIFF that is not read: {what}") }
}

fn damaged(reason: &str) -> Error {
    Error::Damaged { format: "TIFF", reason: reason.to_owned() }
}
