//! Fewer rows, or more: the first of the resizer's two steps, with its samples, for wasm32, where its own code takes
//! 2.75 instructions a sample and weight.
//!
//! Weights and their rounding are those of fast_image_resize 6 for 8 bits a sample, which are those of Pillow:
//! Lanczos3 in double precision, then whole numbers of 16 bits at the highest precision that the largest weight allows.

#[cfg(target_arch = "wasm32")]
mod simd;

use std::f64::consts::PI;

/// Samples that are added up at once.
const BLOCK: usize = 32;

/// Makes `height` rows of rows of `stride` samples each. Both are at least 1.
pub(super) fn resize(data: &[u8], stride: usize, height: usize) -> Vec<u8> {
    let weights = Weights::new(data.len() / stride, height);
    let mut out = vec![0; stride * height];
    for (row, Taps { start, values }) in out.chunks_exact_mut(stride).zip(&weights.rows) {
        let rows = &data[start * stride..][..values.len() * stride];
        let (blocks, rest) = row.as_chunks_mut::<BLOCK>();
        let done = blocks.len() * BLOCK;
        for (number, block) in blocks.iter_mut().enumerate() {
            add_up_block(rows, stride, number * BLOCK, values, weights.precision, block);
        }
        for (at, sample) in rest.iter_mut().enumerate() {
            let mut one = [0];
            add_up(rows, stride, done + at, values, weights.precision, &mut one);
            [*sample] = one;
        }
    }
    out
}

#[inline(always)]
fn add_up_block(
    rows: &[u8],
    stride: usize,
    at: usize,
    weights: &[i16],
    precision: u32,
    out: &mut [u8; BLOCK],
) {
    #[cfg(target_arch = "wasm32")]
    if weights.len().is_multiple_of(2) {
        return simd::add_up(rows, stride, at, weights, precision, out);
    }
    add_up(rows, stride, at, weights, precision, out);
}

/// The samples of one row from place `at` on.
#[inline(always)]
fn add_up<const N: usize>(
    rows: &[u8],
    stride: usize,
    at: usize,
    weights: &[i16],
    precision: u32,
    out: &mut [u8; N],
) {
    let mut sums = [1i32 << (precision - 1); N];
    for (row, weight) in rows.chunks_exact(stride).zip(weights) {
        let Some(samples) = row.get(at..).and_then(|row| row.first_chunk::<N>()) else { return };
        for (sum, sample) in sums.iter_mut().zip(samples) {
            *sum += i32::from(i16::from(*sample)) * i32::from(*weight);
        }
    }
    for (to, sum) in out.iter_mut().zip(sums) {
        let sample = (sum >> precision).clamp(0, 255) as u8;
        *to = sample;
    }
}

/// What each row is made of.
struct Weights {
    /// Bits behind the point.
    precision: u32,
    rows: Vec<Taps>,
}

/// Rows of the source from `start` on, and how much of each.
struct Taps {
    start: usize,
    values: Vec<i16>,
}

impl Taps {
    /// With a row beside them that counts for nothing where their number is odd, if the source has one.
    fn in_pairs(mut self, rows: usize) -> Taps {
        if self.values.len() % 2 == 1 {
            if self.start + self.values.len() < rows {
                self.values.push(0);
            } else if self.start > 0 {
                self.start -= 1;
                self.values.insert(0, 0);
            }
        }
        self
    }
}

impl Weights {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sides are far below 2^52, and weights within the precision that is chosen for them"
    )]
    fn new(from: usize, to: usize) -> Weights {
        let scale = from as f64 / to as f64;
        let stretch = scale.max(1.0);
        let radius = 3.0 * stretch;
        let rows: Vec<(usize, Vec<f64>)> = (0..to)
            .map(|row| {
                let center = (row as f64 + 0.5) * scale;
                let first = (center - radius).floor().max(0.0) as usize;
                let last = (center + radius).ceil().min(from as f64) as usize;
                let weight = |at: usize| lanczos3((at as f64 - (center - 0.5)) * (1.0 / stretch));
                let mut weights: Vec<f64> = (first..last).map(weight).collect();
                // Those that are 0 at the ends are left out.
                let leading = weights.iter().take_while(|weight| **weight == 0.0).count();
                weights.drain(..leading);
                while weights.last() == Some(&0.0) {
                    weights.pop();
                }
                let sum: f64 = weights.iter().sum();
                weights.iter_mut().for_each(|weight| *weight /= sum);
                (first + leading, weights)
            })
            .collect();
        let largest = rows.iter().flat_map(|(_, weights)| weights).copied().fold(0.0, f64::max);
        // A result of 8 bits and two for what goes beyond it leave 22 of a sum; a weight has 15.
        let fits = |precision: &u32| round(largest * f64::from(1 << (precision + 1))) < f64::from(1 << 15);
        let precision = (0..21).find(|precision| !fits(precision)).unwrap_or(21);
        let whole = |weight: f64| round(weight * f64::from(1 << precision)) as i16;
        let rows = rows.into_iter().map(|(start, weights)| {
            let values = weights.into_iter().map(whole).collect();
            Taps { start, values }.in_pairs(from)
        });
        Weights { precision, rows: rows.collect() }
    }
}

/// The sinc function, of which six lobes are left by its own stretched one.
fn lanczos3(x: f64) -> f64 {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { libm::sin(x * PI) / (x * PI) };
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

/// Half away from zero, the same on every machine.
fn round(x: f64) -> f64 {
    libm::round(x)
}

#[cfg(test)]
mod tests {
    use super::super::{ResizeAlg, ResizeOptions, bytes};
    use super::*;
    use darkroom_core::pixels::Size;
    use fast_image_resize::FilterType;
    use fast_image_resize::pixels::U8x3;
    use proptest::prelude::*;

    fn library(data: &[u8], width: u32, height: u32, to: u32) -> Vec<u8> {
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        bytes::<U8x3>(Size::new(width, height), data, Size::new(width, to), &options).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn samples_are_those_of_the_resizer(width in 1u32..40, height in 1u32..400, to in 1u32..400, seed: u64) {
            prop_assume!(height != to);
            let noise = crate::testing::scene(Size::new(width, height), seed);
            // Black and white next to each other go beyond what a sample holds.
            let hard = noise.data().iter().map(|sample| if sample & 4 == 0 { 0 } else { 255 }).collect::<Vec<u8>>();
            for data in [noise.data(), &hard] {
                let found = resize(data, width as usize * 3, to as usize);
                prop_assert!(found == library(data, width, height, to));
            }
        }
    }
}
