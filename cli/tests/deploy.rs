//! `darkroom deploy`, `darkroom upgrade` and `darkroom status`.

#![allow(clippy::unwrap_used, reason = "tests fail where it panics")]

mod support;

use std::io::{Read, Write};
use std::process::{Child, Stdio};

use candid::{Encode, Principal};
use ic_agent::Agent;
use ic_agent::identity::BasicIdentity;
use ic_management_canister_types as management;
use rustix::process::{Pid, Signal, kill_process};
use support::{Network, Place};

/// The carried module as another version of itself: all that differs is what it says of its version.
fn of_version(version: &str) -> Vec<u8> {
    let mut module = Vec::new();
    flate2::read::GzDecoder::new(darkroom_wasm::CANISTER).read_to_end(&mut module).unwrap();
    let name = b"icp:public darkroom:version";
    let at = module.windows(name.len()).position(|window| window == name).unwrap() + name.len();
    assert_eq!(version.len(), env!("CARGO_PKG_VERSION").len());
    module[at..at + version.len()].copy_from_slice(version.as_bytes());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&module).unwrap();
    packed.finish().unwrap()
}

/// Installs a module in place of what a canister has.
fn install(place: &Place, url: &str, canister: Principal, module: Vec<u8>) {
    let install = management::InstallCodeArgs {
        mode: management::CanisterInstallMode::Reinstall,
        canister_id: canister,
        wasm_module: module,
        arg: Encode!(&None::<darkroom_api::InitArgs>).unwrap(),
        sender_canister_version: None,
    };
    manage(place, url, canister, "install_code", Encode!(&install).unwrap());
}

/// Stops a canister, as an upgrade does that is then interrupted.
fn stop(place: &Place, url: &str, canister: Principal) {
    let target = management::CanisterIdRecord { canister_id: canister };
    manage(place, url, canister, "stop_canister", Encode!(&target).unwrap());
}

/// Waits until a canister takes no calls, which a command brings about.
fn wait_until_stopped(url: &str, canister: Principal, command: &mut Child) {
    let agent = Agent::builder().with_url(url).build().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        agent.fetch_root_key().await.unwrap();
        let ask = || agent.query(&canister, "pipelines").with_arg(Encode!().unwrap());
        while ask().call().await.is_ok() {
            assert!(command.try_wait().unwrap().is_none(), "the command has ended");
        }
    });
}

/// Calls the network itself as the canister's controller.
fn manage(place: &Place, url: &str, canister: Principal, method: &str, arg: Vec<u8>) {
    let identity = BasicIdentity::from_pem_file(place.path(".darkroom/identity.pem")).unwrap();
    let agent = Agent::builder().with_url(url).with_identity(identity).build().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        agent.fetch_root_key().await.unwrap();
        let call = agent.update(&Principal::management_canister(), method).with_arg(arg);
        call.with_effective_canister_id(canister).call_and_wait().await.unwrap();
    });
}

#[test]
fn an_upgrade_tells_what_changes_and_refuses_what_is_newer_or_something_else() {
    let place = Place::new();
    let running = Network::start(&place, Some("20"));
    place.run(&["upgrade"]).code(2).says("darkroom run");
    place.run(&["deploy"]).code(0);
    assert!(place.run(&["upgrade"]).code(0).stdout().contains("is up to date"));
    let ids = std::fs::read(place.path(".darkroom/canisters.json")).unwrap();
    let ids: serde_json::Value = serde_json::from_slice(&ids).unwrap();
    let canister = Principal::from_text(ids["local"].as_str().unwrap()).unwrap();

    // An upgrade that was interrupted leaves it stopped, whatever module it has then.
    let photo = place.photo("a.jpg", 1);
    for command in [&["deploy"][..], &["upgrade"], &["run", photo.to_str().unwrap()]] {
        stop(&place, &running.url, canister);
        let remedy = format!("darkroom deploy --canister {canister}");
        let doctor = place.run(&["doctor"]).code(1).stdout();
        assert!(doctor.contains("is stopped") && doctor.contains(&remedy), "{doctor}");
        place.run(command).code(0).says("was stopped, and runs again");
        place.run(&["processors"]).code(0);
    }

    install(&place, &running.url, canister, of_version("0.0.9"));
    stop(&place, &running.url, canister);
    place.run(&["upgrade", "--dry-run"]).code(4).says("`darkroom upgrade` starts it");
    place.run(&["upgrade"]).code(0);
    place.run(&["processors"]).code(0);

    // Ctrl-C waits for the end of an upgrade that has begun.
    install(&place, &running.url, canister, of_version("0.0.9"));
    let mut command = place.command();
    command.arg("upgrade").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut upgrade = command.spawn().unwrap();
    wait_until_stopped(&running.url, canister, &mut upgrade);
    kill_process(Pid::from_child(&upgrade), Signal::INT).unwrap();
    let done = support::Done(upgrade.wait_with_output().unwrap());
    assert!(done.code(0).says("is being installed").stdout().contains("upgraded"), "{}", done.stdout());
    place.run(&["processors"]).code(0);

    install(&place, &running.url, canister, of_version("0.0.9"));
    let change = format!("version    0.0.9 -> {}", env!("CARGO_PKG_VERSION"));
    let dry = place.run(&["upgrade", "--dry-run"]).code(0).stdout();
    assert!(dry.contains("would be upgraded") && dry.contains(&change), "{dry}");
    let done = place.run(&["upgrade"]).code(0).stdout();
    assert!(done.contains("upgraded") && done.contains(&change) && done.contains("module     "), "{done}");
    assert!(place.run(&["upgrade"]).code(0).stdout().contains("is up to date"));

    install(&place, &running.url, canister, of_version("9.0.0"));
    for command in ["upgrade", "deploy", "processors"] {
        let code = if command == "processors" { 0 } else { 4 };
        let done = place.run(&[command, "--canister", &canister.to_text()]);
        done.code(code);
        if code == 4 {
            done.says("version 9.0.0").says("use a newer `darkroom`");
        }
    }
    assert!(place.run(&["doctor"]).code(0).stdout().contains("newer than this binary"));

    install(&place, &running.url, canister, b"\0asm\x01\0\0\0".to_vec());
    place.run(&["upgrade"]).code(4).says("is not a Darkroom");
    place.run(&["deploy"]).code(4).says("is not a Darkroom, and keeps it");
    place.run(&["run", photo.to_str().unwrap()]).code(4).says("is not a Darkroom, and keeps it");
    place.run(&["upgrade", "--canister", "rrkah-fqaaa-aaaaa-aaaaq-cai"]).code(4).says("there is no canister");

    // The only canister of a project is something else: it keeps its code and its name.
    let project = format!(
        "canisters: [{{ name: backend }}]\nnetworks: [{{ name: local, mode: connected, url: \"{}\" }}]\n",
        running.url
    );
    place.file("icp.yaml", project.as_bytes());
    let ids = format!("{{\"backend\":\"{canister}\"}}");
    place.file(".icp/data/mappings/local.ids.json", ids.as_bytes());
    std::fs::remove_file(place.path(".darkroom/canisters.json")).unwrap();
    let line = place.store(&[photo.to_str().unwrap()]).remove(0);
    assert_ne!(line["canister"], canister.to_text());
    std::fs::remove_file(place.path(".darkroom/canisters.json")).unwrap();
    place.run(&["deploy"]).code(0).says(&format!("has canister {canister} as `backend`, and keeps it"));
    assert_eq!(std::fs::read_to_string(place.path(".icp/data/mappings/local.ids.json")).unwrap(), ids);
}

#[test]
fn a_canister_is_installed_once_and_its_state_told() {
    let place = Place::new();
    assert!(place.run(&["status"]).code(0).stdout().contains("none deployed"));
    assert!(place.run(&["deploy"]).code(0).stdout().contains("installed"));
    assert!(place.run(&["deploy"]).code(0).stdout().contains("is up to date"));
    assert!(place.run(&["deploy", "--access", "authenticated"]).code(0).stdout().contains("upgraded"));
    let listed = ["deploy", "--access", "aaaaa-aa,rrkah-fqaaa-aaaaa-aaaaq-cai"];
    assert!(place.run(&listed).code(0).stdout().contains("upgraded"));
    place
        .run(&["deploy", "--access", "nobody"])
        .code(2)
        .says("`controllers`, `authenticated` and principals");
    let cors = ["deploy", "--cors", "https://a.example", "--cors", "http://localhost:8080"];
    assert!(place.run(&cors).code(0).stdout().contains("upgraded"));
    place.run(&["deploy", "--cors", "https://a.example/path"]).code(4).says("allowed are http or https");
    place.run(&["deploy", "--cors", "any", "--cors", "https://a.example"]).code(2).says("stand alone");
    for gallery in ["--gallery", "--gallery=off"] {
        assert!(place.run(&["deploy", gallery]).code(0).stdout().contains("upgraded"));
    }
    place.run(&["deploy", "--gallery=maybe"]).code(2).says("on, off");
    let status = place.run(&["status"]).code(0).stdout();
    assert!(status.contains("as in this binary") && status.contains("photo: lane original"), "{status}");
}

#[test]
fn mainnet_canisters_are_not_created_by_the_way() {
    let place = Place::new();
    place.run(&["deploy", "--network", "ic"]).code(2).says("--canister");
    place.run(&["deploy", "--canister", "nonsense"]).code(2).says("not a canister id");
}
