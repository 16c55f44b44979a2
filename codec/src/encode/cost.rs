//! What encoding takes: an estimate from above (see `estimate.rs`).

use darkroom_core::cost::Cost;

use super::{Encoding, Format};

/// The most encodings of a JPEG that a budget leads to: the one at the quality asked for, and a bisection.
const BISECTION: u64 = 8;

/// What [`encode`](super::encode) takes for a picture of so many pixels.
pub(crate) fn cost(encoding: &Encoding, pixels: u64) -> Cost {
    let jpeg = jpeg(encoding, pixels);
    let lossless = Cost { instructions: pixels * 1_500, memory: pixels * 40 };
    match encoding.format {
        Format::Jpeg => jpeg,
        Format::Png | Format::Webp => lossless,
        Format::Auto => lossless.then(lossless).then(jpeg),
    }
}

fn jpeg(encoding: &Encoding, pixels: u64) -> Cost {
    let passes = if encoding.max_bytes.is_some() { BISECTION } else { 1 };
    let plain = if encoding.progressive { 1_500 } else { 500 };
    let trellis = if encoding.trellis { 900 } else { 0 };
    Cost { instructions: passes * pixels * (plain + trellis), memory: pixels * 40 }
}
