//! Networks, canisters and identities by name, and where flags come from.

#![allow(clippy::unwrap_used, reason = "tests fail where it panics")]

mod support;

use std::io::{Read, Write};
use std::process::Stdio;

use serde_json::{Value, json};
use support::{Network, Place};

const PASSWORD: &str = "correct-horse";
const SECP256K1: &str = "rlevm-v6fmd-qku6w-vbd2l-53u5y-2vd2o-5jixc-gn47h-xhmra-bymmg-qae";
const ED25519: &str = "e3lqr-hghhh-4opso-ucqp5-gd5cf-mstm6-5fmle-ikuvw-3kofr-cfnes-qae";
const OTHER: &str = "rrkah-fqaaa-aaaaa-aaaaq-cai";

fn read(place: &Place, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(place.path(name)).unwrap()).unwrap()
}

fn write(place: &Place, name: &str, value: &Value) {
    place.file(name, value.to_string().as_bytes());
}

/// A key of the tests.
fn key(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/identities/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn icp_yaml(place: &Place, url: &str) {
    let text = format!(
        "canisters:\n  - name: darkroom\n    build: {{ steps: [] }}\nnetworks:\n  - {{ name: local, mode: connected, \
         url: \"{url}\", root-key: fetch }}\n  - {{ name: dark, mode: connected, url: \"{url}\", root-key: fetch }}\n  \
         - {{ name: far, mode: connected, url: \"https://net.example\", root-key: fetch }}\n\
         environments:\n  - {{ name: staging, network: dark }}\n  - {{ name: other, network: dark }}\n"
    );
    place.file("icp.yaml", text.as_bytes());
}

#[test]
fn names_of_a_project_lead_to_its_networks_and_canisters() {
    let place = Place::new();
    let running = Network::start(&place, Some("20"));
    icp_yaml(&place, &running.url);
    write(
        &place,
        "dfx.json",
        &json!({
            "canisters": { "photos": {} },
            "networks": { "devnet": { "providers": [running.url] } }
        }),
    );
    place.run(&["ls", "--network", "staging"]).code(2).says("no canister is known on `staging`");
    place.run(&["ls", "--network", "staging", "--canister", "darkroom"]).code(2).says("has no canister on");

    // A deployed canister is where icp looks for it, and found there.
    place.run(&["deploy", "--network", "staging"]).code(0).says("staging.ids.json");
    let ids = ".icp/data/mappings/staging.ids.json";
    let id = read(&place, ids)["darkroom"].as_str().unwrap().to_owned();
    assert_eq!(read(&place, ".darkroom/canisters.json")["staging"], id);
    std::fs::remove_file(place.path(".darkroom/canisters.json")).unwrap();
    for args in [
        &["ls", "--network", "staging"][..],
        &["ls", "--network", "dark", "--canister", "darkroom"],
        &["ls", "--network", &running.url],
        // The project's `local` is the network that runs here.
        &["ls", "--canister", &id],
    ] {
        assert_eq!(place.run(args).code(0).stdout(), "", "{args:?}");
    }
    // What is on this machine is reached without a proxy.
    let mut command = place.command();
    command.args(["ls", "--network", "staging"]).env_remove("NO_PROXY").env_remove("no_proxy");
    command.envs(["http_proxy", "HTTP_PROXY", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:1")));
    support::Done(command.output().unwrap()).code(0);
    let slip = ["ls", "--network", "staging", "--canister", "darkrom"];
    place.run(&slip).code(2).says("not a canister id").says("did you mean `darkroom`?");
    place.run(&["ls", "--network", "stagign"]).code(2).says("did you mean `staging`?").says("devnet");
    place.run(&["ls", "--network", "other"]).code(2).says("no canister is known on `other`");
    write(&place, ".icp/data/mappings/other.ids.json", &json!({ "darkroom": OTHER }));
    place.run(&["ls", "--network", "dark"]).code(2).says("stands for several canisters").says(OTHER);

    // dfx's file is another; its canister has another name.
    write(&place, "canister_ids.json", &json!({ "photos": { "devnet": id, "ic": OTHER } }));
    place.run(&["ls", "--network", "devnet"]).code(0);
    place.run(&["status", "--network", "devnet"]).code(0);

    // On the embedded network, both tools get to know it; an id of a canister that is gone gives way.
    write(&place, ".icp/data/mappings/local.ids.json", &json!({ "darkroom": OTHER, "pages": OTHER }));
    place.run(&["deploy"]).code(0).says("local.ids.json has it as `darkroom` now");
    let local = read(&place, ".darkroom/canisters.json")["local"].clone();
    let expected = json!({ "darkroom": local, "pages": OTHER });
    assert_eq!(read(&place, ".icp/data/mappings/local.ids.json"), expected);
    assert!(!place.path(".dfx").exists(), "dfx's local network is at another port");
    std::fs::remove_file(place.path(".darkroom/canisters.json")).unwrap();
    place.run(&["ls"]).code(0);

    // A root key is asked for on this machine alone.
    let far = ["ls", "--network", "far", "--canister", OTHER];
    place.run(&far).code(2).says("root key of `far`").says("net.example");
    place.file("icp.yaml", b"networks: [");
    place.run(&["ls", "--network", "staging"]).code(2).says("icp.yaml cannot be read");
    place.run(&["localnet", "status"]).code(0);
    place.run(&["status"]).code(0).says("`local` does without it");
}

#[test]
fn identities_are_files_or_names_of_icp_and_dfx() {
    let place = Place::new();
    let running = Network::start(&place, Some("20"));
    for name in ["ed25519.pem", "secp256k1-pkcs8.pem", "secp256k1-scrypt.pem", "ed25519-pbkdf2.pem"] {
        place.file(name, &key(name));
    }
    let status = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = place.command();
        command.args([&["status", "--network", &running.url], args].concat());
        support::Done(command.envs(variables.iter().copied()).output().unwrap())
    };
    let is = |args: &[&str], principal: &str| {
        let done = status(args, &[("DARKROOM_IDENTITY_PASSWORD", PASSWORD)]);
        assert!(done.code(0).stdout().contains(principal), "{args:?}: {}", done.stdout());
    };
    is(&["--identity", "ed25519.pem"], ED25519);
    is(&["--identity", "ed25519-pbkdf2.pem"], ED25519);
    is(&["--identity", "secp256k1-scrypt.pem"], SECP256K1);
    place.file("password", b"correct-horse\n");
    let by_file = ["--identity", "ed25519-pbkdf2.pem", "--identity-password-file", "password"];
    assert!(status(&by_file, &[]).code(0).stdout().contains(ED25519));
    let wrong = [("DARKROOM_IDENTITY_PASSWORD", "wrong")];
    status(&by_file[..2], &wrong).code(2).says("the password of ed25519-pbkdf2.pem is wrong");
    status(&["--identity", "missing.pem"], &[]).code(2).says("cannot read the identity missing.pem");

    // icp's.
    let of_icp = "home/.local/share/icp-cli/identity";
    write(
        &place,
        &format!("{of_icp}/identity_list.json"),
        &json!({ "v": 1, "identities": {
        "anonymous": { "kind": "anonymous" },
        "alice": { "kind": "pem", "format": "pbes2", "algorithm": "secp256k1", "principal": SECP256K1 },
        "bob": { "kind": "keyring", "algorithm": "secp256k1", "principal": SECP256K1 }
    } }),
    );
    place.file(&format!("{of_icp}/keys/alice.pem"), &key("secp256k1-scrypt.pem"));
    is(&["--identity", "alice"], SECP256K1);
    is(&["--identity", "anonymous"], "2vxsx-fae");
    status(&["--identity", "bob"], &[]).code(2).says("keyring").says("icp identity export bob");
    status(&["--identity", "alcie"], &[]).code(2).says("did you mean `alice`?");

    // dfx's.
    let of_dfx = "home/.config/dfx/identity";
    place.file(&format!("{of_dfx}/alice/identity.pem"), &key("ed25519.pem"));
    place.file(&format!("{of_dfx}/carol/identity.json"), &key("dfx-identity.json"));
    place.file(&format!("{of_dfx}/carol/identity.pem.encrypted"), &key("dfx-identity.pem.encrypted"));
    is(&["--identity", "carol"], SECP256K1);
    is(&["--identity", "dfx:alice"], ED25519);
    status(&["--identity", "alice"], &[]).code(2).says("`icp:alice` or `dfx:alice`");

    // Without the flag: in a project the selected one, first icp's; elsewhere, and on `local`, the key made here.
    let generated =
        |done: &support::Done| !done.stdout().contains(SECP256K1) && !done.stdout().contains(ED25519);
    assert!(generated(status(&[], &[]).code(0)));
    icp_yaml(&place, &running.url);
    assert!(generated(status(&[], &[]).code(0)));
    write(&place, "home/.config/dfx/identity.json", &json!({ "default": "alice" }));
    is(&[], ED25519);
    write(&place, &format!("{of_icp}/identity_defaults.json"), &json!({ "v": 1, "default": "alice" }));
    is(&[], SECP256K1);
    assert!(generated(place.run(&["status"]).code(0)));
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "util-linux makes the terminal, or takes it away")]
fn a_password_is_not_asked_for_without_a_terminal() {
    let place = Place::new();
    place.file("key.pem", &key("ed25519-pbkdf2.pem"));
    let binary = place.command().get_program().to_owned();
    let mut command = std::process::Command::new("setsid");
    command.arg("--wait").arg(binary).args(["status", "--identity", "key.pem"]);
    command.current_dir(place.path("")).env_remove("DARKROOM_IDENTITY_PASSWORD");
    let done = support::Done(command.output().unwrap());
    done.code(2).says("DARKROOM_IDENTITY_PASSWORD").says("--identity-password-file");
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "util-linux makes the terminal, or takes it away")]
fn a_password_is_asked_for_on_a_terminal_and_not_shown() {
    let place = Place::new();
    let running = Network::start(&place, Some("20"));
    place.file("key.pem", &key("ed25519-pbkdf2.pem"));
    let binary = place.command().get_program().to_owned();
    let line = format!("{} status --identity key.pem --network {}", binary.display(), running.url);
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(place.path(""));
    command.env_remove("DARKROOM_IDENTITY_PASSWORD").stdin(Stdio::piped()).stdout(Stdio::piped());
    let (success, shown) = answer(command, &format!("{PASSWORD}\n"));
    assert!(success && shown.contains(ED25519), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
}

/// Types an answer to the prompt on a terminal: whether it went well then, and all that was shown.
fn answer(mut command: std::process::Command, typed: &str) -> (bool, String) {
    let mut child = command.spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut shown = Vec::new();
    while !String::from_utf8_lossy(&shown).contains("Password of key.pem: ") {
        let mut byte = [0];
        assert_eq!(output.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&shown));
        shown.extend(byte);
    }
    input.write_all(typed.as_bytes()).unwrap();
    output.read_to_end(&mut shown).unwrap();
    (child.wait().unwrap().success(), String::from_utf8_lossy(&shown).into_owned())
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "util-linux makes the terminal")]
fn ctrl_c_at_the_prompt_leaves_a_terminal_that_shows_what_is_typed() {
    let place = Place::new();
    place.file("key.pem", &key("ed25519-pbkdf2.pem"));
    let binary = place.command().get_program().to_owned();
    let line = format!(
        "trap : INT; {} status --identity key.pem --network http://127.0.0.1:1; echo code $?; stty -a",
        binary.display()
    );
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(place.path("")).env("SHELL", "/bin/sh");
    command.env_remove("DARKROOM_IDENTITY_PASSWORD").stdin(Stdio::piped()).stdout(Stdio::piped());
    let (_, shown) = answer(command, "\u{3}");
    assert!(shown.contains("code 130") && shown.contains(" echo "), "{shown}");
}

#[test]
fn flags_come_from_the_command_line_then_variables_then_the_file() {
    let place = Place::new();
    let ls = |folder: &str, args: &[&str], variables: &[(&str, &str)]| {
        let mut command = place.command();
        command.current_dir(place.path(folder)).arg("ls").args(args).envs(variables.iter().copied());
        support::Done(command.output().unwrap())
    };
    place.file(
        "darkroom.toml",
        b"[cli]\nnetwork = \"http://127.0.0.1:1\"\ncanister = \"aaaaa-aa\"\nin-flight = 99\n",
    );
    place.file("below/x", b"");
    ls("below", &[], &[]).code(3).says("cannot reach http://127.0.0.1:1/");
    let variable = [("DARKROOM_NETWORK", "http://127.0.0.1:2")];
    let named = ["--canister", "aaaaa-aa"];
    ls("", &named, &variable).code(3).says("cannot reach http://127.0.0.1:2/");
    let flag = ["--canister", "aaaaa-aa", "--network", "http://127.0.0.1:3"];
    ls("", &flag, &variable).code(3).says("cannot reach http://127.0.0.1:3/");
    // The file's canister is one of the file's network.
    ls("", &["--network", "http://127.0.0.1:3"], &[]).code(2).says("no canister is known");
    place.run(&["run", "x.jpg"]).code(2).says("1..=64").says("darkroom.toml says");
    let mut command = place.command();
    command.args(["run", "x.jpg"]).env("DARKROOM_IN_FLIGHT", "0");
    support::Done(command.output().unwrap()).code(2).says("invalid value '0'");

    place.file("darkroom.toml", b"[cli]\nnetwrok = \"ic\"\n");
    ls("", &[], &[]).code(2).says("line 2").says("did you mean `network`?");
    place.run(&["config", "check", "darkroom.toml"]).code(2).says("did you mean `network`?");
    place.run(&["completions", "fish"]).code(0);
    place.file("darkroom.toml", b"[cli]\nstate = \"kept\"\n");
    ls("below", &[], &[]).code(2).says(&format!("{}", place.path("kept").display()));
}
