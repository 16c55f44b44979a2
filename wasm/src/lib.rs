//! The canister's Wasm module, built by cargo and carried as bytes; with the feature `probe`, those of
//! the tests too.
//!
//! `build.rs` builds it for wasm32-unknown-unknown, so that nothing but cargo is needed, and adds that target to
//! the toolchain where it is missing. The binary `canister-wasm` writes the same bytes to a file, for icp and dfx.

use std::io::Read;

use wasmparser::{Parser, Payload};

/// The Darkroom canister, as it is installed: a gzipped Wasm module.
pub static CANISTER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/darkroom.wasm.gz"));

/// The setting, for `cargo --config`, that it was built with: whoever builds another with it finds built what both have.
pub static SETTING: &str = env!("DARKROOM_WASM_SETTING");

/// The canister of `tests/probe`, packed likewise.
#[cfg(feature = "probe")]
pub static PROBE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/probe.wasm.gz"));

/// The canister of `tests/hazards`, packed likewise.
#[cfg(feature = "probe")]
pub static HAZARDS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hazards.wasm.gz"));

/// What the module says of itself under a name: the contents of its section `icp:public <name>`.
///
/// Absent where there is no such section. The names are `candid:service`, `darkroom:version` (the version of the code)
/// and `darkroom:layout` (that of its layout of stable memory, in decimal digits).
pub fn metadata(name: &str) -> Option<Vec<u8>> {
    let wanted = format!("icp:public {name}");
    let module = unpacked()?;
    let mut sections = Parser::new(0).parse_all(&module).flatten();
    sections.find_map(|payload| match payload {
        Payload::CustomSection(section) if section.name() == wanted => Some(section.data().to_vec()),
        _ => None,
    })
}

/// The module as it was before it was gzipped.
fn unpacked() -> Option<Vec<u8>> {
    let mut module = Vec::new();
    flate2::read::GzDecoder::new(CANISTER).read_to_end(&mut module).ok()?;
    Some(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that one message of the Internet Computer takes.
    const MESSAGE: usize = 2 << 20;

    #[test]
    fn the_module_is_gzipped_and_fits_into_a_message() {
        assert_eq!(CANISTER[..2], [0x1f, 0x8b]);
        assert!(CANISTER.len() < MESSAGE, "{} bytes", CANISTER.len());
    }

    #[test]
    fn it_says_what_it_is() {
        let text = |name: &str| String::from_utf8(metadata(name).expect(name)).expect(name);
        assert!(text("candid:service").contains("upload_whole : (UploadWhole)"));
        assert_eq!(text("darkroom:version"), env!("CARGO_PKG_VERSION"));
        assert!(text("darkroom:layout").parse::<u32>().is_ok_and(|layout| layout >= 4));
        assert_eq!(metadata("candid:args"), None);
    }

    #[test]
    fn it_has_no_path_of_the_machine_that_built_it() {
        let module = unpacked().expect("it is gzipped");
        let has = |text: &str| module.windows(text.len()).any(|window| window == text.as_bytes());
        // Of panics, by names that are the same everywhere.
        assert!(has("canister/src/"));
        let workspace = env!("CARGO_MANIFEST_DIR").trim_end_matches("wasm");
        for path in [workspace, env!("OUT_DIR"), "registry/src", "/.cargo/"] {
            assert!(!has(path), "{path}");
        }
    }

    #[test]
    fn it_is_shrunk() {
        let module = unpacked().expect("it is gzipped");
        for payload in Parser::new(0).parse_all(&module).flatten() {
            if let Payload::CustomSection(section) = payload {
                let name = section.name();
                assert!(
                    name != "name" && !name.starts_with(".debug"),
                    "{name}, {} bytes",
                    section.data().len()
                );
            }
        }
    }
}
