//! The canister's Wasm module, built by cargo and carried as bytes; with the feature `probe`, those of
//! the tests too.
//!
//! `build.rs` builds it for wasm32-unknown-unknown, so that nothing but cargo is needed, and adds that target to
//! the toolchain where it is missing.

/// The Darkroom canister, as it is installed: a gzipped Wasm module.
pub static CANISTER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/darkroom.wasm.gz"));

/// The canister of `tests/probe`, packed likewise.
#[cfg(feature = "probe")]
pub static PROBE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/probe.wasm.gz"));

/// The canister of `tests/hazards`, packed likewise.
#[cfg(feature = "probe")]
pub static HAZARDS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hazards.wasm.gz"));

#[cfg(test)]
mod tests {
    #[test]
    fn the_module_is_gzipped() {
        assert_eq!(super::CANISTER[..2], [0x1f, 0x8b]);
    }
}
