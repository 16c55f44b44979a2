//! Overshoot at clipped highlights: "deringing" of mozjpeg.
//!
//! A decoder cuts what is brighter than white. A run of white along the zigzag may therefore be bent upwards, which
//! takes lower coefficients than its sharp edges and shows less ringing beside them. The floating-point operations are
//! such as IEEE 754 fixes, in the order of mozjpeg's.

use crate::zigzag::NATURAL;

/// White, around 0.
const WHITE: i16 = 127;
/// How far beyond white at most.
const OVERSHOOT: i32 = 31;

/// Bends the white runs of a block of samples around 0. `step` is the quantiser's for the mean.
pub(super) fn bend(samples: &mut [i16; 64], step: u16) {
    let sum: i32 = samples.iter().map(|sample| i32::from(*sample)).sum();
    let white: i32 = samples.iter().map(|sample| i32::from(*sample >= WHITE)).sum();
    if white == 0 || white == 64 {
        return;
    }
    // The mean must stay a sample's.
    let headroom = (i32::from(WHITE) * 64 - sum) / white;
    let limit = i32::from(WHITE) + OVERSHOOT.min(2 * i32::from(step)).min(headroom);
    let mut next = 0;
    while next < 64 {
        let start = next;
        while next < 64 && samples[place(next)] >= WHITE {
            next += 1;
        }
        if next > start {
            bend_run(samples, start, next, limit);
        }
        next += 1;
    }
}

fn place(k: usize) -> usize {
    usize::from(NATURAL[k.min(63)])
}

/// How steeply the samples rise towards white, from the second next to the next beside the run.
fn slope(samples: &[i16; 64], near: usize, far: usize) -> i32 {
    let [near, far] = [near, far].map(|k| i32::from(samples[place(k)]));
    (near - far).max(i32::from(WHITE) - near)
}

/// Lays a cubic over a run from `start` to before `end`, with the slopes beside it.
fn bend_run(samples: &mut [i16; 64], start: usize, end: usize, limit: i32) {
    let mut rise = slope(samples, start.saturating_sub(1), start.saturating_sub(2));
    let mut fall = slope(samples, end, end + 1);
    if start == 0 {
        rise = fall;
    }
    if end == 64 {
        fall = rise;
    }
    let length = i32::try_from(end - start).unwrap_or(64);
    let white = f32::from(WHITE);
    let (up, down) = (small(rise * length), small(-fall * length));
    let step = 1.0 / small(length + 1);
    let mut t = step;
    for k in start..end {
        let t2 = t * t;
        let t3 = t2 * t;
        let value = white * (2.0 * t3 - 3.0 * t2 + 1.0)
            + up * (t3 - 2.0 * t2 + t)
            + white * (-2.0 * t3 + 3.0 * t2)
            + down * (t3 - t2);
        samples[place(k)] = whole(value.ceil().min(small(limit)));
        t += step;
    }
}

#[expect(clippy::cast_precision_loss, reason = "slopes and lengths are far below 2^24")]
fn small(value: i32) -> f32 {
    value as f32
}

#[expect(clippy::cast_possible_truncation, reason = "it is whole and within the slopes")]
fn whole(value: f32) -> i16 {
    value as i16
}
