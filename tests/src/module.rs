//! What a canister's module exports, and the module without one of its exports.

use std::io::Read as _;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{ExportSection, Module};
use wasmparser::{ExternalKind, Parser, Payload};

/// The functions that the platform calls, by the names that a module, gzipped or not, exports them by.
///
/// # Panics
/// When the module is not well formed.
pub fn entry_points(module: &[u8]) -> Vec<String> {
    let functions = functions(&unpacked(module)).unwrap_or_else(|error| panic!("{error}"));
    functions.into_iter().map(|(name, _)| name).filter(|name| name.starts_with("canister_")).collect()
}

/// `module`, gzipped or not, without the export of this name; every other byte of code stays as it is.
///
/// # Panics
/// When the module is not well formed or has no such export.
pub fn without(module: &[u8], export: &str) -> Vec<u8> {
    let module = unpacked(module);
    let functions = functions(&module).unwrap_or_else(|error| panic!("{error}"));
    assert!(functions.iter().any(|(name, _)| name == export), "the module has no export `{export}`");
    let mut made = Module::new();
    Without(export)
        .parse_core_module(&mut made, Parser::new(0), &module)
        .unwrap_or_else(|error| panic!("the module cannot be rewritten: {error}"));
    made.finish()
}

pub(crate) fn unpacked(module: &[u8]) -> Vec<u8> {
    if !module.starts_with(&[0x1f, 0x8b]) {
        return module.to_vec();
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(module)
        .read_to_end(&mut plain)
        .unwrap_or_else(|error| panic!("unpacking the module: {error}"));
    plain
}

/// Exported functions with their indexes.
pub(crate) fn functions(module: &[u8]) -> wasmparser::Result<Vec<(String, u32)>> {
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ExportSection(section) = payload? {
            for export in section {
                let export = export?;
                if export.kind == ExternalKind::Func {
                    exports.push((export.name.to_owned(), export.index));
                }
            }
        }
    }
    Ok(exports)
}

struct Without<'a>(&'a str);

impl Reencode for Without<'_> {
    type Error = std::convert::Infallible;

    fn parse_export(
        &mut self,
        exports: &mut ExportSection,
        export: wasmparser::Export<'_>,
    ) -> Result<(), Error<Self::Error>> {
        if export.name == self.0 { Ok(()) } else { utils::parse_export(self, exports, export) }
    }
}
