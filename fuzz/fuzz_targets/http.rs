//! A gateway's request as text, against a canister with public and private items and a token.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| darkroom_canister::fuzzing::http(data));
