//! What decoding and processing are estimated at, held against the instructions that they take in a canister.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candid::CandidType;
use darkroom_codec::encode::{Encoding, jpeg, webp};
use darkroom_codec::testing::{self, fixtures};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::testing::Suite;
use darkroom_metadata::conformance::KIT;
use darkroom_tests::{Probe, toolkit};
use serde::Deserialize;

#[derive(CandidType, Deserialize)]
struct Estimates {
    decode: u64,
    decode_taken: u64,
    process: u64,
    process_taken: u64,
}

/// As the probe has them.
const SUITES: [&Suite; 6] = [
    &darkroom_placeholder::conformance::SUITE,
    &darkroom_preview::conformance::SUITE,
    &darkroom_thumbnail::conformance::SUITE,
    &darkroom_dominant_colors::conformance::SUITE,
    &darkroom_metadata::conformance::SUITE,
    &darkroom_watermark::conformance::SUITE,
];

struct Case {
    name: String,
    media: MediaType,
    bytes: Vec<u8>,
}

impl Case {
    fn new(name: &str, media: MediaType, bytes: Vec<u8>) -> Case {
        Case { name: name.to_owned(), media, bytes }
    }
}

/// Runs processors on files, and collects what took more than it was estimated at.
struct Checker {
    probe: Probe,
    /// Whether what was estimated and taken is printed, to find the figures of the estimates.
    prints: bool,
    problems: Vec<String>,
}

impl Checker {
    fn new() -> Checker {
        let prints = std::env::var_os("DARKROOM_ESTIMATES").is_some();
        Checker { probe: Probe::new(), prints, problems: Vec::new() }
    }

    /// Estimates may be at most so many times what is taken.
    fn check(&mut self, suite: usize, case: &Case, params: &str, at_most: f64) {
        let bytes = serde_bytes::Bytes::new(&case.bytes);
        let args = (u32::try_from(suite).unwrap(), case.media.as_str(), bytes, params);
        let found: Result<Estimates, String> = self.probe.update("estimates", args);
        let name = format!("{} of {} with {params}", SUITES[suite].processor.id(), case.name);
        let Estimates { decode, decode_taken, process, process_taken } =
            found.unwrap_or_else(|error| panic!("{name}: {error}"));
        for (what, estimate, taken) in
            [("decoding", decode, decode_taken), ("processing", process, process_taken)]
        {
            if self.prints {
                println!("{what}\t{name}\t{}\t{taken}\t{estimate}", case.bytes.len());
            }
            if taken > estimate || estimate as f64 > at_most * taken.max(1) as f64 {
                self.problems.push(format!("{what}, {name}: {taken} were taken, {estimate} estimated"));
            }
        }
    }

    fn finish(self) {
        assert!(self.problems.is_empty(), "{}", self.problems.join("\n"));
    }
}

/// Pictures large enough for what goes by pixels and bytes to be seen.
fn large() -> Vec<Case> {
    let size = Size::new(800, 600);
    let scene = testing::scene(size, 7);
    let alpha = testing::cutout(size, 9);
    let photo =
        |name: &str, quality| Case::new(name, MediaType::JPEG, testing::photo(1800, 1200, quality, 3));
    let turned = testing::photo_with_orientation(1800, 1200, 85, 2, 6);
    let progressive = Encoding { progressive: true, ..Encoding::default() };
    let profiled =
        testing::with_profile(&testing::photo(1800, 1200, 85, 5), &testing::wide_profile(), 60_000);
    let grey = vec![130; (size.width * size.height * 3) as usize];
    let flat = Pixels::new(size, PixelFormat::Rgb8, grey).unwrap();
    vec![
        photo("a large jpeg", 85),
        photo("a large jpeg of high quality", 97),
        photo("a large jpeg of low quality", 20),
        Case::new("a large turned jpeg", MediaType::JPEG, turned),
        Case::new(
            "a large progressive jpeg",
            MediaType::JPEG,
            jpeg::encode(&scene, &progressive, 85).unwrap(),
        ),
        Case::new("a large jpeg with a profile", MediaType::JPEG, profiled),
        Case::new("a large png", MediaType::PNG, testing::png(&scene).unwrap()),
        Case::new("a large png with alpha", MediaType::PNG, testing::png(&alpha).unwrap()),
        Case::new("a large flat png", MediaType::PNG, testing::png(&flat).unwrap()),
        Case::new("a large webp", MediaType::WEBP, webp::encode(&scene).unwrap()),
        Case::new("a large webp with alpha", MediaType::WEBP, webp::encode(&alpha).unwrap()),
        Case::new("a large bmp", MediaType::BMP, bmp(&testing::scene(Size::new(700, 500), 4))),
    ]
}

/// 24 bits, rows from the bottom, each of a multiple of four bytes (Microsoft, BITMAPINFOHEADER).
fn bmp(pixels: &Pixels) -> Vec<u8> {
    let Size { width, height } = pixels.size();
    let row = (width as usize * 3).next_multiple_of(4);
    let size = u32::try_from(54 + row * height as usize).unwrap();
    let mut bytes = b"BM".to_vec();
    for value in [size, 0, 54, 40, width, height, 1 | 24 << 16, 0, 0, 0, 0, 0, 0] {
        bytes.extend(value.to_le_bytes());
    }
    for line in pixels.data().chunks(width as usize * 3).rev() {
        let mut line: Vec<u8> = line.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [b, g, r]).collect();
        line.resize(row, 0);
        bytes.extend(line);
    }
    bytes
}

#[test]
fn fixtures_stay_below_their_estimates() {
    let mut checker = Checker::new();
    for fixture in fixtures() {
        let case = Case::new(&fixture.name, fixture.media, fixture.bytes);
        checker.check(0, &case, "{}", f64::INFINITY);
        checker.check(1, &case, r#"{"max_edge":4096}"#, f64::INFINITY);
        checker.check(3, &case, r#"{"count":16}"#, f64::INFINITY);
        checker.check(4, &case, r#"{"location":true}"#, f64::INFINITY);
        checker.check(5, &case, r#"{"text":"proof","size":100,"max_edge":4096}"#, f64::INFINITY);
    }
    checker.finish();
}

#[test]
fn large_pictures_stay_below_their_estimates_and_not_far_below() {
    let mut checker = Checker::new();
    for case in large() {
        for (suite, params, at_most) in [
            (0, "{}", 10.0),
            (1, r#"{"max_edge":1024}"#, 10.0),
            (1, r#"{"max_edge":600,"progressive":true,"trellis":true}"#, 10.0),
            (2, "{}", 10.0),
            (3, "{}", 10.0),
            // Nearly all of it is for what few files have.
            (4, r#"{"location":true}"#, f64::INFINITY),
            (5, "{}", 10.0),
            (5, r#"{"text":"© Ana Gómez","size":100,"opacity":100,"max_edge":1024}"#, 10.0),
        ] {
            checker.check(suite, &case, params, at_most);
        }
    }
    checker.finish();
}

#[test]
fn all_params_stay_below_their_estimates() {
    let mut checker = Checker::new();
    // The codec's, and files with EXIF.
    for input in (KIT.inputs)() {
        let case = Case::new(input.name, input.media, input.bytes);
        for (number, suite) in SUITES.iter().enumerate() {
            for params in suite.params {
                checker.check(number, &case, params, f64::INFINITY);
            }
        }
    }
    checker.finish();
}

/// A PNG with a block of three directories, each of which has as many entries as are looked at, none of them asked for.
fn with_thousands_of_entries() -> Case {
    let entry =
        |tag: u16, value: u32| [&tag.to_be_bytes()[..], &[0, 4, 0, 0, 0, 1], &value.to_be_bytes()].concat();
    let directory = |pointers: &[(u16, u32)]| {
        let fill = vec![entry(0x9999, 0); 4096 - pointers.len()].concat();
        let pointers: Vec<u8> = pointers.iter().flat_map(|(tag, at)| entry(*tag, *at)).collect();
        [&4096u16.to_be_bytes()[..], &fill, &pointers, &[0; 4]].concat()
    };
    let length = 2 + 4096 * 12 + 4;
    let first = directory(&[(0x8769, 8 + length), (0x8825, 8 + 2 * length)]);
    let block = [b"MM\0*\0\0\0\x08", &first[..], &directory(&[]), &directory(&[])].concat();
    Case::new("a png with thousands of entries", MediaType::PNG, darkroom_metadata::samples::png_with(&block))
}

#[test]
fn thousands_of_entries_stay_below_their_estimates() {
    let mut checker = Checker::new();
    let case = with_thousands_of_entries();
    for (suite, params) in
        [(0, "{}"), (1, "{}"), (2, "{}"), (3, "{}"), (4, r#"{"location":true}"#), (5, "{}")]
    {
        checker.check(suite, &case, params, f64::INFINITY);
    }
    checker.finish();
}

#[test]
fn every_processor_is_held_against_its_estimates() {
    let mut measured = SUITES.map(|suite| suite.processor.id());
    measured.sort_unstable();
    assert_eq!(toolkit().ids().collect::<Vec<_>>(), measured);
}
