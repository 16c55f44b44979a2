//! What every fixture decodes to, on every machine: held against `goldens.txt`.
//!
//! A change of these bytes changes what processors make of the same photo, so it goes with a higher `VERSION` of
//! each; then UPDATE_GOLDENS=1 writes the table anew.

#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use darkroom_codec::testing::goldens;

#[test]
fn fixtures_decode_to_the_bytes_of_the_table() {
    let line = |golden: darkroom_codec::testing::Golden| {
        let (name, size) = (golden.name, golden.size);
        format!("{name}\t{}x{}\t{}\t{}\n", size.width, size.height, golden.full, golden.quarter)
    };
    let found: String = goldens().unwrap().into_iter().map(line).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens.txt");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let table = std::fs::read_to_string(path).unwrap();
    for (found, expected) in found.lines().zip(table.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), table.lines().count());
}
