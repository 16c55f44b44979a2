//! The run lengths of 4 and 8 bits.

use darkroom_core::Result;

use super::{cut, damaged};

/// Expands run lengths to an index per pixel, rows in the order of the file. What is skipped has index 0.
pub(super) fn expand(body: &[u8], four: bool, width: usize, height: usize) -> Result<Vec<u8>> {
    let mut out = vec![0; width * height];
    let (mut x, mut y) = (0, 0);
    let mut rest = body;
    let mut put = |x: &mut usize, y: usize, index: u8| {
        // What goes beyond the row or the picture is not seen.
        if *x < width && y < height {
            out[y * width + *x] = index;
        }
        *x += 1;
    };
    loop {
        let &[count, value, ref after @ ..] = rest else {
            // Some writers leave out the end of the bitmap where the picture is full.
            if rest.is_empty() && (y >= height || y + 1 == height && x >= width) {
                return Ok(out);
            }
            return Err(cut());
        };
        rest = after;
        match (count, value) {
            (0, 0) => (x, y) = (0, y + 1),
            (0, 1) => return Ok(out),
            (0, 2) => {
                let &[right, up, ref after @ ..] = rest else { return Err(cut()) };
                (x, y) = (x + usize::from(right), y + usize::from(up));
                rest = after;
            }
            (0, count) => {
                let count = usize::from(count);
                let length = if four { count.div_ceil(2) } else { count };
                // Padded to an even length.
                let indices = rest.get(..length).ok_or_else(cut)?;
                rest = rest.get(length + length % 2..).ok_or_else(cut)?;
                for at in 0..count {
                    let index = if four { nibble(indices[at / 2], at) } else { indices[at] };
                    put(&mut x, y, index);
                }
            }
            (count, value) => {
                for at in 0..usize::from(count) {
                    put(&mut x, y, if four { nibble(value, at) } else { value });
                }
            }
        }
        if y > height || x > width + 0xffff {
            return Err(damaged("its run lengths go beyond the picture"));
        }
    }
}

/// The upper four bits for even places, the lower for odd ones.
fn nibble(byte: u8, at: usize) -> u8 {
    if at.is_multiple_of(2) { byte >> 4 } else { byte & 15 }
}
