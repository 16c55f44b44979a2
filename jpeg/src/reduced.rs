//! The inverse transforms of a block to 4x4 and 2x2 samples, from its lowest frequencies.
//!
//! A block cut down to its N lowest frequencies in each direction is transformed with an N-point transform. That
//! is the picture with its higher frequencies taken away, and needs none of the other coefficients. Constants and
//! rounding are those of the full transform; the result is that of IJG libjpeg 7 and later. (libjpeg-turbo averages
//! samples of the full transform instead, for which it needs nearly all coefficients.)

use crate::idct::{CONST_BITS, Group, PASS_BITS, sample};
use crate::narrow::low16;

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
const fn columns4(x: [i16; 4]) -> [i16; 4] {
    let (even, odd) = halves(x);
    let round = 1 << (CONST_BITS - PASS_BITS - 1);
    let (e0, e1) = (even[0] << PASS_BITS, even[1] << PASS_BITS);
    let o0 = (odd[0] + round) >> (CONST_BITS - PASS_BITS);
    let o1 = (odd[1] + round) >> (CONST_BITS - PASS_BITS);
    [low16(e0 + o0), low16(e1 + o1), low16(e1 - o1), low16(e0 - o0)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idct::{idct8, idct8_dc};

    /// The N-point transform of the lowest N frequencies, by its definition (T.81 section A.3.3).
    fn exact(block: &[i16; 64], n: usize) -> Vec<f64> {
        let basis = |x: usize, u: usize| {
            let scale = if u == 0 { 0.125f64.sqrt() } else { 0.5 };
            scale * (std::f64::consts::PI * (2 * x + 1) as f64 * u as f64 / (2 * n) as f64).cos()
        };
        let mut out = Vec::new();
        for y in 0..n {
            for x in 0..n {
                let places = (0..n * n).map(|i| (i / n, i % n));
                let sum: f64 =
                    places.map(|(v, u)| f64::from(block[v * 8 + u]) * basis(y, v) * basis(x, u)).sum();
                out.push((sum + 128.0).clamp(0.0, 255.0));
            }
        }
        out
    }

    /// Eight blocks of which only the first `side` rows and columns are set.
    fn group(side: usize, seed: u32) -> Group {
        let mut state = seed;
        let mut group = [[0; 8]; 64];
        for (place, lanes) in (0u16..).zip(group.iter_mut()) {
            let (row, column) = (place / 8, place % 8);
            for value in lanes.iter_mut().filter(|_| usize::from(row.max(column)) < side) {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let most = if place == 0 { 1000 } else { 400 / i32::from(1 + row + column) };
                *value = low16((state >> 8) as i32 % (2 * most + 1) - most);
            }
        }
        group
    }

    fn check(n: usize, side: usize, transform: impl Fn(&Group, &mut [u8], usize)) {
        for seed in 0..50 {
            let group = group(side, seed);
            let mut out = vec![0; n * 8 * n];
            transform(&group, &mut out, n * 8);
            for lane in 0..8 {
                let exact = exact(&group.map(|lanes| lanes[lane]), n);
                for (place, exact) in exact.into_iter().enumerate() {
                    let found = f64::from(out[place / n * n * 8 + lane * n + place % n]);
                    assert!((found - exact).abs() < 0.6, "{n} points, {side} used: {found} for {exact}");
                }
            }
        }
    }

    #[test]
    fn transforms_follow_their_definition() {
        check(8, 8, idct8::<8>);
        check(8, 4, idct8::<4>);
        check(8, 1, idct8_dc);
        check(4, 4, idct4);
        check(2, 2, idct2);
        check(1, 1, |group, out, _| idct1(group, out));
    }

    #[test]
    fn no_coefficients_overflow() {
        for value in [i16::MIN, i16::MAX] {
            let mut group = [[value; 8]; 64];
            for (place, lanes) in group.iter_mut().enumerate() {
                lanes[1] = if place % 2 == 0 { i16::MIN } else { i16::MAX };
                lanes[2] = if place / 8 % 2 == 0 { i16::MIN } else { i16::MAX };
                lanes[3] = if place % 8 / 4 == 0 { i16::MAX } else { i16::MIN };
            }
            let mut out = [0; 512];
            idct8::<8>(&group, &mut out, 64);
            idct8::<4>(&group, &mut out, 64);
            idct8_dc(&group, &mut out, 64);
            idct4(&group, &mut out, 32);
            idct2(&group, &mut out, 16);
            idct1(&group, &mut out);
        }
    }
}
