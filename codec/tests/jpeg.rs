//! JPEG as cameras, programs and broken transfers make it.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

use darkroom_codec::testing::{orientation_block, photo, photo_with_orientation, scene, with_exif};
use darkroom_codec::{CODECS, resize};
use darkroom_core::decode::{Decode, DecodeLimits};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{Pixels, Size};
use darkroom_core::{Error, Result};
use mozjpeg_rs::{Encoder, Preset, Subsampling};

/// Requests that are served at 1/8, 1/4, 1/2 and full size.
fn requests(size: Size) -> [Size; 4] {
    [8, 4, 2, 1].map(|part| Size::new(size.width.div_ceil(part), size.height.div_ceil(part)))
}

fn decode(bytes: &[u8], at_least: Size) -> Result<Pixels> {
    CODECS.decode(&MediaType::JPEG, bytes, at_least, DecodeLimits::default())
}

fn size(bytes: &[u8]) -> Result<Size> {
    CODECS.size(&MediaType::JPEG, bytes, DecodeLimits::default())
}

/// The mean difference of two pictures' samples, in 1/255.
fn difference(a: &Pixels, b: &Pixels) -> f64 {
    assert_eq!(a.size(), b.size());
    let sum: u64 = a.data().iter().zip(b.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.data().len() as f64
}

/// The kinds of JPEG that mozjpeg writes, of one scene.
fn variants(size: Size) -> Vec<(String, Vec<u8>)> {
    let scene = scene(size, 11);
    let samplings = [Subsampling::S444, Subsampling::S422, Subsampling::S420, Subsampling::S440];
    let mut variants = Vec::new();
    for preset in [Preset::BaselineFastest, Preset::ProgressiveBalanced] {
        for sampling in samplings {
            // With progressive, mozjpeg announces restarts that it does not write.
            let restarts: &[u16] = if preset == Preset::BaselineFastest { &[0, 5] } else { &[0] };
            for &restart in restarts {
                let encoder =
                    Encoder::new(preset).quality(90).subsampling(sampling).restart_interval(restart);
                let bytes = encoder.encode_rgb(scene.data(), size.width, size.height).unwrap();
                variants.push((format!("{preset:?} {sampling:?} restart {restart}"), bytes));
            }
        }
    }
    variants
}

#[test]
fn every_kind_at_every_scale_is_the_same_picture() {
    for side in [Size::new(203, 117), Size::new(16, 8), Size::new(1, 1), Size::new(9, 70)] {
        let truth = scene(side, 11);
        for (name, bytes) in variants(side) {
            assert_eq!(size(&bytes).unwrap(), side, "{name}");
            for at_least in requests(side) {
                let found = decode(&bytes, at_least).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(found.size().covers(at_least), "{name}");
                let expected = resize::resize(&truth, found.size(), resize::Light::Srgb).unwrap();
                let off = difference(&found, &expected);
                // Of a few pixels the noise does not average out.
                let limit = if found.size().area() > 300 { 12.0 } else { 40.0 };
                assert!(off < limit, "{name} at {:?}: off by {off:.1}", found.size());
            }
        }
    }
}

#[test]
fn the_scale_is_the_smallest_that_covers() {
    let bytes = photo(800, 600, 80, 1);
    let scaled = |width, height| decode(&bytes, Size::new(width, height)).unwrap().size();
    assert_eq!(scaled(1, 1), Size::new(100, 75));
    assert_eq!(scaled(101, 1), Size::new(200, 150));
    assert_eq!(scaled(1, 151), Size::new(400, 300));
    assert_eq!(scaled(401, 300), Size::new(800, 600));
    assert_eq!(scaled(9000, 9000), Size::new(800, 600));
    // Turned: the request is for the upright picture.
    let turned = photo_with_orientation(600, 800, 80, 1, 6);
    assert_eq!(decode(&turned, Size::new(75, 100)).unwrap().size(), Size::new(75, 100));
    assert_eq!(decode(&turned, Size::new(100, 75)).unwrap().size(), Size::new(150, 200));
}

#[test]
fn orientations_stand_upright() {
    let upright = scene(Size::new(90, 62), 3);
    for exif in 1..=8 {
        let bytes = photo_with_orientation(90, 62, 95, 3, exif);
        assert_eq!(size(&bytes).unwrap(), upright.size());
        let found = decode(&bytes, upright.size()).unwrap();
        let off = difference(&found, &upright);
        assert!(off < 9.0, "orientation {exif}: off by {off:.1}");
    }
}

#[test]
fn exif_that_cannot_be_read_changes_nothing() {
    let bytes = photo(40, 20, 80, 1);
    let plain = decode(&bytes, Size::new(40, 20)).unwrap();
    for block in [&b""[..], b"II*\0", b"MM\0*\xff\xff\xff\xff", &orientation_block(0), &orientation_block(9)]
    {
        assert_eq!(decode(&with_exif(&bytes, block), Size::new(40, 20)).unwrap(), plain, "{block:?}");
    }
    // The first block counts.
    let twice = with_exif(&with_exif(&bytes, &orientation_block(6)), &orientation_block(3));
    assert_eq!(size(&twice).unwrap(), Size::new(40, 20));
}

#[test]
fn grey_is_grey() {
    let side = Size::new(75, 50);
    let luma: Vec<u8> = scene(side, 5).data().chunks(3).map(|pixel| pixel[1]).collect();
    for preset in [Preset::BaselineFastest, Preset::ProgressiveBalanced] {
        let bytes = Encoder::new(preset).quality(90).encode_gray(&luma, side.width, side.height).unwrap();
        for at_least in requests(side) {
            let found = decode(&bytes, at_least).unwrap();
            assert!(found.data().chunks(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
        }
        let full = decode(&bytes, side).unwrap();
        let off: u64 =
            full.data().chunks(3).zip(&luma).map(|(pixel, luma)| u64::from(pixel[0].abs_diff(*luma))).sum();
        assert!(off / side.area() < 8);
    }
}

/// Written by libjpeg-turbo: progressive 4:2:0 with a restart after each row of blocks, red turning to blue.
#[test]
fn progressive_with_restarts() {
    let bytes = include_bytes!("data/progressive-restart.jpg");
    let side = Size::new(100, 60);
    for at_least in requests(side) {
        let found = decode(bytes, at_least).unwrap();
        for (row, pixels) in found.data().chunks(found.size().width as usize * 3).enumerate() {
            let width = found.size().width as usize;
            let (left, right) = (&pixels[..3], &pixels[width * 3 - 3..]);
            assert!(left[0] > 230 && left[2] < 25, "row {row} of {:?}: {left:?}", found.size());
            assert!(right[0] < 25 && right[2] > 230, "row {row} of {:?}: {right:?}", found.size());
        }
    }
}

/// Four bars: cyan ink, yellow ink, black ink, none.
#[test]
fn inks_become_colours() {
    for (name, bytes) in
        [("CMYK", &include_bytes!("data/cmyk.jpg")[..]), ("YCCK", &include_bytes!("data/ycck.jpg")[..])]
    {
        for at_least in requests(Size::new(64, 16)) {
            let found = decode(bytes, at_least).unwrap();
            let width = found.size().width as usize;
            for (bar, expected) in
                [[0, 255, 255], [255, 255, 0], [0, 0, 0], [255, 255, 255]].iter().enumerate()
            {
                let at = (width * bar + width / 2) / 4 * 3;
                let pixel = &found.data()[at..at + 3];
                let near = pixel.iter().zip(expected).all(|(a, b): (&u8, &u8)| a.abs_diff(*b) < 12);
                assert!(near, "{name} {width} wide, bar {bar}: {pixel:?}");
            }
        }
    }
}

#[test]
fn a_file_that_is_cut_off_is_damaged_and_says_where() {
    for (name, bytes) in variants(Size::new(61, 40)) {
        for cut in (2..bytes.len()).step_by(7).chain(bytes.len() - 12..bytes.len()) {
            match decode(&bytes[..cut], Size::new(1, 1)) {
                Err(Error::Damaged { format: "JPEG", reason }) => {
                    assert!(reason.starts_with("at byte "), "{name} cut at {cut}: {reason}");
                }
                Err(Error::NotAnImage { .. }) if cut < 3 => {}
                other => panic!("{name} cut at {cut} of {}: {other:?}", bytes.len()),
            }
        }
    }
}

/// The end is there, but the data before it is not: decoders fill such pictures with grey.
#[test]
fn a_scan_that_ends_early_is_damaged_at_every_scale() {
    let side = Size::new(203, 117);
    for (name, bytes) in variants(side) {
        let scans: Vec<usize> = memchr::memmem::find_iter(&bytes, &[0xff, 0xda]).collect();
        let first = scans[0] + 2 + usize::from(bytes[scans[0] + 3]);
        let whole = requests(side).map(|at_least| decode(&bytes, at_least).unwrap());
        let mut other = 0;
        for kept in 0..100 {
            let mut end = first + (bytes.len() - 2 - first) * kept / 100;
            // Not behind an ff, which would take the marker's place.
            while bytes[end - 1] == 0xff {
                end -= 1;
            }
            let broken = [&bytes[..end], &[0xff, 0xd9]].concat();
            for (at_least, whole) in requests(side).into_iter().zip(&whole) {
                let result = decode(&broken, at_least);
                assert!(result.is_err() || scans.len() > 1, "{name}: {kept} % of the data gave {at_least:?}");
                if let Err(error) = &result {
                    assert_eq!(error.code(), "damaged", "{name}: {kept} % of the data: {error}");
                }
                // Scans that a scale does not need are missed by none, if nothing it needs stands behind them.
                other += usize::from(result.is_ok_and(|found| found != *whole));
            }
        }
        // Cut exactly between two scans, a progressive picture is a whole one of less detail.
        assert!(other <= 4, "{name}: {other} of 400 were taken");
    }
}

#[test]
fn what_follows_the_image_is_left_alone() {
    let bytes = photo(64, 48, 80, 1);
    let plain = decode(&bytes, Size::new(64, 48)).unwrap();
    let another = photo(32, 32, 80, 2);
    for tail in [&b"\0\0\0\0"[..], b"ftypmp42", &another, &[0xff], &[0xff, 0xd8, 0xff]] {
        let longer = [&bytes, tail].concat();
        assert_eq!(decode(&longer, Size::new(64, 48)).unwrap(), plain);
        assert!(decode(&longer, Size::new(8, 6)).is_ok());
    }
}

#[test]
fn an_untidy_file_is_read_all_the_same() {
    let bytes = photo(64, 48, 80, 1);
    let plain = decode(&bytes, Size::new(64, 48)).unwrap();
    // Stray bytes and fill bytes behind the first segment.
    let second = 4 + usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
    for stray in [&[0xff][..], &[0xff, 0xff, 0xff], b"\0\0stray\0", &[0xff, 0x00]] {
        let untidy = [&bytes[..second], stray, &bytes[second..]].concat();
        let found = decode(&untidy, Size::new(64, 48)).unwrap();
        assert!(difference(&found, &plain) < 1.0, "{stray:?}");
    }
}

#[test]
fn kinds_that_are_not_read_are_named() {
    let bytes = photo(64, 48, 80, 1);
    let frame = bytes.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    let with = |at: usize, byte: u8| {
        let mut changed = bytes.clone();
        changed[frame + at] = byte;
        changed
    };
    let codings = "Huffman: baseline, extended or progressive";
    for (changed, what, found, allowed) in [
        (with(1, 0xc3), "coding", "lossless", codings),
        (with(1, 0xc5), "coding", "hierarchical", codings),
        (with(1, 0xc9), "coding", "arithmetic", codings),
        (with(4, 12), "number of bits per sample", "12", "8"),
        (with(9, 2), "number of components", "2", "1, 3 or 4"),
    ] {
        let expected = format!("unsupported JPEG: {what} is {found} at byte {frame}; allowed is {allowed}");
        match decode(&changed, Size::new(1, 1)) {
            Err(Error::NotAnImage { reason }) => assert_eq!(reason, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn values_that_are_not_allowed_are_named() {
    let bytes = photo(64, 48, 80, 1);
    let find = |marker: u8| bytes.windows(2).position(|two| two == [0xff, marker]).unwrap();
    let (frame, scan) = (find(0xc0), find(0xda));
    for (at, offset, byte, expected) in [
        (frame, 11, 0x52, "sampling factor is 5; allowed is 1 to 4"),
        (frame, 12, 7, "number of a quantisation table is 7; allowed is 0 to 3"),
        (scan, 4, 5, "number of components in a scan is 5; allowed is 1 to 4"),
        (scan, 5, 9, "component in a scan is 9; allowed is one that the frame has"),
    ] {
        let mut changed = bytes.clone();
        changed[at + offset] = byte;
        match decode(&changed, Size::new(1, 1)) {
            Err(Error::Damaged { format: "JPEG", reason }) => {
                assert_eq!(reason, format!("at byte {at}: {expected}"));
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn a_size_over_the_limits_is_refused_by_the_header() {
    let mut bytes = photo(64, 48, 80, 1);
    let frame = bytes.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    let mut claim = |height: u16, width: u16| {
        bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        (decode(&bytes, Size::new(1, 1)), size(&bytes))
    };
    for (height, width, measure) in
        [(65_500, 65_500, "pixels"), (65_501, 1, "height"), (1, 65_535, "width"), (10_001, 10_000, "pixels")]
    {
        let (decoded, sized) = claim(height, width);
        for error in [decoded.unwrap_err(), sized.unwrap_err()] {
            assert!(matches!(error, Error::ImageTooLarge { what, .. } if what == measure), "{error}");
        }
    }
    // Within the limits, but there is no data for it.
    let (decoded, _) = claim(9_000, 9_000);
    assert_eq!(decoded.unwrap_err().code(), "damaged");
}

#[test]
fn scans_without_end_are_refused() {
    let scene = scene(Size::new(16, 16), 1);
    let bytes = Encoder::new(Preset::ProgressiveBalanced).encode_rgb(scene.data(), 16, 16).unwrap();
    let header = bytes.windows(2).rposition(|two| two == [0xff, 0xda]).unwrap();
    let scan = &bytes[header..bytes.len() - 2];
    let bomb = [&bytes[..header], &scan.repeat(1000), &[0xff, 0xd9]].concat();
    let error = decode(&bomb, Size::new(16, 16)).unwrap_err();
    assert_eq!(error.to_string(), "image number of scans is 101; at most 100 is allowed");
}
