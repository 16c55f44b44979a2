//! Rows of a component brought to the width and height of the picture.
//!
//! "Fancy" upsampling as libjpeg has it: a sample of the larger picture is three parts of the nearer sample and one
//! part of the farther one, in each direction, with the halves rounded up and down by turns.

use archmage::autoversion;

use crate::narrow::low8;

/// Twice as wide, at least two samples.
#[autoversion(v3, neon, wasm128)]
pub(crate) fn wider(row: &[u8], out: &mut [u8]) {
    let n = row.len();
    let Some((inner, _)) = out.get_mut(1..2 * n - 1).map(|inner| inner.as_chunks_mut::<2>()) else { return };
    for (pair, (&a, &b)) in inner.iter_mut().zip(row.iter().zip(&row[1..])) {
        let (a, b) = (u16::from(a), u16::from(b));
        *pair = [low8((3 * a + b + 2) >> 2), low8((3 * b + a + 1) >> 2)];
    }
    (out[0], out[2 * n - 1]) = (row[0], row[n - 1]);
}

/// Between two rows, nearer to the first. `bias` is 1 where the farther row is above, else 2.
#[autoversion(v3, neon, wasm128)]
pub(crate) fn higher(near: &[u8], far: &[u8], bias: u16, out: &mut [u8]) {
    for (out, (&near, &far)) in out.iter_mut().zip(near.iter().zip(far)) {
        *out = low8((3 * u16::from(near) + u16::from(far) + bias) >> 2);
    }
}

/// Twice as wide, between two rows and nearer to the first. `sums` is room for as many numbers as they have samples.
#[autoversion(v3, neon, wasm128)]
pub(crate) fn both(near: &[u8], far: &[u8], sums: &mut [u16], out: &mut [u8]) {
    let n = near.len();
    let sums = &mut sums[..n];
    for (sum, (&near, &far)) in sums.iter_mut().zip(near.iter().zip(far)) {
        *sum = 3 * u16::from(near) + u16::from(far);
    }
    let Some((inner, _)) = out.get_mut(1..2 * n - 1).map(|inner| inner.as_chunks_mut::<2>()) else { return };
    for (pair, (&a, &b)) in inner.iter_mut().zip(sums.iter().zip(&sums[1..])) {
        *pair = [low8((3 * a + b + 7) >> 4), low8((3 * b + a + 8) >> 4)];
    }
    out[0] = low8((4 * sums[0] + 8) >> 4);
    out[2 * n - 1] = low8((4 * sums[n - 1] + 7) >> 4);
}

/// The nearest samples: `from` of them for `to` in the picture.
pub(crate) fn nearest(row: &[u8], (from, to): (usize, usize), out: &mut [u8]) {
    if to.is_multiple_of(from) {
        for (samples, &sample) in out.chunks_mut(to / from).zip(row) {
            samples.fill(sample);
        }
    } else {
        for (x, out) in out.iter_mut().enumerate() {
            *out = row[x * from / to];
        }
    }
}
