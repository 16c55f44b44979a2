//! Answers to a gateway as Candid, held against a root key as `darkroom get` holds them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| darkroom_cli::fuzzing::answer(data));
