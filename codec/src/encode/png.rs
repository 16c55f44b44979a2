//! Writing PNG: the smallest colour type, a palette for few colours, adaptive filters otherwise.
//!
//! At most 256 colours become a palette of 1, 2, 4 or 8 bits without filters, unless the picture is grey with
//! more than 16 levels; that and everything else gets, for each row, the filter whose output has the smallest
//! sum of absolute values (the heuristic of the PNG specification, section 12.8). Deflate is miniz_oxide at
//! level 9. Chunks are IHDR, PLTE, tRNS, IDAT and IEND, nothing else.

use darkroom_core::Result;
use darkroom_core::pixels::Pixels;

use super::check_sides;
use super::palette::{Palette, straight};

/// The longest side that is written; the format allows more.
pub const MAX_SIDE: u32 = 65_535;

const LEVEL: u8 = 9;

/// Encodes a picture.
///
/// # Errors
/// [`Error::ImageTooLarge`](darkroom_core::Error::ImageTooLarge) for a side over [`MAX_SIDE`].
pub fn encode(pixels: &Pixels) -> Result<Vec<u8>> {
    check_sides(pixels, MAX_SIDE)?;
    let grey = straight(pixels).all(|[red, green, blue, _]| red == green && green == blue);
    let opaque = straight(pixels).all(|[.., alpha]| alpha == u8::MAX);
    let palette = Palette::of(pixels).filter(|palette| !(grey && opaque) || palette.colors().len() <= 16);
    let width = pixels.size().width as usize;
    let (color, depth, rows) = match &palette {
        Some(palette) => {
            let depth = match palette.colors().len() {
                0..=2 => 1,
                3..=4 => 2,
                5..=16 => 4,
                _ => 8,
            };
            (3, depth, packed(&palette.indices(pixels), width, depth))
        }
        None => {
            let (color, channels): (u8, &[usize]) = match (grey, opaque) {
                (true, true) => (0, &[0]),
                (true, false) => (4, &[0, 3]),
                (false, true) => (2, &[0, 1, 2]),
                (false, false) => (6, &[0, 1, 2, 3]),
            };
            let samples: Vec<u8> = straight(pixels)
                .flat_map(|pixel| channels.iter().map(move |channel| pixel[*channel]))
                .collect();
            (color, 8, filtered(&samples, width * channels.len(), channels.len()))
        }
    };
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let size = [pixels.size().width.to_be_bytes(), pixels.size().height.to_be_bytes()].concat();
    chunk(&mut file, *b"IHDR", &[&size[..], &[depth, color, 0, 0, 0]].concat());
    if let Some(palette) = &palette {
        let colors = palette.colors();
        let table: Vec<u8> = colors.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect();
        chunk(&mut file, *b"PLTE", &table);
        // Those with transparency stand first; the rest is opaque without being listed.
        let alphas: Vec<u8> =
            colors.iter().map(|[.., alpha]| *alpha).take_while(|alpha| *alpha < 255).collect();
        if !alphas.is_empty() {
            chunk(&mut file, *b"tRNS", &alphas);
        }
    }
    chunk(&mut file, *b"IDAT", &miniz_oxide::deflate::compress_to_vec_zlib(&rows, LEVEL));
    chunk(&mut file, *b"IEND", &[]);
    Ok(file)
}

/// Appends a chunk. Pixels within the limits of [`Pixels`] on a 32-bit machine stay below 2^32 bytes.
fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    file.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let start = file.len();
    file.extend_from_slice(&name);
    file.extend_from_slice(data);
    let checksum = crc32fast::hash(&file[start..]);
    file.extend_from_slice(&checksum.to_be_bytes());
}

/// Rows of indices in 1, 2, 4 or 8 bits, from the highest, each row led by filter type 0.
fn packed(indices: &[u8], width: usize, depth: u8) -> Vec<u8> {
    let per_byte = usize::from(8 / depth);
    let mut rows = Vec::with_capacity(indices.len() / per_byte + indices.len() / width * 2);
    for row in indices.chunks_exact(width) {
        rows.push(0);
        rows.extend(row.chunks(per_byte).map(|group| {
            let high_first = group.iter().fold(0, |byte: u16, index| byte << depth | u16::from(*index));
            let missing = per_byte - group.len();
            u8::try_from(high_first << (missing * usize::from(depth))).unwrap_or_default()
        }));
    }
    rows
}

/// Rows with the filter that suits each.
fn filtered(samples: &[u8], row_bytes: usize, pixel_bytes: usize) -> Vec<u8> {
    let mut rows = Vec::with_capacity(samples.len() + samples.len() / row_bytes);
    let mut above: &[u8] = &vec![0; row_bytes];
    let mut trial = vec![0; row_bytes];
    let mut best = vec![0; row_bytes];
    for row in samples.chunks_exact(row_bytes) {
        let mut least = (u64::MAX, 0);
        for kind in 0..5u8 {
            filter(kind, row, above, pixel_bytes, &mut trial);
            let sum = trial.iter().map(|byte| u64::from(byte.cast_signed().unsigned_abs())).sum();
            if sum < least.0 {
                least = (sum, kind);
                std::mem::swap(&mut trial, &mut best);
            }
        }
        rows.push(least.1);
        rows.extend_from_slice(&best);
        above = row;
    }
    rows
}

fn filter(kind: u8, row: &[u8], above: &[u8], pixel_bytes: usize, out: &mut [u8]) {
    let zeros = &[0; 4][..pixel_bytes];
    let left = zeros.iter().chain(row);
    let corner = zeros.iter().chain(above);
    let sources = row.iter().zip(above).zip(left.zip(corner));
    for (out, ((now, up), (left, corner))) in out.iter_mut().zip(sources) {
        let predicted = match kind {
            0 => 0,
            1 => *left,
            2 => *up,
            3 => left.midpoint(*up),
            _ => paeth(*left, *up, *corner),
        };
        *out = now.wrapping_sub(predicted);
    }
}

/// The neighbour that is nearest to left + up - corner; left, then up on a tie.
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let target = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |value: u8| (target - i16::from(value)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}
