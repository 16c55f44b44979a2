//! Help, `completions`, `man`, `doctor` and `open`, and what an interrupted command leaves.

#![allow(clippy::unwrap_used, reason = "tests fail where it panics")]

mod support;

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::Value;
use support::{Done, Network, Place, asset, text};

#[test]
fn help_tells_exit_codes_and_what_was_meant() {
    let place = Place::new();
    let help = place.run(&["help"]).code(0).stdout();
    for part in ["Exit codes:", "  130  interrupted", "darkroom doctor", "[cli]"] {
        assert!(help.contains(part), "`{part}` is not in {help}");
    }
    place.run(&["stauts"]).code(2).says("'status'");
    let version = place.run(&["--version"]).code(0).stdout();
    let module = darkroom_core::Digest::of(darkroom_wasm::CANISTER).to_string();
    assert!(version.starts_with("darkroom 0.") && version.contains(&module), "{version}");
}

#[test]
fn shells_and_manuals_know_every_command() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(&["completions", shell]).code(0).stdout();
        assert!(script.contains("new-processor") && script.contains("in-flight"), "{shell}");
    }
    place.run(&["completions", "tcsh"]).code(2).says("possible values: bash");
    let page = place.run(&["man"]).code(0).stdout();
    assert!(page.contains(".TH darkroom 1") && page.contains("Exit codes"), "{page}");
    place.run(&["man", "-o", "pages"]).code(0);
    for page in ["darkroom.1", "darkroom-run.1", "darkroom-localnet-start.1"] {
        let text = std::fs::read_to_string(place.path("pages").join(page)).unwrap();
        assert!(text.contains(".TH") && text.contains("Example"), "{page}");
    }
    assert!(place.is_unused(), "no network is needed");
}

/// A check of the doctor's.
fn check(done: &Done, name: &str) -> Value {
    let lines = done.json();
    lines
        .into_iter()
        .find(|line| line["check"] == name)
        .unwrap_or_else(|| panic!("{name}: {}", done.stdout()))
}

#[test]
fn the_doctor_finds_what_is_missing_and_open_tells_urls() {
    let place = Place::new();
    let running = Network::start(&place, Some("20"));
    let done = place.run(&["doctor", "--json"]);
    done.code(0);
    for name in ["state", "target", "icp", "dfx", "identity", "network", "root key", "canister"] {
        assert_ne!(check(&done, name)["status"], "fail", "{name}");
    }
    assert_eq!(check(&done, "canister")["status"], "warn");
    let photo = place.photo("a.jpg", 1);
    let line = place.store(&[text(&photo)]).remove(0);
    let item = line["item"].as_str().unwrap();
    let done = place.run(&["doctor", "--json"]);
    done.code(0);
    for name in ["canister", "rights", "cycles"] {
        assert_eq!(check(&done, name)["status"], "ok", "{}", done.stdout());
    }
    let table = place.run(&["doctor"]).code(0).stdout();
    assert!(table.contains("ok    rights     this identity may upload"), "{table}");
    let done = place.run(&["doctor", "--json", "--identity", "anonymous"]);
    let rights = check(done.code(1), "rights");
    assert!(
        rights["status"] == "fail" && rights["remedy"].as_str().unwrap().contains("--identity"),
        "{rights}"
    );
    assert_eq!(check(&done, "cycles")["status"], "skip");
    let done = place.run(&["doctor", "--json", "--network", "http://127.0.0.1:1"]);
    assert_eq!(check(done.code(1), "network")["status"], "fail");
    let done = place.run(&["doctor", "--json", "--canister", "aaaaa-aa"]);
    assert_eq!(check(done.code(1), "canister")["status"], "fail");

    let url = asset(&line, "preview")["url"].as_str().unwrap();
    assert_eq!(place.run(&["open", item, "preview"]).code(0).stdout().trim(), url);
    let page = place.run(&["open", item]).code(0).stdout();
    assert_eq!(page.trim(), url.strip_suffix("/preview").unwrap());
    place.run(&["open", item, "previw"]).code(2).says("did you mean `preview`?");
    place.run(&["open", "aaaaaaaaaaaaaaaa"]).code(4).says("darkroom ls");
    let opener = place.file("bin/xdg-open", b"#!/bin/sh\nprintf %s \"$1\" > opened\n");
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = place.command();
    let path = format!("{}:{}", place.path("bin").display(), std::env::var("PATH").unwrap());
    command.args(["open", item, "preview", "--browser"]).env("PATH", path);
    Done(command.output().unwrap()).code(0);
    assert_eq!(std::fs::read_to_string(place.path("opened")).unwrap(), url);
    drop(running);
}

#[test]
fn an_interrupted_command_has_an_exit_code_of_its_own() {
    let place = Place::new();
    // A network that takes calls and answers none.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut command = place.command();
    command.args(["ls", "--canister", "aaaaa-aa", "--network", &url]).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let call = silent.accept().unwrap();
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("the same command again"), "{said}");
    drop(call);
}
