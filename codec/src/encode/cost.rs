//! What encoding takes: an estimate from above (see `estimate.rs`).

use darkroom_core::cost::Cost;

use super::{Encoding, Format};

/// The most encodings of a JPEG that a budget leads to: the one at the quality asked for, and a bisection.
const BISECTION: u64 = 8;

/// What [`encode`](super::encode) takes for a picture of so many pixels.
pub(crate) fn cost(encoding: &Encoding, pixels: u64) -> Cost {
    let jpeg = jpeg(encoding, pixels);
    let png = Cost { instructions: 8_000_000 + pixels * 5_500, memory: pixels * 24 };
    let webp = Cost { instructions: 8_000_000 + pixels * 6_500, memory: pixels * 56 };
    match encoding.format {
        Format::Jpeg => jpeg,
        Format::Png => png,
        Format::Webp => webp,
        Format::Auto => png.then(webp).then(jpeg),
    }
}

fn jpeg(encoding: &Encoding, pixels: u64) -> Cost {
    let plain = !encoding.progressive && !encoding.trellis;
    let passes = if encoding.max_bytes.is_some() { BISECTION } else { 1 };
    let (base, each) = match (encoding.progressive, encoding.trellis) {
        // As many arrangements of scans are tried.
        (true, true) => (100_000_000, 7_000),
        (true, false) => (100_000_000, 6_000),
        (false, true) => (10_000_000, 2_500),
        (false, false) => (3_000_000, 300),
    };
    Cost { instructions: passes * (base + pixels * each), memory: pixels * if plain { 14 } else { 28 } }
}
