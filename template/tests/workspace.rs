//! A copy of this workspace with one processor more: it builds, is formatted, and passes the new tests at once.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

/// Folders without sources.
const LEFT_OUT: [&str; 3] = ["target", ".git", "node_modules"];

fn copy(from: &Path, to: &Path) {
    let is_wanted =
        |entry: &walkdir::DirEntry| !LEFT_OUT.contains(&entry.file_name().to_string_lossy().as_ref());
    for entry in walkdir::WalkDir::new(from).into_iter().filter_entry(is_wanted) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(target).unwrap();
        } else if entry.file_type().is_file() {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Kept from run to run.
const TARGET: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/template");

fn cargo(folder: &Path, args: &[&str]) {
    let mut command = Command::new(env!("CARGO"));
    command.args(args).current_dir(folder).env("CARGO_TARGET_DIR", TARGET);
    let output = command.output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "cargo {}: {text}", args.join(" "));
}

#[test]
fn a_new_processor_builds_and_passes_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let place = tempfile::tempdir().unwrap();
    copy(root, place.path());
    let inside = place.path().join("core/src");
    let written = darkroom_template::new_processor("average-tone", &inside).unwrap();
    assert_eq!(written.len(), 10, "{written:?}");
    cargo(place.path(), &["fmt", "--all", "--check"]);
    cargo(
        place.path(),
        &["test", "--offline", "--package", "darkroom-average-tone", "--package", "darkroom-processors"],
    );
    let list = std::fs::read_to_string(place.path().join("processors/all/src/lib.rs")).unwrap();
    assert!(list.contains("&darkroom_average_tone::PROCESSOR"), "{list}");
    let again = darkroom_template::new_processor("average-tone", &inside).unwrap_err();
    assert_eq!(again.to_string(), "processors/average-tone is there already");
    let taken = darkroom_template::new_processor("core", &inside).unwrap_err();
    assert_eq!(taken.to_string(), "the crate darkroom-core in Cargo.toml is there already");
}
