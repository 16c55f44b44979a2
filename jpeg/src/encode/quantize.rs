//! From samples to quantised coefficients, eight blocks at a time.

use archmage::autoversion;

use super::{fdct, highlights};
use crate::idct::{Group, transpose};
use crate::zigzag::NATURAL;

/// The steps at quality 50, for luma and chroma alike, in rows: N. Robidoux's, the default of mozjpeg and ImageMagick.
const BASE: [u16; 64] = [
    16, 16, 16, 18, 25, 37, 56, 85, //
    16, 17, 20, 27, 34, 40, 53, 75, //
    16, 20, 24, 31, 43, 62, 91, 135, //
    18, 27, 31, 40, 53, 74, 106, 156, //
    25, 34, 43, 53, 69, 94, 131, 189, //
    37, 40, 62, 74, 94, 124, 169, 238, //
    56, 53, 91, 106, 131, 169, 226, 311, //
    85, 75, 135, 156, 189, 238, 311, 418,
];

/// The largest coefficient of a file of 8 bits that Huffman tables of T.81 can code.
const MAX: u16 = 1023;

/// The steps for a quality, in the order of the file: libjpeg's scale, cut off at what a baseline file can hold (T.81
/// section B.2.4.1).
pub(super) fn table(quality: u8) -> [u8; 64] {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    NATURAL.map(|place| {
        let step = (u32::from(BASE[usize::from(place)]) * percent + 50) / 100;
        u8::try_from(step).unwrap_or(u8::MAX).max(1)
    })
}

/// Division by a step as a multiplication: `(value + add) * factor >> 16 >> shift`.
///
/// After T. Granlund and P. Montgomery, "Division by invariant integers using multiplication" (PLDI 1994).
#[derive(Clone, Copy, Debug)]
struct Step {
    /// Half of the step, to round to nearest, and 1 where the factor was rounded down.
    add: u16,
    factor: u16,
    shift: u32,
}

impl Step {
    fn new(step: u8) -> Step {
        // Coefficients are eight times as large.
        let divisor = u32::from(step) * 8;
        let log = divisor.ilog2();
        let (factor, rest) = ((1 << (16 + log)) / divisor, (1 << (16 + log)) % divisor);
        let (add, factor, shift) = match rest {
            0 => (divisor / 2, factor / 2, log - 1),
            rest if rest <= divisor / 2 => (divisor / 2 + 1, factor, log),
            _ => (divisor / 2, factor + 1, log),
        };
        let narrow = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
        Step { add: narrow(add), factor: narrow(factor), shift }
    }

    #[inline(always)]
    fn quotient(self, magnitude: u16) -> u16 {
        let product = u32::from(magnitude.wrapping_add(self.add)) * u32::from(self.factor);
        (product >> 16) as u16 >> self.shift
    }
}

/// The divisions of a table, in the order of the file.
#[derive(Clone, Debug)]
pub(super) struct Quantizer {
    steps: [Step; 64],
    /// Of the mean.
    first: u16,
}

impl Quantizer {
    pub(super) fn new(table: &[u8; 64]) -> Quantizer {
        Quantizer { steps: table.map(Step::new), first: table[0].into() }
    }
}

/// Quantised coefficients of eight blocks.
#[derive(Clone, Debug)]
pub(super) struct Coefficients {
    /// For each place in the order of the file, those of all eight.
    pub(super) values: Group,
    /// For each sixteen places, a bit for each that is not 0.
    pub(super) set: [[u16; 8]; 4],
}

impl Default for Coefficients {
    fn default() -> Coefficients {
        Coefficients { values: [[0; 8]; 64], set: [[0; 8]; 4] }
    }
}

/// Transforms and quantises eight blocks side by side: 64 columns of the rows that are `stride` apart.
#[autoversion(v3, neon, wasm128)]
pub(super) fn group(rows: &[u8], stride: usize, quantizer: &Quantizer, out: &mut Coefficients) {
    let mut group: Group = [[0; 8]; 64];
    let mut white = [0u8; 8];
    for (group, row) in group.as_chunks_mut::<8>().0.iter_mut().zip(rows.chunks(stride)) {
        let Some(row) = row.first_chunk::<64>() else { return };
        let turned = transpose(row);
        for (lanes, samples) in group.iter_mut().zip(turned.as_chunks::<8>().0) {
            for lane in 0..8 {
                lanes[lane] = i16::from(samples[lane]).wrapping_sub(128);
                white[lane] = white[lane].wrapping_add(u8::from(samples[lane] == u8::MAX));
            }
        }
    }
    for (lane, white) in white.into_iter().enumerate() {
        if (1..64).contains(&white) {
            bend_lane(&mut group, lane, quantizer.first);
        }
    }
    fdct::fdct8(&mut group);
    for (part, set) in out.set.iter_mut().enumerate() {
        *set = [0; 8];
        for bit in 0..16 {
            let k = part * 16 + bit;
            let (values, bits) = quotients(&group[usize::from(NATURAL[k])], quantizer.steps[k]);
            out.values[k] = values;
            for lane in 0..8 {
                set[lane] |= bits[lane] << bit;
            }
        }
    }
}

/// One coefficient of each block by its step, and 1 for each that is not 0.
#[inline(always)]
fn quotients(coefficients: &[i16; 8], step: Step) -> ([i16; 8], [u16; 8]) {
    let (mut values, mut set) = ([0; 8], [0; 8]);
    for lane in 0..8 {
        let value = step.quotient(coefficients[lane].unsigned_abs()).min(MAX);
        let sign = coefficients[lane] >> 15;
        values[lane] = (value.cast_signed() ^ sign).wrapping_sub(sign);
        set[lane] = value.min(1);
    }
    (values, set)
}

#[cold]
fn bend_lane(group: &mut Group, lane: usize, step: u16) {
    let mut samples = group.map(|lanes| lanes[lane]);
    highlights::bend(&mut samples, step);
    for (lanes, sample) in group.iter_mut().zip(samples) {
        lanes[lane] = sample;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All steps that a table can have, with all magnitudes that a transform can give.
    #[test]
    fn multiplications_divide() {
        for step in 1..=255 {
            let division = Step::new(step);
            let divisor = u32::from(step) * 8;
            for magnitude in 0..1 << 14 {
                let expected = (u32::from(magnitude) + divisor / 2) / divisor;
                assert_eq!(u32::from(division.quotient(magnitude)), expected, "{magnitude} by {divisor}");
            }
        }
    }

    #[test]
    fn quality_scales_the_table() {
        assert_eq!(table(100), [1; 64]);
        assert_eq!(table(50).map(u16::from), NATURAL.map(|place| BASE[usize::from(place)].min(255)));
        assert_eq!((table(0), table(255)), (table(1), table(100)));
        assert_eq!(table(1), [255; 64]);
    }
}
