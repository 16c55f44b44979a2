//! Rows become columns.

/// Side of the squares in which pixels are moved: the rows read and those written stay in the cache.
const TILE: usize = 32;

/// The picture with rows and columns swapped; `height` pixels in each row then. `mirrored` has the rows of the result
/// in reverse order, `flipped` the pixels of each.
pub(crate) fn transposed<P: Copy>(
    pixels: &[P],
    width: usize,
    height: usize,
    mirrored: bool,
    flipped: bool,
) -> Vec<P> {
    let Some(any) = pixels.first() else { return Vec::new() };
    let mut out = vec![*any; pixels.len()];
    for top in (0..height).step_by(TILE) {
        let rows = TILE.min(height - top);
        let start = if flipped { height - top - rows } else { top };
        for left in (0..width).step_by(TILE) {
            for x in left..width.min(left + TILE) {
                let row = if mirrored { width - 1 - x } else { x } * height + start;
                let column = pixels[top * width + x..].iter().step_by(width);
                let out = out[row..row + rows].iter_mut();
                if flipped {
                    out.rev().zip(column).for_each(|(to, from)| *to = *from);
                } else {
                    out.zip(column).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_goes_where_it_belongs() {
        for (width, height) in [(1, 1), (32, 32), (33, 65), (100, 7), (3, 1), (1, 70)] {
            let pixels: Vec<usize> = (0..width * height).collect();
            for (mirrored, flipped) in [(false, false), (false, true), (true, false), (true, true)] {
                let out = transposed(&pixels, width, height, mirrored, flipped);
                for (at, pixel) in out.into_iter().enumerate() {
                    let (x, y) = (pixel % width, pixel / width);
                    let row = if mirrored { width - 1 - x } else { x };
                    let column = if flipped { height - 1 - y } else { y };
                    assert_eq!(at, row * height + column, "{width}x{height} {mirrored} {flipped}");
                }
            }
        }
    }
}
