//! What nobody should send: random bytes and mutated messages at every endpoint, hostile modules and canisters,
//! connections that stall. The server, a process of its own, must answer each with a proper refusal, keep serving,
//! never panic and not grow.
//!
//! Everything that is sent follows from a seed; `DARKROOM_SEED` sets another, `DARKROOM_ROUNDS` more rounds.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::cast_possible_truncation, reason = "numbers of a test's own making")]

#[path = "../common/raw.rs"]
mod raw;

mod connections;
mod endpoints;
mod hostile;
mod interface;
mod management;
mod modules;
mod mutate;
mod regressions;
mod responses;
mod victim;

/// Rounds of a suite, of which the first few warm the server up.
fn rounds(usual: usize) -> usize {
    std::env::var("DARKROOM_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}
