//! The rules of the workspace: who imports whom, how large a file may be, how a module opens, that every error has a row.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// What each crate may import of the workspace, tests and build scripts apart. Nothing imports tests, and nothing but
/// another module of it the canister.
const MAY_IMPORT: [(&str, &[&str]); 15] = [
    ("core", &[]),
    ("jpeg", &[]),
    ("codec", &["core", "jpeg"]),
    ("api", &[]),
    ("canister", &["core", "codec", "api", "processors"]),
    ("wasm", &[]),
    ("hazards", &["canister", "core", "example"]),
    ("probe", &["core", "codec", "processors", ANY_PROCESSOR]),
    ("client", &["core", "api"]),
    ("cli", &["client", "core", "codec", "api", "processors", "template", "localnet", "wasm"]),
    ("localnet", &[]),
    ("template", &[]),
    ("example", PROCESSOR_MAY_IMPORT),
    ("processors", &["core", ANY_PROCESSOR]),
    ("tests", &["core", "codec", "api", "client", "processors", ANY_PROCESSOR, "localnet", "wasm", "cli"]),
];

/// Stands for each crate in `processors/`.
const ANY_PROCESSOR: &str = "processors/*";

/// What each of those may import; never each other.
const PROCESSOR_MAY_IMPORT: &[&str] = &["core", "codec"];

#[test]
fn crates_import_only_what_they_may() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rules: BTreeMap<&str, &[&str]> = MAY_IMPORT.into_iter().collect();
    let packages = metadata["packages"].as_array().unwrap();
    let name_of = |package: &serde_json::Value| {
        let name = package["name"].as_str().unwrap().strip_prefix("darkroom-").unwrap();
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_path_buf();
        let is_processor = name != "processors" && folder.parent().unwrap().ends_with("processors");
        (name.to_owned(), is_processor)
    };
    let processors: Vec<String> = packages
        .iter()
        .map(name_of)
        .filter(|(_, is_processor)| *is_processor)
        .map(|(name, _)| name)
        .collect();
    assert!(processors.len() >= 3, "{processors:?}");
    let mut seen = 0;
    for package in packages {
        let (name, is_processor) = name_of(package);
        let name = name.as_str();
        let allowed = match rules.get(name) {
            Some(allowed) => *allowed,
            None if is_processor => PROCESSOR_MAY_IMPORT,
            None => panic!("no rule for crate {name}"),
        };
        seen += usize::from(!is_processor);
        for dependency in package["dependencies"].as_array().unwrap() {
            let imported = dependency["name"].as_str().unwrap();
            let normal = dependency["kind"].is_null();
            if let Some(imported) = imported.strip_prefix("darkroom-").filter(|_| normal) {
                let is_processor = processors.iter().any(|processor| processor == imported);
                let asked = if is_processor { ANY_PROCESSOR } else { imported };
                assert!(allowed.contains(&asked), "{name} imports {imported}");
            }
            let of_the_platform = imported.starts_with("ic-") || imported == "candid";
            assert!(name != "core" || !of_the_platform, "core imports {imported}");
        }
    }
    assert_eq!(seen, MAY_IMPORT.len());
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn files_are_small_and_say_what_they_are_for() {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    assert!(files.len() > 50);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{} does not open with //!", file.display());
        let is_test = file.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().lines().count();
        assert!(is_test || code <= 420, "{} has {code} lines", file.display());
    }
}

/// The codes that `head` and `tail` enclose in a source.
fn codes(file: &str, head: &str, tail: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let line = |line: &str| Some(line.split_once(head)?.1.strip_suffix(tail)?.to_owned());
    text.lines().filter_map(|text| line(text.trim())).collect()
}

#[test]
fn docs_errors_md_has_every_code() {
    let of_canister = codes("api/src/code.rs", ": &str = \"", "\";");
    let of_core = codes("core/src/error.rs", " => \"", "\",");
    assert!(of_canister.contains("forbidden") && of_core.contains("store_full"));
    let page = std::fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let rows = page.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned()));
    let rows: Vec<String> = rows.collect();
    let found: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(found.len(), rows.len(), "a code has two rows");
    assert_eq!(found, &of_canister | &of_core);
}
