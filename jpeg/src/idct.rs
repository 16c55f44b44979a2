//! The inverse transform of a block to 8x8 samples.
//!
//! The algorithm is that of C. Loeffler, A. Ligtenberg and G. Moschytz, "Practical fast 1-D DCT algorithms with
//! 11 multiplications" (ICASSP 1989), in integers with 13 fractional bits, rounded where libjpeg's "islow" does,
//! so that samples equal those of libjpeg-turbo. Columns come first, then rows. Each pass runs over eight lanes
//! without a branch, for the compiler to make vectors of.

use std::num::Wrapping;

use crate::narrow::{byte, low16, word};

/// Eight blocks side by side: for each place in a block, in rows, the coefficients of all eight.
pub(crate) type Group = [[i16; 8]; 64];

/// Coefficients that are not there.
const ZEROS: [i16; 8] = [0; 8];

/// Fractional bits of the constants.
pub(crate) const CONST_BITS: u32 = 13;
/// Fractional bits kept between the passes.
pub(crate) const PASS_BITS: u32 = 2;

/// `round(x * 8192)` of the rotations; sums are of these integers, as rounding takes place before adding.
const F_0_298: i32 = 2446;
const F_0_390: i32 = 3196;
const F_0_541: i32 = 4433;
const F_0_765: i32 = 6270;
const F_0_899: i32 = 7373;
const F_1_175: i32 = 9633;
const F_1_501: i32 = 12299;
const F_1_847: i32 = 15137;
const F_1_961: i32 = 16069;
const F_2_053: i32 = 16819;
const F_2_562: i32 = 20995;
const F_3_072: i32 = 25172;

/// Sums wrap around, which only blocks that no encoder makes bring about.
type Fixed = Wrapping<i32>;

#[inline(always)]
fn mul(a: i16, factor: i32) -> Fixed {
    Wrapping(i32::from(a) * factor)
}

/// Eight points in one direction, scaled by 8192 and the square root of 8.
#[inline(always)]
fn points8(x: [i16; 8]) -> [Fixed; 8] {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    // Even half.
    let sum = Wrapping((i32::from(x0) + i32::from(x4)) << CONST_BITS);
    let difference = Wrapping((i32::from(x0) - i32::from(x4)) << CONST_BITS);
    let low = mul(x2, F_0_541) + mul(x6, F_0_541 - F_1_847);
    let high = mul(x2, F_0_541 + F_0_765) + mul(x6, F_0_541);
    let (e0, e3, e1, e2) = (sum + high, sum - high, difference + low, difference - low);
    // Odd half.
    let s73 = x7.wrapping_add(x3);
    let s51 = x5.wrapping_add(x1);
    let z3 = mul(s73, F_1_175 - F_1_961) + mul(s51, F_1_175);
    let z4 = mul(s73, F_1_175) + mul(s51, F_1_175 - F_0_390);
    let o3 = mul(x7, F_0_298 - F_0_899) + mul(x1, -F_0_899) + z3;
    let o2 = mul(x5, F_2_053 - F_2_562) + mul(x3, -F_2_562) + z4;
    let o1 = mul(x3, F_3_072 - F_2_562) + mul(x5, -F_2_562) + z3;
    let o0 = mul(x1, F_1_501 - F_0_899) + mul(x7, -F_0_899) + z4;
    [e0 + o0, e1 + o1, e2 + o2, e3 + o3, e3 - o3, e2 - o2, e1 - o1, e0 - o0]
}

/// A value between the passes: what does not fit 16 bits is no picture and is cut to them.
#[inline(always)]
pub(crate) const fn between(value: i32) -> i16 {
    word(value.wrapping_add(1 << (CONST_BITS - PASS_BITS - 1)) >> (CONST_BITS - PASS_BITS))
}

/// A sample from what has `shift` fractional bits, at least 3, and is 0 for medium grey.
#[inline(always)]
pub(crate) const fn sample(value: i32, shift: u32) -> u8 {
    byte(low16(value.wrapping_add((1 << (shift - 1)) + (128 << shift)) >> shift))
}

/// Transforms eight blocks to eight rows of 64 samples. Only the first `USED` rows and columns of coefficients are
/// read; the others must be 0.
#[inline(always)]
pub(crate) fn idct8<const USED: usize>(group: &Group, out: &mut [u8], stride: usize) {
    let mut between_passes = [[0i16; 8]; 64];
    for u in 0..USED {
        let x: [&[i16; 8]; 8] = std::array::from_fn(|v| if v < USED { &group[v * 8 + u] } else { &ZEROS });
        let mut rows = [[0i16; 8]; 8];
        for lane in 0..8 {
            let points = points8(x.map(|v| v[lane]));
            for (row, value) in rows.iter_mut().zip(points) {
                row[lane] = between(value.0);
            }
        }
        for (y, row) in rows.into_iter().enumerate() {
            between_passes[y * 8 + u] = row;
        }
    }
    for (x, row) in between_passes.as_chunks::<8>().0.iter().zip(out.chunks_mut(stride)) {
        let Some(row) = row.first_chunk_mut::<64>() else { return };
        let x: [&[i16; 8]; 8] = std::array::from_fn(|u| if u < USED { &x[u] } else { &ZEROS });
        let mut columns = [[0u8; 8]; 8];
        for lane in 0..8 {
            let points = points8(x.map(|v| v[lane]));
            for (column, value) in columns.iter_mut().zip(points) {
                column[lane] = sample(value.0, CONST_BITS + PASS_BITS + 3);
            }
        }
        let mut samples = [0u8; 64];
        for (place, column) in samples.as_chunks_mut::<8>().0.iter_mut().zip(columns) {
            *place = column;
        }
        *row = transpose(&samples);
    }
}
/// Does the same for blocks that have no coefficient but the first.
#[inline(always)]
pub(crate) fn idct8_dc(group: &Group, out: &mut [u8], stride: usize) {
    let mut samples = [0u8; 64];
    for (eight, &dc) in samples.as_chunks_mut::<8>().0.iter_mut().zip(&group[0]) {
        *eight = [sample(i32::from(dc), 3); 8];
    }
    for row in out.chunks_mut(stride).take(8) {
        if let Some(row) = row.first_chunk_mut::<64>() {
            *row = samples;
        }
    }
}

/// Rows to columns, as three times the perfect shuffle: each turns the six bits of a place by one, and compilers
/// know it as the interleaving of vectors.
#[inline(always)]
pub(crate) fn transpose<T: Copy + Default>(block: &[T; 64]) -> [T; 64] {
    shuffle(&shuffle(&shuffle(block)))
}

#[inline(always)]
fn shuffle<T: Copy + Default>(block: &[T; 64]) -> [T; 64] {
    let mut out = [T::default(); 64];
    for i in 0..32 {
        out[2 * i] = block[i];
        out[2 * i + 1] = block[i + 32];
    }
    out
}
