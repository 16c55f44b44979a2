//! Snapshots of canisters: what they hold, who may use them, how many, and that they outlive the process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::{Decode, Encode, Principal};
use common::{COUNTER, PROXY, builder, counter, counts, passed, pocket_ic, proxy};
use ic_management_canister_types as types;
use pocket_ic::{ErrorCode, PocketIc, RejectResponse};
use std::time::Duration;

fn installed(pic: &PocketIc) -> Principal {
    let id = pic.create_canister();
    pic.install_canister(id, counter(), vec![], None);
    id
}

fn inc(pic: &PocketIc, id: Principal) -> [u32; 3] {
    counts(&pic.update_call(id, Principal::anonymous(), "inc", vec![]).unwrap())
}

fn get(pic: &PocketIc, id: Principal) -> [u32; 3] {
    counts(&pic.query_call(id, Principal::anonymous(), "get", vec![]).unwrap())
}

fn manage(pic: &PocketIc, sender: Principal, method: &str, arg: Vec<u8>) -> Result<Vec<u8>, RejectResponse> {
    pic.update_call(Principal::management_canister(), sender, method, arg)
}

fn history(pic: &PocketIc, asker: Principal, id: Principal) -> types::CanisterInfoResult {
    let arg = Encode!(&types::CanisterInfoArgs { canister_id: id, num_requested_changes: Some(20) }).unwrap();
    let call = passed(Principal::management_canister(), "canister_info", &arg);
    let reply = pic.update_call(asker, Principal::anonymous(), "call", call).unwrap();
    Decode!(&reply, types::CanisterInfoResult).unwrap()
}

#[test]
fn a_snapshot_brings_everything_back() {
    let pic = pocket_ic();
    let id = installed(&pic);
    let asker = proxy(&pic);
    let chunk = pic.upload_chunk(id, None, b"chunk".to_vec()).unwrap();
    assert_eq!(inc(&pic, id), [1, 1, 1]);
    assert_eq!(inc(&pic, id), [2, 2, 2]);
    let before = pic.canister_status(id, None).unwrap();
    let taken = pic.take_canister_snapshot(id, None, None).unwrap();
    assert_eq!(taken.id[8..], *id.as_slice());
    assert!(taken.total_size > 2 * 65_536);
    let after = pic.canister_status(id, None).unwrap();
    assert_eq!(after.memory_metrics.snapshots_size, taken.total_size);
    assert_eq!(after.version, before.version, "taking one changes nothing");
    // Later changes, also of the module, of sizes and of the chunk store.
    pic.update_call(id, Principal::anonymous(), "grow", vec![]).unwrap();
    inc(&pic, id);
    pic.clear_chunk_store(id, None).unwrap();
    let other = COUNTER.replace("canister_update silent", "canister_update other");
    pic.reinstall_canister(id, wat::parse_str(other).unwrap(), vec![], None).unwrap();
    assert_eq!(get(&pic, id), [0, 0, 0]);
    let reinstalled = pic.canister_status(id, None).unwrap();
    pic.load_canister_snapshot(id, None, taken.id.clone()).unwrap();
    assert_eq!(get(&pic, id), [2, 2, 2]);
    let loaded = pic.canister_status(id, None).unwrap();
    assert_eq!(loaded.module_hash, before.module_hash);
    assert_eq!(loaded.memory_metrics.wasm_memory_size, before.memory_metrics.wasm_memory_size);
    assert_eq!(loaded.memory_metrics.stable_memory_size, before.memory_metrics.stable_memory_size);
    assert_eq!(loaded.version, reinstalled.version + 1);
    assert_eq!(pic.stored_chunks(id, None).unwrap(), vec![chunk]);
    // What happens now does not touch the snapshot.
    assert_eq!(inc(&pic, id), [3, 3, 3]);
    pic.load_canister_snapshot(id, None, taken.id.clone()).unwrap();
    assert_eq!(inc(&pic, id), [3, 3, 3]);
    let changes = history(&pic, asker, id).recent_changes;
    let Some(types::ChangeDetails::LoadSnapshot(change)) = &changes.last().unwrap().details else {
        panic!("{changes:?}")
    };
    assert_eq!(change.snapshot_id, taken.id);
    assert_eq!(change.from_canister_id, None);
    assert_eq!(change.canister_version, before.version);
    assert_eq!(change.taken_at_timestamp, taken.taken_at_timestamp);
}

#[test]
fn loading_leaves_the_timer_alone() {
    let pic = pocket_ic();
    let id = installed(&pic);
    let taken = pic.take_canister_snapshot(id, None, None).unwrap();
    pic.update_call(id, Principal::anonymous(), "arm", vec![]).unwrap();
    pic.load_canister_snapshot(id, None, taken.id).unwrap();
    pic.advance_time(Duration::from_secs(2));
    pic.tick();
    assert_eq!(get(&pic, id), [1, 1, 1]);
}

#[test]
fn an_empty_canister_gets_its_code_from_a_snapshot() {
    let pic = pocket_ic();
    let id = pic.create_canister();
    let reject = pic.take_canister_snapshot(id, None, None).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterRejectedMessage);
    assert!(reject.reject_message.contains("Failed to create snapshot for empty canister"), "{reject}");
    pic.install_canister(id, counter(), vec![], None);
    inc(&pic, id);
    let me = Principal::anonymous();
    let chunk = types::UploadChunkArgs { canister_id: id, chunk: counter() };
    let stored = manage(&pic, me, "upload_chunk", Encode!(&chunk).unwrap()).unwrap();
    let hash = Decode!(&stored, types::ChunkHash).unwrap();
    let arg = types::TakeCanisterSnapshotArgs {
        canister_id: id,
        replace_snapshot: None,
        uninstall_code: Some(true),
        sender_canister_version: None,
    };
    let reply = manage(&pic, me, "take_canister_snapshot", Encode!(&arg).unwrap());
    let taken = Decode!(&reply.unwrap(), types::Snapshot).unwrap();
    let reject = pic.update_call(id, me, "inc", vec![]).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterWasmModuleNotFound);
    pic.load_canister_snapshot(id, None, taken.id).unwrap();
    assert_eq!(inc(&pic, id), [2, 2, 2]);
    // Chunks come back with it, bytes and all.
    let install = types::InstallChunkedCodeArgs {
        mode: types::CanisterInstallMode::Reinstall,
        target_canister: id,
        store_canister: None,
        wasm_module_hash: hash.hash.clone(),
        chunk_hashes_list: vec![hash],
        arg: vec![],
        sender_canister_version: None,
    };
    manage(&pic, me, "install_chunked_code", Encode!(&install).unwrap()).unwrap();
    assert_eq!(inc(&pic, id), [1, 1, 1]);
}

#[test]
fn ten_at_a_time_and_one_may_replace_another() {
    let pic = pocket_ic();
    let id = installed(&pic);
    let ids: Vec<_> = (0..10).map(|_| pic.take_canister_snapshot(id, None, None).unwrap().id).collect();
    let reject = pic.take_canister_snapshot(id, None, None).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterRejectedMessage);
    assert!(reject.reject_message.contains("maximum number of snapshots allowed: 10"), "{reject}");
    inc(&pic, id);
    let new = pic.take_canister_snapshot(id, None, Some(ids[3].clone())).unwrap().id;
    let listed: Vec<_> =
        pic.list_canister_snapshots(id, None).unwrap().into_iter().map(|snapshot| snapshot.id).collect();
    assert_eq!(listed, [&ids[..3], &ids[4..], std::slice::from_ref(&new)].concat());
    for gone in [
        pic.load_canister_snapshot(id, None, ids[3].clone()).unwrap_err(),
        pic.delete_canister_snapshot(id, None, ids[3].clone()).unwrap_err(),
        pic.take_canister_snapshot(id, None, Some(ids[3].clone())).unwrap_err(),
    ] {
        assert_eq!(gone.error_code, ErrorCode::CanisterSnapshotNotFound);
        assert!(gone.reject_message.contains("Could not find the snapshot ID"), "{gone}");
    }
    let reject = pic.load_canister_snapshot(id, None, vec![1, 2, 3]).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::InvalidManagementPayload);
    pic.delete_canister_snapshot(id, None, ids[0].clone()).unwrap();
    assert_eq!(pic.list_canister_snapshots(id, None).unwrap().len(), 9);
    pic.load_canister_snapshot(id, None, ids[9].clone()).unwrap();
    assert_eq!(get(&pic, id), [0, 0, 0]);
    pic.load_canister_snapshot(id, None, new).unwrap();
    assert_eq!(get(&pic, id), [1, 1, 1]);
}

#[test]
fn snapshots_are_the_controllers_business() {
    let pic = builder().with_application_subnet().build();
    let [me, other] = [7, 8].map(|n| Principal::from_slice(&[n; 29]));
    let [a, b] = [0; 2].map(|_| {
        let id = pic.create_canister_with_settings(Some(me), None);
        pic.install_canister(id, counter(), vec![], Some(me));
        id
    });
    let taken = pic.take_canister_snapshot(a, Some(me), None).unwrap();
    let strangers = [
        pic.take_canister_snapshot(a, Some(other), None).map(|_| ()).unwrap_err(),
        pic.load_canister_snapshot(a, Some(other), taken.id.clone()).unwrap_err(),
        pic.list_canister_snapshots(a, Some(other)).map(|_| ()).unwrap_err(),
        pic.delete_canister_snapshot(a, Some(other), taken.id.clone()).unwrap_err(),
    ];
    for reject in strangers {
        assert_eq!(reject.error_code, ErrorCode::CanisterInvalidController);
        assert!(!reject.certified, "refused before it was taken in");
    }
    let settings = types::CanisterSettings {
        snapshot_visibility: Some(types::SnapshotVisibility::AllowedViewers(vec![other])),
        ..Default::default()
    };
    pic.update_canister_settings(a, Some(me), settings).unwrap();
    assert_eq!(pic.list_canister_snapshots(a, Some(other)).unwrap().len(), 1);
    assert!(pic.list_canister_snapshots(a, None).is_err());
    // A snapshot of one canister on another: by a controller of both, on the same subnet.
    let reject = pic.delete_canister_snapshot(b, Some(me), taken.id.clone()).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterRejectedMessage);
    assert!(reject.reject_message.contains("does not belong to canister"), "{reject}");
    pic.update_call(a, me, "inc", vec![]).unwrap();
    let second = pic.take_canister_snapshot(a, Some(me), None).unwrap();
    pic.load_canister_snapshot(b, Some(me), second.id.clone()).unwrap();
    assert_eq!(get(&pic, b), [1, 1, 1]);
    pic.set_controllers(a, Some(me), vec![other]).unwrap();
    let reject = pic.load_canister_snapshot(b, Some(me), second.id.clone()).unwrap_err();
    assert!(reject.reject_message.contains("Only a controller of the canister"), "{reject}");
    let home = pic.get_subnet(a);
    let elsewhere = pic.topology().get_app_subnets().into_iter().find(|s| Some(*s) != home).unwrap();
    let far = pic.create_canister_on_subnet(Some(other), None, elsewhere);
    let reject = pic.load_canister_snapshot(far, Some(other), second.id).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterSnapshotNotFound);
}

#[test]
fn transferring_snapshots_is_not_offered() {
    let pic = pocket_ic();
    let id = installed(&pic);
    let taken = pic.take_canister_snapshot(id, None, None).unwrap();
    let arg = types::ReadCanisterSnapshotMetadataArgs { canister_id: id, snapshot_id: taken.id };
    let arg = Encode!(&arg).unwrap();
    let reject =
        manage(&pic, Principal::anonymous(), "read_canister_snapshot_metadata", arg.clone()).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::UnknownManagementMessage);
    assert!(reject.reject_message.starts_with("Management canister has no method"), "{reject}");
    let stranger = Principal::from_slice(&[9; 29]);
    let reject = manage(&pic, stranger, "read_canister_snapshot_metadata", arg).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterInvalidController);
}

#[test]
fn snapshots_outlive_the_process_and_go_with_their_canister() {
    let dir = tempfile::tempdir().unwrap();
    let start = || builder().with_state_dir(dir.path().to_owned()).build();
    let files = || {
        let list = std::fs::read_dir(dir.path().join("memory")).unwrap();
        list.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("snapshot"))
            .count()
    };
    let pic = start();
    let id = installed(&pic);
    inc(&pic, id);
    let taken = pic.take_canister_snapshot(id, None, None).unwrap();
    let replaced = pic.take_canister_snapshot(id, None, None).unwrap();
    inc(&pic, id);
    pic.take_canister_snapshot(id, None, Some(replaced.id)).unwrap();
    assert_eq!(files(), 4);
    pic.reinstall_canister(id, wat::parse_str(PROXY).unwrap(), vec![], None).unwrap();
    drop(pic);
    // Left behind by a process that was killed before it wrote the record.
    std::fs::write(dir.path().join(format!("memory/{id}.snapshot-heap.7")), b"half").unwrap();
    let pic = start();
    assert_eq!(files(), 4);
    pic.load_canister_snapshot(id, None, taken.id).unwrap();
    assert_eq!(get(&pic, id), [1, 1, 1]);
    pic.stop_canister(id, None).unwrap();
    pic.delete_canister(id, None).unwrap();
    assert_eq!(files(), 0);
    assert_eq!(std::fs::read_dir(dir.path().join("memory")).unwrap().count(), 0);
}

/// A heap of two GiB of which little was touched: a snapshot costs neither its size in memory nor on disk.
#[test]
fn a_large_heap_is_copied_past_the_process() {
    use std::os::unix::fs::MetadataExt;
    let wat = r#"(module
      (import "ic0" "msg_reply" (func $reply))
      (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
      (memory 32768)
      (func $fill (local $i i32)
        (loop $l
          (i64.store (i32.mul (local.get $i) (i32.const 4096)) (i64.const 7))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $l (i32.lt_u (local.get $i) (i32.const 24576))))
        (i32.store (i32.const 2147479552) (i32.const 9))
        (call $reply))
      (func $clear (memory.fill (i32.const 0) (i32.const 0) (i32.const 100000000))
        (i32.store (i32.const 2147479552) (i32.const 0)) (call $reply))
      (func $get (call $append (i32.const 2147479552) (i32.const 4))
        (call $append (i32.const 4096) (i32.const 4)) (call $append (i32.const 4100) (i32.const 4))
        (call $reply))
      (export "canister_update fill" (func $fill))
      (export "canister_update clear" (func $clear))
      (export "canister_query get" (func $get)))"#;
    let dir = tempfile::tempdir().unwrap();
    let pic = builder().with_state_dir(dir.path().to_owned()).build();
    let (id, me) = (pic.create_canister(), Principal::anonymous());
    pic.install_canister(id, wat::parse_str(wat).unwrap(), vec![], None);
    pic.update_call(id, me, "fill", vec![]).unwrap();
    let taken = pic.take_canister_snapshot(id, None, None).unwrap();
    assert!(taken.total_size >= 2 << 30);
    let copy = std::fs::metadata(dir.path().join(format!("memory/{id}.snapshot-heap.0"))).unwrap();
    assert!(copy.blocks() * 512 < 200 << 20, "holes are not written: {} blocks", copy.blocks());
    pic.update_call(id, me, "clear", vec![]).unwrap();
    assert_eq!(counts(&pic.query_call(id, me, "get", vec![]).unwrap()), [0, 0, 0]);
    pic.load_canister_snapshot(id, None, taken.id).unwrap();
    assert_eq!(counts(&pic.query_call(id, me, "get", vec![]).unwrap()), [9, 7, 0]);
}
