//! The management canister: mutated arguments for each method, and Candid that is made to be expensive.

use crate::raw::{Random, seed};
use crate::victim::{IC, Victim, WITNESS};
use crate::{mutate, rounds};
use candid::{CandidType, Encode, Principal};
use ic_management_canister_types as types;

/// Each method with a good argument for `id`.
pub(crate) fn methods(id: Principal) -> Vec<(&'static str, Vec<u8>)> {
    fn arg(value: impl CandidType) -> Vec<u8> {
        Encode!(&value).unwrap()
    }
    let of = || arg(types::CanisterIdRecord { canister_id: id });
    let module = wat::parse_str(WITNESS).unwrap();
    let settings = types::CanisterSettings {
        controllers: Some(vec![Principal::anonymous(), id]),
        freezing_threshold: Some(1_000u32.into()),
        wasm_memory_limit: Some(1_000_000_000u64.into()),
        log_visibility: Some(types::LogVisibility::AllowedViewers(vec![id])),
        ..Default::default()
    };
    let create = types::ProvisionalCreateCanisterWithCyclesArgs {
        amount: Some(1_000_000u32.into()),
        settings: Some(settings.clone()),
        specified_id: None,
        sender_canister_version: Some(1),
    };
    let install = types::InstallCodeArgs {
        mode: types::CanisterInstallMode::Reinstall,
        canister_id: id,
        wasm_module: module.clone(),
        arg: vec![1; 10],
        sender_canister_version: None,
    };
    let hash = vec![7; 32];
    let chunked = types::InstallChunkedCodeArgs {
        mode: types::CanisterInstallMode::Install,
        target_canister: id,
        store_canister: Some(id),
        chunk_hashes_list: vec![types::ChunkHash { hash: hash.clone() }],
        wasm_module_hash: hash.clone(),
        arg: vec![],
        sender_canister_version: None,
    };
    let settings = types::UpdateSettingsArgs { canister_id: id, settings, sender_canister_version: None };
    let snapshot = [id.as_slice(), &[0; 10]].concat();
    let load = types::LoadCanisterSnapshotArgs {
        canister_id: id,
        snapshot_id: snapshot.clone(),
        sender_canister_version: None,
    };
    let mut all = vec![
        ("provisional_create_canister_with_cycles", arg(create)),
        (
            "provisional_top_up_canister",
            arg(types::ProvisionalTopUpCanisterArgs { canister_id: id, amount: 5u8.into() }),
        ),
        ("install_code", arg(install)),
        ("install_chunked_code", arg(chunked)),
        ("upload_chunk", arg(types::UploadChunkArgs { canister_id: id, chunk: module })),
        ("update_settings", arg(settings)),
        (
            "take_canister_snapshot",
            arg(types::TakeCanisterSnapshotArgs {
                canister_id: id,
                replace_snapshot: Some(snapshot.clone()),
                uninstall_code: None,
                sender_canister_version: None,
            }),
        ),
        ("load_canister_snapshot", arg(load)),
        (
            "delete_canister_snapshot",
            arg(types::DeleteCanisterSnapshotArgs { canister_id: id, snapshot_id: snapshot }),
        ),
        ("canister_info", arg(types::CanisterInfoArgs { canister_id: id, num_requested_changes: Some(3) })),
        ("raw_rand", candid::encode_args(()).unwrap()),
        ("no_such_method", of()),
    ];
    let simple = [
        "canister_status",
        "canister_metadata",
        "clear_chunk_store",
        "stored_chunks",
        "start_canister",
        "stop_canister",
        "uninstall_code",
        "list_canister_snapshots",
        "fetch_canister_logs",
        "deposit_cycles",
        "create_canister",
        "http_request",
        "sign_with_ecdsa",
        "delete_canister",
    ];
    all.extend(simple.map(|method| (method, of())));
    all
}

#[test]
fn arguments_are_refused_if_malformed() {
    let seed = seed();
    println!("DARKROOM_SEED={seed}");
    let mut victim = Victim::start();
    victim.endure(rounds(6), |victim, round| {
        let mut random = Random::new(seed.wrapping_add(round));
        let id = victim.create();
        for (method, good) in methods(id) {
            for _ in 0..12 {
                let arg = match random.below(12) {
                    0 => good.clone(),
                    1 => mutate::body(&mut random, &good),
                    _ => mutate::bytes(&mut random, &good),
                };
                // Any answer will do, as long as there is one.
                let _ = victim.call(IC, method, &arg);
                let _ = victim.query(IC, method, &arg);
            }
        }
    });
}

/// Candid that says it holds more than it does, or makes little into much.
pub(crate) fn bombs() -> Vec<Vec<u8>> {
    let leb = |mut n: u64| {
        let mut bytes = Vec::new();
        while n >= 0x80 {
            bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        bytes.push(n as u8);
        bytes
    };
    let vec_of = |ty: u8, n: u64| [b"DIDL\x01\x6d".as_slice(), &[ty, 1, 0], &leb(n)].concat();
    let mut all = vec![
        // `vec null`, `vec reserved`, `vec empty`, `blob`: as long as can be said.
        vec_of(0x7f, u64::MAX),
        vec_of(0x7f, 1 << 32),
        vec_of(0x70, 1 << 40),
        vec_of(0x6f, 1 << 40),
        vec_of(0x7b, u64::MAX),
        // As many types or arguments as can be said.
        [b"DIDL".as_slice(), &leb(u64::MAX)].concat(),
        [b"DIDL\0".as_slice(), &leb(u64::MAX)].concat(),
        [b"DIDL\x01\x6c".as_slice(), &leb(u64::MAX)].concat(),
        // An argument list of ten million nulls.
        [b"DIDL\0".as_slice(), &leb(1_000_000), &vec![0x7f; 1_000_000]].concat(),
        // `record { 0 : t }` of itself, `opt t` of itself, `vec t` of itself.
        b"DIDL\x01\x6c\x01\x00\x00\x01\x00".to_vec(),
        [b"DIDL\x01\x6e\x00\x01\x00".as_slice(), &vec![1; 1_000_000]].concat(),
        [b"DIDL\x01\x6d\x00\x01\x00".as_slice(), &vec![1; 1_000_000]].concat(),
        // A number of a million digits.
        [b"DIDL\0\x01\x7d".as_slice(), &vec![0xff; 1_000_000], &[1]].concat(),
    ];
    // A chain of thirty vectors of a vector each, and one of records that double what they hold.
    let mut chain = b"DIDL\x1e".to_vec();
    for n in 1..=29 {
        chain.extend([0x6d, n]);
    }
    chain.extend([0x6d, 0x7f, 1, 0]);
    chain.extend([1; 29]);
    chain.extend(leb(1 << 50));
    all.push(chain);
    let mut doubling = b"DIDL\x28".to_vec();
    for n in 1..=39 {
        doubling.extend([0x6c, 2, 0, n, 1, n]);
    }
    doubling.extend([0x6c, 0, 1, 0]);
    all.push(doubling);
    all
}

#[test]
fn expensive_candid_is_refused() {
    let mut victim = Victim::start();
    let id = victim.create();
    victim.endure(rounds(3), |victim, _| {
        for bomb in bombs() {
            for method in ["canister_status", "update_settings", "install_code", "install_chunked_code"] {
                assert!(victim.call(IC, method, &bomb).is_err());
            }
            assert!(victim.query(IC, "fetch_canister_logs", &bomb).is_err());
        }
        victim.manage("canister_status", types::CanisterIdRecord { canister_id: id }).unwrap();
    });
}
