//! What the suites share: servers, and canisters written as text.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each suite uses a part")]

use candid::utils::ArgumentEncoder;
use candid::{CandidType, Encode, Principal};
use darkroom_localnet::PocketIcServer;
use ic_management_canister_types as types;
use pocket_ic::{PocketIc, PocketIcBuilder, RejectResponse};
use std::sync::OnceLock;

/// An instance of a server that all tests of a suite share.
pub fn pocket_ic() -> PocketIc {
    builder().build()
}

pub fn builder() -> PocketIcBuilder {
    bare().with_application_subnet()
}

/// A builder without any subnet.
pub fn bare() -> PocketIcBuilder {
    static SERVER: OnceLock<PocketIcServer> = OnceLock::new();
    let server = SERVER.get_or_init(|| PocketIcServer::start(0).unwrap());
    PocketIcBuilder::new().with_server_url(server.url().parse().unwrap())
}

/// Counts in the heap, in an unexported global and in stable memory.
///
/// Every method replies with the three counts, four bytes each. `trap` counts and then traps; `grow` takes more
/// heap and stable memory; `big` dirties two MiB of heap.
pub const COUNTER: &str = r#"(module
  (import "ic0" "msg_reply" (func $msg_reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "trap" (func $ic_trap (param i32 i32)))
  (import "ic0" "stable64_size" (func $stable_size (result i64)))
  (import "ic0" "stable64_grow" (func $stable_grow (param i64) (result i64)))
  (import "ic0" "stable64_read" (func $stable_read (param i64 i64 i64)))
  (import "ic0" "stable64_write" (func $stable_write (param i64 i64 i64)))
  (import "ic0" "certified_data_set" (func $certify (param i32 i32)))
  (import "ic0" "global_timer_set" (func $timer (param i64) (result i64)))
  (import "ic0" "time" (func $time (result i64)))
  (import "ic0" "debug_print" (func $print (param i32 i32)))
  (memory 1)
  (global $count (mut i32) (i32.const 0))
  (data (i32.const 100) "deliberate")
  (func $init
    (drop (call $stable_grow (i64.const 1))))
  (func $bump
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (call $stable_read (i64.const 8) (i64.const 0) (i64.const 4))
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
    (call $stable_write (i64.const 0) (i64.const 8) (i64.const 4)))
  (func $show
    (i32.store (i32.const 4) (global.get $count))
    (call $stable_read (i64.const 8) (i64.const 0) (i64.const 4))
    (call $append (i32.const 0) (i32.const 12))
    (call $msg_reply))
  (func $inc (call $bump) (call $certify (i32.const 0) (i32.const 4)) (call $show))
  (func $inc_query (call $bump) (call $show))
  (func $fail
    (call $bump)
    (drop (call $stable_grow (i64.const 5)))
    (drop (memory.grow (i32.const 3)))
    (drop (call $timer (i64.const 1)))
    (call $ic_trap (i32.const 100) (i32.const 10)))
  (func $arm (drop (call $timer (i64.add (call $time) (i64.const 1000000000)))) (call $show))
  (func $tick (call $bump) (call $print (i32.const 100) (i32.const 10)))
  (func $grow
    (drop (call $stable_grow (i64.const 1)))
    (drop (memory.grow (i32.const 1)))
    (call $show))
  (func $loop (loop $l (br $l)))
  (func $silent)
  (export "canister_init" (func $init))
  (export "canister_update inc" (func $inc))
  (export "canister_update trap" (func $fail))
  (export "canister_update arm" (func $arm))
  (export "canister_update grow" (func $grow))
  (export "canister_update loop" (func $loop))
  (export "canister_update silent" (func $silent))
  (export "canister_global_timer" (func $tick))
  (export "canister_query get" (func $show))
  (export "canister_query inc_query" (func $inc_query))
)"#;

pub fn counter() -> Vec<u8> {
    wat::parse_str(COUNTER).unwrap()
}

/// The three counts.
pub fn counts(reply: &[u8]) -> [u32; 3] {
    let word = |i: usize| u32::from_le_bytes(reply[4 * i..4 * i + 4].try_into().unwrap());
    [word(0), word(1), word(2)]
}

/// Calls other canisters: `chain` calls itself three times in a row, each await followed by an increment, and
/// traps after the await whose number is in the first byte of the argument (0 for none). `call` passes its
/// argument (callee, then method after a zero byte) on as a call. Cleanup callbacks count at address 64.
pub const CALLER: &str = r#"(module
  (import "ic0" "msg_reply" (func $msg_reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_arg_data_size" (func $arg_size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $arg_copy (param i32 i32 i32)))
  (import "ic0" "msg_reject" (func $msg_reject (param i32 i32)))
  (import "ic0" "msg_reject_msg_size" (func $reject_size (result i32)))
  (import "ic0" "msg_reject_msg_copy" (func $reject_copy (param i32 i32 i32)))
  (import "ic0" "trap" (func $ic_trap (param i32 i32)))
  (import "ic0" "canister_self_size" (func $self_size (result i32)))
  (import "ic0" "canister_self_copy" (func $self_copy (param i32 i32 i32)))
  (import "ic0" "call_new" (func $call_new (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "ic0" "call_on_cleanup" (func $on_cleanup (param i32 i32)))
  (import "ic0" "call_perform" (func $perform (result i32)))
  (memory 1)
  (table funcref (elem $stepped $rejected $cleanup $passed))
  (data (i32.const 200) "one")
  (data (i32.const 210) "trapped at an await")
  (func $one
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (call $append (i32.const 0) (i32.const 4))
    (call $msg_reply))
  (func $step (param $n i32)
    (call $self_copy (i32.const 300) (i32.const 0) (call $self_size))
    (call $call_new (i32.const 300) (call $self_size) (i32.const 200) (i32.const 3)
      (i32.const 0) (local.get $n) (i32.const 1) (local.get $n))
    (call $on_cleanup (i32.const 2) (i32.const 0))
    (drop (call $perform)))
  (func $chain
    (call $arg_copy (i32.const 16) (i32.const 0) (i32.const 1))
    (call $step (i32.const 1)))
  (func $stepped (param $n i32)
    (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
    (if (i32.eq (local.get $n) (i32.load8_u (i32.const 16)))
      (then (call $ic_trap (i32.const 210) (i32.const 19))))
    (if (i32.lt_u (local.get $n) (i32.const 3))
      (then (call $step (i32.add (local.get $n) (i32.const 1))))
      (else (call $show))))
  (func $rejected (param i32)
    (call $reject_copy (i32.const 400) (i32.const 0) (call $reject_size))
    (call $msg_reject (i32.const 400) (call $reject_size)))
  (func $cleanup (param i32)
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))))
  (func $passed (param i32)
    (call $arg_copy (i32.const 400) (i32.const 0) (call $arg_size))
    (call $append (i32.const 400) (call $arg_size))
    (call $msg_reply))
  (func $pass (local $i i32)
    (call $arg_copy (i32.const 500) (i32.const 0) (call $arg_size))
    (call $call_new (i32.const 501) (i32.load8_u (i32.const 500))
      (i32.add (i32.const 501) (i32.load8_u (i32.const 500)))
      (i32.sub (i32.sub (call $arg_size) (i32.load8_u (i32.const 500))) (i32.const 1))
      (i32.const 3) (i32.const 0) (i32.const 1) (i32.const 0))
    (drop (call $perform)))
  (func $show
    (call $append (i32.const 0) (i32.const 12))
    (call $msg_reply))
  (func $wrong (call $ic_trap (i32.const 210) (call $reject_size)))
  (export "canister_update one" (func $one))
  (export "canister_update chain" (func $chain))
  (export "canister_update pass" (func $pass))
  (export "canister_composite_query pass_query" (func $pass))
  (export "canister_update wrong" (func $wrong))
  (export "canister_query get" (func $show))
)"#;

/// Passes calls on, with cycles: the argument is the callee's length and bytes, the method's length and bytes, and
/// the payload. Every call carries two trillion cycles; the reply or reject comes back as it is. `park`
/// is answered after `release` only: it keeps calling itself.
pub const PROXY: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_arg_data_size" (func $size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $copy (param i32 i32 i32)))
  (import "ic0" "msg_reject" (func $reject (param i32 i32)))
  (import "ic0" "msg_reject_msg_size" (func $rsize (result i32)))
  (import "ic0" "msg_reject_msg_copy" (func $rcopy (param i32 i32 i32)))
  (import "ic0" "call_new" (func $new (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "ic0" "call_data_append" (func $data (param i32 i32)))
  (import "ic0" "call_cycles_add128" (func $cycles (param i64 i64)))
  (import "ic0" "call_perform" (func $perform (result i32)))
  (import "ic0" "canister_self_size" (func $self_size (result i32)))
  (import "ic0" "canister_self_copy" (func $self_copy (param i32 i32 i32)))
  (import "ic0" "time" (func $time (result i64)))
  (import "ic0" "subnet_self_size" (func $subnet_size (result i32)))
  (import "ic0" "subnet_self_copy" (func $subnet_copy (param i32 i32 i32)))
  (memory 40)
  (table funcref (elem $replied $rejected $again))
  (data (i32.const 100) "tick")
  (global $open (mut i32) (i32.const 0))
  (func $replied (param i32)
    (call $copy (i32.const 1024) (i32.const 0) (call $size))
    (call $append (i32.const 1024) (call $size))
    (call $reply))
  (func $rejected (param i32)
    (call $rcopy (i32.const 1024) (i32.const 0) (call $rsize))
    (call $reject (i32.const 1024) (call $rsize)))
  (func $pass (param $pay i32) (local $n i32) (local $m i32)
    (call $copy (i32.const 1024) (i32.const 0) (call $size))
    (local.set $n (i32.add (i32.const 1025) (i32.load8_u (i32.const 1024))))
    (local.set $m (i32.add (i32.add (local.get $n) (i32.const 1)) (i32.load8_u (local.get $n))))
    (call $new (i32.const 1025) (i32.load8_u (i32.const 1024))
      (i32.add (local.get $n) (i32.const 1)) (i32.load8_u (local.get $n))
      (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
    (call $data (local.get $m)
      (i32.sub (call $size) (i32.sub (local.get $m) (i32.const 1024))))
    (if (local.get $pay) (then (call $cycles (i64.const 0) (i64.const 2000000000000))))
    (drop (call $perform)))
  (func $call (call $pass (i32.const 1)))
  (func $free (call $pass (i32.const 0)))
  (func $ask (call $pass (i32.const 0)))
  (func $tick (call $reply))
  (func $park (global.set $open (i32.const 1)) (call $wait))
  (func $wait
    (call $self_copy (i32.const 200) (i32.const 0) (call $self_size))
    (call $new (i32.const 200) (call $self_size) (i32.const 100) (i32.const 4)
      (i32.const 2) (i32.const 0) (i32.const 2) (i32.const 0))
    (drop (call $perform)))
  (func $again (param i32)
    (if (global.get $open) (then (call $wait)) (else (call $reply))))
  (func $release (global.set $open (i32.const 0)) (call $reply))
  (func $when
    (i64.store (i32.const 300) (call $time))
    (call $append (i32.const 300) (i32.const 8))
    (call $reply))
  (func $where
    (call $subnet_copy (i32.const 300) (i32.const 0) (call $subnet_size))
    (call $append (i32.const 300) (call $subnet_size))
    (call $reply))
  (export "canister_update call" (func $call))
  (export "canister_update free" (func $free))
  (export "canister_composite_query ask" (func $ask))
  (export "canister_update tick" (func $tick))
  (export "canister_update park" (func $park))
  (export "canister_update release" (func $release))
  (export "canister_update when" (func $when))
  (export "canister_query where" (func $where))
  (export "canister_query now" (func $when))
)"#;

/// A canister that passes calls on.
pub fn proxy(pic: &PocketIc) -> Principal {
    let id = pic.create_canister();
    pic.install_canister(id, wat::parse_str(PROXY).unwrap(), vec![], None);
    id
}

/// The argument of the proxy.
pub fn passed(callee: Principal, method: &str, arg: &[u8]) -> Vec<u8> {
    let short = |bytes: &[u8]| [&[u8::try_from(bytes.len()).unwrap()], bytes].concat();
    [short(callee.as_slice()), short(method.as_bytes()), arg.to_vec()].concat()
}

/// The management canister.
pub const IC: Principal = Principal::management_canister();

/// A user.
pub fn user(n: u8) -> Principal {
    Principal::from_slice(&[n; 29])
}

/// Calls the counter.
pub fn update(pic: &PocketIc, id: Principal, method: &str) -> Result<[u32; 3], RejectResponse> {
    pic.update_call(id, Principal::anonymous(), method, vec![]).map(|reply| counts(&reply))
}

/// A call of the management canister by a user.
pub fn send(
    pic: &PocketIc,
    sender: Principal,
    method: &str,
    arg: impl CandidType,
) -> Result<Vec<u8>, RejectResponse> {
    pic.update_call(IC, sender, method, Encode!(&arg).unwrap())
}

/// A call of the management canister by a canister.
pub fn by(
    pic: &PocketIc,
    proxy: Principal,
    method: &str,
    arg: impl ArgumentEncoder,
) -> Result<Vec<u8>, RejectResponse> {
    let arg = candid::encode_args(arg).unwrap();
    pic.update_call(proxy, Principal::anonymous(), "call", passed(IC, method, &arg))
}

/// The argument of many of its methods.
pub fn id_of(canister_id: Principal) -> types::CanisterIdRecord {
    types::CanisterIdRecord { canister_id }
}
