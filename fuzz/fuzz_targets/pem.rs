//! Identities: a byte picks a PEM file or a file of dfx's or icp's, the rest is the file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| darkroom_cli::fuzzing::identity(data));
