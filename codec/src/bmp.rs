//! BMP: 1 to 32 bits per pixel, palettes, bit fields and run lengths, of every header that Windows and OS/2 wrote.
//!
//! Read here and not by a library: the format is small, and the libraries differ in what they make of its older
//! headers. An alpha channel counts where the header has a mask for it; the fourth byte of a plain 32-bit picture
//! is left unused by nearly all programs and is not read. Colour profiles (of the `V5` header) are not read.

mod header;
mod runs;

use darkroom_core::decode::DecodeLimits;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Error, Result};

use header::{Coding, Header};

/// The size of a BMP.
///
/// # Errors
/// [`Error::Damaged`], [`Error::NotAnImage`] for kinds of BMP that are not read, [`Error::ImageTooLarge`].
pub fn size(bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
    Header::read(bytes, limits).map(|header| header.size)
}

/// The pixels of a BMP at full size; RGBA where its header has a mask for alpha.
///
/// # Errors
/// As [`size`], and for files that end before their pixels do.
pub fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Pixels> {
    let header = Header::read(bytes, limits)?;
    let (width, height) = (header.size.width as usize, header.size.height as usize);
    let body = bytes.get(header.pixels..).ok_or_else(cut)?;
    let alpha = header.masks.is_some_and(|masks| masks[3] != 0);
    let channels = if alpha { 4 } else { 3 };
    if matches!(header.coding, Coding::Runs4 | Coding::Runs8) {
        let indices = runs::expand(body, header.coding == Coding::Runs4, width, height)?;
        let rows = indices.chunks_exact(width);
        let data = upright(rows, &header, 3, |row, out| {
            row.iter().for_each(|index| out.extend_from_slice(&header.color(usize::from(*index))));
        });
        return Pixels::new(header.size, PixelFormat::Rgb8, data);
    }
    // Rows start at multiples of four bytes.
    let stride = (width * usize::from(header.bits)).div_ceil(32) * 4;
    let used = (width * usize::from(header.bits)).div_ceil(8);
    // The last row may lack its padding.
    if body.len() < stride * (height - 1) + used {
        return Err(cut());
    }
    let rows = body.chunks(stride).take(height);
    let data = upright(rows, &header, channels, |row, out| match (header.bits, &header.masks) {
        (bits @ (1 | 2 | 4 | 8), _) => {
            let bits = usize::from(bits);
            for x in 0..width {
                let byte = usize::from(row[x * bits / 8]);
                let index = byte >> (8 - bits - x * bits % 8) & ((1 << bits) - 1);
                out.extend_from_slice(&header.color(index));
            }
        }
        (16, Some(masks)) => {
            for &[a, b] in row.as_chunks::<2>().0.iter().take(width) {
                let pixel = masks.map(|mask| field(u16::from_le_bytes([a, b]).into(), mask));
                out.extend_from_slice(&pixel[..channels]);
            }
        }
        (32, Some(masks)) => {
            for &pixel in row.as_chunks::<4>().0.iter().take(width) {
                let pixel = masks.map(|mask| field(u32::from_le_bytes(pixel), mask));
                out.extend_from_slice(&pixel[..channels]);
            }
        }
        (bits, _) => {
            for pixel in row.chunks_exact(usize::from(bits) / 8).take(width) {
                out.extend_from_slice(&[pixel[2], pixel[1], pixel[0]]);
            }
        }
    });
    Pixels::new(header.size, if alpha { PixelFormat::Rgba8 } else { PixelFormat::Rgb8 }, data)
}

/// Puts rows, which most files have from the bottom, in order from the top.
fn upright<'a>(
    rows: impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator,
    header: &Header,
    channels: usize,
    mut step: impl FnMut(&'a [u8], &mut Vec<u8>),
) -> Vec<u8> {
    let mut out = Vec::with_capacity(header.size.width as usize * header.size.height as usize * channels);
    if header.from_top {
        rows.for_each(|row| step(row, &mut out));
    } else {
        rows.rev().for_each(|row| step(row, &mut out));
    }
    out
}

/// The bits under a mask as 0 to 255; an empty mask gives 0.
#[expect(clippy::cast_possible_truncation, reason = "a part of a whole times 255")]
fn field(pixel: u32, mask: u32) -> u8 {
    if mask == 0 {
        return 0;
    }
    let (value, most) = (u64::from((pixel & mask) >> mask.trailing_zeros()), mask >> mask.trailing_zeros());
    ((value * 255 + u64::from(most) / 2) / u64::from(most)) as u8
}

fn cut() -> Error {
    damaged("the file ends before the image does")
}

fn damaged(reason: &str) -> Error {
    Error::Damaged { format: "BMP", reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn fields_are_spread_over_a_byte() {
        for (pixel, mask, expected) in [
            (0x7c00, 0x7c00, 255),
            (0x4000, 0x7c00, 132),
            (0x001f, 0x001f, 255),
            (0xff00_0000, 0xff00_0000, 255),
            (0x8000_0000, 0xff00_0000, 128),
            (0xffff_ffff, 0, 0),
            (u32::MAX, u32::MAX, 255),
            (1, 1, 255),
        ] {
            assert_eq!(super::field(pixel, mask), expected, "{pixel:x} under {mask:x}");
        }
    }
}
