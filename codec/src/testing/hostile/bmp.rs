//! BMP (Microsoft, BITMAPINFOHEADER and its followers).

use super::{long, named};

/// Width, height, bits and coding, colours of the palette, and what follows the header.
fn file(width: i32, height: i32, bits: u16, coding: u32, colors: u32, rest: &[u8]) -> Vec<u8> {
    let palette = if bits <= 8 { 4 * colors.min(256) } else { 0 };
    let mut bytes = b"BM".to_vec();
    for value in [long(54 + rest.len()), 0, 54 + palette, 40, width.cast_unsigned(), height.cast_unsigned()] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([1, bits].map(u16::to_le_bytes).as_flattened());
    for value in [coding, 0, 0, 0, colors, 0] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(rest);
    bytes
}

pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let with = |at: usize, value: u32| {
        let mut bytes = file(8, 8, 24, 0, 0, &[7; 8 * 24]);
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    let palette = |rest: &[u8]| [&[0; 1024], rest].concat();
    let runs = |width, height, data: &[u8]| file(width, height, 8, 1, 256, &palette(data));
    // Colours 0 of 255 pixels, a row's end after six of them.
    let rows = [[255, 0].repeat(6), vec![0, 0]].concat().repeat(1_500);
    let fields = |masks: [u32; 3]| {
        let masks: Vec<u8> = masks.iter().flat_map(|mask| mask.to_le_bytes()).collect();
        let mut bytes = file(8, 8, 32, 3, 0, &[&masks[..], &[7; 8 * 32]].concat());
        bytes[10] = 54 + 12;
        bytes
    };
    vec![
        named("bmp of 1500x1500 runs", runs(1_500, 1_500, &[&rows[..], &[0, 1]].concat())),
        named("bmp of 2500x2500 and no runs", runs(2_500, 2_500, &[0, 1])),
        named("bmp of 65535x65535 runs", runs(65_535, 65_535, &[0, 1])),
        named("bmp of runs beyond its sides", runs(8, 8, &[255, 1].repeat(3_000))),
        named("bmp of jumps", runs(8, 8, &[[0, 2, 255, 255].repeat(2_000), vec![0, 1]].concat())),
        named("bmp of ends of rows", runs(8, 8, &[[0, 0].repeat(20_000), vec![0, 1]].concat())),
        named("bmp of runs of none", runs(8, 8, &[[0, 255].to_vec(), vec![7; 100]].concat())),
        named("bmp of runs without an end", runs(8, 8, &[])),
        named(
            "bmp of 4 bits in runs",
            file(8, 8, 4, 2, 16, &[&[0; 64][..], &[255, 0x12].repeat(100)].concat()),
        ),
        named("bmp of size 0x0", file(0, 0, 24, 0, 0, &[])),
        named("bmp of width -8", file(-8, 8, 24, 0, 0, &[7; 200])),
        named("bmp of height -2147483648", file(8, i32::MIN, 24, 0, 0, &[7; 200])),
        named("bmp of 2147483647x2147483647", file(i32::MAX, i32::MAX, 32, 0, 0, &[7; 200])),
        named("bmp of 2500x2500 and no pixels", file(2_500, 2_500, 1, 0, 2, &[0; 8])),
        named("bmp of no bits", file(8, 8, 0, 0, 0, &[7; 200])),
        named("bmp of 64 bits", file(8, 8, 64, 0, 0, &[7; 600])),
        named("bmp of coding 13", file(8, 8, 24, 13, 0, &[7; 200])),
        named("bmp of a jpeg", file(8, 8, 0, 4, 0, &[7; 200])),
        named("bmp of 4 billion colours", file(8, 8, 8, 0, u32::MAX, &palette(&[7; 64]))),
        named("bmp of no colours", file(8, 8, 8, 0, 0, &[7; 64])),
        named("bmp of fields of no bits", fields([0, 0, 0])),
        named("bmp of fields that are one", fields([u32::MAX; 3])),
        named("bmp of fields with gaps", fields([0x5555_5555, 0x8000_0001, 0x0f0f_0f0f])),
        named("bmp of pixels beyond its end", with(10, u32::MAX)),
        named("bmp of pixels in its header", with(10, 0)),
        named("bmp of a header of 12 bytes", with(14, 12)),
        named("bmp of a header of 124 bytes", with(14, 124)),
        named("bmp of 255 planes", with(26, 255 | 24 << 16)),
    ]
}
