//! The time of day, which the journal and a repeated upload need. Nothing else here reads it.

use std::time::SystemTime;

#[allow(clippy::disallowed_methods, reason = "the ban is for core and canister; this is a program's side")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
