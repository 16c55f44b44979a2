//! A chain of three calls that traps at every point where it could: before the first call is out, after each await,
//! in reply and in reject callbacks, with cleanups that succeed and that trap too. Each time everything that can be
//! rolled back is compared with what should be left.

use super::module::written;
use candid::Principal;
use darkroom_tests::network;
use pocket_ic::{ErrorCode, PocketIc};

/// Four stages, separated by three calls. Each counts in the heap, in a global that is not exported and in stable
/// memory, grows both memories, sets certified data and the timer, and calls on; the last one replies.
///
/// The argument: in which stage to trap (255 for none), which call is to be refused (0 for none), whether the
/// cleanup traps too, and the callee.
const CHAIN: &str = r#"
  (memory 1)
  (table funcref (elem $next $cleanup))
  (global $stages (mut i32) (i32.const 0))
  (data (i32.const 100) "a certificate that shows stage 0")
  (data (i32.const 140) "goodbad!")
  (data (i32.const 150) "trapped at an await")
  (data (i32.const 170) "cleanup")
  ;; 0 stages, 4 cleanups, 8 stages before a cleanup, 12 cycles refunded, 24 stages in stable memory.
  (func $main
    (call $msg_arg_data_copy (i32.const 300) (i32.const 0) (call $msg_arg_data_size))
    (i32.store (i32.const 296) (i32.sub (call $msg_arg_data_size) (i32.const 3)))
    (call $stage (i32.const 0)))
  (func $next (param $n i32)
    (call $msg_cycles_refunded128 (i32.const 400))
    (i64.store (i32.const 12) (i64.add (i64.load (i32.const 12)) (i64.load (i32.const 400))))
    (call $stage (local.get $n)))
  (func $stage (param $n i32)
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (global.set $stages (i32.add (global.get $stages) (i32.const 1)))
    (drop (memory.grow (i32.const 1)))
    (drop (call $stable64_grow (i64.const 1)))
    (call $count (i64.const 0))
    (i32.store8 (i32.const 131) (i32.add (i32.const 49) (local.get $n)))
    (call $certified_data_set (i32.const 100) (i32.const 32))
    (drop (call $global_timer_set (i64.add (i64.const 4000000000000000000) (i64.extend_i32_u (local.get $n)))))
    (if (i32.lt_u (local.get $n) (i32.const 3))
      (then (call $call (i32.add (local.get $n) (i32.const 1))))
      (else (call $reply)))
    (if (i32.eq (local.get $n) (i32.load8_u (i32.const 300)))
      (then (call $trap (i32.const 150) (i32.const 19)))))
  ;; Adds one to a word of stable memory.
  (func $count (param $at i64)
    (call $stable64_read (i64.const 500) (local.get $at) (i64.const 4))
    (i32.store (i32.const 500) (i32.add (i32.load (i32.const 500)) (i32.const 1)))
    (call $stable64_write (local.get $at) (i64.const 500) (i64.const 4)))
  (func $call (param $n i32)
    (call $call_new (i32.const 303) (i32.load (i32.const 296))
      (select (i32.const 144) (i32.const 140) (i32.eq (local.get $n) (i32.load8_u (i32.const 301)))) (i32.const 4)
      (i32.const 0) (local.get $n) (i32.const 0) (local.get $n))
    (call $call_on_cleanup (i32.const 1) (local.get $n))
    (call $call_cycles_add128 (i64.const 0) (i64.const 1000000000000))
    (drop (call $call_perform)))
  (func $cleanup (param $n i32)
    (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (local.get $n)))
    (i32.store (i32.const 8) (global.get $stages))
    (call $count (i64.const 4))
    (if (i32.load8_u (i32.const 302)) (then (call $trap (i32.const 170) (i32.const 7)))))
  (func $reply (call $msg_reply))
  (func $get
    (i32.store (i32.const 20) (global.get $stages))
    (i32.store (i32.const 24) (i32.const 0))
    (i32.store (i32.const 28) (i32.const 0))
    (if (i64.ne (call $stable64_size) (i64.const 0))
      (then (call $stable64_read (i64.const 24) (i64.const 0) (i64.const 8))))
    (i32.store (i32.const 32) (memory.size))
    (i32.store (i32.const 36) (i32.wrap_i64 (call $stable64_size)))
    (call $msg_reply_data_append (i32.const 0) (i32.const 40))
    (call $data_certificate_copy (i32.const 1000) (i32.const 0) (call $data_certificate_size))
    (call $msg_reply_data_append (i32.const 1000) (call $data_certificate_size))
    (call $msg_reply))
  (func $timer
    (i64.store (i32.const 400) (call $global_timer_set (i64.const 0)))
    (call $msg_reply_data_append (i32.const 400) (i32.const 8))
    (call $msg_reply))
  (export "canister_update main" (func $main))
  (export "canister_query get" (func $get))
  (export "canister_update timer" (func $timer))
"#;

/// Counts its calls and keeps part of their cycles.
const CALLEE: &str = r#"
  (memory 1)
  (func $count
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
    (call $msg_cycles_accept128 (i64.const 0) (i64.const 600000000000) (i32.const 16)))
  (func $good (call $count) (call $msg_reply))
  (func $bad (call $count) (call $msg_reject (i32.const 0) (i32.const 0)))
  (func $get (call $msg_reply_data_append (i32.const 0) (i32.const 4)) (call $msg_reply))
  (export "canister_update good" (func $good))
  (export "canister_update bad!" (func $bad))
  (export "canister_query get" (func $get))
"#;

/// What a canister's callers sees of it.
#[derive(Debug, PartialEq)]
struct Left {
    stages: [u32; 3],
    cleanups: [u32; 2],
    stages_at_cleanup: u32,
    refunded: u64,
    grown: [u32; 2],
    certified: Option<u8>,
    timer: Option<u64>,
    calls: u32,
    /// What the calls cost, in 100 billions: what else is paid is far less.
    paid: u128,
    earned: u128,
}

fn install(pic: &PocketIc, owner: Principal, text: &str) -> Principal {
    let id = pic.create_canister_with_settings(Some(owner), None);
    pic.install_canister(id, written(text), vec![], Some(owner));
    id
}

/// Runs one chain and compares what is left. Returns what differs.
fn run(pic: &PocketIc, trap_in: u8, refused: u8, cleanup_traps: bool) -> Option<String> {
    let owner = Principal::self_authenticating([7]);
    let (chain, callee) = (install(pic, owner, CHAIN), install(pic, owner, CALLEE));
    let query = |id| pic.query_call(id, owner, "get", vec![]).unwrap();
    let before = [pic.cycle_balance(chain), pic.cycle_balance(callee)];
    let arg = [&[trap_in, refused, u8::from(cleanup_traps)], callee.as_slice()].concat();
    let result = pic.update_call(chain, owner, "main", arg);
    let after = [pic.cycle_balance(chain), pic.cycle_balance(callee)];
    let bytes = query(chain);
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let part = bytes[40..].windows(32).find(|part| part.starts_with(b"a certificate that shows stage "));
    let timer = pic.update_call(chain, owner, "timer", vec![]).unwrap();
    let timer = u64::from_le_bytes(timer.try_into().unwrap());
    let rounded = |cycles: u128| (cycles + 50_000_000_000) / 100_000_000_000;
    let left = Left {
        stages: [word(0), word(20), word(24)],
        cleanups: [word(4), word(28)],
        stages_at_cleanup: word(8),
        refunded: u64::from(word(12)) | u64::from(word(16)) << 32,
        grown: [word(32) - 1, word(36)],
        certified: part.map(|part| part[31] - b'1'),
        timer: timer.checked_sub(4_000_000_000_000_000_000),
        calls: u32::from_le_bytes(query(callee).try_into().unwrap()),
        paid: rounded(before[0] - after[0]),
        earned: rounded(after[1].saturating_sub(before[1])),
    };
    // Nothing is left open either: a call context without an answer would keep the canister from stopping.
    pic.stop_canister(chain, Some(owner)).unwrap();

    // The stages before the one that trapped are done, and their calls went out.
    let done = u32::from(trap_in.min(4));
    let calls = done.min(3);
    let cleaned = (1..=3).contains(&trap_in) && !cleanup_traps;
    let expected = Left {
        stages: [done; 3],
        cleanups: if cleaned { [done, 1] } else { [0, 0] },
        stages_at_cleanup: if cleaned { done } else { 0 },
        refunded: 400_000_000_000 * u64::from(done.saturating_sub(1)),
        grown: [done; 2],
        certified: u8::try_from(done).unwrap().checked_sub(1),
        timer: u64::from(done).checked_sub(1),
        calls,
        paid: 6 * u128::from(calls),
        earned: 6 * u128::from(calls),
    };
    let answered = match &result {
        Ok(_) => trap_in == 255,
        Err(reject) => {
            let both = reject.reject_message.contains("call_on_cleanup also failed");
            trap_in < 4
                && reject.error_code == ErrorCode::CanisterCalledTrap
                && reject.reject_message.contains("trapped at an await")
                && both == (cleanup_traps && trap_in > 0)
        }
    };
    (left != expected || !answered)
        .then(|| format!("{result:?}\n  left     {left:?}\n  expected {expected:?}"))
}

#[test]
fn a_trap_at_any_await_rolls_back_that_stage_and_no_other() {
    let pic = network();
    let mut wrong = Vec::new();
    for trap_in in [255, 0, 1, 2, 3] {
        for refused in 0..=3 {
            for cleanup_traps in [false, true] {
                if let Some(differs) = run(&pic, trap_in, refused, cleanup_traps) {
                    let cleanup = if cleanup_traps { ", the cleanup traps" } else { "" };
                    wrong
                        .push(format!("trap in stage {trap_in}, call {refused} refused{cleanup}: {differs}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of 40:\n{}", wrong.len(), wrong.join("\n"));
}
