//! What decoding and composing keep in memory, held against the plans, by an allocator that counts.
//!
//! One test, since all threads of a process share the allocator.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use darkroom_codec::color::Color;
use darkroom_codec::compose::{Composition, compose};
use darkroom_codec::encode::{Encoding, Format};
use darkroom_codec::fit::{Fit, Gravity, Request};
use darkroom_codec::resize::Light;
use darkroom_codec::{CODECS, testing};
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::source::Source;
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

struct Checker {
    prints: bool,
    problems: Vec<String>,
}

impl Checker {
    fn hold(&mut self, what: &str, taken: u64, planned: u64) {
        if self.prints {
            println!("{what}\t{taken}\t{planned}");
        }
        if taken > planned {
            self.problems.push(format!("{what}: {taken} bytes were taken, {planned} planned"));
        }
    }

    fn decode(&mut self, name: &str, media: &MediaType, bytes: &[u8], parts: &[u32]) {
        let source = || Source::new(bytes, media.clone(), &CODECS, DecodeLimits::default());
        let size = source().size().unwrap();
        let part = |part: &u32| Size::new(size.width.div_ceil(*part), size.height.div_ceil(*part));
        let source = source().with_requests(parts.iter().map(part));
        let plan = source.plan().unwrap();
        let (taken, decoded) = peak(|| source.decode());
        assert_eq!(decoded.len(), source.requests().len(), "{name}");
        self.hold(&format!("{name}, parts {parts:?}"), taken, plan.cost.memory);
        let mut different: Vec<_> = decoded.iter().map(|(_, pixels)| pixels).collect();
        different.dedup_by(|one, other| Arc::ptr_eq(one, other));
        let kept: u64 = different.iter().map(|pixels| pixels.data().len() as u64).sum();
        self.hold(&format!("{name}, parts {parts:?}, kept"), kept, plan.kept);
    }

    fn compose(&mut self, name: &str, media: &MediaType, bytes: &[u8], composition: &Composition) {
        let source = Source::new(bytes, media.clone(), &CODECS, DecodeLimits::default());
        let full = source.size().unwrap();
        let source = source.with_requests([composition.at_least(full)]);
        let decoded = source.decode();
        let at = decoded[0].1.size();
        let source = source.with_decoded(decoded);
        let (taken, _) = peak(|| compose(&source, composition).unwrap());
        self.hold(&format!("{name}, {composition:?}"), taken, composition.cost(full, at).memory);
    }
}

fn compositions() -> Vec<Composition> {
    let plain = Composition {
        request: Request::inside(Size::new(1024, 1024)),
        light: Light::Srgb,
        sharpen: 0,
        background: Color::WHITE,
        encoding: Encoding::default(),
    };
    let encoding = |encoding: Encoding| Composition { encoding, ..plain };
    let cover =
        Request { fit: Fit::Cover, bounds: Size::new(500, 300), gravity: Gravity::Attention, enlarge: true };
    vec![
        plain,
        encoding(Encoding { trellis: true, ..plain.encoding }),
        encoding(Encoding { trellis: true, progressive: true, ..plain.encoding }),
        encoding(Encoding { progressive: true, trellis: false, ..plain.encoding }),
        encoding(Encoding { max_bytes: Some(60_000), ..plain.encoding }),
        encoding(Encoding { format: Format::Png, ..plain.encoding }),
        encoding(Encoding { format: Format::Webp, ..plain.encoding }),
        encoding(Encoding { format: Format::Auto, ..plain.encoding }),
        Composition { request: cover, sharpen: 100, ..plain },
        Composition { light: Light::Linear, ..plain },
        Composition {
            request: Request { fit: Fit::Contain, bounds: Size::new(2000, 500), ..cover },
            ..plain
        },
    ]
}

#[test]
fn plans_hold() {
    let prints = std::env::var_os("DARKROOM_ESTIMATES").is_some();
    let mut checker = Checker { prints, problems: Vec::new() };
    for fixture in testing::fixtures() {
        for parts in [&[1][..], &[4], &[1, 2, 4, 8]] {
            checker.decode(&fixture.name, &fixture.media, &fixture.bytes, parts);
        }
    }
    let size = Size::new(1400, 1000);
    let large = [
        ("turned jpeg", MediaType::JPEG, testing::photo_with_orientation(1400, 1000, 85, 1, 6)),
        ("baseline jpeg", MediaType::JPEG, testing::tall(1600, 60, false)),
        ("progressive jpeg", MediaType::JPEG, testing::tall(1600, 60, true)),
        ("png", MediaType::PNG, testing::png(&testing::scene(size, 5)).unwrap()),
        ("png with alpha", MediaType::PNG, testing::png_with_alpha(1400, 1000, 5)),
    ];
    for (name, media, bytes) in &large {
        for parts in [&[1][..], &[2], &[8], &[1, 2, 4, 8]] {
            checker.decode(name, media, bytes, parts);
        }
        for composition in compositions() {
            checker.compose(name, media, bytes, &composition);
        }
    }
    assert!(checker.problems.is_empty(), "{}", checker.problems.join("\n"));
}
