//! The colours of a picture, counted in cells of 8 × 8 × 8.

use darkroom_core::pixels::Pixels;

/// Of the 8 bits of a channel, those that say the cell.
const BITS: u8 = 5;

/// What white is, and what is whiter.
const WHITE: u8 = 250;

/// A cell in which there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Red, green and blue, 0 to 31.
    pub(crate) place: [u8; 3],
    /// How much it counts: the sum of the alpha of its pixels.
    pub(crate) weight: u64,
    /// Red, green and blue, each pixel times its alpha.
    pub(crate) sums: [u64; 3],
}

/// The cells that are not empty, by red, then green, then blue. Each pixel counts by its alpha, so what is fully
/// transparent does not.
pub(crate) fn cells(picture: &Pixels, ignore_white: bool) -> Vec<Cell> {
    let channels = picture.format().channels();
    let mut counted = vec![[0u64; 4]; 1 << (3 * BITS)];
    for pixel in picture.data().chunks_exact(channels) {
        if ignore_white && pixel[..3].iter().all(|value| *value >= WHITE) {
            continue;
        }
        let alpha = if channels == 4 { u64::from(pixel[3]) } else { 255 };
        let cell = pixel[..3].iter().fold(0, |cell, value| cell << BITS | usize::from(value >> (8 - BITS)));
        for (sum, value) in counted[cell].iter_mut().zip([pixel[0], pixel[1], pixel[2], 1]) {
            *sum += alpha * u64::from(value);
        }
    }
    let levels = || 0..1u8 << BITS;
    let places = levels().flat_map(|r| levels().flat_map(move |g| levels().map(move |b| [r, g, b])));
    let cells = places.zip(counted).filter(|(_, counted)| counted[3] > 0);
    cells.map(|(place, [r, g, b, weight])| Cell { place, weight, sums: [r, g, b] }).collect()
}
