//! The dominant colour: the one that most of a picture is near to.
//!
//! As sharp does, colours are counted in 16 × 16 × 16 boxes of equal size; here each pixel counts by its alpha,
//! and the colour is the mean of those in the fullest box, not the middle of the box. Of equals, the darkest
//! (by red, then green, then blue) wins.

use darkroom_codec::color::Color;
use darkroom_core::pixels::Pixels;

/// The dominant colour; `None` where every pixel is fully transparent.
pub(crate) fn color(picture: &Pixels) -> Option<Color> {
    let channels = picture.format().channels();
    let mut boxes = vec![[0u64; 4]; 16 * 16 * 16];
    for pixel in picture.data().chunks_exact(channels) {
        let alpha = if channels == 4 { u64::from(pixel[3]) } else { 255 };
        let place = pixel[..3].iter().fold(0, |place, value| place << 4 | usize::from(value >> 4));
        for (sum, value) in boxes[place].iter_mut().zip([pixel[0], pixel[1], pixel[2], 1]) {
            *sum += alpha * u64::from(value);
        }
    }
    // The last of equals in reverse is the first.
    let [red, green, blue, weight] = *boxes.iter().rev().max_by_key(|sums| sums[3])?;
    let mean = |sum: u64| (sum + weight / 2).checked_div(weight).and_then(|mean| u8::try_from(mean).ok());
    Some(Color::opaque(mean(red)?, mean(green)?, mean(blue)?))
}

#[cfg(test)]
mod tests {
    use darkroom_core::pixels::{PixelFormat, Size};

    use super::*;

    fn of(pixels: &[[u8; 4]]) -> Option<Color> {
        let size = Size::new(u32::try_from(pixels.len()).unwrap(), 1);
        color(&Pixels::new(size, PixelFormat::Rgba8, pixels.concat()).unwrap())
    }

    #[test]
    fn the_fullest_box_wins_and_not_the_mean() {
        let (red, other, blue) = ([250, 10, 10, 255], [252, 10, 10, 255], [0, 0, 255, 255]);
        assert_eq!(of(&[red, blue, other]), Some(Color::opaque(251, 10, 10)));
        assert_eq!(of(&[red, blue]), Some(Color::opaque(0, 0, 255)), "the darkest of equals");
        assert_eq!(
            of(&[[250, 10, 10, 200], [0, 0, 255, 90], [0, 0, 255, 90]]),
            Some(Color::opaque(250, 10, 10))
        );
        assert_eq!(of(&[[250, 10, 10, 0]]), None);
    }
}
