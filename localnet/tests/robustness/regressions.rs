//! What the suites of this folder and the fuzz targets have found, each once and by name.

use crate::victim::{Victim, b64, refused};
use candid::Principal;
use ic_management_canister_types as types;
use serde_json::json;

/// A module of one update and one query with the same body.
fn with(imports: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
          (import "ic0" "msg_reply" (func $reply))
          (import "ic0" "debug_print" (func $print (param i32 i32)))
          {imports}
          (memory 1)
          (func $act {body})
          (func $fine (call $reply))
          (export "canister_update act" (func $act))
          (export "canister_update fine" (func $fine)))"#
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn the_end_of_time_is_refused() {
    let mut victim = Victim::start();
    for time in [u64::MAX, u64::MAX - 1, 1 << 63] {
        let body = json!({ "nanos_since_epoch": time });
        for endpoint in ["update/set_time", "update/set_certified_time"] {
            victim.post(&format!("{}/{endpoint}", victim.base), &body).expect(400, "the latest");
        }
        let config = json!({ "subnet_config_set": {}, "initial_time": { "Timestamp": body } });
        victim.post("/instances", &config).expect(400, "the latest");
    }
    victim.ask("update/set_time", &json!({ "nanos_since_epoch": i64::MAX }));
    victim.check();
}

#[test]
fn heartbeats_starve_nobody_and_do_not_pile_up() {
    let mut victim = Victim::start();
    let costly = "(drop (table.size 0))".repeat(200);
    let text = format!(
        r#"(module (table 1 funcref) (func $f (loop $l {costly} (br $l))) (export "canister_heartbeat" (func $f)))"#
    );
    let wasm = wat::parse_str(text).unwrap();
    for _ in 0..3 {
        victim.install(&wasm);
    }
    for _ in 0..5 {
        victim.check();
    }
}

#[test]
fn logs_of_nothing_take_no_memory() {
    let mut victim = Victim::start();
    let body = "(local $n i32)
      (loop $l
        (call $print (i32.const 0) (i32.const 0))
        (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 300000))))
      (call $reply)";
    let id = victim.install(&with("", body));
    victim.endure(9, |victim, _| {
        victim.call(id, "act", &[]).unwrap();
    });
    let logs = victim.query(
        Principal::management_canister(),
        "fetch_canister_logs",
        &candid::encode_one(types::CanisterIdRecord { canister_id: id }).unwrap(),
    );
    let logs: types::FetchCanisterLogsResult = candid::decode_one(&logs.unwrap()).unwrap();
    assert!(logs.canister_log_records.len() < 1_000, "{}", logs.canister_log_records.len());
}

#[test]
fn composite_queries_call_a_hundred_times_at_most() {
    let mut victim = Victim::start();
    let text = r#"(module
      (import "ic0" "msg_reply" (func $reply))
      (import "ic0" "canister_self_size" (func $self_size (result i32)))
      (import "ic0" "canister_self_copy" (func $self_copy (param i32 i32 i32)))
      (import "ic0" "call_new" (func $new (param i32 i32 i32 i32 i32 i32 i32 i32)))
      (import "ic0" "call_perform" (func $perform (result i32)))
      (memory 1)
      (table funcref (elem $on))
      (data (i32.const 100) "leaf")
      (func $tree (local $n i32)
        (call $self_copy (i32.const 0) (i32.const 0) (call $self_size))
        (loop $l
          (call $new (i32.const 0) (call $self_size) (i32.const 100) (i32.const 4)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
          (drop (call $perform))
          (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 400)))))
      (func $on (param i32))
      (export "canister_query leaf" (func $reply))
      (export "canister_composite_query tree" (func $tree)))"#;
    let id = victim.install(&wat::parse_str(text).unwrap());
    refused(&victim.query(id, "tree", &[]), "QueryCallGraphTotalInstructionLimitExceeded");
    victim.check();
}

#[test]
fn cycles_beyond_counting_stay_where_they_are() {
    let mut victim = Victim::start();
    let id = victim.create();
    let settings =
        |settings| types::UpdateSettingsArgs { canister_id: id, settings, sender_canister_version: None };
    let frozen = types::CanisterSettings {
        memory_allocation: Some(u64::MAX.into()),
        freezing_threshold: Some(u64::MAX.into()),
        compute_allocation: Some(100u8.into()),
        ..Default::default()
    };
    let thawed = types::CanisterSettings {
        memory_allocation: Some(0u8.into()),
        freezing_threshold: Some(0u8.into()),
        ..Default::default()
    };
    let call = r#"(import "ic0" "call_new" (func $new (param i32 i32 i32 i32 i32 i32 i32 i32)))
      (import "ic0" "call_cycles_add128" (func $add (param i64 i64)))
      (import "ic0" "call_perform" (func $perform (result i32)))
      (table 1 funcref)"#;
    let body = r#"(call $new (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (call $add (i64.const 1) (i64.const 0))
      (drop (call $perform))
      (call $reply)"#;
    victim.install_at(id, &with(call, body)).unwrap();
    let add = format!(r#"{{"canister_id":"{}","amount":{}}}"#, b64(id), u128::MAX);
    for (allocation, affordable) in [(frozen, false), (thawed, true)] {
        let path = format!("{}/update/add_cycles", victim.base);
        assert_eq!(victim.send("POST", &path, "", add.as_bytes()).status, 200);
        let changed = victim.manage("update_settings", settings(allocation));
        assert_eq!(changed.is_ok(), affordable, "{changed:?}");
        victim.manage("canister_status", types::CanisterIdRecord { canister_id: id }).unwrap();
        // Cycles come back to a canister that has been given as many again meanwhile.
        victim.ask("update/submit_ingress_message", &crate::victim::call(id, "act", &[]));
        victim.send("POST", &path, "", add.as_bytes());
        victim.ask("update/tick", &json!({ "blockmakers": null }));
        victim.leap(100_000_000);
        let _ = victim.call(id, "fine", &[]);
        let top = types::ProvisionalTopUpCanisterArgs { canister_id: id, amount: u128::MAX.into() };
        victim.manage("provisional_top_up_canister", top).unwrap();
    }
    victim.check();
}
