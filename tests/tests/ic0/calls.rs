//! Calls as a whole: cycles that travel with them, deadlines, composite queries, what is open when one stops.

use super::module::written;
use candid::Principal;
use darkroom_tests::network;
use pocket_ic::PocketIc;
use std::time::Duration;

/// Calls another canister and replies with what its callback sees: the code of the reject, the cycles refunded,
/// the time of the call, then the callee's answer. The argument is the method's length and name, the seconds of a
/// best-effort call (four bytes), and the callee.
const CALLER: &str = r#"
  (memory 1)
  (table funcref (elem $back))
  (func $call
    (call $msg_arg_data_copy (i32.const 100) (i32.const 0) (call $msg_arg_data_size))
    (call $call_new
      (i32.add (i32.const 105) (i32.load8_u (i32.const 100)))
      (i32.sub (call $msg_arg_data_size) (i32.add (i32.const 5) (i32.load8_u (i32.const 100))))
      (i32.const 101) (i32.load8_u (i32.const 100))
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (if (i32.load (i32.add (i32.const 101) (i32.load8_u (i32.const 100))))
      (then (call $call_with_best_effort_response
        (i32.load (i32.add (i32.const 101) (i32.load8_u (i32.const 100))))))))
  (func $pay (call $call) (call $call_cycles_add128 (i64.const 0) (i64.const 1000000)) (call $go))
  (func $ask (call $call) (call $go))
  (func $go
    (i64.store (i32.const 20) (call $time))
    (i32.store (i32.const 40) (i32.add (i32.load (i32.const 40)) (i32.const 1)))
    (drop (call $call_perform)))
  (func $back (param i32)
    (i32.store (i32.const 0) (call $msg_reject_code))
    (if (call $in_replicated_execution)
      (then (call $msg_cycles_refunded128 (i32.const 4))))
    (call $msg_reply_data_append (i32.const 0) (i32.const 28))
    (if (i32.eqz (i32.load (i32.const 0))) (then
      (call $msg_arg_data_copy (i32.const 200) (i32.const 0) (call $msg_arg_data_size))
      (call $msg_reply_data_append (i32.const 200) (call $msg_arg_data_size))))
    (i32.store (i32.const 44) (i32.add (i32.load (i32.const 40)) (i32.const 1)))
    (call $msg_reply_data_append (i32.const 44) (i32.const 4))
    (call $msg_reply))
  (export "canister_update pay" (func $pay))
  (export "canister_update ask" (func $ask))
  (export "canister_composite_query look" (func $ask))
"#;

/// Takes cycles and tells deadlines.
const CALLEE: &str = r#"
  (memory 1)
  (table funcref (elem $told $taken $again $halted $counted))
  (data (i32.const 100) "told")
  (func $take
    (call $msg_cycles_available128 (i32.const 0))
    (call $msg_cycles_accept128 (i64.const 0) (i64.const 300000) (i32.const 16))
    (call $msg_cycles_available128 (i32.const 32))
    (call $msg_cycles_accept128 (i64.const 0) (i64.const 200000) (i32.const 48)))
  (func $later (call $myself (i32.const 1) (i32.const 1)))
  (func $taken (param i32)
    (call $take)
    (call $msg_reply_data_append (i32.const 0) (i32.const 64))
    (call $msg_reply)
    (call $msg_cycles_available128 (i32.const 64))
    (call $msg_cycles_accept128 (i64.const 0) (i64.const 1) (i32.const 80)))
  (func $more
    (call $msg_cycles_accept128 (i64.const 1) (i64.const 0) (i32.const 0))
    (call $msg_reply_data_append (i32.const 0) (i32.const 16))
    (call $msg_reply))
  (func $after (call $msg_reply_data_append (i32.const 64) (i32.const 32)) (call $msg_reply))
  (func $refuse (call $take) (call $msg_reject (i32.const 100) (i32.const 4)))
  (func $fail (call $take) unreachable)
  ;; The deadline at once, and once more after a call to itself.
  (func $when
    (i64.store (i32.const 200) (call $msg_deadline))
    (call $myself (i32.const 0) (i32.const 0)))
  (func $myself (param $reply i32) (param $reject i32)
    (call $canister_self_copy (i32.const 300) (i32.const 0) (call $canister_self_size))
    (call $call_new (i32.const 300) (call $canister_self_size) (i32.const 100) (i32.const 4)
      (local.get $reply) (i32.const 0) (local.get $reject) (i32.const 0))
    (drop (call $call_perform)))
  (func $told (param i32)
    (i64.store (i32.const 208) (call $msg_deadline))
    (call $msg_reply_data_append (i32.const 200) (i32.const 16))
    (call $msg_reply))
  (func $tell (call $msg_reply))
  (func $who
    (i32.store (i32.const 400) (call $data_certificate_present))
    (call $msg_caller_copy (i32.const 404) (i32.const 0) (call $msg_caller_size))
    (call $msg_reply_data_append (i32.const 400) (i32.add (i32.const 4) (call $msg_caller_size)))
    (call $msg_reply))
  ;; Calls itself until that is refused, and replies with its status then.
  (func $park (call $myself (i32.const 2) (i32.const 3)))
  (func $again (param i32) (call $park))
  (func $halted (param i32)
    (i32.store (i32.const 200) (call $canister_status))
    (call $msg_reply_data_append (i32.const 200) (i32.const 4))
    (call $msg_reply))
  ;; Both performance counters, before and after a call to itself.
  (func $perform
    (i64.store (i32.const 200) (call $performance_counter (i32.const 0)))
    (i64.store (i32.const 208) (call $performance_counter (i32.const 1)))
    (call $myself (i32.const 4) (i32.const 4)))
  (func $counted (param i32)
    (i64.store (i32.const 216) (call $performance_counter (i32.const 0)))
    (i64.store (i32.const 224) (call $performance_counter (i32.const 1)))
    (call $msg_reply_data_append (i32.const 200) (i32.const 32))
    (call $msg_reply))
  (func $now (call $taken (i32.const 0)))
  (export "canister_update taken" (func $now))
  (export "canister_update later" (func $later))
  (export "canister_update park" (func $park))
  (export "canister_update perform" (func $perform))
  (export "canister_update more" (func $more))
  (export "canister_query after" (func $after))
  (export "canister_update refuse" (func $refuse))
  (export "canister_update fail" (func $fail))
  (export "canister_update when" (func $when))
  (export "canister_update told" (func $tell))
  (export "canister_query who" (func $who))
"#;

/// What the caller's callback saw.
struct Answer {
    code: u32,
    refunded: u128,
    time: u64,
    reply: Vec<u8>,
    count: u32,
}

struct Pair {
    pic: PocketIc,
    caller: Principal,
    callee: Principal,
}

impl Pair {
    fn new() -> Pair {
        let pic = network();
        let [caller, callee] = [CALLER, CALLEE].map(|text| install(&pic, text));
        Pair { pic, caller, callee }
    }

    fn call(&self, how: &str, method: &str, seconds: u32) -> Answer {
        let name = [&[u8::try_from(method.len()).unwrap()], method.as_bytes()].concat();
        let arg = [&name, &seconds.to_le_bytes()[..], self.callee.as_slice()].concat();
        let me = Principal::anonymous();
        let reply = match how {
            "look" => self.pic.query_call(self.caller, me, how, arg),
            _ => self.pic.update_call(self.caller, me, how, arg),
        }
        .unwrap_or_else(|reject| panic!("{method}: {reject:?}"));
        let (body, count) = reply.split_at(reply.len() - 4);
        Answer {
            code: u32::from_le_bytes(body[..4].try_into().unwrap()),
            refunded: u128::from_le_bytes(body[4..20].try_into().unwrap()),
            time: u64::from_le_bytes(body[20..28].try_into().unwrap()),
            reply: body[28..].to_vec(),
            count: u32::from_le_bytes(count.try_into().unwrap()),
        }
    }
}

pub(crate) fn install(pic: &PocketIc, text: &str) -> Principal {
    let id = pic.create_canister();
    pic.install_canister(id, written(text), vec![], None);
    id
}

fn words(bytes: &[u8]) -> Vec<u128> {
    bytes.chunks(16).map(|word| u128::from_le_bytes(word.try_into().unwrap())).collect()
}

pub(crate) fn longs(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks(8).map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect()
}

#[test]
fn cycles_are_accepted_in_part_and_the_rest_comes_back() {
    let pair = Pair::new();
    let answer = pair.call("pay", "taken", 0);
    assert_eq!(words(&answer.reply), [1_000_000, 300_000, 700_000, 200_000]);
    assert_eq!((answer.code, answer.refunded), (0, 500_000));
    let after = pair.pic.query_call(pair.callee, Principal::anonymous(), "after", vec![]).unwrap();
    assert_eq!(words(&after), [0, 0], "nothing is left once the call is answered");
    let answer = pair.call("pay", "later", 0);
    assert_eq!(words(&answer.reply), [1_000_000, 300_000, 700_000, 200_000], "after an await as well");
    assert_eq!((answer.code, answer.refunded), (0, 500_000));
    let answer = pair.call("pay", "refuse", 0);
    assert_eq!((answer.code, answer.refunded), (4, 500_000), "a reject keeps what was accepted");
    let answer = pair.call("pay", "fail", 0);
    assert_eq!((answer.code, answer.refunded), (5, 1_000_000), "a trap gives everything back");
    let answer = pair.call("pay", "more", 0);
    assert_eq!((words(&answer.reply), answer.refunded), (vec![1_000_000], 0), "no more than there is");
    let answer = pair.call("pay", "missing", 0);
    assert_eq!((answer.code, answer.refunded), (5, 1_000_000));
}

#[test]
fn best_effort_calls_have_a_deadline_that_callbacks_see_too() {
    let pair = Pair::new();
    assert_eq!(longs(&pair.call("ask", "when", 0).reply), [0, 0]);
    // Deadlines may be rounded to seconds.
    for (seconds, least, most) in [(10, 9, 10), (100_000, 299, 300)] {
        let answer = pair.call("ask", "when", seconds);
        assert_eq!(answer.code, 0);
        let [first, later] = longs(&answer.reply)[..] else { panic!("{:?}", answer.reply) };
        assert_eq!(first, later);
        let after = Duration::from_nanos(first - answer.time);
        assert!((Duration::from_secs(least)..=Duration::from_secs(most)).contains(&after), "{after:?}");
    }
}

#[test]
fn composite_queries_keep_their_state_between_calls_and_leave_none() {
    let pair = Pair::new();
    for _ in 0..2 {
        let answer = pair.call("look", "who", 0);
        let (present, caller) = answer.reply.split_at(4);
        assert_eq!(present, [0; 4], "only the canister that was asked has a certificate");
        assert_eq!(caller, pair.caller.as_slice());
        assert_eq!(answer.count, 2, "of this query alone, and with what was done before the call");
    }
    let answer = pair.call("look", "told", 0);
    assert_eq!(answer.code, 5, "there is no query of that name");
}

#[test]
fn who_waits_no_longer_than_its_deadline_is_told_so() {
    let Pair { pic, caller, callee } = Pair::new();
    let me = Principal::anonymous();
    let arg = [&b"\x04park"[..], &10u32.to_le_bytes(), callee.as_slice()].concat();
    let call = pic.submit_call(caller, me, "ask", arg).unwrap();
    pic.tick();
    pic.advance_time(Duration::from_secs(20));
    let reply = pic.await_call(call).unwrap();
    assert_eq!(reply[..4], [6, 0, 0, 0], "it is not known what became of the call");
    pic.stop_canister(caller, None).unwrap();
}

#[test]
fn a_canister_that_stops_finishes_what_is_open_first() {
    let Pair { pic, callee, .. } = Pair::new();
    let parked = pic.submit_call(callee, Principal::anonymous(), "park", vec![]).unwrap();
    pic.tick();
    pic.stop_canister(callee, None).unwrap();
    assert_eq!(pic.await_call(parked), Ok(vec![2, 0, 0, 0]), "stopping, it takes no calls, not even its own");
    let text = r#"(func (export "canister_post_upgrade")
        (if (i32.ne (call $canister_status) (i32.const 3)) (then unreachable)))"#;
    pic.upgrade_canister(callee, written(text), vec![], None).unwrap();
    pic.start_canister(callee, None).unwrap();
    pic.upgrade_canister(callee, written(text), vec![], None).unwrap_err();
}

#[test]
fn one_counter_is_of_the_message_and_one_of_the_call() {
    let Pair { pic, callee, .. } = Pair::new();
    let reply = pic.update_call(callee, Principal::anonymous(), "perform", vec![]).unwrap();
    let [first, both, second, all] = longs(&reply)[..] else { panic!("{reply:?}") };
    assert!(first > 0 && both >= first && second > 0, "{first} {both} {second} {all}");
    assert!(all > both + second, "{all} instructions in all, of these {both} before a count and {second}");
}
