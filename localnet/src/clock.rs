//! The wall clock and the randomness of ids: the only module that reads them.

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970.
#[allow(clippy::disallowed_methods, reason = "a network on wall-clock time has to read the clock somewhere")]
pub(crate) fn now() -> u64 {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    u64::try_from(nanos).unwrap_or(u64::MAX)
}
