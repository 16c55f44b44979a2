//! The golden tables of codec and processors, held against what they make inside a canister.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use darkroom_tests::Probe;

#[test]
fn fixtures_decode_in_a_canister_to_the_bytes_of_the_table() {
    let found: Result<String, String> = Probe::new().update("decoded", ());
    let found = found.unwrap();
    let table = include_str!("../../codec/tests/goldens.txt");
    for (found, expected) in found.lines().zip(table.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), table.lines().count());
}

#[test]
fn processors_make_the_bytes_of_their_tables_in_a_canister() {
    let probe = Probe::new();
    let tables = [
        include_str!("../../processors/placeholder/tests/goldens.txt"),
        include_str!("../../processors/preview/tests/goldens.txt"),
        include_str!("../../processors/thumbnail/tests/goldens.txt"),
        include_str!("../../processors/dominant-colors/tests/goldens.txt"),
        include_str!("../../processors/metadata/tests/goldens.txt"),
        include_str!("../../processors/watermark/tests/goldens.txt"),
    ];
    let next = u32::try_from(tables.len()).unwrap();
    let more: Result<Vec<String>, String> = probe.update("outputs", (next, 0u32));
    assert_eq!(more, Err("there is no such suite".to_owned()), "a suite of the probe has no table here");
    for (suite, table) in (0u32..).zip(tables) {
        let mut left: Vec<&str> = table.lines().collect();
        for params in 0u32.. {
            let made: Result<Vec<String>, String> = probe.update("outputs", (suite, params));
            if made == Err("there are no such params".to_owned()) {
                break;
            }
            for line in made.unwrap() {
                let at = left.iter().position(|expected| *expected == line);
                left.remove(at.unwrap_or_else(|| panic!("suite {suite}: not in the table: {line}")));
            }
        }
        assert!(left.is_empty(), "suite {suite}: not made: {left:?}");
    }
}

/// Every colour at every alpha, in every lane: rustc 1.95 to 1.97 lose a clamp in such loops, on wasm32 alone.
#[test]
fn division_by_alpha_is_right_in_a_canister() {
    let compared: Result<u32, String> = Probe::new().update("division", ());
    assert_eq!(compared, Ok(3 * (16 * 65_536 + 120)));
}
