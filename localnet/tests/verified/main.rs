//! The gateway serves what a canister has certified, and nothing else but where it is asked for raw.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod parts;
mod stage;
mod v1;
mod v2;
