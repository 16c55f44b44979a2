//! The table of what was seen, in docs/reliability.md.

use std::collections::BTreeMap;
use std::path::Path;

use crate::fault::{FAULTS, Fault};
use crate::operation::{OPERATIONS, Operation};

const BEGIN: &str = "<!-- faults: begin -->\n";
const END: &str = "<!-- faults: end -->\n";

/// Holds the page against what was seen, or writes it.
pub(crate) fn compare(cells: &BTreeMap<(Fault, Operation), String>) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the page has no mark where the table begins");
    let (_, after) = rest.split_once(END).expect("the page has no mark where the table ends");
    let made = format!("{before}{BEGIN}{}{END}{after}", table(cells));
    if std::env::var_os("DARKROOM_BLESS").is_some() {
        return std::fs::write(page, made).unwrap();
    }
    let first = text.lines().zip(made.lines()).find(|(old, new)| old != new);
    assert!(
        text == made,
        "docs/reliability.md is not what is seen, first: {first:?}\n\
         DARKROOM_BLESS=1 cargo test --workspace --test faults writes it"
    );
}

fn table(cells: &BTreeMap<(Fault, Operation), String>) -> String {
    let mut text = String::new();
    for fault in FAULTS {
        text.push_str(&format!(
            "\n**{}**\n\n| operation | what the caller sees |\n|---|---|\n",
            fault.name()
        ));
        for operation in OPERATIONS {
            let seen = &cells[&(fault, operation)];
            assert!(!seen.is_empty(), "{} by {} has no cell", fault.name(), operation.name());
            text.push_str(&format!("| {} | {seen} |\n", operation.name()));
        }
    }
    text.push('\n');
    text
}
