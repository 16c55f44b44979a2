//! Every fixture: what it shows, and what becomes of it when it is cut off, changed or enlarged on paper.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

use darkroom_codec::testing::{Fixture, fixtures};
use darkroom_codec::{CODECS, READABLE};
use darkroom_core::decode::{Decode, DecodeLimits};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Error, Result};

fn decode(media: &MediaType, bytes: &[u8]) -> Result<Pixels> {
    let result = CODECS.decode(media, bytes, Size::new(u32::MAX, u32::MAX), DecodeLimits::default());
    // Caught here, but not in a canister.
    if let Err(Error::Damaged { reason, .. }) = &result {
        assert!(!reason.contains("gave up"), "a decoder panicked: {reason}");
    }
    result
}

fn carried(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn picture(name: &str) -> Pixels {
    let bytes = carried(name);
    decode(&MediaType::sniff(&bytes).unwrap(), &bytes).unwrap()
}

/// The picture that the carried files show, see their README.
fn truth(x: usize, y: usize) -> [u8; 4] {
    let blue = if (x / 6 + y / 6) % 2 == 1 { (7 * x + 11 * y) % 256 } else { 128 };
    [x * 255 / 36, y * 255 / 22, blue, x * 255 / 36].map(|sample| u8::try_from(sample).unwrap())
}

/// The mean difference from the truth, in 1/255; where alpha is expected, of colours multiplied with it.
fn off(pixels: &Pixels, alpha: bool) -> f64 {
    assert_eq!(pixels.size(), Size::new(37, 23));
    assert_eq!(pixels.format(), if alpha { PixelFormat::Rgba8 } else { PixelFormat::Rgb8 });
    let mut sum = 0.0;
    for (at, pixel) in pixels.data().chunks_exact(pixels.format().channels()).enumerate() {
        let expected = truth(at % 37, at / 37);
        let part = |pixel: &[u8]| if alpha { f64::from(pixel[3]) / 255.0 } else { 1.0 };
        for channel in 0..3 {
            let (a, b) =
                (f64::from(pixel[channel]) * part(pixel), f64::from(expected[channel]) * part(&expected));
            sum += (a - b).abs();
        }
        if alpha {
            sum += f64::from(pixel[3].abs_diff(expected[3]));
        }
    }
    sum / pixels.data().len() as f64
}

#[test]
fn carried_files_show_the_picture() {
    for (name, alpha, most) in [
        ("lossless-alpha.webp", true, 0.0),
        ("strips-lzw.tiff", false, 0.0),
        ("planar.tiff", false, 0.0),
        ("big-endian-16.tiff", false, 0.0),
        ("tiles-alpha.tiff", true, 0.6),
        ("alpha-v5.bmp", true, 0.0),
        // Inks and back round twice.
        ("cmyk.tiff", false, 1.0),
        // 16 and 32 colours; Pillow is off by 22.28, 25.17 and 17.84.
        ("palette.tiff", false, 22.4),
        ("rle8.bmp", false, 25.3),
        ("animation.gif", false, 18.0),
        ("rgb.jpg", false, 3.0),
        ("lossy.webp", false, 9.0),
        ("lossy-alpha.webp", true, 12.0),
        ("sampled-410.jpg", false, 14.0),
        ("sampled-411.jpg", false, 12.5),
        ("sampled-422.jpg", false, 8.5),
        ("sampled-440.jpg", false, 8.5),
    ] {
        let off = off(&picture(name), alpha);
        assert!(off <= most, "{name}: off by {off:.2}");
    }
}

#[test]
fn a_bilevel_picture_is_black_and_white() {
    let pixels = picture("bilevel.tiff");
    assert!(pixels.data().iter().all(|sample| matches!(sample, 0 | 255)));
    let light: usize =
        pixels.data().iter().map(|sample| usize::from(*sample)).sum::<usize>() / pixels.data().len();
    assert!((90..160).contains(&light), "{light}");
}

/// The first frame has 20x12 pixels from (6, 4) on; around it the canvas is clear.
#[test]
fn the_first_frame_lies_in_its_place() {
    let pixels = picture("animation.webp");
    assert_eq!((pixels.size(), pixels.format()), (Size::new(37, 23), PixelFormat::Rgba8));
    for (at, pixel) in pixels.data().as_chunks::<4>().0.iter().enumerate() {
        let (x, y) = (at % 37, at / 37);
        if (6..26).contains(&x) && (4..16).contains(&y) {
            let expected = truth(x - 6, y - 4);
            assert_eq!(pixel[3], 255);
            let near = pixel[..2].iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 60);
            assert!(near, "{pixel:?} for {expected:?} at {x}, {y}");
        } else {
            assert_eq!(*pixel, [0; 4], "at {x}, {y}");
        }
    }
}

#[test]
fn a_clear_colour_of_a_gif_is_clear() {
    let pixels = picture("interlaced-clear.gif");
    assert_eq!(pixels.format(), PixelFormat::Rgba8);
    let clear = |x: usize| pixels.data()[(11 * 37 + x) * 4 + 3] == 0;
    assert!(clear(0) && !clear(36));
}

#[test]
fn arithmetic_coding_is_named() {
    match decode(&MediaType::JPEG, &carried("arithmetic.jpg")) {
        Err(Error::NotAnImage { reason }) => assert!(reason.contains("arithmetic"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn fixtures_are_of_every_kind_and_found_by_their_bytes() {
    let all = fixtures();
    for media in READABLE {
        assert!(all.iter().any(|fixture| fixture.media == *media), "{media}");
    }
    for Fixture { name, media, bytes } in &all {
        let pixels = decode(media, bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(CODECS.size(media, bytes, DecodeLimits::default()).unwrap(), pixels.size(), "{name}");
    }
}

#[test]
fn a_file_that_is_cut_off_is_an_error_or_the_whole_picture() {
    for Fixture { name, media, bytes } in fixtures().iter().filter(|fixture| fixture.bytes.len() < 4000) {
        let whole = decode(media, bytes).unwrap();
        let mut taken = 0;
        // The large ones have the same structures, with more pixels in between.
        let step = if bytes.len() < 1200 { 1 } else { 37 };
        for cut in (0..bytes.len()).step_by(step).chain(bytes.len() - 40..bytes.len()) {
            if let Ok(pixels) = decode(media, &bytes[..cut]) {
                assert_eq!(pixels, whole, "{name} cut at {cut} of {}", bytes.len());
                taken += 1;
            }
        }
        // What decoding does not need may be missing: padding, and tags of a TIFF that stand at its end.
        assert!(taken < 900, "{name}: {taken} of {}", bytes.len());
        let lenient = matches!(media.as_str(), "image/bmp" | "image/tiff");
        assert!(lenient || taken == 0, "{name}: {taken} of {}", bytes.len());
    }
}

#[test]
fn a_file_that_is_changed_is_an_error_or_a_picture() {
    let mut seed = 1u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for Fixture { media, bytes, .. } in fixtures().iter().filter(|fixture| fixture.bytes.len() < 4000) {
        for _ in 0..60 {
            let mut changed = bytes.clone();
            for _ in 0..1 + random(4) {
                // Mostly where the headers are.
                let at = if random(2) == 0 { random(bytes.len().min(120)) } else { random(bytes.len()) };
                changed[at] = [0, 1, 0x7f, 0x80, 0xff, u8::try_from(random(256)).unwrap()][random(6)];
            }
            // Small limits, so that a size that was changed costs nothing.
            let limits = DecodeLimits { pixels: 1_000_000, ..DecodeLimits::default() };
            let result = CODECS.decode(media, &changed, Size::new(4000, 4000), limits);
            if let Err(Error::Damaged { reason, .. }) = result {
                assert!(!reason.contains("gave up"), "{reason}: {media} {changed:02x?}");
            }
        }
    }
}

#[test]
fn every_limit_is_held_for_every_format() {
    let limits = DecodeLimits::default();
    for Fixture { name, media, bytes } in fixtures() {
        let size = CODECS.size(&media, &bytes, limits).unwrap();
        for (limits, measure) in [
            (DecodeLimits { pixels: size.area() - 1, ..limits }, "pixels"),
            (DecodeLimits { side: size.width.max(size.height) - 1, ..limits }, "width height"),
            (DecodeLimits { bytes: bytes.len() as u64 - 1, ..limits }, "file size in bytes"),
        ] {
            for error in [
                CODECS.size(&media, &bytes, limits).unwrap_err(),
                CODECS.decode(&media, &bytes, size, limits).unwrap_err(),
            ] {
                assert!(
                    matches!(error, Error::ImageTooLarge { what, .. } if measure.contains(what)),
                    "{name}: {error}"
                );
            }
        }
        let exact = DecodeLimits {
            pixels: size.area(),
            side: size.width.max(size.height),
            bytes: bytes.len() as u64,
            frames: 2,
            ..DecodeLimits::default()
        };
        assert!(CODECS.decode(&media, &bytes, size, exact).is_ok(), "{name}");
        if name.contains("animation") {
            let error = CODECS.decode(&media, &bytes, size, DecodeLimits { frames: 1, ..exact }).unwrap_err();
            let text = error.to_string();
            assert_eq!(text, "image number of frames is 2; at most 1 is allowed", "{name}");
        }
    }
}
