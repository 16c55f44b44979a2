//! The canister's Wasm module, built by cargo and carried as bytes.
