//! The processors that Darkroom is built with.
//!
//! The canister, the command line and the tests take them from here, so that all have the same. A new one is a
//! dependency in this crate's `Cargo.toml` and a line in each of the lists below: on wasm32 a crate that nothing refers
//! to is not linked, and with it its registration is lost (see [`darkroom_core::registry`]).

use darkroom_core::processor::Descriptor;
use darkroom_core::processors;
use darkroom_core::registry::Registry;

/// The processors, by crate.
pub fn link() -> Vec<&'static Descriptor> {
    processors![
        darkroom_dominant_colors,
        darkroom_metadata,
        darkroom_placeholder,
        darkroom_preview,
        darkroom_thumbnail,
        darkroom_watermark,
    ]
    .to_vec()
}

/// All that are linked here or registered themselves.
///
/// # Errors
/// [`DuplicateProcessor`](darkroom_core::Error::DuplicateProcessor).
pub fn registry() -> darkroom_core::Result<Registry> {
    Registry::new(&link())
}
