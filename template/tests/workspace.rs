//! docs/adding-a-processor.md, followed: a copy of this workspace with one processor more is formatted, passes the new
//! tests at once, and its canister serves what the processor makes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use darkroom_api as api;
use darkroom_client::config;
use darkroom_tests::{Darkroom, Gateway, network_with_root_key, small_photos};

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
/// What the canister's module is built from is built there already.
const WASM_TARGET: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../canister-wasm");
const PAGE: &str = include_str!("../../docs/adding-a-processor.md");

fn cargo(folder: &Path, target: &str, args: &[&str]) {
    let mut command = Command::new(env!("CARGO"));
    command.args(args).current_dir(folder).env("CARGO_TARGET_DIR", target);
    let output = command.output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "cargo {}: {text}", args.join(" "));
}

#[test]
fn a_new_processor_passes_its_tests_and_is_served() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let place = tempfile::tempdir().unwrap();
    copy(root, place.path());
    let inside = place.path().join("core/src");
    let written = darkroom_template::new_processor("mean-color", &inside).unwrap();
    assert_eq!(written.len(), 10, "{written:?}");
    cargo(place.path(), TARGET, &["fmt", "--all", "--check"]);
    cargo(
        place.path(),
        TARGET,
        &["test", "--offline", "--package", "darkroom-mean-color", "--package", "darkroom-processors"],
    );
    let list = std::fs::read_to_string(place.path().join("processors/all/src/lib.rs")).unwrap();
    assert!(list.contains("&darkroom_mean_color::PROCESSOR"), "{list}");
    serve(&module(place.path()));
    let again = darkroom_template::new_processor("mean-color", &inside).unwrap_err();
    assert_eq!(again.to_string(), "processors/mean-color is there already");
    let taken = darkroom_template::new_processor("core", &inside).unwrap_err();
    assert_eq!(taken.to_string(), "the crate darkroom-core in Cargo.toml is there already");
}

/// The canister of a workspace.
fn module(workspace: &Path) -> Vec<u8> {
    let wasm = "wasm32-unknown-unknown";
    let package =
        ["build", "--offline", "--config", darkroom_wasm::SETTING, "--package", "darkroom-canister", "--lib"];
    cargo(workspace, WASM_TARGET, &[&package[..], &["--profile", "canister", "--target", wasm]].concat());
    std::fs::read(Path::new(WASM_TARGET).join(wasm).join("canister/darkroom_canister.wasm")).unwrap()
}

/// Configures a canister with the pipeline of the page, and reads what the new processor makes of a photo.
fn serve(module: &[u8]) {
    let toml = PAGE.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(toml.contains("mean-color"), "{toml}");
    let pipelines = config::to_wire(&config::from_toml(toml).unwrap());
    let darkroom = Darkroom::on(network_with_root_key(), None);
    darkroom.upgrade_to(module).unwrap();
    darkroom.configure(api::InitArgs { pipelines: Some(pipelines), ..Default::default() });
    let photo = &small_photos()[0];
    let item = darkroom.settled(&darkroom.upload_original(photo).item.id);
    assert_eq!(item.state, api::item_state::PUBLISHED, "{item:?}");
    let answer = Gateway::new(&darkroom).get("GET", &format!("/{}/color", item.id), &[]);
    assert_eq!(answer.status_code, 200);
    let color: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let size = (&color["width"], &color["height"]);
    assert_eq!(size, (&item.assets[1].width.into(), &item.assets[1].height.into()), "{color}");
}
