//! Layouts of stable memory: what a canister of an older layout holds is all there after an upgrade to the present
//! Wasm, and a Wasm that does not know a layout is refused, with nothing lost.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod costs;
mod fill;
mod foreign;
mod garbage;
mod layouts;
mod poker;
mod published;
mod refused;
mod upgrades;
