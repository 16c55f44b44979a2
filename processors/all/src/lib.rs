//! The processors that Darkroom is built with.
//!
//! The canister, the command line and the tests take them from here, so that all have the same. A new one is a
//! dependency in this crate's `Cargo.toml` and a line in [`link`]: on wasm32 a crate that nothing refers
//! to is not linked, and with it its registration is lost (see [`darkroom_core::registry`]).

#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;

use darkroom_core::processor::Descriptor;
use darkroom_core::registry::Registry;

/// The processors.
pub fn link() -> Vec<&'static Descriptor> {
    vec![
        // One line for each crate.
        &darkroom_dominant_colors::PROCESSOR,
        &darkroom_metadata::PROCESSOR,
        &darkroom_placeholder::PROCESSOR,
        &darkroom_preview::PROCESSOR,
        &darkroom_thumbnail::PROCESSOR,
        &darkroom_watermark::PROCESSOR,
    ]
}

/// All that are linked here or registered themselves.
///
/// # Errors
/// [`DuplicateProcessor`](darkroom_core::Error::DuplicateProcessor).
pub fn registry() -> darkroom_core::Result<Registry> {
    Registry::new(&link())
}
