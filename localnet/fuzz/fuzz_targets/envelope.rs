//! The IC's HTTP interface: the first byte picks an endpoint, the rest is the body.
#![no_main]

use darkroom_localnet_fuzz::{CANISTER_TEXT, with_server};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((pick, body)) = data.split_first() else { return };
    // Only v2 for calls: the others wait for a round.
    let what = ["v2/{}/call", "v2/{}/query", "v3/{}/query", "v2/{}/read_state", "v3/{}/read_state"];
    let scope = if pick & 0x80 == 0 { "canister" } else { "subnet" };
    let what = what[usize::from(pick & 0x7f) % what.len()];
    let path = format!("/instances/0/api/{}", what.replace("{}", &format!("{scope}/{CANISTER_TEXT}")));
    with_server(|server| {
        let (status, _) = server.post(&path, body);
        assert!(status < 500, "{path}: {status}");
    });
});
