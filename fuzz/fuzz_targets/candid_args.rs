//! Candid arguments: a byte picks an endpoint, the rest is its argument. The canister's own reader against the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| darkroom_canister::fuzzing::candid_args(data));
