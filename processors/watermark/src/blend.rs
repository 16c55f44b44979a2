//! Colours over pixels, in integers.

use darkroom_core::Result;
use darkroom_core::pixels::{Pixels, Size};

/// Lays a layer on a picture. `layer` says the colour and alpha of each of `size` pixels, in rows, and lies at
/// `place` from the left and the top; what lies beside the picture is left out.
///
/// # Errors
/// None that a valid picture can cause.
pub(crate) fn over(
    picture: Pixels,
    layer: impl Fn(usize) -> [u8; 4],
    size: Size,
    place: (i64, i64),
) -> Result<Pixels> {
    let (whole, format) = (picture.size(), picture.format());
    let channels = format.channels();
    let mut data = picture.into_data();
    let (left, top) = place;
    let inside = |at: i64, side: u32| usize::try_from(at).ok().filter(|_| at < i64::from(side));
    for y in 0..size.height {
        let Some(row) = inside(top + i64::from(y), whole.height) else { continue };
        let from = y as usize * size.width as usize;
        for x in 0..size.width {
            let Some(column) = inside(left + i64::from(x), whole.width) else { continue };
            let color = layer(from + x as usize);
            if color[3] > 0 {
                let at = (row * whole.width as usize + column) * channels;
                blend(&mut data[at..at + channels], color);
            }
        }
    }
    Pixels::new(whole, format, data)
}

/// A colour over a pixel with or without alpha, neither premultiplied (Porter and Duff, 1984), rounded to nearest.
fn blend(under: &mut [u8], [red, green, blue, alpha]: [u8; 4]) {
    let below = under.get(3).map_or(255, |alpha| u32::from(*alpha));
    // Both in units of 1/255².
    let (upper, lower) = (u32::from(alpha) * 255, below * u32::from(255 - alpha));
    let whole = upper + lower;
    for (value, color) in under.iter_mut().zip([red, green, blue]) {
        let mixed = u32::from(color) * upper + u32::from(*value) * lower + whole / 2;
        *value = mixed.checked_div(whole).and_then(|mixed| u8::try_from(mixed).ok()).unwrap_or(*value);
    }
    if let Some(value) = under.get_mut(3) {
        *value = u8::try_from((whole + 127) / 255).unwrap_or(u8::MAX);
    }
}

/// `alpha` times so many percent, rounded to nearest.
pub(crate) fn percent(alpha: u8, of: u32) -> u8 {
    u8::try_from((u32::from(alpha) * of.min(100) + 50) / 100).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use darkroom_core::pixels::PixelFormat;

    use super::*;

    #[test]
    fn a_colour_over_a_pixel() {
        let over = |mut under: Vec<u8>, color| {
            blend(&mut under, color);
            under
        };
        assert_eq!(over(vec![10, 20, 30], [200, 100, 0, 255]), [200, 100, 0]);
        assert_eq!(over(vec![10, 20, 30], [200, 100, 0, 0]), [10, 20, 30]);
        assert_eq!(over(vec![0, 255, 100], [255, 0, 100, 51]), [51, 204, 100]);
        assert_eq!(over(vec![9, 9, 9, 0], [200, 100, 0, 77]), [200, 100, 0, 77], "nothing is under it");
        assert_eq!(over(vec![0, 0, 0, 128], [255, 255, 255, 128]), [170, 170, 170, 192]);
        assert_eq!(over(vec![1, 2, 3, 0], [9, 9, 9, 0]), [1, 2, 3, 0]);
        assert_eq!((percent(255, 100), percent(255, 50), percent(255, 0)), (255, 128, 0));
    }

    #[test]
    fn what_lies_beside_the_picture_is_left_out() {
        let size = Size::new(3, 2);
        let laid = |place| {
            let picture = Pixels::new(size, PixelFormat::Rgb8, vec![0; 18]).unwrap();
            let laid = over(picture, |at| [u8::try_from(at).unwrap() + 1, 0, 0, 255], Size::new(2, 2), place);
            laid.unwrap().data().iter().step_by(3).copied().collect::<Vec<_>>()
        };
        assert_eq!(laid((1, 0)), [0, 1, 2, 0, 3, 4]);
        assert_eq!(laid((-1, -1)), [4, 0, 0, 0, 0, 0]);
        assert_eq!(laid((2, 1)), [0, 0, 0, 0, 0, 1]);
        assert_eq!(laid((3, 2)), [0; 6]);
    }
}
