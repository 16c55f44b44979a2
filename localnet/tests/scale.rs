//! Large canisters: two GiB of heap touched and twenty GiB of stable memory, and messages that cost what they touch.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::Principal;
use common::pocket_ic;
use pocket_ic::PocketIc;

/// The heap's pages of 4 KiB that `fill` touches.
const HEAP_PAGES: u64 = (2 << 30) / 4096;
/// Places in stable memory that `fill` writes, 64 MiB apart.
const PLACES: u64 = 320;

/// `fill` touches every page of two GiB of heap and writes a word to many places of twenty GiB of stable memory;
/// `inc` touches one page of each; `spoil` touches a tenth of both and traps; `sum` adds up everything.
const LARGE: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "stable64_grow" (func $grow (param i64) (result i64)))
  (import "ic0" "stable64_read" (func $read (param i64 i64 i64)))
  (import "ic0" "stable64_write" (func $write (param i64 i64 i64)))
  (memory 32769)
  (func $touch (param $pages i32) (param $value i64) (local $i i32)
    (loop $l
      (i64.store offset=64 (i32.mul (local.get $i) (i32.const 4096)) (local.get $value))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (local.get $pages)))))
  (func $place (param $places i64) (param $value i64) (local $i i64)
    (i64.store (i32.const 0) (local.get $value))
    (loop $l
      (call $write (i64.mul (local.get $i) (i64.const 67108864)) (i64.const 0) (i64.const 8))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $l (i64.lt_u (local.get $i) (local.get $places)))))
  (func $fill
    (if (i64.lt_s (call $grow (i64.const 327680)) (i64.const 0)) (then (unreachable)))
    (call $touch (i32.const 524288) (i64.const 1))
    (call $place (i64.const 320) (i64.const 1))
    (call $reply))
  (func $spoil
    (call $touch (i32.const 52428) (i64.const 9))
    (call $place (i64.const 32) (i64.const 9))
    (unreachable))
  (func $inc
    (i64.store (i32.const 72) (i64.add (i64.load (i32.const 72)) (i64.const 1)))
    (call $write (i64.const 21474836472) (i64.const 72) (i64.const 8))
    (call $reply))
  (func $sum (local $i i32) (local $j i64) (local $heap i64) (local $stable i64)
    (loop $l
      (local.set $heap (i64.add (local.get $heap)
        (i64.load offset=64 (i32.mul (local.get $i) (i32.const 4096)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 524288))))
    (loop $l
      (call $read (i64.const 0) (i64.mul (local.get $j) (i64.const 67108864)) (i64.const 8))
      (local.set $stable (i64.add (local.get $stable) (i64.load (i32.const 0))))
      (local.set $j (i64.add (local.get $j) (i64.const 1)))
      (br_if $l (i64.lt_u (local.get $j) (i64.const 320))))
    (call $read (i64.const 24) (i64.const 21474836472) (i64.const 8))
    (i64.store (i32.const 0) (local.get $heap))
    (i64.store (i32.const 8) (local.get $stable))
    (i64.store (i32.const 16) (i64.load (i32.const 72)))
    (call $append (i32.const 0) (i32.const 32))
    (call $reply))
  (export "canister_update fill" (func $fill))
  (export "canister_update spoil" (func $spoil))
  (export "canister_update inc" (func $inc))
  (export "canister_query sum" (func $sum)))"#;

/// What `sum` says: of the heap, of stable memory, and how often `inc` was called, by each of the two.
fn sums(pic: &PocketIc, id: Principal) -> [u64; 4] {
    let reply = pic.query_call(id, Principal::anonymous(), "sum", vec![]).unwrap();
    [0, 8, 16, 24].map(|at| u64::from_le_bytes(reply[at..at + 8].try_into().unwrap()))
}

/// Pages that the process mapped or copied so far.
fn faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[7].parse().unwrap()
}

#[test]
fn messages_cost_what_they_touch() {
    let pic = pocket_ic();
    let (id, me) = (pic.create_canister(), Principal::anonymous());
    pic.add_cycles(id, 1_000_000_000_000_000_000);
    pic.install_canister(id, wat::parse_str(LARGE).unwrap(), vec![], None);
    let update = |method: &str| pic.update_call(id, me, method, vec![]);
    update("fill").unwrap();
    assert_eq!(sums(&pic, id), [HEAP_PAGES, PLACES, 0, 0]);
    update("inc").unwrap();

    // Neither heap nor stable memory is copied or mapped anew: a copy alone would touch half a million pages each time.
    let before = faults();
    for _ in 0..20 {
        update("inc").unwrap();
    }
    let each = (faults() - before) / 20;
    assert!(each < HEAP_PAGES / 50, "{each} pages per message");

    // What a trap undoes is what was touched.
    assert!(update("spoil").unwrap_err().reject_message.contains("unreachable"));
    update("inc").unwrap();
    assert_eq!(sums(&pic, id), [HEAP_PAGES, PLACES, 22, 22]);
}
