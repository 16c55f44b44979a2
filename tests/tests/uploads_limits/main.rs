//! Who may upload, how much, and for how long; and that every call may be repeated.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cycles;
mod expiry;
mod quotas;
mod repeats;
mod rights;
mod wholes;

use darkroom_api as api;

/// Bytes of each chunk but the last.
const CHUNK: u32 = 65_536;

fn chunk() -> u64 {
    CHUNK.into()
}

/// Limits with small chunks, all others as given.
fn limits(change: impl FnOnce(&mut api::Limits)) -> api::Limits {
    let mut limits = api::Limits { chunk_size: Some(CHUNK), ..Default::default() };
    change(&mut limits);
    limits
}

/// The code of a refusal.
fn code<T: std::fmt::Debug>(result: api::Result<T>) -> String {
    result.unwrap_err().code
}

/// Bytes, items and open sessions that are held.
fn held(holding: &api::Holding) -> (u64, u64, u32) {
    (holding.bytes, holding.items, holding.open_sessions)
}
