//! Writing lossless WebP (VP8L), after its specification, RFC 9649 section 3.
//!
//! At most 256 colours become a palette, several pixels to a byte where they are few; other pictures get the
//! subtract-green transform and, where that is smaller, for each tile of 32 × 32 the predictor that leaves the
//! least. Repetitions
//! are found with hash chains of bounded length. Every choice is made in integers and every tie has a rule.
//!
//! | file | what is in it |
//! |---|---|
//! | `bits.rs` | bits, from the lowest |
//! | `huffman.rs` | code lengths, and how they are written |
//! | `matches.rs` | repetitions |
//! | `predict.rs` | predictors |

mod bits;
mod huffman;
mod matches;
mod predict;

use darkroom_core::Result;
use darkroom_core::pixels::{PixelFormat, Pixels};

use self::bits::Bits;
use self::huffman::Code;
use self::matches::{Token, tokens};
use super::check_sides;
use super::palette::{Palette, straight};

/// The longest side of a WebP.
pub const MAX_SIDE: u32 = 16_384;

/// Alphabets: green with lengths, red, blue, alpha, distances.
const ALPHABETS: [usize; 5] = [256 + 24, 256, 256, 256, 40];

/// Red, green, blue, alpha.
type Argb = [u8; 4];

/// Encodes a picture; transparent pixels keep their colours.
///
/// # Errors
/// [`Error::ImageTooLarge`](darkroom_core::Error::ImageTooLarge) for a side over [`MAX_SIDE`].
pub fn encode(pixels: &Pixels) -> Result<Vec<u8>> {
    check_sides(pixels, MAX_SIDE)?;
    let (width, height) = (pixels.size().width, pixels.size().height);
    let file = |body: &dyn Fn(&mut Bits)| {
        let mut bits = Bits::default();
        bits.put(0x2f, 8);
        bits.put(width - 1, 14);
        bits.put(height - 1, 14);
        bits.put((pixels.format() == PixelFormat::Rgba8).into(), 1);
        bits.put(0, 3);
        body(&mut bits);
        bits.finish()
    };
    let data = match Palette::of(pixels) {
        Some(palette) => file(&|bits| indexed(bits, pixels, &palette)),
        None => {
            let green = without_green(pixels);
            let predicted = file(&|bits| predicted(bits, &green, width as usize));
            let plain = file(&|bits| plain(bits, &green, width as usize));
            if plain.len() < predicted.len() { plain } else { predicted }
        }
    };
    Ok(container(&data))
}

/// With the color-indexing transform alone.
fn indexed(bits: &mut Bits, pixels: &Pixels, palette: &Palette) {
    let colors = palette.colors();
    // How many pixels go into one, as a power of two.
    let shift = match colors.len() {
        0..=2 => 3,
        3..=4 => 2,
        5..=16 => 1,
        _ => 0,
    };
    bits.put(1, 1);
    bits.put(3, 2);
    bits.put(u32::try_from(colors.len() - 1).unwrap_or_default(), 8);
    let mut last = [0; 4];
    let steps: Vec<Argb> = colors
        .iter()
        .map(|color| {
            let step = std::array::from_fn(|channel| color[channel].wrapping_sub(last[channel]));
            last = *color;
            step
        })
        .collect();
    image(bits, &steps, steps.len(), false);
    bits.put(0, 1);

    let width = pixels.size().width as usize;
    let (per_pixel, depth) = (1usize << shift, 8usize >> shift);
    let bundled: Vec<Argb> = palette
        .indices(pixels)
        .chunks_exact(width)
        .flat_map(|row| row.chunks(per_pixel))
        .map(|group| {
            let low_first = group.iter().rev().fold(0u16, |byte, index| byte << depth | u16::from(*index));
            [0, u8::try_from(low_first).unwrap_or_default(), 0, u8::MAX]
        })
        .collect();
    image(bits, &bundled, width.div_ceil(per_pixel), true);
}

/// Red and blue less green: what the subtract-green transform starts from.
fn without_green(pixels: &Pixels) -> Vec<Argb> {
    let shifted =
        |[red, green, blue, alpha]: Argb| [red.wrapping_sub(green), green, blue.wrapping_sub(green), alpha];
    straight(pixels).map(shifted).collect()
}

/// With the subtract-green transform alone.
fn plain(bits: &mut Bits, green: &[Argb], width: usize) {
    bits.put(1, 1);
    bits.put(2, 2);
    bits.put(0, 1);
    image(bits, green, width, true);
}

/// With the subtract-green and predictor transforms.
fn predicted(bits: &mut Bits, green: &[Argb], width: usize) {
    let (modes, rest) = predict::predict(green, width);
    bits.put(1, 1);
    bits.put(2, 2);
    bits.put(1, 1);
    bits.put(0, 2);
    bits.put(predict::TILE_BITS - 2, 3);
    image(bits, &modes, width.div_ceil(1 << predict::TILE_BITS), false);
    bits.put(0, 1);
    image(bits, &rest, width, true);
}

/// An entropy-coded image; the `main` one says besides that one set of codes serves all of it.
fn image(bits: &mut Bits, pixels: &[Argb], width: usize, main: bool) {
    // No colour cache.
    bits.put(0, 1);
    if main {
        bits.put(0, 1);
    }
    let tokens = tokens(pixels, width);
    let mut counts = ALPHABETS.map(|symbols| vec![0u32; symbols]);
    for token in &tokens {
        match *token {
            Token::Literal([red, green, blue, alpha]) => {
                for (count, value) in counts.iter_mut().zip([green, red, blue, alpha]) {
                    count[usize::from(value)] += 1;
                }
            }
            Token::Repeat { length, distance } => {
                counts[0][256 + prefix(length).0] += 1;
                counts[4][prefix(distance).0] += 1;
            }
        }
    }
    let [green, red, blue, alpha, distances] = counts.map(|counts| Code::of(&counts));
    for code in [&green, &red, &blue, &alpha, &distances] {
        code.describe(bits);
    }
    for token in &tokens {
        match *token {
            Token::Literal([r, g, b, a]) => {
                for (code, value) in [(&green, g), (&red, r), (&blue, b), (&alpha, a)] {
                    code.put(bits, value.into());
                }
            }
            Token::Repeat { length, distance } => {
                for (code, value, first) in [(&green, length, 256), (&distances, distance, 0)] {
                    let (symbol, extra_bits, extra) = prefix(value);
                    code.put(bits, first + symbol);
                    bits.put(extra, extra_bits);
                }
            }
        }
    }
}

/// A length or distance code, at least 1, as symbol, number of extra bits, and these.
fn prefix(value: u32) -> (usize, u32, u32) {
    let below = value - 1;
    if below < 4 {
        return (below as usize, 0, 0);
    }
    let high = below.ilog2();
    let extra_bits = high - 1;
    let second = below >> extra_bits & 1;
    ((2 * high + second) as usize, extra_bits, below & ((1 << extra_bits) - 1))
}

/// RIFF around the bits, each chunk padded to an even length.
fn container(data: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let padding = data.len() % 2;
    let mut file = Vec::with_capacity(data.len() + 21);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&length(12 + data.len() + padding));
    file.extend_from_slice(b"WEBPVP8L");
    file.extend_from_slice(&length(data.len()));
    file.extend_from_slice(data);
    file.resize(file.len() + padding, 0);
    file
}
