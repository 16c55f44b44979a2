//! The management canister: the first byte picks a method, the rest is the argument; the call is executed.
#![no_main]

use darkroom_localnet_fuzz::{call, with_server};

const METHODS: [&str; 22] = [
    "provisional_create_canister_with_cycles",
    "provisional_top_up_canister",
    "install_code",
    "install_chunked_code",
    "upload_chunk",
    "clear_chunk_store",
    "stored_chunks",
    "update_settings",
    "canister_status",
    "canister_info",
    "canister_metadata",
    "start_canister",
    "stop_canister",
    "uninstall_code",
    "delete_canister",
    "take_canister_snapshot",
    "load_canister_snapshot",
    "list_canister_snapshots",
    "delete_canister_snapshot",
    "fetch_canister_logs",
    "deposit_cycles",
    "create_canister",
];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((pick, arg)) = data.split_first() else { return };
    let method = METHODS[usize::from(*pick) % METHODS.len()];
    with_server(|server| call(server, &[], method, arg));
});
