//! The highest JPEG quality that fits into a number of bytes.

use darkroom_core::pixels::Pixels;
use darkroom_core::{Error, Result};

use super::{Encoding, jpeg};

/// Encodes at the quality asked for; where that is over the budget, at the highest quality below it that a
/// bisection of 1 to quality - 1 finds to fit: at most 8 encodings in all.
///
/// Size grows with quality but for rare dents, so the one found may miss a higher one that fits too. What is
/// returned always fits, and is the same everywhere.
pub(super) fn jpeg(pixels: &Pixels, encoding: &Encoding) -> Result<Vec<u8>> {
    let quality = encoding.quality.clamp(1, 100);
    let asked = jpeg::encode(pixels, encoding, quality)?;
    let Some(budget) = encoding.max_bytes else { return Ok(asked) };
    let allowed = u64::from(budget);
    let mut smallest = asked.len() as u64;
    if smallest <= allowed {
        return Ok(asked);
    }
    drop(asked);
    // `low` is the highest quality known to fit (0: none), `high` the lowest known not to.
    let (mut low, mut high) = (0, quality);
    let mut best = None;
    while high - low > 1 {
        let middle = low.midpoint(high);
        let bytes = jpeg::encode(pixels, encoding, middle)?;
        smallest = smallest.min(bytes.len() as u64);
        if bytes.len() as u64 <= allowed {
            (low, best) = (middle, Some(bytes));
        } else {
            high = middle;
        }
    }
    best.ok_or_else(|| Error::OverBudget {
        encoding: "JPEG down to quality 1".to_owned(),
        found: smallest,
        allowed,
    })
}
