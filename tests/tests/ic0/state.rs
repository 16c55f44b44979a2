//! What an execution leaves behind: versions, certified data, timers, and nothing where it failed.

use super::calls::{install, longs};
use super::module::written;
use candid::Principal;
use darkroom_tests::network;
use pocket_ic::{ErrorCode, PocketIc};
use std::time::Duration;

/// Replies with its version; counts in the heap and certifies the count.
const COUNTER: &str = r#"
  (memory 1)
  (data (i32.const 100) "the certified data of this count")
  (func $bump
    (i32.store8 (i32.const 99) (i32.add (i32.load8_u (i32.const 99)) (i32.const 1)))
    (i32.store8 (i32.const 131) (i32.load8_u (i32.const 99))))
  (func $reply
    (i64.store (i32.const 0) (call $canister_version))
    (i64.store (i32.const 8) (i64.load8_u (i32.const 99)))
    (i64.store (i32.const 16) (call $stable64_size))
    (call $msg_reply_data_append (i32.const 0) (i32.const 24))
    (call $msg_reply))
  (func $update (call $bump) (call $certified_data_set (i32.const 100) (i32.const 32)) (call $reply))
  (func $query (call $bump) (call $reply))
  (func $fail (call $update) unreachable)
  (func $arm (drop (call $global_timer_set (i64.add (call $time) (i64.const 1000000000)))) (call $reply))
  (func $certificate
    (call $data_certificate_copy (i32.const 1000) (i32.const 0) (call $data_certificate_size))
    (call $msg_reply_data_append (i32.const 1000) (call $data_certificate_size))
    (call $msg_reply))
  (func $change
    (call $bump)
    (call $certified_data_set (i32.const 100) (i32.const 32))
    (drop (call $stable64_grow (i64.const 1)))
    (drop (call $global_timer_set (i64.const 1)))
    (call $cycles_burn128 (i64.const 0) (i64.const 1000000000000) (i32.const 200)))
  (export "canister_update update" (func $update))
  (export "canister_update fail" (func $fail))
  (export "canister_update arm" (func $arm))
  (export "canister_global_timer" (func $bump))
  (export "canister_query query" (func $query))
  (export "canister_query certificate" (func $certificate))
"#;

#[test]
fn versions_count_what_succeeded_and_queries_leave_nothing() {
    let pic = network();
    let id = install(&pic, COUNTER);
    let me = Principal::anonymous();
    let update = |method: &str| longs(&pic.update_call(id, me, method, vec![]).unwrap());
    let query = || longs(&pic.query_call(id, me, "query", vec![]).unwrap());
    let [version, 1, 0] = update("update")[..] else { panic!("the first of all") };
    assert_eq!(query(), [version + 1, 2, 0]);
    assert_eq!(query(), [version + 1, 2, 0], "queries are neither kept nor counted");
    assert_eq!(update("query"), [version + 1, 2, 0], "nor kept when they are called as updates");
    assert_eq!(update("update"), [version + 2, 2, 0], "which does count");
    let reject = pic.update_call(id, me, "fail", vec![]).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterTrapped);
    assert_eq!(query(), [version + 3, 3, 0]);
}

/// The counts that a canister's certificate shows: one or none.
fn certificate(pic: &PocketIc, id: Principal) -> Vec<u8> {
    let bytes = pic.query_call(id, Principal::anonymous(), "certificate", vec![]).unwrap();
    let shown = |part: &[u8]| part.starts_with(b"the certified data of this coun").then(|| part[31]);
    bytes.windows(32).filter_map(shown).collect()
}

#[test]
fn certified_data_is_what_the_last_success_made_it() {
    let pic = network();
    let id = install(&pic, COUNTER);
    let me = Principal::anonymous();
    let certified = |count| certificate(&pic, id).contains(&count);
    assert!(!certified(0));
    pic.update_call(id, me, "update", vec![]).unwrap();
    assert!(certified(1));
    pic.update_call(id, me, "fail", vec![]).unwrap_err();
    assert!(certified(1));
    pic.upgrade_canister(id, written(COUNTER), vec![], None).unwrap();
    assert!(certified(1), "an upgrade keeps it");
    pic.reinstall_canister(id, written(COUNTER), vec![], None).unwrap();
    assert!(!certified(1), "a new installation does not");
}

#[test]
fn timers_fire_once_and_end_with_their_code() {
    let pic = network();
    let id = install(&pic, COUNTER);
    let me = Principal::anonymous();
    let count = || longs(&pic.query_call(id, me, "query", vec![]).unwrap())[1] - 1;
    let arm = || pic.update_call(id, me, "arm", vec![]).unwrap();
    let wait = || {
        pic.advance_time(Duration::from_secs(2));
        pic.tick();
        pic.tick();
    };
    arm();
    pic.tick();
    assert_eq!(count(), 0, "not before its time");
    wait();
    assert_eq!(count(), 1);
    wait();
    assert_eq!(count(), 1);
    arm();
    pic.upgrade_canister(id, written(COUNTER), vec![], None).unwrap();
    wait();
    assert_eq!(count(), 0);
}

#[test]
fn an_installation_that_fails_changes_nothing() {
    let pic = network();
    let me = Principal::anonymous();
    let failing = |entry: &str| {
        written(&format!("{COUNTER} (func (export \"canister_{entry}\") (call $change) unreachable)"))
    };
    for entry in ["pre_upgrade", "post_upgrade", "init"] {
        let (old, new) = match entry {
            "pre_upgrade" => (failing(entry), written(COUNTER)),
            _ => (written(COUNTER), failing(entry)),
        };
        let id = pic.create_canister();
        pic.install_canister(id, old, vec![], None);
        pic.update_call(id, me, "update", vec![]).unwrap();
        let state = || (pic.query_call(id, me, "query", vec![]), certificate(&pic, id));
        let (before, cycles) = (state(), pic.cycle_balance(id));
        let failed = match entry {
            "init" => pic.reinstall_canister(id, new, vec![], None),
            _ => pic.upgrade_canister(id, new, vec![], None),
        };
        assert_eq!(failed.unwrap_err().error_code, ErrorCode::CanisterTrapped, "{entry}");
        pic.tick();
        pic.tick();
        assert_eq!(state(), before, "{entry} (had it set the timer, that would have counted)");
        assert_eq!(certificate(&pic, id), [1], "{entry}");
        let paid = cycles - pic.cycle_balance(id);
        assert!(paid < 500_000_000_000, "{entry} burnt nothing, it only costs what it ran: {paid}");
    }
}
