//! The background beside a picture that does not fill its box.

use darkroom_core::Result;
use darkroom_core::pixels::{PixelFormat, Pixels};

use crate::alpha;
use crate::color::Color;
use crate::fit::Placing;

/// Lays a picture on its canvas, where the placing says. The picture's own transparency stays; the result has
/// an alpha channel if the picture or the background has.
///
/// # Errors
/// None that a valid picture can cause.
pub fn lay(picture: Pixels, placing: &Placing, background: Color) -> Result<Pixels> {
    let canvas = placing.canvas;
    if picture.size() == canvas {
        return Ok(picture);
    }
    let picture = if background.alpha < u8::MAX { alpha::with_alpha(picture)? } else { picture };
    let (left, top) = placing.offset();
    let channels = picture.format().channels();
    let bytes = |columns: u32| columns as usize * channels;
    let [red, green, blue] = background.rgb();
    let pixel = match picture.format() {
        PixelFormat::Rgb8 => vec![red, green, blue],
        PixelFormat::Rgba8 => vec![red, green, blue, background.alpha],
    };
    let mut data = pixel.repeat(canvas.width as usize * canvas.height as usize);
    let rows = data.chunks_exact_mut(bytes(canvas.width)).skip(top as usize);
    for (row, from) in rows.zip(picture.data().chunks_exact(bytes(picture.size().width))) {
        row[bytes(left)..bytes(left) + from.len()].copy_from_slice(from);
    }
    Pixels::new(canvas, picture.format(), data)
}

#[cfg(test)]
mod tests {
    use darkroom_core::pixels::Size;

    use super::*;
    use crate::fit::{Fit, Gravity, Request};

    fn laid(gravity: Gravity, background: Color) -> Vec<u8> {
        let request = Request { fit: Fit::Contain, gravity, ..Request::inside(Size::new(4, 3)) };
        let placing = request.place(Size::new(2, 1));
        let picture = Pixels::new(Size::new(2, 1), PixelFormat::Rgb8, vec![9; 6]).unwrap();
        lay(picture, &placing, background).unwrap().into_data()
    }

    #[test]
    fn the_picture_lies_where_gravity_says() {
        let rows = laid(Gravity::Center, Color::opaque(1, 1, 1));
        let rows: Vec<_> = rows.chunks(12).collect();
        assert_eq!(rows, [[1; 12], [1, 1, 1, 9, 9, 9, 9, 9, 9, 1, 1, 1], [1; 12]]);
        let rows = laid(Gravity::SouthEast, Color::opaque(1, 1, 1));
        assert_eq!(rows[24..], [1, 1, 1, 1, 1, 1, 9, 9, 9, 9, 9, 9]);
    }

    #[test]
    fn a_background_can_be_transparent() {
        let rows = laid(Gravity::NorthWest, Color { alpha: 0, ..Color::WHITE });
        assert_eq!(rows.len(), 4 * 3 * 4);
        assert_eq!(rows[..16], [9, 9, 9, 255, 9, 9, 9, 255, 255, 255, 255, 0, 255, 255, 255, 0]);
    }
}
