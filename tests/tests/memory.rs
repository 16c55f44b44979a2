//! What processors keep in memory, held against their estimates by an allocator that counts.
//!
//! One test, since all threads of a process share the allocator.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use darkroom_codec::testing;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::processor::parse_params;
use darkroom_core::source::Source;
use darkroom_core::testing::{Input, Suite};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The most bytes that `work` has at once, beside what there was before.
fn peak<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let made = work();
    ((ALLOCATOR.peak_usage() - before) as u64, made)
}

/// Of processing, after what it asks for has been decoded: the estimate, and what was taken.
fn measured(suite: &Suite, input: &Input, params: &str) -> (u64, u64) {
    let processor = suite.processor;
    let params = parse_params(processor.id(), Some(params)).unwrap();
    let source = || {
        let (media, decoder) = (input.media.clone(), suite.kit.decoder);
        Source::new(&input.bytes, media, decoder, DecodeLimits::default())
    };
    let full = source().size().unwrap();
    let source = source().with_requests(processor.request(full, &params).unwrap());
    let decoded = source.decode();
    let at = decoded.first().map_or(full, |(_, pixels)| pixels.size());
    let cost = processor.cost(full, at, &params).unwrap().unwrap();
    let source = source.with_decoded(decoded);
    let (taken, made) = peak(|| processor.process(&source, &params));
    made.unwrap();
    (cost.memory, taken)
}

/// Large enough for what goes by pixels to be seen.
fn large() -> Vec<Input> {
    let size = Size::new(1400, 1000);
    let input = |name, media, bytes| Input { name, media, bytes, size };
    vec![
        input("a large jpeg", MediaType::JPEG, testing::photo(1400, 1000, 85, 1)),
        input("a large turned jpeg", MediaType::JPEG, testing::photo_with_orientation(1400, 1000, 85, 1, 6)),
        input("a large png", MediaType::PNG, testing::png(&testing::scene(size, 5)).unwrap()),
        input("a large png with alpha", MediaType::PNG, testing::png_with_alpha(1400, 1000, 5)),
    ]
}

#[test]
fn processors_keep_to_their_estimates() {
    let prints = std::env::var_os("DARKROOM_ESTIMATES").is_some();
    let suites: [&Suite; 6] = [
        &darkroom_placeholder::conformance::SUITE,
        &darkroom_preview::conformance::SUITE,
        &darkroom_thumbnail::conformance::SUITE,
        &darkroom_dominant_colors::conformance::SUITE,
        &darkroom_metadata::conformance::SUITE,
        &darkroom_watermark::conformance::SUITE,
    ];
    let mut problems = Vec::new();
    // The codec's inputs, and files with EXIF.
    for input in (darkroom_metadata::conformance::KIT.inputs)().into_iter().chain(large()) {
        for suite in suites {
            for params in suite.params {
                let (estimate, taken) = measured(suite, &input, params);
                let name = format!("{} of {} with {params}", suite.processor.id(), input.name);
                if prints {
                    println!("{name}\t{taken}\t{estimate}");
                }
                if taken > estimate {
                    problems.push(format!("{name}: {taken} bytes were taken, {estimate} estimated"));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
