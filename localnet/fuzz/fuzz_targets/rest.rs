//! PocketIC's endpoints: the first byte picks one, the rest is the body.
#![no_main]

use darkroom_localnet_fuzz::with_server;

/// All but those that drive the network by the wall clock.
const ENDPOINTS: [&str; 15] = [
    "read/query",
    "read/ingress_status",
    "read/get_cycles",
    "read/get_stable_memory",
    "read/get_controllers",
    "read/get_subnet",
    "read/pub_key",
    "update/set_time",
    "update/tick",
    "update/submit_ingress_message",
    "update/await_ingress_message",
    "update/add_cycles",
    "update/set_stable_memory",
    "stop_progress",
    "/blobstore",
];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((pick, body)) = data.split_first() else { return };
    let endpoint = ENDPOINTS[usize::from(*pick) % ENDPOINTS.len()];
    let path = match endpoint.strip_prefix('/') {
        Some(_) => endpoint.to_owned(),
        None => format!("/instances/0/{endpoint}"),
    };
    with_server(|server| {
        let (status, _) = server.post(&path, body);
        assert!(status < 500, "{path}: {status}");
    });
});
