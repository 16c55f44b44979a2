//! Calls of a canister one after the other: `canister/src/fuzzing/service.rs` has the form.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| darkroom_canister::fuzzing::service(data));
