//! PNG of every kind, and broken.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

use darkroom_codec::CODECS;
use darkroom_codec::testing::{cutout, orientation_block, png as write, scene};
use darkroom_core::decode::{Decode, DecodeLimits};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Error, Result};
use png::{BitDepth, ColorType, Encoder};

fn decode(bytes: &[u8]) -> Result<Pixels> {
    CODECS.decode(&MediaType::PNG, bytes, Size::new(1, 1), DecodeLimits::default())
}

fn size(bytes: &[u8]) -> Result<Size> {
    CODECS.size(&MediaType::PNG, bytes, DecodeLimits::default())
}

/// Writes raw samples with a setup of the encoder.
fn encoded(
    size: Size,
    color: ColorType,
    depth: BitDepth,
    setup: impl Fn(&mut Encoder<'_, &mut Vec<u8>>),
    raw: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, size.width, size.height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    setup(&mut encoder);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(raw).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn pixels_come_back_as_they_went() {
    for pixels in [scene(Size::new(37, 21), 1), cutout(Size::new(37, 21), 1), scene(Size::new(1, 1), 1)] {
        let bytes = write(&pixels).unwrap();
        assert_eq!(size(&bytes).unwrap(), pixels.size());
        assert_eq!(decode(&bytes).unwrap(), pixels);
    }
}

#[test]
fn every_type_and_depth_becomes_eight_bits() {
    use BitDepth::*;
    use ColorType::*;
    let palette = |encoder: &mut Encoder<'_, &mut Vec<u8>>| {
        encoder.set_palette(&[1, 2, 3, 40, 50, 60, 70, 80, 90, 255, 0, 255][..]);
    };
    let clear = |encoder: &mut Encoder<'_, &mut Vec<u8>>| {
        palette(encoder);
        encoder.set_trns(&[0, 128][..]);
    };
    let nothing = |_: &mut Encoder<'_, &mut Vec<u8>>| {};
    let gap = |encoder: &mut Encoder<'_, &mut Vec<u8>>| encoder.set_trns(&[0, 17][..]);
    let cases: [(&str, Vec<u8>, &[u8]); 10] = [
        (
            "grey 1",
            encoded(Size::new(2, 1), Grayscale, One, nothing, &[0b0100_0000]),
            &[0, 0, 0, 255, 255, 255],
        ),
        (
            "grey 2",
            encoded(Size::new(2, 1), Grayscale, Two, nothing, &[0b0110_0000]),
            &[85, 85, 85, 170, 170, 170],
        ),
        ("grey 4", encoded(Size::new(2, 1), Grayscale, Four, nothing, &[0x1f]), &[17, 17, 17, 255, 255, 255]),
        ("grey 8", encoded(Size::new(2, 1), Grayscale, Eight, nothing, &[7, 9]), &[7, 7, 7, 9, 9, 9]),
        ("grey 16", encoded(Size::new(1, 1), Grayscale, Sixteen, nothing, &[7, 200]), &[7, 7, 7]),
        (
            "grey 8 with a clear shade",
            encoded(Size::new(2, 1), Grayscale, Eight, gap, &[17, 9]),
            &[17, 17, 17, 0, 9, 9, 9, 255],
        ),
        (
            "grey alpha 16",
            encoded(Size::new(1, 1), GrayscaleAlpha, Sixteen, nothing, &[7, 0, 9, 0]),
            &[7, 7, 7, 9],
        ),
        ("colour 16", encoded(Size::new(1, 1), Rgb, Sixteen, nothing, &[1, 0, 2, 0, 3, 0]), &[1, 2, 3]),
        (
            "palette 2",
            encoded(Size::new(2, 1), Indexed, Two, palette, &[0b0111_0000]),
            &[40, 50, 60, 255, 0, 255],
        ),
        (
            "clear palette 8",
            encoded(Size::new(3, 1), Indexed, Eight, clear, &[0, 1, 2]),
            &[1, 2, 3, 0, 40, 50, 60, 128, 70, 80, 90, 255],
        ),
    ];
    for (name, bytes, expected) in cases {
        let found = decode(&bytes).unwrap();
        assert_eq!(found.data(), expected, "{name}");
        let format = if found.size().area() * 3 == expected.len() as u64 {
            PixelFormat::Rgb8
        } else {
            PixelFormat::Rgba8
        };
        assert_eq!(found.format(), format, "{name}");
    }
}

#[test]
fn exif_orientation_is_applied() {
    let pixels = scene(Size::new(5, 3), 1);
    for exif in 1..=8u8 {
        let plain = write(&pixels).unwrap();
        let bytes = [&plain[..33], &chunk(b"eXIf", &orientation_block(exif)), &plain[33..]].concat();
        let upright = if exif < 5 { Size::new(5, 3) } else { Size::new(3, 5) };
        assert_eq!(size(&bytes).unwrap(), upright);
        let found = decode(&bytes).unwrap();
        assert_eq!(found.size(), upright);
        // Where the stored picture's first pixel comes to lie.
        let (row, column) = match exif {
            1 | 5 => (0, 0),
            2 | 6 => (0, upright.width - 1),
            3 | 7 => (upright.height - 1, upright.width - 1),
            _ => (upright.height - 1, 0),
        };
        let at = (row * upright.width + column) as usize * 3;
        assert_eq!(found.data()[at..at + 3], pixels.data()[..3], "{exif}");
    }
}

#[test]
fn interlaced_is_the_same_picture() {
    let pixels = scene(Size::new(13, 11), 2);
    let found = decode(&interlaced(&pixels)).unwrap();
    assert_eq!(found, pixels);
    let broken = interlaced(&pixels);
    assert_eq!(decode(&broken[..broken.len() - 60]).unwrap_err().code(), "damaged");
}

#[test]
fn a_file_that_is_cut_off_or_changed_is_damaged() {
    let bytes = write(&cutout(Size::new(30, 20), 3)).unwrap();
    for cut in 8..bytes.len() {
        let error = decode(&bytes[..cut]).unwrap_err();
        assert!(matches!(error, Error::Damaged { format: "PNG", .. }), "cut at {cut}: {error}");
    }
    for at in 8..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(decode(&changed).is_err(), "a change at {at} of {} was not noticed", bytes.len());
    }
    assert!(decode(&[&bytes[..], b"trailing"].concat()).is_ok());
}

#[test]
fn a_size_over_the_limits_is_refused_by_the_header() {
    let mut bytes = write(&scene(Size::new(3, 3), 1)).unwrap();
    for (side, measure) in [(65_536u32, "width"), (60_000, "pixels"), (u32::MAX, "width")] {
        for at in [16, 20] {
            bytes[at..at + 4].copy_from_slice(&side.to_be_bytes());
        }
        for error in [decode(&bytes).unwrap_err(), size(&bytes).unwrap_err()] {
            assert!(matches!(error, Error::ImageTooLarge { what, .. } if what == measure), "{error}");
        }
    }
}

/// A chunk with its length and checksum.
fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let checked = [kind, body].concat();
    let crc = checked.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &checked, &(!crc).to_be_bytes()].concat()
}

/// An RGB picture in the seven passes of Adam7, unfiltered and uncompressed.
fn interlaced(pixels: &Pixels) -> Vec<u8> {
    let Size { width, height } = pixels.size();
    let mut raw = Vec::new();
    for (left, top, across, down) in
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    {
        for y in (top..height).step_by(down) {
            raw.push(0);
            for x in (left..width).step_by(across) {
                let at = (y * width + x) as usize * 3;
                raw.extend_from_slice(&pixels.data()[at..at + 3]);
            }
        }
    }
    let (a, b) = raw.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let length = u16::try_from(raw.len()).unwrap();
    let stored = [&[0x78, 0x01, 1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &raw];
    let zlib = [&stored.concat()[..], &(b << 16 | a).to_be_bytes()].concat();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 1]].concat();
    let chunks = [chunk(b"IHDR", &header), chunk(b"IDAT", &zlib), chunk(b"IEND", b"")];
    [&b"\x89PNG\r\n\x1a\n"[..], &chunks.concat()].concat()
}
