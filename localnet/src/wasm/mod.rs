//! Canister modules before they run: validation, the rewrite that makes their state reachable, operator costs,
//! and the compiled form. This module knows nothing of canisters or messages.

pub(crate) mod code;
mod cost;
mod rewrite;
mod validate;

pub(crate) use code::{Code, CodeCache};
pub(crate) use cost::operator_cost;
pub(crate) use validate::MethodKind;

/// Asserts that what comes of a module's rewrite is valid if the module is.
#[cfg(feature = "fuzzing")]
pub(crate) fn check(bytes: &[u8]) {
    let Ok(plain) = validate::decode(bytes) else { return };
    let Ok(info) = validate::validate(&plain) else { return };
    let Ok(rewritten) = rewrite::rewrite(&plain, &info) else { return };
    let mut validator = wasmparser::Validator::new_with_features(validate::features());
    if let Err(e) = validator.validate_all(&rewritten) {
        panic!("the rewritten module is invalid: {e}");
    }
}

/// Prefix of the names that the rewrite exports; canister modules may not use it.
pub(crate) const RESERVED: &str = "\u{1}darkroom:";

/// Reserved names of the exports that the rewrite adds.
pub(crate) mod names {
    /// Memory 0.
    pub(crate) const MEMORY: &str = "\u{1}darkroom:memory";
    /// Table 0.
    pub(crate) const TABLE: &str = "\u{1}darkroom:table";
    /// The start function.
    pub(crate) const START: &str = "\u{1}darkroom:start";
    /// The function that copies the active data segments into memory.
    pub(crate) const DATA: &str = "\u{1}darkroom:data";

    /// The mutable global with this index.
    pub(crate) fn global(index: u32) -> String {
        format!("{}global:{index}", super::RESERVED)
    }
}
