//! Broken and malicious images through every processor, on this machine: an error with a code or a valid derivative,
//! without a panic, within the memory that was estimated.
//!
//! One test, since all threads of a process share the allocator.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};

use darkroom_codec::{CODECS, testing};
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::processor::{Descriptor, RawParams};
use darkroom_core::registry::Registry;
use darkroom_core::source::Source;
use darkroom_processors::fuzzing;
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Panics, also those that are contained: in a canister they trap.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// What a file whose header is refused may take: of a PNG, chunks are kept up to 16 MiB before that is known.
const REFUSED: u64 = 40 << 20;

/// The errors that files may lead to.
const CODES: [&str; 5] = ["not_an_image", "damaged", "image_too_large", "unsupported_media", "over_budget"];

/// The memory that a stage is estimated at; nothing for a source whose header is refused.
fn estimate(processor: &Descriptor, params: &RawParams, media: &MediaType, bytes: &[u8]) -> Option<u64> {
    let source = || Source::new(bytes, media.clone(), &CODECS, DecodeLimits::default());
    let full = source().size().ok()?;
    let plan = source().with_requests(processor.request(full, params).unwrap()).plan().unwrap();
    let at = plan.decoded.first().copied().unwrap_or(full);
    let work = processor.cost(full, at, params).unwrap().unwrap_or_default();
    Some(plan.cost.then(work.beside(plan.kept)).memory)
}

struct Checker {
    registry: Registry,
    problems: Vec<String>,
    prints: bool,
    made: usize,
    refused: usize,
}

impl Checker {
    fn check(&mut self, name: &str, media: &MediaType, bytes: &[u8]) {
        for processor in self.registry.iter() {
            let params = RawParams::new();
            let before = ALLOCATOR.current_usage();
            ALLOCATOR.reset_peak_usage();
            let source = Source::new(bytes, media.clone(), &CODECS, DecodeLimits::default());
            let outcome = processor.process(&source, &params).map(|made| made.bytes.len());
            let taken = (ALLOCATOR.peak_usage() - before) as u64;
            let allowed = estimate(processor, &params, media, bytes).unwrap_or(REFUSED);
            let what = format!("{} of {name}", processor.id());
            if taken > allowed {
                self.problems.push(format!("{what}: {taken} bytes were taken, {allowed} estimated"));
            }
            let checked = fuzzing::check(&CODECS, processor, &params, media, bytes, DecodeLimits::default());
            match (&outcome, &checked) {
                (Ok(length), Ok(made)) if *length == made.bytes.len() => self.made += 1,
                (Err(error), Err(code)) if error.code() == *code && CODES.contains(code) => self.refused += 1,
                _ => self.problems.push(format!("{what}: {outcome:?}, then {checked:?}")),
            }
            if self.prints {
                println!("{what}\t{taken}\t{allowed}\t{outcome:?}");
            }
            let panics = PANICS.swap(0, Ordering::Relaxed);
            if panics > 0 {
                self.problems.push(format!("{what}: {panics} panics"));
            }
        }
    }
}

#[test]
fn hostile_images_are_errors_or_valid() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(info);
    }));
    let prints = std::env::var_os("DARKROOM_ESTIMATES").is_some();
    let registry = darkroom_processors::registry().unwrap();
    let mut checker = Checker { registry, problems: Vec::new(), prints, made: 0, refused: 0 };
    for file in testing::hostile() {
        assert!(file.bytes.len() < 2 << 20, "{} has {} bytes", file.name, file.bytes.len());
        checker.check(&file.name, &file.media, &file.bytes);
    }
    for cut in testing::cuts() {
        for length in &cut.lengths {
            let name = format!("{} cut at {length}", cut.whole.name);
            checker.check(&name, &cut.whole.media, &cut.whole.bytes[..*length]);
        }
    }
    assert!(checker.problems.is_empty(), "{}", checker.problems.join("\n"));
    // Neither everything nor nothing.
    assert!(
        checker.made > 100 && checker.refused > 1_000,
        "{} made, {} refused",
        checker.made,
        checker.refused
    );
}
