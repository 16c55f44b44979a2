//! Writing baseline files (T.81 annex F) with Huffman tables made for them.
//!
//! The files equal, byte for byte, those of mozjpeg-rs without trellis quantisation: its quantisation tables,
//! libjpeg's integer colour conversion and "islow" transform, mozjpeg's overshoot at clipped highlights. Tests hold
//! them against each other. What differs is the cost: blocks are transformed and quantised eight at a time, and kept
//! as the symbols that will be coded.

mod bits;
mod fdct;
mod highlights;
mod huffman;
mod markers;
mod planes;
mod quantize;
mod symbols;

use planes::{Component, Planes};
use quantize::{Coefficients, Quantizer};
use symbols::Symbols;

/// The longest side that the format can name.
const MAX_SIDE: u32 = 65_535;

/// Why a picture was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A side that a JPEG cannot have.
    #[error("a picture of {width} x {height} pixels: a JPEG has sides of 1 to {MAX_SIDE}")]
    Sides {
        /// Pixels of a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Fewer or more bytes than the picture has samples.
    #[error("{found} bytes for a picture that has {expected} samples")]
    Length {
        /// How many bytes there are.
        found: usize,
        /// How many there have to be.
        expected: u64,
    },
}

/// Writes baseline JPEGs.
///
/// ```
/// use darkroom_jpeg::{Decoder, Encoder, Limits, Scale};
///
/// let pixels = [200, 120, 40].repeat(20 * 10);
/// let file = Encoder { quality: 80, full_chroma: false }.rgb(&pixels, 20, 10)?;
/// let image = Decoder::new(&file, &Limits::default())?.decode(Scale::Full)?;
/// assert_eq!((image.width, image.height), (20, 10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoder {
    /// 1 to 100, on the scale of libjpeg; what lies outside counts as the nearest of these.
    pub quality: u8,
    /// Whether colour is kept at full resolution (4:4:4), not at half in both directions (4:2:0).
    pub full_chroma: bool,
}

impl Encoder {
    /// Writes a picture of three bytes a pixel, red, green and blue, rows from top to bottom without gaps.
    ///
    /// # Errors
    /// [`EncodeError`], where the sides are none of a JPEG or not those of `pixels`.
    pub fn rgb(&self, pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, EncodeError> {
        check(pixels, width, height, 3)?;
        let luma = if self.full_chroma { 1 } else { 2 };
        let components = [Component::luma(luma), Component::chroma(2), Component::chroma(3)];
        Ok(self.file(pixels, [width, height], &components))
    }

    /// Writes a picture of one byte a pixel.
    ///
    /// # Errors
    /// As [`Encoder::rgb`].
    pub fn grey(&self, pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, EncodeError> {
        check(pixels, width, height, 1)?;
        Ok(self.file(pixels, [width, height], &[Component::luma(1)]))
    }

    fn file(&self, pixels: &[u8], [width, height]: [u32; 2], components: &[Component]) -> Vec<u8> {
        let tables = quantize::table(self.quality);
        let symbols = symbols(pixels, width as usize, components, &Quantizer::new(&tables));
        let codes = symbols.codes(components.len() > 1);
        let mut out = markers::before_scan([width, height], components, &tables, &codes);
        symbols.write(&codes, &mut out);
        out.extend(markers::END);
        out
    }
}

fn check(pixels: &[u8], width: u32, height: u32, channels: u64) -> Result<(), EncodeError> {
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
        return Err(EncodeError::Sides { width, height });
    }
    let expected = u64::from(width) * u64::from(height) * channels;
    if pixels.len() as u64 != expected {
        return Err(EncodeError::Length { found: pixels.len(), expected });
    }
    Ok(())
}

/// Everything up to the coding: a row of units (T.81: MCUs) after the other, eight units at a time.
fn symbols(pixels: &[u8], width: usize, components: &[Component], quantizer: &Quantizer) -> Symbols {
    let mut planes = Planes::new(width, components);
    let mut symbols = Symbols::with_room_for(pixels.len());
    let mut groups: Vec<Vec<Coefficients>> =
        components.iter().map(|component| vec![Coefficients::default(); component.blocks()]).collect();
    for rows in pixels.chunks(planes.bytes_of_unit_row()) {
        planes.fill(rows);
        for (batch, units) in planes.batches() {
            for ((component, plane), groups) in components.iter().zip(planes.each()).zip(&mut groups) {
                for (place, group) in groups.iter_mut().enumerate() {
                    let row = place / component.factor * 8;
                    let column = (batch * component.factor + place % component.factor) * 64;
                    plane.transform(row, column, quantizer, group);
                }
            }
            for unit in 0..units {
                for (at, (component, groups)) in components.iter().zip(&groups).enumerate() {
                    for place in 0..component.blocks() {
                        let column = unit * component.factor + place % component.factor;
                        let group = place / component.factor * component.factor + column / 8;
                        symbols.block(&groups[group], column % 8, at);
                    }
                }
            }
        }
    }
    symbols
}

#[cfg(test)]
mod tests;
