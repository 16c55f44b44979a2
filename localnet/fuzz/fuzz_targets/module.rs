//! Modules: decoded, validated and rewritten; what comes of the rewrite must be valid.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| darkroom_localnet::fuzzing::module(data));
