//! What the fuzz targets in `fuzz/` drive, and tests over their seeds: arguments, calls and requests from strangers.
//!
//! | target | file |
//! |---|---|
//! | `candid_args` | `args.rs` |
//! | `service` | `service.rs`, with the calls in `calls.rs` |
//! | `http` | `http.rs` |
#![allow(missing_docs, reason = "not a part of the interface")]
#![allow(clippy::expect_used, reason = "a fuzz target fails by panicking")]

mod args;
mod calls;
mod http;
mod service;
mod sparse;
#[cfg(test)]
mod tests;

pub use args::candid_args;
pub use http::http;
pub use service::service;

/// An input that is read from its beginning; what is missing at its end is zeros.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    fn bit(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// At most `most` bytes, as many as a length in front of them says and as there are.
    fn bytes(&mut self, most: u16) -> &'a [u8] {
        let length = usize::from(self.u16().min(most)).min(self.0.len());
        self.0.split_off(..length).unwrap_or_default()
    }
}
