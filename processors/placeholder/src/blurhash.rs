//! The BlurHash format (<https://github.com/woltapp/blurhash/blob/master/Algorithm.md>): the first coefficients
//! of a cosine transform of linear light, as text of 4 + 2 * components characters.
//!
//! All floating point is `f64`, in one fixed order, from operations that IEEE 754 defines exactly, and a cosine
//! in software; the way from and to sRGB is a table. The text is the same on every machine.

use std::f64::consts::PI;

use darkroom_codec::linear;
use darkroom_core::pixels::Pixels;

const DIGITS: &[u8; 83] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/// Encodes an opaque picture with `across` times `down` components, each 1 to 9.
pub(crate) fn encode(picture: &Pixels, across: u32, down: u32) -> String {
    let (width, height) = (picture.size().width as usize, picture.size().height as usize);
    let columns = waves(width, across);
    let rows = waves(height, down);
    let light: Vec<[f64; 3]> = picture
        .data()
        .as_chunks::<3>()
        .0
        .iter()
        .map(|pixel| pixel.map(|value| f64::from(linear::to_linear(value)) / 65_535.0))
        .collect();
    let count = f64::from(picture.size().width) * f64::from(picture.size().height);
    let mut factors = Vec::new();
    for (y, row) in rows.iter().enumerate() {
        for (x, column) in columns.iter().enumerate() {
            let mut sums = [0.0f64; 3];
            for (line, down) in light.chunks_exact(width).zip(row) {
                for (pixel, across) in line.iter().zip(column) {
                    let basis = across * down;
                    for (sum, value) in sums.iter_mut().zip(pixel) {
                        *sum += basis * value;
                    }
                }
            }
            let scale = if x == 0 && y == 0 { 1.0 } else { 2.0 } / count;
            factors.push(sums.map(|sum| sum * scale));
        }
    }

    let mut text = String::with_capacity(4 + 2 * factors.len());
    digits(&mut text, across - 1 + (down - 1) * 9, 1);
    let (mean, waves) = (factors[0], &factors[1..]);
    let largest = waves.iter().flatten().fold(0.0f64, |largest, factor| largest.max(factor.abs()));
    let steps = whole(largest * 166.0 - 0.5, 82);
    let scale = if waves.is_empty() { 1.0 } else { f64::from(steps + 1) / 166.0 };
    digits(&mut text, if waves.is_empty() { 0 } else { steps }, 1);
    let [red, green, blue] = mean.map(|light| {
        let light = u16::try_from(whole(light * 65_535.0 + 0.5, 65_535)).unwrap_or(u16::MAX);
        u32::from(linear::to_srgb(light))
    });
    digits(&mut text, red << 16 | green << 8 | blue, 4);
    for factor in waves {
        let [red, green, blue] = factor.map(|value| {
            let unit = value / scale;
            let root = unit.abs().sqrt();
            whole(if unit < 0.0 { 9.5 - root * 9.0 } else { 9.5 + root * 9.0 }, 18)
        });
        digits(&mut text, (red * 19 + green) * 19 + blue, 2);
    }
    text
}

/// For each frequency below `count`, the cosine at the start of each of `length` samples.
fn waves(length: usize, count: u32) -> Vec<Vec<f64>> {
    let float = |value: usize| f64::from(u32::try_from(value).unwrap_or(u32::MAX));
    let wave = |frequency: u32| {
        (0..length).map(|at| libm::cos(PI * f64::from(frequency) * float(at) / float(length))).collect()
    };
    (0..count).map(wave).collect()
}

/// Rounded down, 0 to `most`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn whole(value: f64, most: u32) -> u32 {
    (value as u32).min(most)
}

/// Appends a number in base 83, the highest digit first.
fn digits(text: &mut String, value: u32, count: u32) {
    for place in (0..count).rev() {
        let digit = value / 83u32.pow(place) % 83;
        text.push(char::from(DIGITS[digit as usize]));
    }
}

#[cfg(test)]
mod tests {
    use darkroom_codec::testing;
    use darkroom_core::pixels::{PixelFormat, Size};

    use super::*;

    fn rgba(picture: &Pixels) -> Vec<u8> {
        picture.data().as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect()
    }

    #[test]
    fn the_reference_makes_the_same_but_for_rounding() {
        let mut equal = 0;
        for seed in 0..40u32 {
            let size = Size::new(20 + seed % 7 * 9, 15 + seed % 5 * 11);
            let picture = testing::scene(size, seed.into());
            let (across, down) = (1 + seed % 9, 1 + seed / 3 % 9);
            let ours = encode(&picture, across, down);
            let theirs = blurhash::encode(across, down, size.width, size.height, &rgba(&picture)).unwrap();
            assert_eq!(ours.len(), theirs.len());
            assert_eq!(ours[..1], theirs[..1]);
            // Its mean colour apart, which it rounds up: it adds a half and rounds then.
            equal += usize::from((&ours[..2], &ours[6..]) == (&theirs[..2], &theirs[6..]));
            let show = |hash: &str| blurhash::decode(hash, 32, 32, 1.0).unwrap();
            let far = show(&ours).iter().zip(show(&theirs)).map(|(a, b)| a.abs_diff(b)).max();
            assert!(far <= Some(24), "{ours} {theirs}: {far:?}");
        }
        assert!(equal >= 30, "{equal} of 40 are equal to the character");
    }

    #[test]
    fn extremes_have_a_hash() {
        for value in [0, 255] {
            let dot = Pixels::new(Size::new(1, 1), PixelFormat::Rgb8, vec![value; 3]).unwrap();
            assert_eq!(encode(&dot, 9, 9).len(), 4 + 2 * 81);
            let text = encode(&dot, 1, 1);
            assert_eq!(text, if value == 0 { "000000" } else { "00TSUA" });
        }
    }
}
