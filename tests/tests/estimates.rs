//! What decoding and processing are estimated at, held against the instructions that they take in a canister.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candid::CandidType;
use darkroom_codec::encode::{Encoding, jpeg, webp};
use darkroom_codec::testing::{self, conformance, fixtures};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::processor::Descriptor;
use darkroom_tests::Probe;
use serde::Deserialize;

#[derive(CandidType, Deserialize)]
struct Estimates {
    decode: u64,
    decode_taken: u64,
    process: u64,
    process_taken: u64,
}

/// As the probe has them.
const PROCESSORS: [&Descriptor; 6] = [
    &darkroom_placeholder::PROCESSOR,
    &darkroom_preview::PROCESSOR,
    &darkroom_thumbnail::PROCESSOR,
    &darkroom_metadata::PROCESSOR,
    &darkroom_dominant_colors::PROCESSOR,
    &darkroom_watermark::PROCESSOR,
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
        let name = format!("{} of {} with {params}", PROCESSORS[suite].id(), case.name);
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
    }
    checker.finish();
}

#[test]
fn large_pictures_stay_below_their_estimates_and_not_far_below() {
    let mut checker = Checker::new();
    for case in large() {
        for (suite, params) in [
            (0, "{}"),
            (1, r#"{"max_edge":1024}"#),
            (1, r#"{"max_edge":600,"progressive":true,"trellis":true}"#),
            (2, "{}"),
        ] {
            checker.check(suite, &case, params, 10.0);
        }
    }
    checker.finish();
}

#[test]
fn all_params_stay_below_their_estimates() {
    let mut checker = Checker::new();
    let suites = [
        &darkroom_placeholder::conformance::SUITE,
        &darkroom_preview::conformance::SUITE,
        &darkroom_thumbnail::conformance::SUITE,
        &darkroom_metadata::conformance::SUITE,
        &darkroom_dominant_colors::conformance::SUITE,
        &darkroom_watermark::conformance::SUITE,
    ];
    for input in (conformance::KIT.inputs)() {
        let case = Case::new(input.name, input.media, input.bytes);
        for (number, suite) in suites.iter().enumerate() {
            for params in suite.params {
                checker.check(number, &case, params, f64::INFINITY);
            }
        }
    }
    checker.finish();
}
