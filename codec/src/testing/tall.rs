//! Very large JPEGs, made of a strip that is repeated: their bytes are made without their pixels.

use darkroom_core::pixels::Size;
use mozjpeg_rs::{Encoder, Preset};

use super::scene;

/// Rows of a strip: those of an MCU where colour is kept at half the resolution.
const ROWS: u32 = 16;

/// A JPEG of `width` × (16 × `strips`), sampled 4:2:0: one strip over and over, with restart markers. `width` is a
/// multiple of 16.
///
/// # Panics
/// For other widths, and for sides that a JPEG cannot have.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn tall(width: u32, strips: u32, progressive: bool) -> Vec<u8> {
    assert!(width.is_multiple_of(16), "{width} is no multiple of 16");
    let preset = if progressive { Preset::ProgressiveBalanced } else { Preset::BaselineFastest };
    let encoder = Encoder::new(preset).quality(85);
    let strip = encoder.encode_rgb(scene(Size::new(width, ROWS), 11).data(), width, ROWS).unwrap();
    let height = u16::try_from(ROWS * strips).unwrap();
    repeat(&strip, strips, u16::try_from(width / 16).unwrap(), height)
}

/// Each scan of a strip that is `mcus` wide, over and over, as the intervals between restart markers.
fn repeat(strip: &[u8], times: u32, mcus: u16, height: u16) -> Vec<u8> {
    let mut out = strip[..2].to_vec();
    let mut at = 2;
    while let [0xff, marker, high, low, count, component, ..] = strip[at..] {
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        if marker == 0xda {
            // A scan of luminance alone has four blocks for each MCU, other scans one block or MCU.
            let interval = if (count, component) == (1, 1) { 4 * mcus } else { mcus };
            out.extend([0xff, 0xdd, 0, 4]);
            out.extend(interval.to_be_bytes());
        }
        out.extend(&strip[at..end]);
        if matches!(marker, 0xc0..=0xc2) {
            // Marker, length and precision stand before it.
            let place = out.len() - (end - at) + 5;
            out[place..place + 2].copy_from_slice(&height.to_be_bytes());
        }
        at = end;
        if marker == 0xda {
            let length = strip[at..].windows(2).position(|pair| pair[0] == 0xff && pair[1] != 0);
            let data = &strip[at..at + length.unwrap_or_default()];
            at += data.len();
            for number in 0..times {
                if number > 0 {
                    let [restart, ..] = ((number - 1) % 8).to_le_bytes();
                    out.extend([0xff, 0xd0 + restart]);
                }
                out.extend(data);
            }
        }
    }
    out.extend([0xff, 0xd9]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CODECS;
    use darkroom_core::decode::{Decode, DecodeLimits};
    use darkroom_core::media::MediaType;

    #[test]
    fn strips_repeat() {
        for progressive in [false, true] {
            let bytes = tall(96, 11, progressive);
            let size = Size::new(96, 176);
            let pixels = CODECS.decode(&MediaType::JPEG, &bytes, size, DecodeLimits::default()).unwrap();
            assert_eq!(pixels.size(), size);
            // Upsampling of colour looks across the edge of a strip, so the middle rows are the same.
            let row = |y: usize| &pixels.data()[y * 96 * 3..(y + 1) * 96 * 3];
            for strip in 1..11 {
                assert_eq!(row(8), row(strip * 16 + 8), "{progressive} {strip}");
            }
            assert_ne!(row(4), row(8));
        }
    }
}
