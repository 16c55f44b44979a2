//! GIF (89a).

use super::named;

/// The screen, with a palette of two colours.
fn screen(width: u16, height: u16) -> Vec<u8> {
    [b"GIF89a", &width.to_le_bytes()[..], &height.to_le_bytes(), &[0x80, 0, 0], &[0, 0, 0, 255, 255, 255]]
        .concat()
}

/// A frame with its LZW data.
fn frame(place: [u16; 4], flags: u8, code_size: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x2c];
    bytes.extend(place.iter().flat_map(|side| side.to_le_bytes()));
    bytes.extend([flags, code_size]);
    for block in data.chunks(255) {
        bytes.push(u8::try_from(block.len()).unwrap_or(255));
        bytes.extend(block);
    }
    bytes.push(0);
    bytes
}

/// LZW data that doubles as fast as can be: each code stands for one pixel more than the one before. Clears, then codes
/// of the entries that are just being made.
fn growing(pixels: usize) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0u32);
    let mut put = |code: u32, width: u32| {
        held |= code << bits;
        bits += width;
        while bits >= 8 {
            bytes.push(held.to_le_bytes()[0]);
            held >>= 8;
            bits -= 8;
        }
    };
    let mut made = 0;
    while made < pixels {
        put(4, if made == 0 { 3 } else { 12 });
        put(0, 3);
        made += 1;
        let (mut next, mut width, mut length) = (6u32, 3, 1);
        while next < 4096 && made < pixels {
            length += 1;
            put(next, width);
            made += length;
            next += 1;
            if next == 1 << width && width < 12 {
                width += 1;
            }
        }
    }
    put(5, 12);
    put(0, 16);
    bytes
}

pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let one = || frame([0, 0, 1, 1], 0, 2, &[0x44, 0x01]);
    let file = |parts: &[Vec<u8>]| [parts.concat(), vec![0x3b]].concat();
    let extension = |blocks: usize| [vec![0x21, 0xfe], [1, 7].repeat(blocks), vec![0]].concat();
    vec![
        named("gif of 65535x65535", file(&[screen(65_535, 65_535), one()])),
        named("gif of 2500x2500 with a frame of 1x1", file(&[screen(2_500, 2_500), one()])),
        named("gif of size 0x0", file(&[screen(0, 0), frame([0, 0, 0, 0], 0, 2, &[0x44, 0x01])])),
        named("gif of no screen", file(&[screen(0, 0), one()])),
        named(
            "gif with a frame far out",
            file(&[screen(8, 8), frame([65_535, 65_535, 1, 1], 0, 2, &[0x44, 0x01])]),
        ),
        named(
            "gif with a frame that is too large",
            file(&[screen(8, 8), frame([0, 0, 65_535, 65_535], 0, 2, &[0x44])]),
        ),
        named(
            "gif of 1500x1500 in 6 KB",
            file(&[screen(1_500, 1_500), frame([0, 0, 1_500, 1_500], 0, 2, &growing(2_250_000))]),
        ),
        named(
            "gif with more pixels than it has",
            file(&[screen(8, 8), frame([0, 0, 8, 8], 0, 2, &growing(1_000_000))]),
        ),
        named("gif of 10001 frames", file(&[screen(1, 1), one().repeat(10_001)])),
        named("gif of 9999 frames", file(&[screen(1, 1), one().repeat(9_999)])),
        named("gif of 100000 empty blocks", file(&[screen(1, 1), extension(100_000), one()])),
        named("gif of code size 0", file(&[screen(8, 8), frame([0, 0, 8, 8], 0, 0, &[0; 8])])),
        named("gif of code size 12", file(&[screen(8, 8), frame([0, 0, 8, 8], 0, 12, &[0; 40])])),
        named("gif of code size 255", file(&[screen(8, 8), frame([0, 0, 8, 8], 0, 255, &[0; 40])])),
        named(
            "gif of codes that there are not",
            file(&[screen(8, 8), frame([0, 0, 8, 8], 0, 2, &[0xff; 40])]),
        ),
        named("gif of no codes", file(&[screen(8, 8), frame([0, 0, 8, 8], 0, 2, &[])])),
        named("gif interlaced, of one row", file(&[screen(8, 1), frame([0, 0, 8, 1], 0x40, 2, &growing(8))])),
        named(
            "gif without a palette",
            [b"GIF89a\x08\0\x08\0\0\0\0", &frame([0, 0, 8, 8], 0, 2, &growing(64))[..], b";"].concat(),
        ),
        named("gif of nothing but a screen", file(&[screen(8, 8)])),
        named("gif without an end", [screen(8, 8), one()].concat()),
    ]
}
