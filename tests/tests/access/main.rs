//! Who may call what: every endpoint by every kind of caller, each cell of the table in `docs/security.md`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod callers;
mod calls;
mod cells;
mod endpoints;
mod http;
mod inspected;
mod page;
mod table;
mod world;
