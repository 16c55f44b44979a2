//! Rows of components made rows of pixels.
//!
//! YCbCr becomes RGB as JFIF 1.02 has it, with 16 fractional bits and rounded as libjpeg does. The factors are split
//! into whole numbers and what fits 16 bits.

use archmage::autoversion;

use crate::narrow::{byte, low16};

/// 1.402 - 1, 1.772 - 2, 0.34414 and 1 - 0.71414 times 65,536.
const RED: i32 = 26345;
const BLUE: i32 = -14942;
const GREEN_BLUE: i32 = -22554;
const GREEN_RED: i32 = 18734;
const HALF: i32 = 1 << 15;

/// Pixels that are converted at a time.
const CHUNK: usize = 32;

/// Red, green and blue of one pixel.
#[inline(always)]
const fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let y = y as i16;
    let (cb, cr) = (cb as i16 - 128, cr as i16 - 128);
    let red = cr + low16((cr as i32 * RED + HALF) >> 16);
    let blue = 2 * cb + low16((cb as i32 * BLUE + HALF) >> 16);
    let green = low16((cb as i32 * GREEN_BLUE + cr as i32 * GREEN_RED + HALF) >> 16) - cr;
    [byte(y + red), byte(y + green), byte(y + blue)]
}

/// Thirty-two pixels in three planes.
#[inline(always)]
fn rgb_chunk(y: &[u8; CHUNK], cb: &[u8; CHUNK], cr: &[u8; CHUNK]) -> [[u8; CHUNK]; 3] {
    let (mut red, mut green, mut blue) = ([0; CHUNK], [0; CHUNK], [0; CHUNK]);
    for i in 0..CHUNK {
        [red[i], green[i], blue[i]] = rgb(y[i], cb[i], cr[i]);
    }
    [red, green, blue]
}

/// Calls `chunk` for each full chunk, and once more for what is left with room filled up.
#[inline(always)]
fn by_chunks<const N: usize, const OUT: usize>(
    rows: [&[u8]; N],
    out: &mut [u8],
    chunk: impl Fn([&[u8; CHUNK]; N], &mut [u8; OUT]),
) {
    let (full, rest) = out.as_chunks_mut::<OUT>();
    let mut start = 0;
    for out in full {
        let part = rows.map(|row| row.get(start..).and_then(|row| row.first_chunk()).unwrap_or(&[0; CHUNK]));
        chunk(part, out);
        start += CHUNK;
    }
    if !rest.is_empty() {
        let mut part = [[0; CHUNK]; N];
        for (part, row) in part.iter_mut().zip(rows) {
            let row = row.get(start..).unwrap_or(&[]);
            let n = row.len().min(CHUNK);
            part[..n].copy_from_slice(&row[..n]);
        }
        let mut last = [0; OUT];
        chunk(std::array::from_fn(|i| &part[i]), &mut last);
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

#[inline(always)]
fn interleave3([a, b, c]: [&[u8; CHUNK]; 3], out: &mut [u8; 3 * CHUNK]) {
    for (i, out) in out.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        *out = [a[i], b[i], c[i]];
    }
}

#[inline(always)]
fn interleave4([a, b, c, d]: [&[u8; CHUNK]; 4], out: &mut [u8; 4 * CHUNK]) {
    for (i, out) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *out = [a[i], b[i], c[i], d[i]];
    }
}

/// YCbCr to RGB.
#[autoversion(v3, neon, wasm128)]
pub(crate) fn ycbcr(rows: [&[u8]; 3], out: &mut [u8]) {
    by_chunks(rows, out, |[y, cb, cr], out| {
        let [r, g, b] = rgb_chunk(y, cb, cr);
        interleave3([&r, &g, &b], out);
    });
}

/// Three components side by side.
#[autoversion(v3, neon, wasm128)]
pub(crate) fn three(rows: [&[u8]; 3], out: &mut [u8]) {
    by_chunks(rows, out, interleave3);
}

/// Four components side by side.
#[autoversion(v3, neon, wasm128)]
pub(crate) fn four(rows: [&[u8]; 4], out: &mut [u8]) {
    by_chunks(rows, out, interleave4);
}

/// YCCK to CMYK: cyan, magenta and yellow are the complements of what YCbCr gives.
#[autoversion(v3, neon, wasm128)]
pub(crate) fn ycck(rows: [&[u8]; 4], out: &mut [u8]) {
    by_chunks(rows, out, |[y, cb, cr, k], out| {
        let [r, g, b] = rgb_chunk(y, cb, cr).map(|plane| plane.map(|value| 255 - value));
        interleave4([&r, &g, &b, k], out);
    });
}
