//! PNG (third edition).

use super::{deflated, long, named};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let sum = crc32fast::hash(&[kind, body].concat());
    [&long(body.len()).to_be_bytes(), &kind[..], body, &sum.to_be_bytes()].concat()
}

/// Width, height, bit depth, colour type and interlacing.
fn header(width: u32, height: u32, depth: u8, color: u8, interlaced: u8) -> Vec<u8> {
    let body = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, color, 0, 0, interlaced]].concat();
    chunk(b"IHDR", &body)
}

fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    [SIGNATURE, &chunks.concat(), &chunk(b"IEND", &[])].concat()
}

fn pixels(raw: &[u8]) -> Vec<u8> {
    chunk(b"IDAT", &deflated(raw))
}

/// A picture of 8x8 grey pixels with chunks before its pixels.
pub(super) fn with(chunks: &[Vec<u8>]) -> Vec<u8> {
    file(&[header(8, 8, 8, 0, 0), chunks.concat(), pixels(&[0; 9 * 8])])
}

/// The same with a colour profile.
pub(super) fn with_profile(profile: &[u8]) -> Vec<u8> {
    with(&[chunk(b"iCCP", &[b"p\0\0", &deflated(profile)[..]].concat())])
}

/// The same with an EXIF block.
pub(super) fn with_exif(block: &[u8]) -> Vec<u8> {
    with(&[chunk(b"eXIf", block)])
}

pub(super) fn all() -> Vec<(String, Vec<u8>)> {
    let sized =
        |width, height, depth, color| file(&[header(width, height, depth, color, 0), pixels(&[0; 100])]);
    let zeros = |count: usize| vec![0; count];
    let mut lying = chunk(b"IDAT", &deflated(&[0; 72]));
    lying[..4].copy_from_slice(&u32::MAX.to_be_bytes());
    let mut wrong_sum = pixels(&[0; 72]);
    *wrong_sum.last_mut().unwrap_or(&mut 0) ^= 1;
    let text = |kind: &[u8; 4], head: &[u8]| chunk(kind, &[head, &deflated(&zeros(32 << 20))].concat());
    let mut animation = vec![header(8, 8, 8, 0, 0)];
    animation.push(chunk(b"acTL", &[0xff; 8]));
    let frame = [&[0, 0, 0, 0], &[0x7f, 0xff, 0xff, 0xff].repeat(4)[..], &[0, 1, 0, 1, 0, 0]].concat();
    animation.push(chunk(b"fcTL", &frame));
    animation.push(pixels(&[0; 72]));
    vec![
        named("png of 1500x1500 in 2 KB", file(&[header(1500, 1500, 8, 0, 0), pixels(&zeros(1501 * 1500))])),
        named(
            "png of one bit, 2500x2500 in 1 KB",
            file(&[header(2500, 2500, 1, 0, 0), pixels(&zeros(314 * 2500))]),
        ),
        named(
            "png of 16 bits with alpha, interlaced",
            file(&[header(700, 700, 16, 6, 1), pixels(&zeros(4 << 20))]),
        ),
        named("png with 16 MB behind its pixels", file(&[header(8, 8, 8, 0, 0), pixels(&zeros(16 << 20))])),
        named("png with too few pixels", file(&[header(500, 500, 8, 2, 0), pixels(&zeros(1000))])),
        named("png of 20000 chunks", with(&vec![chunk(b"IDAT", &[]); 20_000])),
        named("png of 5000 texts", with(&vec![chunk(b"tEXt", b"a\0b"); 5_000])),
        named("png with a profile of 64 MB", with_profile(&zeros(64 << 20))),
        named("png with a text of 32 MB", with(&[text(b"zTXt", b"a\0\0")])),
        named("png with a long text of 32 MB", with(&[text(b"iTXt", b"a\0\x01\0\0\0")])),
        named("png of size 0x0", sized(0, 0, 8, 0)),
        named("png of size 0x1", sized(0, 1, 8, 0)),
        named("png of 2147483647x1", sized(0x7fff_ffff, 1, 8, 2)),
        named("png of 4294967295x4294967295", sized(u32::MAX, u32::MAX, 16, 6)),
        named("png of 65535x65535", sized(65_535, 65_535, 1, 0)),
        named("png of 65535x1500 and 16 bits", sized(65_535, 1_500, 16, 6)),
        named("png of 1x65536", sized(1, 65_536, 8, 0)),
        named("png of 3 bits", sized(8, 8, 3, 0)),
        named("png of colour type 7", sized(8, 8, 8, 7)),
        named("png with a palette but none", sized(8, 8, 8, 3)),
        named(
            "png with a palette of one colour",
            file(&[
                header(8, 8, 8, 3, 0),
                chunk(b"PLTE", &[1, 2, 3]),
                chunk(b"tRNS", &[7; 300]),
                pixels(&[200; 72]),
            ]),
        ),
        named(
            "png with a palette of no colours",
            file(&[header(8, 8, 8, 3, 0), chunk(b"PLTE", &[]), pixels(&[0; 72])]),
        ),
        named(
            "png with two headers",
            file(&[header(8, 8, 8, 0, 0), header(9000, 9000, 8, 6, 0), pixels(&[0; 72])]),
        ),
        named("png with a chunk of 4 GB", file(&[header(8, 8, 8, 0, 0), lying])),
        named("png with a wrong checksum", file(&[header(8, 8, 8, 0, 0), wrong_sum])),
        named("png of filters that there are not", file(&[header(8, 8, 8, 0, 0), pixels(&[9; 72])])),
        named("png of an animation of 4 billion frames", file(&animation)),
        named("png without pixels", file(&[header(8, 8, 8, 0, 0)])),
        named("png of pixels that are no zlib", file(&[header(8, 8, 8, 0, 0), chunk(b"IDAT", &[0xff; 200])])),
    ]
}
