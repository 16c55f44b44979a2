//! The forward transform of eight blocks side by side.
//!
//! The counterpart of the inverse one in [`crate::idct`], and as exact: rows first, then columns, rounded where
//! libjpeg's "islow" does, with the factors gathered as far as sums of integers do not change by it.

use std::num::Wrapping;

use crate::idct::{CONST_BITS, Group, PASS_BITS};
use crate::narrow::low16;

/// `round(x * 8192)` of the rotations.
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

#[inline(always)]
fn mul(a: i16, factor: i32) -> Wrapping<i32> {
    Wrapping(i32::from(a) * factor)
}

#[inline(always)]
fn descale(value: Wrapping<i32>, bits: u32) -> i16 {
    low16((value + Wrapping(1 << (bits - 1))).0 >> bits)
}

/// Eight points in one direction. The first pass leaves [`PASS_BITS`] fractional bits, the second takes them away;
/// both together scale by 8.
#[inline(always)]
fn points8<const FIRST: bool>(x: [i16; 8]) -> [i16; 8] {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    // At most two samples of the first pass, or four of the second: 16 bits hold them.
    let add = i16::wrapping_add;
    let sub = i16::wrapping_sub;
    let (s0, s1, s2, s3) = (add(x0, x7), add(x1, x6), add(x2, x5), add(x3, x4));
    let (d7, d6, d5, d4) = (sub(x0, x7), sub(x1, x6), sub(x2, x5), sub(x3, x4));
    let bits = if FIRST { CONST_BITS - PASS_BITS } else { CONST_BITS + PASS_BITS };
    // Even half.
    let (e0, e3, e1, e2) = (add(s0, s3), sub(s0, s3), add(s1, s2), sub(s1, s2));
    let (sum, difference) = (i32::from(e0) + i32::from(e1), i32::from(e0) - i32::from(e1));
    let plain = |value: i32| {
        if FIRST { low16(value << PASS_BITS) } else { descale(Wrapping(value), PASS_BITS) }
    };
    let y2 = mul(e3, F_0_541 + F_0_765) + mul(e2, F_0_541);
    let y6 = mul(e3, F_0_541) + mul(e2, F_0_541 - F_1_847);
    // Odd half.
    let (s46, s57) = (add(d4, d6), add(d5, d7));
    let z3 = mul(s46, F_1_175 - F_1_961) + mul(s57, F_1_175);
    let z4 = mul(s46, F_1_175) + mul(s57, F_1_175 - F_0_390);
    let y7 = mul(d4, F_0_298 - F_0_899) + mul(d7, -F_0_899) + z3;
    let y5 = mul(d5, F_2_053 - F_2_562) + mul(d6, -F_2_562) + z4;
    let y3 = mul(d6, F_3_072 - F_2_562) + mul(d5, -F_2_562) + z3;
    let y1 = mul(d7, F_1_501 - F_0_899) + mul(d4, -F_0_899) + z4;
    let [y1, y2, y3, y5, y6, y7] = [y1, y2, y3, y5, y6, y7].map(|value| descale(value, bits));
    [plain(sum), y1, y2, y3, plain(difference), y5, y6, y7]
}

/// Transforms a group in place: samples around 0 to coefficients, eight times as large as T.81 has them.
#[inline(always)]
pub(super) fn fdct8(group: &mut Group) {
    for row in group.as_chunks_mut::<8>().0 {
        *row = lines::<true>(row.each_ref());
    }
    for u in 0..8 {
        let column: [&[i16; 8]; 8] = std::array::from_fn(|y| &group[y * 8 + u]);
        for (v, lanes) in lines::<false>(column).into_iter().enumerate() {
            group[v * 8 + u] = lanes;
        }
    }
}

/// One line of each block.
#[inline(always)]
fn lines<const FIRST: bool>(x: [&[i16; 8]; 8]) -> [[i16; 8]; 8] {
    let mut out = [[0; 8]; 8];
    for lane in 0..8 {
        let points = points8::<FIRST>(x.map(|x| x[lane]));
        for (out, value) in out.iter_mut().zip(points) {
            out[lane] = value;
        }
    }
    out
}
