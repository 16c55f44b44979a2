//! The sums of a block with SIMD128: two rows at once, sample beside sample, by the product of pairs.

use std::arch::wasm32::{
    i16x8_extend_high_u8x16, i16x8_extend_low_u8x16, i16x8_narrow_i32x4, i32x4_add, i32x4_dot_i16x8,
    i32x4_shr, i32x4_splat, u8x16_narrow_i16x8, u8x16_shuffle, u64x2, u64x2_extract_lane, v128,
};

use super::BLOCK;

const LANES: usize = 16;
const VECTORS: usize = BLOCK / LANES;

/// The samples of one row from place `at` on. The number of rows is even.
#[inline(always)]
pub(super) fn add_up(
    rows: &[u8],
    stride: usize,
    at: usize,
    weights: &[i16],
    precision: u32,
    out: &mut [u8; BLOCK],
) {
    let mut sums = [[i32x4_splat(1 << (precision - 1)); 4]; VECTORS];
    for (pair, weights) in rows.chunks_exact(2 * stride).zip(weights.as_chunks::<2>().0) {
        let row = |from: usize| pair.get(from..from + BLOCK).and_then(|row| row.first_chunk::<BLOCK>());
        let (Some(one), Some(other)) = (row(at), row(stride + at)) else { return };
        let [low, high] = weights.map(|weight| u32::from(weight.cast_unsigned()));
        let weights = i32x4_splat((high << 16 | low).cast_signed());
        let vectors = one.as_chunks::<LANES>().0.iter().zip(other.as_chunks::<LANES>().0);
        for (sums, (one, other)) in sums.iter_mut().zip(vectors) {
            add_pair(sums, load(one), load(other), weights);
        }
    }
    for (out, sums) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(sums) {
        let [a, b, c, d] = sums.map(|sum| i32x4_shr(sum, precision));
        // Far within 16 bits; what is below 0 or above 255 is cut off.
        let samples = u8x16_narrow_i16x8(i16x8_narrow_i32x4(a, b), i16x8_narrow_i32x4(c, d));
        let halves = [u64x2_extract_lane::<0>(samples), u64x2_extract_lane::<1>(samples)];
        *out = halves.map(u64::to_le_bytes).as_flattened().first_chunk().copied().unwrap_or([0; LANES]);
    }
}

#[inline(always)]
fn load(bytes: &[u8; LANES]) -> v128 {
    let [low, high] = [0, 8].map(|at| {
        let half = bytes[at..].first_chunk().copied().unwrap_or_default();
        u64::from_le_bytes(half)
    });
    u64x2(low, high)
}

/// Adds 16 samples of two rows, each times its weight; `weights` has both in each lane of 32 bits.
#[inline(always)]
fn add_pair(sums: &mut [v128; 4], one: v128, other: v128, weights: v128) {
    let low = u8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(one, other);
    let high = u8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(one, other);
    let pairs = [
        i16x8_extend_low_u8x16(low),
        i16x8_extend_high_u8x16(low),
        i16x8_extend_low_u8x16(high),
        i16x8_extend_high_u8x16(high),
    ];
    for (sum, pairs) in sums.iter_mut().zip(pairs) {
        *sum = i32x4_add(*sum, i32x4_dot_i16x8(pairs, weights));
    }
}
