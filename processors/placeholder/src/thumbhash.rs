//! The ThumbHash format (<https://evanw.github.io/thumbhash/>): a picture's lowest frequencies in about 25 bytes.
//!
//! Colours become luminance, yellow-blue, red-green and alpha, and of each the first coefficients of a cosine
//! transform are kept in four bits. All floating point is `f32`, in one fixed order, from operations that IEEE
//! 754 defines exactly, and a cosine in software: the bytes are the same on every machine. (The cosines of the
//! platforms' own libraries differ in the last bit, which reaches the hash of a few pictures in a hundred.)
//!
//! Layout, bits from the lowest:
//!
//! ```text
//! bytes 0-2   luminance 6, yellow-blue 6, red-green 6 (their means), luminance scale 5, has alpha 1
//! bytes 3-4   length of the shorter side 3, yellow-blue scale 6, red-green scale 6, is landscape 1
//! byte  5     with alpha only: alpha mean 4, alpha scale 4
//! then        coefficients, 4 bits each: luminance, yellow-blue, red-green, alpha
//! ```

use std::f32::consts::PI;

use darkroom_core::pixels::{Pixels, Size};

/// The largest picture that makes sense to encode.
pub(crate) const BOUNDS: Size = Size::new(100, 100);

/// Encodes a picture of at most [`BOUNDS`] (larger ones only take longer).
pub(crate) fn encode(picture: &Pixels) -> Vec<u8> {
    let (width, height) = (picture.size().width as usize, picture.size().height as usize);
    let pixels = straight(picture);
    let planes = Planes::of(&pixels);
    let has_alpha = planes.alpha.iter().any(|alpha| *alpha < 1.0);

    // Fewer luminance coefficients where alpha needs room.
    let limit = if has_alpha { 5 } else { 7 };
    let longest = float(width.max(height));
    let share = |side: usize| (float(limit * side) / longest).round().max(1.0);
    let (across, down) = (share(width), share(height));
    let count = |share: f32| usize::from(quantise(share));

    let channel = |plane: &[f32], nx, ny| Channel::of(plane, width, height, nx, ny);
    let luminance = channel(&planes.luminance, count(across).max(3), count(down).max(3));
    let yellow_blue = channel(&planes.yellow_blue, 3, 3);
    let red_green = channel(&planes.red_green, 3, 3);
    let alpha = has_alpha.then(|| channel(&planes.alpha, 5, 5));

    let landscape = width > height;
    let means = bits(63.0 * luminance.mean)
        | bits(31.5 + 31.5 * yellow_blue.mean) << 6
        | bits(31.5 + 31.5 * red_green.mean) << 12
        | bits(31.0 * luminance.scale) << 18
        | u32::from(has_alpha) << 23;
    let scales = bits(if landscape { down } else { across })
        | bits(63.0 * yellow_blue.scale) << 3
        | bits(63.0 * red_green.scale) << 9
        | u32::from(landscape) << 15;

    let mut hash = Vec::with_capacity(25);
    hash.extend_from_slice(&means.to_le_bytes()[..3]);
    hash.extend_from_slice(&scales.to_le_bytes()[..2]);
    if let Some(alpha) = &alpha {
        hash.push(quantise(15.0 * alpha.mean) | quantise(15.0 * alpha.scale) << 4);
    }
    let channels = [Some(luminance), Some(yellow_blue), Some(red_green), alpha];
    let coefficients: Vec<u8> = channels.into_iter().flatten().flat_map(Channel::nibbles).collect();
    hash.extend(coefficients.chunks(2).map(|pair| pair[0] | pair.get(1).map_or(0, |high| high << 4)));
    hash
}

/// The picture's pixels with alpha, not premultiplied.
fn straight(picture: &Pixels) -> Vec<[u8; 4]> {
    match picture.format().channels() {
        3 => picture.data().as_chunks::<3>().0.iter().map(|&[r, g, b]| [r, g, b, 255]).collect(),
        _ => picture.data().as_chunks::<4>().0.to_vec(),
    }
}

/// The picture in the colours of the format, laid on its own average colour.
struct Planes {
    luminance: Vec<f32>,
    yellow_blue: Vec<f32>,
    red_green: Vec<f32>,
    alpha: Vec<f32>,
}

impl Planes {
    fn of(pixels: &[[u8; 4]]) -> Planes {
        let mut average = [0.0f32; 3];
        let mut total = 0.0f32;
        for &[red, green, blue, alpha] in pixels {
            let alpha = f32::from(alpha) / 255.0;
            for (sum, color) in average.iter_mut().zip([red, green, blue]) {
                *sum += alpha / 255.0 * f32::from(color);
            }
            total += alpha;
        }
        if total > 0.0 {
            average.iter_mut().for_each(|sum| *sum /= total);
        }

        let room = || Vec::with_capacity(pixels.len());
        let mut planes = Planes { luminance: room(), yellow_blue: room(), red_green: room(), alpha: room() };
        for &[red, green, blue, alpha] in pixels {
            let alpha = f32::from(alpha) / 255.0;
            let over = |average: f32, color: u8| average * (1.0 - alpha) + alpha / 255.0 * f32::from(color);
            let [r, g, b] = [over(average[0], red), over(average[1], green), over(average[2], blue)];
            planes.luminance.push((r + g + b) / 3.0);
            planes.yellow_blue.push((r + g) / 2.0 - b);
            planes.red_green.push(r - g);
            planes.alpha.push(alpha);
        }
        planes
    }
}

/// One plane's mean and its coefficients, which lie between -scale and scale.
struct Channel {
    mean: f32,
    scale: f32,
    coefficients: Vec<f32>,
}

impl Channel {
    /// Transforms a plane: the coefficients below the diagonal of `nx` × `ny`.
    fn of(plane: &[f32], width: usize, height: usize, nx: usize, ny: usize) -> Channel {
        let mut channel = Channel { mean: 0.0, scale: 0.0, coefficients: Vec::with_capacity(nx * ny / 2) };
        let columns = waves(width, nx);
        for (cy, rows) in waves(height, ny).iter().enumerate() {
            for cx in (0..nx).take_while(|cx| cx * ny < nx * (ny - cy)) {
                let mut sum = 0.0f32;
                for (row, fy) in plane.chunks_exact(width).zip(rows) {
                    for (value, fx) in row.iter().zip(&columns[cx]) {
                        sum += value * fx * fy;
                    }
                }
                sum /= float(width * height);
                if cx == 0 && cy == 0 {
                    channel.mean = sum;
                } else {
                    channel.coefficients.push(sum);
                    channel.scale = channel.scale.max(sum.abs());
                }
            }
        }
        channel
    }

    /// The coefficients in four bits, 0 for -scale and 15 for scale.
    fn nibbles(self) -> Vec<u8> {
        let Channel { scale, coefficients, .. } = self;
        let unit = |value: f32| if scale > 0.0 { 0.5 + 0.5 / scale * value } else { value };
        coefficients.into_iter().map(|value| quantise(15.0 * unit(value))).collect()
    }
}

/// For each frequency below `count`, the cosine at the middle of each of `length` samples.
fn waves(length: usize, count: usize) -> Vec<Vec<f32>> {
    let wave = |frequency: usize| {
        let step = PI / float(length) * float(frequency);
        (0..length).map(|at| libm::cosf(step * (float(at) + 0.5))).collect()
    };
    (0..count).map(wave).collect()
}

/// Lengths and counts of a picture of 100 × 100 are exact.
#[expect(clippy::cast_precision_loss, reason = "far below 2^24")]
fn float(value: usize) -> f32 {
    value as f32
}

/// To the nearest whole number.
fn bits(value: f32) -> u32 {
    u32::from(quantise(value))
}

/// To the nearest whole number, 0 to 255.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn quantise(value: f32) -> u8 {
    value.round() as u8
}

#[cfg(test)]
mod tests;
