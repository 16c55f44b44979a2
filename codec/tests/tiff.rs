//! TIFFs written byte by byte, of kinds that no encoder at hand writes.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

use darkroom_codec::CODECS;
use darkroom_codec::testing::turned_profile;
use darkroom_core::decode::{Decode, DecodeLimits};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};

const BYTES: u16 = 7;
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// A little-endian TIFF: tag, kind and values of each entry, and the strips or tiles, whose offsets and lengths are
/// the values of the two tags given.
fn tiff(entries: &[(u16, u16, Vec<u32>)], chunks: (u16, u16), data: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"II\x2a\0\0\0\0\0".to_vec();
    let mut entries = entries.to_vec();
    let offsets = data.iter().map(|chunk| {
        bytes.extend_from_slice(chunk);
        u32::try_from(bytes.len() - chunk.len()).unwrap()
    });
    entries.push((chunks.0, LONG, offsets.collect()));
    let lengths = data.iter().map(|chunk| u32::try_from(chunk.len()).unwrap());
    entries.push((chunks.1, LONG, lengths.collect()));
    entries.sort();
    let mut directory = u16::try_from(entries.len()).unwrap().to_le_bytes().to_vec();
    for (tag, kind, values) in entries {
        directory.extend([tag, kind].map(u16::to_le_bytes).as_flattened());
        directory.extend(u32::try_from(values.len()).unwrap().to_le_bytes());
        let length = match kind {
            BYTES => 1,
            SHORT => 2,
            _ => 4,
        };
        let mut raw: Vec<u8> =
            values.iter().flat_map(|value| value.to_le_bytes().into_iter().take(length)).collect();
        if raw.len() > 4 {
            let at = u32::try_from(bytes.len()).unwrap();
            bytes.append(&mut raw);
            raw = at.to_le_bytes().to_vec();
        }
        raw.resize(4, 0);
        directory.append(&mut raw);
    }
    let at = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    bytes[4..8].copy_from_slice(&at);
    bytes.append(&mut directory);
    bytes.extend([0; 4]);
    bytes
}

/// Width, height, bits of a sample, meaning and samples of a pixel.
fn picture(size: (u32, u32), bits: u32, meaning: u32, samples: u32) -> Vec<(u16, u16, Vec<u32>)> {
    let depths = vec![bits; samples as usize];
    let one = |tag, value| (tag, SHORT, vec![value]);
    let fields = [(256, size.0), (257, size.1), (262, meaning), (277, samples)];
    let mut entries: Vec<_> = fields.into_iter().map(|(tag, value)| one(tag, value)).collect();
    entries.push((258, SHORT, depths));
    entries
}

fn decode(bytes: &[u8]) -> Pixels {
    let (whole, limits) = (Size::new(u32::MAX, u32::MAX), DecodeLimits::default());
    CODECS.decode(&MediaType::TIFF, bytes, whole, limits).unwrap()
}

/// Files of fax machines and some scanners put the first pixel into the lowest bit.
#[test]
fn bits_of_a_byte_may_stand_the_other_way_round() {
    for (bits, rows) in [(1, [[0b1010_0110, 0x80], [0x0f, 0]]), (4, [[0x12, 0x30], [0xff, 0x40]])] {
        let width = if bits == 1 { 9 } else { 3 };
        let plain = picture((width, 2), bits, 1, 1);
        let usual = tiff(&plain, (273, 279), &[rows.as_flattened()]);
        let turned: Vec<u8> = rows.as_flattened().iter().map(|byte: &u8| byte.reverse_bits()).collect();
        let entries = [plain, vec![(266, SHORT, vec![2])]].concat();
        assert_eq!(decode(&tiff(&entries, (273, 279), &[&turned])), decode(&usual), "{bits} bits");
    }
    // In two strips, 16 bits: the upper byte counts.
    let mut entries = picture((1, 2), 16, 1, 1);
    entries.extend([(266, SHORT, vec![2]), (278, SHORT, vec![1])]);
    let pixels = decode(&tiff(&entries, (273, 279), &[&[0, 0b0000_0001], &[0, 0b1100_0000]]));
    assert_eq!(pixels.data(), [128, 128, 128, 3, 3, 3]);
}

#[test]
fn tiles_of_planes_may_be_larger_than_the_picture() {
    let mut entries = picture((3, 2), 16, 2, 3);
    entries.extend([(284, SHORT, vec![2]), (322, SHORT, vec![16]), (323, SHORT, vec![16])]);
    let plane = |color: u8| {
        let sample =
            |at: usize| [0, if at % 16 < 3 && at < 32 { color + u8::try_from(at).unwrap() } else { 9 }];
        (0..256).flat_map(sample).collect::<Vec<u8>>()
    };
    let planes = [plane(10), plane(100), plane(200)];
    let pixels = decode(&tiff(&entries, (324, 325), &[&planes[0], &planes[1], &planes[2]]));
    let expected = [0u8, 1, 2, 16, 17, 18].map(|at| [10 + at, 100 + at, 200 + at]);
    assert_eq!(pixels, Pixels::new(Size::new(3, 2), PixelFormat::Rgb8, expected.concat()).unwrap());
}

#[test]
fn a_profile_may_be_longer_than_the_picture() {
    let mut entries = picture((2, 1), 8, 2, 3);
    let samples = [200, 100, 50, 10, 20, 240];
    let plain = decode(&tiff(&entries, (273, 279), &[&samples]));
    assert_eq!(plain.data(), samples);
    entries.push((34675, BYTES, turned_profile().into_iter().map(u32::from).collect()));
    // The profile turns the colours round.
    let pixels = decode(&tiff(&entries, (273, 279), &[&samples]));
    assert_ne!(pixels.data(), samples);
}

/// A picture of one column and many rows, in tiles that are 65,536 wide: 4e9 pixels would be decoded for 60,000.
#[test]
fn tiles_far_larger_than_the_picture_are_refused() {
    let numbers =
        [(256, 1), (257, 60_000), (258, 8), (259, 1), (262, 1), (277, 1), (322, 65_536), (323, 65_536)];
    let entries = numbers.map(|(tag, value)| (tag, LONG, vec![value]));
    let bytes = tiff(&entries, (324, 325), &[&[0; 8]]);
    let error = CODECS.size(&MediaType::TIFF, &bytes, DecodeLimits::default()).unwrap_err();
    let expected = "image pixels of its tiles is 4294967296; at most 100000000 is allowed";
    assert_eq!(error.to_string(), expected);
}
