//! Layouts, and the canisters that are kept of those before the present one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use darkroom_tests::Darkroom;

use crate::poker::{HEADER, poker, read};
use crate::published::{CYCLES, args};

/// The layouts that `upgrades.rs` has a test of.
pub(crate) const EARLIER: [u32; 3] = [1, 2, 3];

/// The layout of the present Wasm, as its module says.
pub(crate) fn present() -> u32 {
    let text = darkroom_wasm::metadata("darkroom:layout").unwrap();
    String::from_utf8(text).unwrap().parse().unwrap()
}

/// The canister of an earlier layout; `tests/fixtures/README.md` says how each was made.
pub(crate) fn fixture(layout: u32) -> Vec<u8> {
    let path = folder().join(format!("layout-{layout}.wasm.gz"));
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}: tests/fixtures/README.md says how to make the canister of a layout",
            path.display()
        )
    })
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The layout that a canister has written into its header.
pub(crate) fn written(darkroom: &Darkroom) -> u32 {
    darkroom.upgrade_to(&poker()).unwrap();
    let header = read(darkroom, HEADER);
    assert_eq!(header[..8], *b"DRKROOM\0");
    u32::from_le_bytes(header[8..].try_into().unwrap())
}

#[test]
fn every_layout_before_the_present_one_has_its_canister_and_its_test() {
    let present = present();
    let before: Vec<u32> = (1..present).collect();
    assert_eq!(
        EARLIER.to_vec(),
        before,
        "the present layout is {present}: keep the canister of each one before it in tests/fixtures, and test the \
         upgrade from it in tests/tests/migration/upgrades.rs"
    );
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".wasm.gz"))
        .collect();
    let expected: BTreeSet<String> = before.iter().map(|layout| format!("layout-{layout}.wasm.gz")).collect();
    assert_eq!(files, expected);
    let listed = std::fs::read_to_string(folder().join("README.md")).unwrap();
    // A file is of the layout that its name says: by what it writes, since the first ones have no section to say it.
    for layout in before {
        let darkroom = Darkroom::of(&fixture(layout), Some(args()), CYCLES);
        assert_eq!(written(&darkroom), layout);
        assert!(
            listed.contains(&format!("| `layout-{layout}.wasm.gz` | {layout} | `")),
            "README.md: {layout}"
        );
    }
    let darkroom = Darkroom::with(Some(args()));
    assert_eq!(written(&darkroom), present);
}
