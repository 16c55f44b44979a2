//! Limits of memory: the settings' limit, the warning before it, cycles for growth, and heaps that outlive upgrades.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::{Nat, Principal};
use common::{counts, pocket_ic};
use ic_management_canister_types as types;
use pocket_ic::{ErrorCode, PocketIc};
use std::time::Duration;

const ME: Principal = Principal::anonymous();

/// `grow` and `grow_stable` take as many pages as their argument says. The timer takes 100 pages of heap, counted by its
/// own. `low` tells how often the canister heard that memory runs out. Every method replies with that count, the
/// timer's, and the pages of the heap.
const GROWER: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_arg_data_copy" (func $arg (param i32 i32 i32)))
  (import "ic0" "stable64_grow" (func $stable_grow (param i64) (result i64)))
  (import "ic0" "global_timer_set" (func $timer (param i64) (result i64)))
  (memory 1)
  (func $show
    (i32.store (i32.const 8) (memory.size))
    (call $append (i32.const 0) (i32.const 12))
    (call $reply))
  (func $grow
    (call $arg (i32.const 16) (i32.const 0) (i32.const 4))
    (if (i32.lt_s (memory.grow (i32.load (i32.const 16))) (i32.const 0)) (then (unreachable)))
    (call $show))
  (func $grow_stable
    (call $arg (i32.const 16) (i32.const 0) (i32.const 4))
    (drop (call $stable_grow (i64.load32_u (i32.const 16))))
    (call $show))
  (func $arm (drop (call $timer (i64.const 1))) (call $show))
  (func $tick
    (drop (memory.grow (i32.const 100)))
    (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1))))
  (func $low (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))
  (export "canister_update grow" (func $grow))
  (export "canister_update grow_stable" (func $grow_stable))
  (export "canister_update arm" (func $arm))
  (export "canister_query get" (func $show))
  (export "canister_global_timer" (func $tick))
  (export "canister_on_low_wasm_memory" (func $low)))"#;

fn installed(pic: &PocketIc) -> Principal {
    let id = pic.create_canister();
    pic.install_canister(id, wat::parse_str(GROWER).unwrap(), vec![], None);
    id
}

fn get(pic: &PocketIc, id: Principal) -> [u32; 3] {
    counts(&pic.query_call(id, ME, "get", vec![]).unwrap())
}

fn pages(pic: &PocketIc, id: Principal, method: &str, n: u32) -> Result<[u32; 3], ErrorCode> {
    let reply = pic.update_call(id, ME, method, n.to_le_bytes().to_vec());
    reply.map(|reply| counts(&reply)).map_err(|reject| reject.error_code)
}

fn set(
    pic: &PocketIc,
    id: Principal,
    change: impl FnOnce(&mut types::CanisterSettings),
) -> Result<(), ErrorCode> {
    let mut settings = types::CanisterSettings::default();
    change(&mut settings);
    pic.update_canister_settings(id, None, settings).map_err(|reject| reject.error_code)
}

fn nat(n: u64) -> Option<Nat> {
    Some(Nat::from(n))
}

#[test]
fn the_limit_is_for_updates() {
    let pic = pocket_ic();
    let id = installed(&pic);
    set(&pic, id, |s| s.wasm_memory_limit = nat(20 << 16)).unwrap();
    assert_eq!(pages(&pic, id, "grow", 19).unwrap(), [0, 0, 20]);
    assert_eq!(pages(&pic, id, "grow", 1), Err(ErrorCode::CanisterWasmMemoryLimitExceeded));
    assert_eq!(get(&pic, id), [0, 0, 20], "undone");
    // A task may go beyond it.
    pages(&pic, id, "arm", 0).unwrap();
    pic.tick();
    assert_eq!(get(&pic, id), [0, 1, 120]);
    // What is above already runs no updates, whatever they would do; everything else goes on.
    assert_eq!(pages(&pic, id, "arm", 0), Err(ErrorCode::CanisterWasmMemoryLimitExceeded));
    set(&pic, id, |s| s.wasm_memory_limit = nat(0)).unwrap();
    pages(&pic, id, "grow", 1).unwrap();
}

#[test]
fn a_canister_hears_once_that_memory_runs_out() {
    let pic = pocket_ic();
    let id = installed(&pic);
    set(&pic, id, |s| {
        s.wasm_memory_limit = nat(100 << 16);
        s.wasm_memory_threshold = nat(50 << 16);
    })
    .unwrap();
    assert_eq!(pages(&pic, id, "grow", 49).unwrap(), [0, 0, 50], "50 pages are left");
    pic.tick();
    assert_eq!(get(&pic, id)[0], 0);
    pages(&pic, id, "grow", 1).unwrap();
    pic.tick();
    assert_eq!(get(&pic, id)[0], 1);
    pages(&pic, id, "grow", 1).unwrap();
    pic.tick();
    assert_eq!(get(&pic, id)[0], 1, "it knows already");
    // There is room again, and then there is not.
    set(&pic, id, |s| s.wasm_memory_limit = nat(1000 << 16)).unwrap();
    set(&pic, id, |s| s.wasm_memory_limit = nat(100 << 16)).unwrap();
    pic.tick();
    assert_eq!(get(&pic, id)[0], 2);
}

#[test]
fn growth_that_would_freeze_is_refused() {
    let pic = pocket_ic();
    let id = pic.create_canister();
    pic.install_canister(id, wat::parse_str(GROWER).unwrap(), vec![], None);
    let day = 24 * 3600;
    set(&pic, id, |s| s.freezing_threshold = nat(3000 * day)).unwrap();
    // 100 T pay for some 3 GiB over 3,000 days.
    pages(&pic, id, "grow_stable", 2 << 14).unwrap();
    assert_eq!(pages(&pic, id, "grow_stable", 3 << 14), Err(ErrorCode::InsufficientCyclesInMemoryGrow));
    assert_eq!(pages(&pic, id, "grow", 2 << 14), Err(ErrorCode::InsufficientCyclesInMemoryGrow));
    pic.add_cycles(id, 1_000_000_000_000_000);
    pages(&pic, id, "grow_stable", 3 << 14).unwrap();
}

#[test]
fn allocations_must_be_payable() {
    let pic = pocket_ic();
    let id = pic.create_canister();
    // A percent costs 10,000,000 a second, so 100 of them 2,592 T in thirty days.
    let refused = set(&pic, id, |s| s.compute_allocation = nat(100));
    assert_eq!(refused, Err(ErrorCode::InsufficientCyclesInComputeAllocation));
    let refused = set(&pic, id, |s| s.memory_allocation = nat(1 << 40));
    assert_eq!(refused, Err(ErrorCode::InsufficientCyclesInMemoryAllocation));
    set(&pic, id, |s| s.compute_allocation = nat(1)).unwrap();
    let status = pic.canister_status(id, None).unwrap();
    assert_eq!(status.settings.compute_allocation, Nat::from(1u64));
    assert_eq!(status.settings.memory_allocation, Nat::from(0u64));
}

#[test]
fn a_frozen_canister_keeps_its_timer() {
    let pic = pocket_ic();
    let id = installed(&pic);
    let now = pic.get_time().as_nanos_since_unix_epoch();
    assert!(now > 0);
    pages(&pic, id, "arm", 0).unwrap();
    set(&pic, id, |s| s.freezing_threshold = nat(1 << 60)).unwrap();
    pic.advance_time(Duration::from_secs(1));
    pic.tick();
    pic.tick();
    set(&pic, id, |s| s.freezing_threshold = nat(0)).unwrap();
    pic.tick();
    pic.tick();
    assert_eq!(get(&pic, id)[1], 1);
}

/// Counts upgrades in its heap, whose first word it replies with, and has a global that begins at 7.
fn persistent(persists: bool) -> Vec<u8> {
    let custom = if persists { r#"(@custom "icp:private enhanced-orthogonal-persistence" "")"# } else { "" };
    let wat = format!(
        r#"(module
      (import "ic0" "msg_reply" (func $reply))
      (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
      (memory 1)
      (global $n (mut i32) (i32.const 7))
      (data (i32.const 100) "fresh")
      (func $start (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1))))
      (start $start)
      (func $upgraded (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))
      (func $change
        (global.set $n (i32.const 8))
        (i32.store8 (i32.const 100) (i32.const 70))
        (call $get))
      (func $get
        (i32.store (i32.const 8) (global.get $n))
        (i32.store8 (i32.const 11) (i32.load8_u (i32.const 100)))
        (call $append (i32.const 0) (i32.const 12))
        (call $reply))
      (export "canister_post_upgrade" (func $upgraded))
      (export "canister_update change" (func $change))
      (export "canister_query get" (func $get))
      {custom})"#
    );
    wat::parse_str(wat).unwrap()
}

fn upgrade(
    pic: &PocketIc,
    id: Principal,
    wasm: Vec<u8>,
    persistence: Option<types::WasmMemoryPersistence>,
) -> Result<(), String> {
    let options = types::UpgradeFlags { skip_pre_upgrade: None, wasm_memory_persistence: persistence };
    let args = types::InstallCodeArgs {
        mode: types::CanisterInstallMode::Upgrade(Some(options)),
        canister_id: id,
        wasm_module: wasm,
        arg: vec![],
        sender_canister_version: None,
    };
    common::send(pic, ME, "install_code", args).map(drop).map_err(|reject| reject.reject_message)
}

#[test]
fn a_heap_outlives_an_upgrade_where_the_module_is_made_for_it() {
    use types::WasmMemoryPersistence::{Keep, Replace};
    let pic = pocket_ic();
    let id = pic.create_canister();
    pic.install_canister(id, persistent(true), vec![], None);
    let fresh = |n: u32, first: u8| n | u32::from(first) << 24;
    pic.update_call(id, ME, "change", vec![]).unwrap();
    assert_eq!(get(&pic, id), [0, 1, fresh(8, b'F')]);
    let refused = upgrade(&pic, id, persistent(true), None).unwrap_err();
    assert!(refused.contains("Missing upgrade option"), "{refused}");
    let refused = upgrade(&pic, id, persistent(false), Some(Keep)).unwrap_err();
    assert!(refused.contains("requires that the new canister module supports"), "{refused}");
    // Heap as it was, globals and start function as in any new instance.
    upgrade(&pic, id, persistent(true), Some(Keep)).unwrap();
    assert_eq!(get(&pic, id), [1, 2, fresh(7, b'F')]);
    upgrade(&pic, id, persistent(false), Some(Replace)).unwrap();
    assert_eq!(get(&pic, id), [1, 1, fresh(7, b'f')]);
    upgrade(&pic, id, persistent(false), None).unwrap();
}
