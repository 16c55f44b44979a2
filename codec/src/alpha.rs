//! Alpha: flattening on a colour, and multiplying and dividing around a resize.
//!
//! Division is written here and not left to the resizer because rustc 1.95 to 1.97 miscompile, for wasm32 with
//! SIMD128, the narrowing of a vector that was clamped to 255 (the clamp is lost: LLVM issue 201780). Here
//! every quotient is at most 255 before it is narrowed, because the colour is first clamped to the alpha, so
//! there is no clamp to lose. `check_division` (feature `testing`) tries all there is, in a canister too.

use std::borrow::Cow;
use std::sync::Arc;

use darkroom_core::Result;
use darkroom_core::pixels::{PixelFormat, Pixels};

use crate::color::Color;

/// The picture without alpha, laid on `background`, whose own alpha plays no part; the same pixels where
/// there is none.
///
/// # Errors
/// None that a valid picture can cause.
pub fn flatten(pixels: Arc<Pixels>, background: Color) -> Result<Arc<Pixels>> {
    match flattened(&pixels, background)? {
        Cow::Borrowed(_) => Ok(pixels),
        Cow::Owned(flat) => Ok(Arc::new(flat)),
    }
}

/// As [`flatten`], of borrowed pixels.
pub(crate) fn flattened(pixels: &Pixels, background: Color) -> Result<Cow<'_, Pixels>> {
    if pixels.format() == PixelFormat::Rgb8 {
        return Ok(Cow::Borrowed(pixels));
    }
    let back = background.rgb();
    let data = pixels
        .data()
        .as_chunks::<4>()
        .0
        .iter()
        .flat_map(|pixel| {
            let [red, green, blue, alpha] = *pixel;
            [blend(red, back[0], alpha), blend(green, back[1], alpha), blend(blue, back[2], alpha)]
        })
        .collect();
    Pixels::new(pixels.size(), PixelFormat::Rgb8, data).map(Cow::Owned)
}

/// The picture without its alpha channel where every pixel is opaque; else as it is.
pub(crate) fn opaque(pixels: &Pixels) -> Cow<'_, Pixels> {
    let all = pixels.data().as_chunks::<4>().0;
    if pixels.format() == PixelFormat::Rgb8 || all.iter().any(|pixel| pixel[3] < u8::MAX) {
        return Cow::Borrowed(pixels);
    }
    let data = all.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect();
    Pixels::new(pixels.size(), PixelFormat::Rgb8, data).map_or(Cow::Borrowed(pixels), Cow::Owned)
}

/// The picture with an alpha channel.
pub(crate) fn with_alpha(pixels: Pixels) -> Result<Pixels> {
    if pixels.format() == PixelFormat::Rgba8 {
        return Ok(pixels);
    }
    let colors = pixels.data().as_chunks::<3>().0.iter();
    let data = colors.flat_map(|[red, green, blue]| [*red, *green, *blue, u8::MAX]).collect();
    Pixels::new(pixels.size(), PixelFormat::Rgba8, data)
}

/// `over` on `under`, rounded to nearest.
fn blend(over: u8, under: u8, alpha: u8) -> u8 {
    let (over, under, alpha) = (u32::from(over), u32::from(under), u32::from(alpha));
    narrow((over * alpha + under * (255 - alpha) + 127) / 255)
}

/// A value that is at most 255 by the way it was computed.
#[expect(clippy::cast_possible_truncation, reason = "the callers' arithmetic cannot exceed 255")]
fn narrow(value: u32) -> u8 {
    debug_assert!(value <= 255);
    value as u8
}

/// `color * alpha / 255`, rounded to nearest.
fn multiply(color: u8, alpha: u8) -> u8 {
    narrow((u32::from(color) * u32::from(alpha) + 127) / 255)
}

/// `color * 255 / alpha`, rounded to nearest; colours beyond the alpha count as the alpha.
fn divide(color: u8, alpha: u8) -> u8 {
    let (color, alpha) = (u32::from(color.min(alpha)), u32::from(alpha));
    narrow((color * 255 + alpha / 2).checked_div(alpha).unwrap_or_default())
}

/// Multiplies colours by alpha, for resizing.
pub(crate) fn premultiply(data: &[u8]) -> Vec<u8> {
    let pixels = data.as_chunks::<4>().0.iter();
    pixels.flat_map(|&[r, g, b, a]| [multiply(r, a), multiply(g, a), multiply(b, a), a]).collect()
}

/// Takes [`premultiply`] back.
pub(crate) fn unpremultiply(data: &mut [u8]) {
    for pixel in data.as_chunks_mut::<4>().0 {
        let [red, green, blue, alpha] = *pixel;
        *pixel = [divide(red, alpha), divide(green, alpha), divide(blue, alpha), alpha];
    }
}

/// Holds the division by alpha, through the same code that pictures go through, against the formula: every colour
/// at every alpha, in every channel, from each of sixteen places in a vector on. Says how many results were
/// compared; this is for a canister, in which no unit test runs.
///
/// # Errors
/// The first colour whose result is wrong, if the compiler broke the division.
#[cfg(any(test, feature = "testing"))]
pub fn check_division() -> std::result::Result<u32, String> {
    // Neighbours differ, so that no result can stand in for another.
    let pixels: Vec<[u8; 4]> = (0..=255u8)
        .flat_map(|alpha| (0..=255u8).map(move |c| [c, c.wrapping_add(85), c.wrapping_add(170), alpha]))
        .collect();
    let mut compared = 0;
    for place in 0..16 {
        let fill = pixels.iter().rev().take(place);
        let given: Vec<[u8; 4]> = fill.chain(&pixels).copied().collect();
        let mut data = given.as_flattened().to_vec();
        unpremultiply(std::hint::black_box(&mut data));
        for (at, (found, given)) in data.as_chunks::<4>().0.iter().zip(&given).enumerate() {
            let alpha = u32::from(given[3]);
            // To nearest, halves up: twice the quotient, and one.
            let expected = |color: u8| match alpha {
                0 => 0,
                _ => (2 * 255 * u32::from(color).min(alpha) + alpha) / (2 * alpha),
            };
            let wrong = (0..3).find(|channel| u32::from(found[*channel]) != expected(given[*channel]));
            if let Some(channel) = wrong {
                let (found, expected) = (found[channel], expected(given[channel]));
                return Err(format!(
                    "{given:?} gives {found} in channel {channel} of pixel {at}, not {expected}"
                ));
            }
            if found[3] != given[3] {
                return Err(format!("{given:?} gives alpha {} in pixel {at}", found[3]));
            }
            compared += 3;
        }
    }
    Ok(compared)
}

#[cfg(test)]
mod tests {
    use darkroom_core::pixels::Size;

    use super::*;

    #[test]
    fn division_is_right_for_all_pairs() {
        assert_eq!(check_division(), Ok(3 * (16 * 65_536 + 120)));
    }

    #[test]
    fn opaque_colours_survive_multiplication() {
        for color in 0..=255 {
            assert_eq!(divide(multiply(color, 255), 255), color);
            assert_eq!(multiply(color, 0), 0);
        }
    }

    #[test]
    fn flattening_lays_on_the_background() {
        let data = vec![200, 100, 0, 255, 200, 100, 0, 0, 200, 100, 0, 128];
        let pixels = Arc::new(Pixels::new(Size::new(3, 1), PixelFormat::Rgba8, data).unwrap());
        let flat = flatten(pixels, Color::opaque(0, 100, 255)).unwrap();
        assert_eq!(flat.format(), PixelFormat::Rgb8);
        assert_eq!(flat.data(), [200, 100, 0, 0, 100, 255, 100, 100, 127]);
        assert!(Arc::ptr_eq(&flat, &flatten(flat.clone(), Color::WHITE).unwrap()));
    }
}
