//! What processors are tried with.

use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::testing::{Input, Kit};

use super::{photo, photo_with_orientation, png, png_with_alpha, scene};
use crate::CODECS;

/// JPEGs and PNGs.
pub static KIT: Kit = Kit { decoder: &CODECS, inputs, fragile, bombs };

#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
fn inputs() -> Vec<Input> {
    let jpeg = |name, width, height, quality| {
        input(name, MediaType::JPEG, photo(width, height, quality, 1), width, height)
    };
    let opaque = png(&scene(Size::new(417, 233), 3)).unwrap();
    vec![
        jpeg("large", 1301, 867, 92),
        jpeg("portrait", 480, 641, 85),
        jpeg("small", 40, 30, 90),
        jpeg("dot", 1, 1, 90),
        jpeg("strip", 1500, 3, 90),
        input("turned", MediaType::JPEG, photo_with_orientation(600, 401, 88, 2, 6), 600, 401),
        input("opaque-png", MediaType::PNG, opaque, 417, 233),
        input("alpha-png", MediaType::PNG, png_with_alpha(300, 420, 4), 300, 420),
    ]
}

fn fragile() -> Vec<Input> {
    vec![
        input("jpeg", MediaType::JPEG, photo_with_orientation(120, 80, 70, 5, 8), 120, 80),
        input("png", MediaType::PNG, png_with_alpha(61, 40, 6), 61, 40),
    ]
}

/// 60,000 in each direction, as their headers say.
fn bombs() -> Vec<Input> {
    let side = 60_000u16;
    let [high, low] = side.to_be_bytes();
    let mut jpeg = photo(16, 16, 80, 1);
    if let Some(frame) = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]) {
        jpeg[frame + 5..frame + 9].copy_from_slice(&[high, low, high, low]);
    }
    let mut png = png_with_alpha(16, 16, 1);
    png[16..24].copy_from_slice(&[0, 0, high, low, 0, 0, high, low]);
    let checksum = crc32fast::hash(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    let side = u32::from(side);
    vec![
        input("jpeg bomb", MediaType::JPEG, jpeg, side, side),
        input("png bomb", MediaType::PNG, png, side, side),
    ]
}

fn input(name: &'static str, media: MediaType, bytes: Vec<u8>, width: u32, height: u32) -> Input {
    Input { name, media, bytes, size: Size::new(width, height) }
}
