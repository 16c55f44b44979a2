//! The inverse transforms of a block to 4x4 and 2x2 samples, from its lowest frequencies.
//!
//! A block cut down to its N lowest frequencies in each direction is transformed with an N-point transform. That
//! is the picture with its higher frequencies taken away, and needs none of the other coefficients. Constants and
//! rounding are those of the full transform; the result is that of IJG libjpeg 7 and later. (libjpeg-turbo averages
//! samples of the full transform instead, for which it needs nearly all coefficients.)

use crate::idct::{CONST_BITS, Group, PASS_BITS, sample};

/// `round(x * 8192)` for the square root of 2 times the cosine and the sine of an eighth of a half turn.
const COS: i32 = 10703;
const SIN: i32 = 4433;

/// Four points in one direction: the even and odd half, the odd one with fractional bits.
#[inline(always)]
const fn halves(x: [i16; 4]) -> ([i32; 2], [i32; 2]) {
    let [x0, x1, x2, x3] = x;
    let even = [x0 as i32 + x2 as i32, x0 as i32 - x2 as i32];
    let odd = [x1 as i32 * COS + x3 as i32 * SIN, x1 as i32 * SIN - x3 as i32 * COS];
    (even, odd)
}

/// Transforms eight blocks to four rows of 32 samples.
#[inline(always)]
pub(crate) fn idct4(group: &Group, out: &mut [u8], stride: usize) {
    let mut between_passes = [[0i16; 8]; 16];
    for u in 0..4 {
        let x: [&[i16; 8]; 4] = std::array::from_fn(|v| &group[v * 8 + u]);
        let mut rows = [[0i16; 8]; 4];
        for lane in 0..8 {
            let points = columns4(x.map(|v| v[lane]));
            for (row, value) in rows.iter_mut().zip(points) {
                row[lane] = value;
            }
        }
        for (y, row) in rows.into_iter().enumerate() {
            between_passes[y * 4 + u] = row;
        }
    }
    for (x, row) in between_passes.as_chunks::<4>().0.iter().zip(out.chunks_mut(stride)) {
        let Some(row) = row.first_chunk_mut::<32>() else { return };
        let x: [&[i16; 8]; 4] = std::array::from_fn(|u| &x[u]);
        let mut columns = [[0u8; 8]; 4];
        for lane in 0..8 {
            let points = rows4(x.map(|v| v[lane]));
            for (column, value) in columns.iter_mut().zip(points) {
                column[lane] = value;
            }
        }
        for lane in 0..8 {
            for column in 0..4 {
                row[lane * 4 + column] = columns[column][lane];
            }
        }
    }
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "what does not fit 16 bits is no picture")]
const fn columns4(x: [i16; 4]) -> [i16; 4] {
    let (even, odd) = halves(x);
    let round = 1 << (CONST_BITS - PASS_BITS - 1);
    let (e0, e1) = (even[0] << PASS_BITS, even[1] << PASS_BITS);
    let o0 = (odd[0] + round) >> (CONST_BITS - PASS_BITS);
    let o1 = (odd[1] + round) >> (CONST_BITS - PASS_BITS);
    [(e0 + o0) as i16, (e1 + o1) as i16, (e1 - o1) as i16, (e0 - o0) as i16]
}

#[inline(always)]
const fn rows4(x: [i16; 4]) -> [u8; 4] {
    const SHIFT: u32 = CONST_BITS + PASS_BITS + 3;
    let (even, odd) = halves(x);
    let (e0, e1) = (even[0] << CONST_BITS, even[1] << CONST_BITS);
    [
        sample(e0 + odd[0], SHIFT),
        sample(e1 + odd[1], SHIFT),
        sample(e1 - odd[1], SHIFT),
        sample(e0 - odd[0], SHIFT),
    ]
}

/// Transforms eight blocks to two rows of 16 samples.
#[inline(always)]
pub(crate) fn idct2(group: &Group, out: &mut [u8], stride: usize) {
    let [dc, across, down, both] = [&group[0], &group[1], &group[8], &group[9]];
    let mut rows = [[0u8; 16]; 2];
    for lane in 0..8 {
        let (a, b) = (i32::from(dc[lane]), i32::from(across[lane]));
        let (c, d) = (i32::from(down[lane]), i32::from(both[lane]));
        rows[0][2 * lane] = sample(a + b + c + d, 3);
        rows[0][2 * lane + 1] = sample(a - b + c - d, 3);
        rows[1][2 * lane] = sample(a + b - c - d, 3);
        rows[1][2 * lane + 1] = sample(a - b - c + d, 3);
    }
    for (samples, row) in rows.iter().zip(out.chunks_mut(stride)) {
        if let Some(row) = row.first_chunk_mut::<16>() {
            *row = *samples;
        }
    }
}

/// Transforms eight blocks to eight samples.
#[inline(always)]
pub(crate) fn idct1(group: &Group, out: &mut [u8]) {
    if let Some(row) = out.first_chunk_mut::<8>() {
        *row = group[0].map(|dc| sample(i32::from(dc), 3));
    }
}
