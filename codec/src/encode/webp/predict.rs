//! Predictors: what a pixel is expected to be, from those left of and above it (RFC 9649, section 4.1).

use super::Argb;

/// A tile is 2^this wide and high.
pub(super) const TILE_BITS: u32 = 5;
const TILE: usize = 1 << TILE_BITS;

/// The modes that are tried, in this order: left, above, above right, their averages, select, gradients.
const MODES: [u8; 9] = [11, 1, 2, 3, 5, 7, 10, 12, 13];

const BLACK: Argb = [0, 0, 0, u8::MAX];

/// The mode of each tile (as the green of a pixel) and what the prediction leaves of each pixel.
pub(super) fn predict(pixels: &[Argb], width: usize) -> (Vec<Argb>, Vec<Argb>) {
    let height = pixels.len() / width;
    let mut rest = vec![[0; 4]; pixels.len()];
    let mut modes = Vec::new();
    for top in (0..height).step_by(TILE) {
        for left in (0..width).step_by(TILE) {
            let places = || {
                let columns = left..(left + TILE).min(width);
                (top..(top + TILE).min(height)).flat_map(move |y| columns.clone().map(move |x| y * width + x))
            };
            let cost = |mode: u8| -> u64 {
                places().map(|at| weight(difference(pixels[at], expected(pixels, width, at, mode)))).sum()
            };
            // The first of the least.
            let mode = MODES.into_iter().min_by_key(|mode| cost(*mode)).unwrap_or(MODES[0]);
            for at in places() {
                rest[at] = difference(pixels[at], expected(pixels, width, at, mode));
            }
            modes.push([0, mode, 0, u8::MAX]);
        }
    }
    (modes, rest)
}

fn difference(pixel: Argb, expected: Argb) -> Argb {
    std::array::from_fn(|channel| pixel[channel].wrapping_sub(expected[channel]))
}

fn weight(rest: Argb) -> u64 {
    rest.iter().map(|byte| u64::from(byte.cast_signed().unsigned_abs())).sum()
}

/// The borders have rules of their own; right of the last column stands the first of the row.
fn expected(pixels: &[Argb], width: usize, at: usize, mode: u8) -> Argb {
    if at == 0 {
        return BLACK;
    }
    if at < width {
        return pixels[at - 1];
    }
    let above = pixels[at - width];
    if at.is_multiple_of(width) {
        return above;
    }
    let (left, corner, right) = (pixels[at - 1], pixels[at - width - 1], pixels[at - width + 1]);
    match mode {
        0 => BLACK,
        1 => left,
        2 => above,
        3 => right,
        4 => corner,
        5 => average(average(left, right), above),
        6 => average(left, corner),
        7 => average(left, above),
        8 => average(corner, above),
        9 => average(above, right),
        10 => average(average(left, corner), average(above, right)),
        11 => select(left, above, corner),
        12 => {
            each(|channel| i32::from(left[channel]) + i32::from(above[channel]) - i32::from(corner[channel]))
        }
        _ => {
            let middle = average(left, above);
            each(|channel| {
                let value = i32::from(middle[channel]);
                value + (value - i32::from(corner[channel])) / 2
            })
        }
    }
}

fn each(value: impl Fn(usize) -> i32) -> Argb {
    std::array::from_fn(|channel| u8::try_from(value(channel).clamp(0, 255)).unwrap_or_default())
}

fn average(a: Argb, b: Argb) -> Argb {
    std::array::from_fn(|channel| a[channel].midpoint(b[channel]))
}

/// Left or above, whichever is nearer to left + above - corner; above on a tie.
fn select(left: Argb, above: Argb, corner: Argb) -> Argb {
    let far = |a: Argb, b: Argb| -> u32 { a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(b))).sum() };
    // |left + above - corner - left| is |above - corner|.
    if far(above, corner) < far(left, corner) { left } else { above }
}
