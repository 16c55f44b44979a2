//! What the parameters of several processors have in common.

use std::ops::RangeInclusive;

/// Refuses a value out of range, naming the field, what was found and what is allowed.
///
/// ```
/// use darkroom_codec::params::in_range;
/// assert_eq!(in_range("quality", 80, 1..=100), Ok(()));
/// assert_eq!(in_range("quality", 0, 1..=100).unwrap_err(), "quality is 0; 1 to 100 are allowed");
/// ```
///
/// # Errors
/// A sentence for people.
pub fn in_range(field: &str, found: u32, allowed: RangeInclusive<u32>) -> Result<(), String> {
    if allowed.contains(&found) {
        return Ok(());
    }
    Err(format!("{field} is {found}; {} to {} are allowed", allowed.start(), allowed.end()))
}

/// As [`in_range`], for a value that may be absent.
///
/// # Errors
/// A sentence for people.
pub fn in_range_if_set(field: &str, found: Option<u32>, allowed: RangeInclusive<u32>) -> Result<(), String> {
    found.map_or(Ok(()), |found| in_range(field, found, allowed))
}

/// The byte budgets that can be asked for.
pub const MAX_BYTES: RangeInclusive<u32> = 256..=1 << 30;

/// How strongly a picture can be sharpened, in percent.
pub const SHARPEN: RangeInclusive<u32> = 0..=300;

/// The JPEG qualities that can be asked for.
pub const QUALITY: RangeInclusive<u32> = 1..=100;
