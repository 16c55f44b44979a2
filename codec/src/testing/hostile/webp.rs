//! WebP (RFC 9649).

use darkroom_core::pixels::Size;

use super::{long, named};
use crate::encode::webp;
use crate::testing::scene;

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&kind[..], &long(body.len()).to_le_bytes(), body, &[0][..body.len() % 2]].concat()
}

fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WEBP".to_vec(), chunks.concat()].concat();
    [&b"RIFF"[..], &long(body.len()).to_le_bytes(), &body].concat()
}

/// Flags and canvas.
fn extended(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let side = |side: u32| side.wrapping_sub(1).to_le_bytes();
    chunk(b"VP8X", &[&[flags, 0, 0, 0], &side(width)[..3], &side(height)[..3]].concat())
}

/// A lossless picture's header with such data behind it.
fn lossless(width: u32, height: u32, data: &[u8]) -> Vec<u8> {
    let bits = (width - 1) | (height - 1) << 14;
    chunk(b"VP8L", &[&[0x2f], &bits.to_le_bytes()[..], data].concat())
}

/// A lossy picture's header.
fn lossy(width: u16, height: u16, data: &[u8]) -> Vec<u8> {
    let head = [0x30, 1, 0, 0x9d, 0x01, 0x2a];
    chunk(b"VP8 ", &[&head[..], &width.to_le_bytes(), &height.to_le_bytes(), data].concat())
}

/// A picture of 8x8 with chunks around it.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub(super) fn with(flags: u8, before: &[Vec<u8>], after: &[Vec<u8>]) -> Vec<u8> {
    let whole = webp::encode(&scene(Size::new(8, 8), 1)).unwrap();
    file(&[extended(flags, 8, 8), before.concat(), whole[12..].to_vec(), after.concat()])
}

pub(super) fn with_profile(profile: &[u8]) -> Vec<u8> {
    with(0x20, &[chunk(b"ICCP", profile)], &[])
}

pub(super) fn with_exif(block: &[u8]) -> Vec<u8> {
    with(0x08, &[], &[chunk(b"EXIF", block)])
}

pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let small = || lossless(8, 8, &[0; 40]);
    let length = |bytes: Vec<u8>, length: u32| [&bytes[..4], &length.to_le_bytes(), &bytes[8..]].concat();
    // Place, size, duration and flags, and the picture.
    let frame = |place: u32, side: u32, picture: &[u8]| {
        let three = |value: u32| value.to_le_bytes()[..3].to_vec();
        let head = [three(place), three(place), three(side - 1), three(side - 1), vec![0; 4]].concat();
        chunk(b"ANMF", &[&head, picture].concat())
    };
    let animation = || chunk(b"ANIM", &[0; 6]);
    // No transform, no cache, no meta codes, and five codes of one symbol each: every pixel for no bits at all.
    let flat = [0x88, 0x08, 0x01, 0x10, 0x22, 0x40, 0x04, 0x80, 0x00];
    vec![
        named("webp of 16384x16384 in 9 bytes", file(&[lossless(16_384, 16_384, &flat)])),
        named("webp of 1500x1500 in 9 bytes", file(&[lossless(1_500, 1_500, &flat)])),
        named("webp of 16383x16383, lossy", file(&[lossy(16_383, 16_383, &[0; 60])])),
        named("webp of 1500x1500, lossy, of zeros", file(&[lossy(1_500, 1_500, &[0; 4_000])])),
        named("webp of size 0x0, lossy", file(&[lossy(0, 0, &[0; 60])])),
        named("webp with a canvas of 16777216x16777216", file(&[extended(0, 1 << 24, 1 << 24), small()])),
        named("webp with a canvas of 2500x2500", file(&[extended(0, 2_500, 2_500), small()])),
        named(
            "webp with alpha of nothing",
            file(&[extended(0x10, 8, 8), chunk(b"ALPH", &[]), lossy(8, 8, &[0; 60])]),
        ),
        named(
            "webp with alpha of a bomb",
            file(&[
                extended(0x10, 1_500, 1_500),
                chunk(b"ALPH", &[&[1], &flat[..]].concat()),
                lossy(1_500, 1_500, &[0; 4_000]),
            ]),
        ),
        named(
            "webp of 10001 frames",
            file(&[extended(2, 8, 8), animation(), frame(0, 8, &small()).repeat(10_001)]),
        ),
        named(
            "webp with a frame far out",
            file(&[extended(2, 8, 8), animation(), frame(0xff_ffff, 8, &small())]),
        ),
        named(
            "webp with a frame that is too large",
            file(&[extended(2, 8, 8), animation(), frame(0, 1 << 24, &small())]),
        ),
        named(
            "webp with a small frame on 2500x2500",
            file(&[extended(2, 2_500, 2_500), animation(), frame(0, 8, &small())]),
        ),
        named("webp of an animation without frames", file(&[extended(2, 8, 8), animation()])),
        named(
            "webp of 50000 chunks",
            file(&[extended(0, 8, 8), chunk(b"junk", &[]).repeat(50_000), small()]),
        ),
        named("webp of length 0", length(file(&[small()]), 0)),
        named("webp of length 4 GB", length(file(&[small()]), u32::MAX)),
        named("webp of length -8", length(file(&[small()]), u32::MAX - 7)),
        named(
            "webp with a chunk of 4 GB",
            length(length(file(&[small()]), 60), 60)[..12]
                .iter()
                .copied()
                .chain(*b"VP8L\xff\xff\xff\xff/")
                .collect(),
        ),
        named("webp of nothing", file(&[])),
        named("webp of two pictures", file(&[small(), lossy(8, 8, &[0; 60])])),
        named("webp of ones", file(&[lossless(64, 64, &[0xff; 400])])),
    ]
}
