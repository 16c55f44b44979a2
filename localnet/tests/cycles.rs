//! What canisters pay: executions, ingress, calls, storage; and what happens when they cannot.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::{Nat, Principal};
use common::{counter, pocket_ic};
use ic_management_canister_types::CanisterSettings;
use pocket_ic::common::rest::{CanisterCyclesCostSchedule, ExtendedSubnetConfigSet, SubnetSpec};
use pocket_ic::{ErrorCode, PocketIc, PocketIcBuilder};
use std::time::Duration;

/// `run` spins as often as its argument says and replies with the instructions of its context. `pay` calls
/// `sink` of the canister in its argument with 1,000,000 cycles attached and 8 bytes; `sink` keeps 400,000 and
/// replies with 3 bytes. `pass` tells what `call_perform` says.
const SPENDER: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_arg_data_copy" (func $arg (param i32 i32 i32)))
  (import "ic0" "performance_counter" (func $counter (param i32) (result i64)))
  (import "ic0" "msg_cycles_accept128" (func $accept (param i64 i64 i32)))
  (import "ic0" "msg_cycles_refunded128" (func $refunded (param i32)))
  (import "ic0" "call_new" (func $call_new (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "ic0" "call_data_append" (func $call_data (param i32 i32)))
  (import "ic0" "call_cycles_add128" (func $add (param i64 i64)))
  (import "ic0" "call_perform" (func $perform (result i32)))
  (import "ic0" "canister_cycle_balance128" (func $balance (param i32)))
  (import "ic0" "canister_liquid_cycle_balance128" (func $liquid (param i32)))
  (import "ic0" "cost_call" (func $cost_call (param i64 i64 i32)))
  (memory 1)
  (table 2 funcref)
  (elem (i32.const 0) $paid $paid)
  (data (i32.const 100) "sink")
  (func $run (local $n i32)
    (call $arg (i32.const 0) (i32.const 0) (i32.const 4))
    (local.set $n (i32.load (i32.const 0)))
    (block (loop
      (br_if 1 (i32.eqz (local.get $n)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br 0)))
    (call $balance (i32.const 16))
    (call $liquid (i32.const 32))
    (call $cost_call (i64.const 4) (i64.const 8) (i32.const 48))
    (i64.store (i32.const 8) (call $counter (i32.const 1)))
    (call $append (i32.const 8) (i32.const 56))
    (call $reply))
  (func $call_sink
    (call $arg (i32.const 0) (i32.const 0) (i32.const 10))
    (call $call_new (i32.const 0) (i32.const 10) (i32.const 100) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
    (call $call_data (i32.const 0) (i32.const 8))
    (call $add (i64.const 0) (i64.const 1000000)))
  (func $pay (call $call_sink) (drop (call $perform)))
  (func $pass
    (call $call_sink)
    (i32.store (i32.const 0) (call $perform))
    (call $append (i32.const 0) (i32.const 4))
    (call $reply))
  (func $paid (param i32)
    (call $refunded (i32.const 0))
    (call $append (i32.const 0) (i32.const 8))
    (call $reply))
  (func $sink
    (call $accept (i64.const 0) (i64.const 400000) (i32.const 0))
    (call $append (i32.const 0) (i32.const 3))
    (call $reply))
  (export "canister_update run" (func $run))
  (export "canister_query look" (func $run))
  (export "canister_update pay" (func $pay))
  (export "canister_update pass" (func $pass))
  (export "canister_update sink" (func $sink)))"#;

const EXECUTION: u128 = 5_000_000;
const PREPAID: u128 = EXECUTION + 40_000_000_000;
const ME: Principal = Principal::anonymous();

fn spender(pic: &PocketIc) -> Principal {
    let id = pic.create_canister();
    pic.install_canister(id, wat::parse_str(SPENDER).unwrap(), vec![], None);
    id
}

fn number(bytes: &[u8]) -> u128 {
    let mut wide = [0; 16];
    wide[..bytes.len()].copy_from_slice(bytes);
    u128::from_le_bytes(wide)
}

/// What happened to the balance in `f`, which takes less time than what storage is charged by.
fn spent<R>(pic: &PocketIc, id: Principal, f: impl FnOnce() -> R) -> (u128, R) {
    let before = pic.cycle_balance(id);
    let result = f();
    (before - pic.cycle_balance(id), result)
}

#[test]
fn an_update_costs_its_bytes_and_instructions() {
    let pic = pocket_ic();
    let id = spender(&pic);
    for turns in [0u32, 1_000_000] {
        let before = pic.cycle_balance(id);
        let (cost, reply) =
            spent(&pic, id, || pic.update_call(id, ME, "run", turns.to_le_bytes().to_vec()).unwrap());
        let ingress = 1_200_000 + 2_000 * (3 + 4);
        // Replying comes after the counter was read: storing that, two calls of 5 + 500, 50 per byte,
        // two constants, and the heap's first page that became dirty.
        let instructions = number(&reply[..8]) + 1 + 505 + 505 + 50 * 56 + 2 + 1_000;
        assert_eq!(cost, ingress + EXECUTION + instructions);
        assert!(instructions > u128::from(turns) * 7);
        // What is set aside for the execution is not there while it runs.
        assert_eq!(number(&reply[8..24]), before - ingress - PREPAID);
        assert_eq!(number(&reply[40..56]), 260_000 + 1_000 * (4 + 8) + 1_000 * 2_097_152 + PREPAID);
    }
    let (cost, _) = spent(&pic, id, || pic.query_call(id, ME, "look", vec![0; 4]).unwrap());
    assert_eq!(cost, 0, "queries are free");
    let (cost, _) = spent(&pic, id, || pic.update_call(id, ME, "nothing", vec![]).unwrap_err());
    assert_eq!(cost, 1_200_000 + 2_000 * 7, "a message that is not executed");
}

#[test]
fn a_call_costs_what_it_used_of_what_was_prepaid() {
    let pic = pocket_ic();
    let (payer, sink) = (spender(&pic), spender(&pic));
    let total = || pic.cycle_balance(payer) + pic.cycle_balance(sink);
    let (before, sinks) = (total(), pic.cycle_balance(sink));
    let (cost, reply) =
        spent(&pic, payer, || pic.update_call(payer, ME, "pay", sink.as_slice().to_vec()).unwrap());
    assert_eq!(number(&reply), 600_000, "what was not accepted comes back");
    let ingress = 1_200_000 + 2_000 * (3 + 10);
    let call = 260_000 + 1_000 * (4 + 8) + 1_000 * 3;
    let executions = cost - 400_000 - ingress - call;
    // Two executions, of some thousand instructions each.
    assert!((2 * EXECUTION..2 * EXECUTION + 30_000).contains(&executions), "{executions}");
    // The sink gained what it accepted, less its own execution.
    let lost = sinks + 400_000 - pic.cycle_balance(sink);
    assert!((EXECUTION..EXECUTION + 10_000).contains(&lost), "{lost}");
    assert_eq!(before - total(), ingress + call + executions + lost, "no cycles come from nowhere");
}

#[test]
fn a_frozen_canister_is_refused_until_it_is_topped_up() {
    let pic = pocket_ic();
    let id = spender(&pic);
    let freeze = |seconds: u64| {
        let freezing_threshold = Some(Nat::from(seconds));
        pic.update_canister_settings(id, None, CanisterSettings { freezing_threshold, ..Default::default() })
            .unwrap();
    };
    // A GiB costs 127,000 a second, so that the canister's memory alone freezes it.
    freeze(1 << 60);
    let status = pic.canister_status(id, None).unwrap_err();
    assert_eq!(status.error_code, ErrorCode::CanisterOutOfCycles);
    let reject = pic.update_call(id, ME, "run", vec![0; 4]).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterOutOfCycles);
    assert!(
        reject.reject_message.contains("is out of cycles: please top up the canister with at least"),
        "{reject}"
    );
    assert!(!reject.certified);
    let reject = pic.query_call(id, ME, "look", vec![0; 4]).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterOutOfCycles);
    assert!(reject.reject_message.contains("unable to process query calls because it's frozen"), "{reject}");
    let reject = pic.upgrade_canister(id, counter(), vec![], None).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterOutOfCycles);
    // Settings can be mended all the same.
    freeze(0);
    pic.update_call(id, ME, "run", vec![0; 4]).unwrap();
    freeze(1 << 60);
    pic.add_cycles(id, 1 << 100);
    pic.update_call(id, ME, "run", vec![0; 4]).unwrap();
    // Neither can it be called by others while it is frozen.
    let sink = spender(&pic);
    let settings = CanisterSettings { freezing_threshold: Some(Nat::from(1u64 << 60)), ..Default::default() };
    pic.update_canister_settings(sink, None, settings).unwrap();
    let other = spender(&pic);
    let (lost, reply) =
        spent(&pic, other, || pic.update_call(other, ME, "pay", sink.as_slice().to_vec()).unwrap());
    assert_eq!(number(&reply), 1_000_000, "refused, so everything comes back");
    assert!(lost < 2 * EXECUTION + 4_000_000, "{lost}");
}

#[test]
fn a_call_that_cannot_be_prepaid_is_not_made() {
    let pic = pocket_ic();
    let id = pic.create_canister();
    // Enough for the installation's prepayment, then only for an execution.
    pic.install_canister(id, wat::parse_str(SPENDER).unwrap(), vec![], None);
    let poor = spender(&pic);
    let idle = pic.canister_status(poor, None).unwrap().idle_cycles_burned_per_day;
    let per_day = u128::try_from(&idle.0).unwrap();
    let spare = PREPAID + 20_000_000_000;
    let seconds = (pic.cycle_balance(poor) - spare) * 86_400 / per_day;
    let freezing_threshold = Some(Nat::from(seconds));
    pic.update_canister_settings(poor, None, CanisterSettings { freezing_threshold, ..Default::default() })
        .unwrap();
    let reply = pic.update_call(poor, ME, "pass", id.as_slice().to_vec()).unwrap();
    assert_eq!(number(&reply), 2);
    let reply = pic.update_call(id, ME, "pass", poor.as_slice().to_vec()).unwrap();
    assert_eq!(number(&reply), 0);
}

#[test]
fn storage_is_paid_by_the_second_until_nothing_is_left() {
    let pic = pocket_ic();
    let id = pic.create_canister();
    pic.install_canister(id, counter(), vec![], None);
    let settings =
        CanisterSettings { memory_allocation: Some(Nat::from(100u64 << 30)), ..Default::default() };
    pic.update_canister_settings(id, None, settings).unwrap();
    pic.advance_time(Duration::from_secs(1_000));
    pic.tick();
    let (cost, ()) = spent(&pic, id, || {
        pic.advance_time(Duration::from_secs(1_000));
        pic.tick();
    });
    assert_eq!(cost, 127_000 * 100 * 1_000);
    let day = pic.canister_status(id, None).unwrap().idle_cycles_burned_per_day;
    let day = u128::try_from(&day.0).unwrap();
    assert_eq!(day, cost / 1_000 * 86_400);
    // As long again as it can pay, and longer: the code is taken away, the canister stays.
    let seconds = pic.cycle_balance(id) / (day / 86_400);
    pic.advance_time(Duration::from_secs(u64::try_from(seconds).unwrap() + 2));
    pic.tick();
    assert_eq!(pic.cycle_balance(id), 0);
    assert!(pic.canister_exists(id));
    pic.add_cycles(id, 1 << 60);
    let status = pic.canister_status(id, None).unwrap();
    assert_eq!(status.module_hash, None);
    assert_eq!(status.memory_metrics.stable_memory_size, 0u64);
}

#[test]
fn an_installation_costs_its_compilation() {
    let pic = pocket_ic();
    let id = pic.create_canister();
    let wasm = |body: &str| wat::parse_str(format!("(module (func $f {body}))")).unwrap();
    let (small, _) = spent(&pic, id, || pic.reinstall_canister(id, wasm("nop"), vec![], None).unwrap());
    let (large, _) =
        spent(&pic, id, || pic.reinstall_canister(id, wasm(&"nop ".repeat(1_001)), vec![], None).unwrap());
    let bytes = wasm(&"nop ".repeat(1_001)).len() - wasm("nop").len();
    // The length of a larger module takes one more byte in the argument.
    assert_eq!(large - small, 6_000 * 1_000 + 2_000 * (bytes + 1) as u128);
}

#[test]
fn nothing_costs_anything_on_a_free_subnet() {
    let url = pocket_ic().get_server_url();
    let spec = SubnetSpec::default().with_cost_schedule(CanisterCyclesCostSchedule::Free);
    let config = ExtendedSubnetConfigSet { application: vec![spec], ..Default::default() };
    let pic = PocketIcBuilder::new_with_config(config).with_server_url(url).build();
    let id = spender(&pic);
    let (cost, _) = spent(&pic, id, || {
        pic.update_call(id, ME, "run", vec![9; 4]).unwrap();
        pic.update_call(id, ME, "pay", id.as_slice().to_vec()).unwrap();
        pic.advance_time(Duration::from_secs(1 << 30));
        pic.tick();
    });
    assert_eq!(cost, 0);
}
