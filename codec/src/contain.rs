//! Third-party decoders behind a wall: whatever they do on hostile bytes comes out as an error.

use std::panic::{AssertUnwindSafe, catch_unwind};

use darkroom_core::{Error, Result};

/// Runs a decoder. A panic in it becomes [`Error::Damaged`]; on wasm32, where a panic cannot be caught, it
/// traps and fails the message that it runs in. The checks made beforehand leave no known way to cause one.
pub(crate) fn contained<T>(format: &'static str, decoder: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(decoder)).unwrap_or_else(|_| {
        Err(Error::Damaged { format, reason: "the decoder gave up on malformed data".to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let nothing: &[u8] = &[];
        let result = contained("JPEG", || Ok(nothing[std::hint::black_box(1)]));
        assert_eq!(result.unwrap_err().code(), "damaged");
    }
}
