//! The background beside a picture that does not fill its box.

use darkroom_codec::color::Color;
use darkroom_codec::fit::Placing;
use darkroom_core::Result;
use darkroom_core::pixels::Pixels;

/// Lays an opaque picture in the middle of its canvas.
pub(crate) fn lay(picture: Pixels, placing: &Placing, background: Color) -> Result<Pixels> {
    let canvas = placing.canvas;
    if picture.size() == canvas {
        return Ok(picture);
    }
    let (left, top) = placing.offset();
    let bytes = |columns: u32| columns as usize * 3;
    let mut data = background.rgb().repeat(canvas.width as usize * canvas.height as usize);
    let rows = data.chunks_exact_mut(bytes(canvas.width)).skip(top as usize);
    for (row, from) in rows.zip(picture.data().chunks_exact(bytes(picture.size().width))) {
        row[bytes(left)..bytes(left) + from.len()].copy_from_slice(from);
    }
    Pixels::new(canvas, picture.format(), data)
}

#[cfg(test)]
mod tests {
    use darkroom_codec::fit::Fit;
    use darkroom_core::pixels::{PixelFormat, Size};

    use super::*;

    #[test]
    fn the_picture_lies_in_the_middle() {
        let placing = Fit::Contain.place(Size::new(2, 1), Size::new(4, 3));
        let picture = Pixels::new(Size::new(2, 1), PixelFormat::Rgb8, vec![9; 6]).unwrap();
        let laid = lay(picture, &placing, Color { red: 1, green: 1, blue: 1 }).unwrap();
        let rows: Vec<_> = laid.data().chunks(12).collect();
        assert_eq!(rows, [[1; 12], [1, 1, 1, 9, 9, 9, 9, 9, 9, 1, 1, 1], [1; 12]]);
    }
}
