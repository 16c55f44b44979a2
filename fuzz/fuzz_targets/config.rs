//! Files of a project: a byte picks `darkroom.toml`, `icp.yaml`, `dfx.json` or their ids, the rest is the file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| darkroom_cli::fuzzing::config(data));
