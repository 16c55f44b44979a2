//! Rules that hold inside a context: who answers when and with how much, and in what order calls are built.

use super::module::written;
use candid::Principal;
use darkroom_tests::network;
use pocket_ic::{ErrorCode, PocketIc, RejectResponse};

/// One message and what comes of it.
pub(crate) struct Case {
    what: &'static str,
    /// What the message does; `$new` begins a call to itself, `$ok` replies, `$number` replies with a number.
    body: &'static str,
    outcome: Outcome,
}

pub(crate) enum Outcome {
    Reply,
    Number(i64),
    Length(usize),
    Fails(ErrorCode),
    Says(ErrorCode, &'static str),
}

use ErrorCode::{
    CanisterContractViolation as Contract, CanisterDidNotReply as Silent,
    CanisterFunctionNotFound as NoFunction, CanisterRejectedMessage as Rejected, CanisterTrapped as Trapped,
};
use Outcome::{Fails, Length, Number, Reply, Says};

pub(crate) const fn case(what: &'static str, body: &'static str, outcome: Outcome) -> Case {
    Case { what, body, outcome }
}

const PRELUDE: &str = r#"
  (memory 64)
  (table 8 funcref)
  (elem (i32.const 0) $back $wrong_type)
  (data (i32.const 100) "other")
  (data (i32.const 110) "no!")
  (data (i32.const 120) "\ff\fe")
  (data (i32.const 130) "NAME")
  (func $back (param i32) (call $msg_reply))
  (func $wrong_type)
  (func $ok (call $msg_reply))
  (func $number (param i64)
    (i64.store (i32.const 1000) (local.get 0))
    (call $msg_reply_data_append (i32.const 1000) (i32.const 8))
    (call $msg_reply))
  (func $new_with (param $reply i32) (param $env i32)
    (call $canister_self_copy (i32.const 200) (i32.const 0) (call $canister_self_size))
    (call $call_new (i32.const 200) (call $canister_self_size) (i32.const 100) (i32.const 5)
      (local.get $reply) (local.get $env) (i32.const 0) (i32.const 0)))
  (func $new (call $new_with (i32.const 0) (i32.const 0)))
  (func $balance (result i64)
    (call $canister_cycle_balance128 (i32.const 1000)) (i64.load (i32.const 1000)))
  (export "canister_update other" (func $ok))
"#;

/// Runs each case in a canister of its own and lists all that came out otherwise.
pub(crate) fn check(kind: &str, as_update: bool, cases: &[Case]) {
    let pic = network();
    let owner = Principal::self_authenticating([7]);
    let mut wrong = Vec::new();
    for case in cases {
        let text = format!("{PRELUDE}(func (export \"canister_{kind} run\") (local $n i32)\n{})", case.body);
        let id = pic.create_canister_with_settings(Some(owner), None);
        pic.install_canister(id, written(&text), vec![], Some(owner));
        let arg = b"argument".to_vec();
        let result = match as_update {
            true => pic.update_call(id, owner, "run", arg),
            false => pic.query_call(id, owner, "run", arg),
        };
        let good = match (&case.outcome, &result) {
            (Reply, Ok(_)) => true,
            (Number(n), Ok(reply)) => *reply == n.to_le_bytes(),
            (Length(n), Ok(reply)) => reply.len() == *n,
            (Fails(code), Err(reject)) => reject.error_code == *code,
            (Says(code, text), Err(reject)) => {
                reject.error_code == *code && reject.reject_message.contains(text)
            }
            _ => false,
        };
        if !good {
            let shown = result.map(|reply| (reply.len(), reply.into_iter().take(20).collect::<Vec<u8>>()));
            wrong.push(format!("{}: {shown:?}", case.what));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

const TWICE: &str = "(call $msg_reply_data_append (i32.const 0) (i32.const 2097152))
    (call $msg_reply_data_append (i32.const 0) (i32.const 1)) (call $ok)";

#[test]
fn answers_are_given_once_and_have_a_size() {
    check(
        "update",
        true,
        &[
            case("reply twice", "(call $msg_reply) (call $msg_reply)", Fails(Contract)),
            case(
                "reject after a reply",
                "(call $ok) (call $msg_reject (i32.const 110) (i32.const 3))",
                Fails(Contract),
            ),
            case(
                "reply after a reject",
                "(call $msg_reject (i32.const 110) (i32.const 3)) (call $ok)",
                Fails(Contract),
            ),
            case(
                "append after a reply",
                "(call $ok) (call $msg_reply_data_append (i32.const 0) (i32.const 1))",
                Fails(Contract),
            ),
            case("reject", "(call $msg_reject (i32.const 110) (i32.const 3))", Says(Rejected, "no!")),
            case(
                "reject with what is not UTF-8",
                "(call $msg_reject (i32.const 120) (i32.const 2))",
                Fails(Contract),
            ),
            case(
                "2 MiB",
                "(call $msg_reply_data_append (i32.const 0) (i32.const 2097152)) (call $ok)",
                Length(2_097_152),
            ),
            case(
                "2 MiB and a byte",
                "(call $msg_reply_data_append (i32.const 0) (i32.const 2097153)) (call $ok)",
                Fails(Contract),
            ),
            case("2 MiB and then a byte", TWICE, Fails(Contract)),
            case(
                "a reject of 2 MiB and a byte",
                "(call $msg_reject (i32.const 0) (i32.const 2097153))",
                Fails(Contract),
            ),
            case("no answer", "(drop (call $canister_status))", Fails(Silent)),
            case(
                "data without a reply",
                "(call $msg_reply_data_append (i32.const 0) (i32.const 9))",
                Fails(Silent),
            ),
        ],
    );
    check("query", true, &[case("2 MiB and then a byte, replicated", TWICE, Fails(Contract))]);
    check(
        "query",
        false,
        &[
            case(
                "3 MiB",
                "(call $msg_reply_data_append (i32.const 0) (i32.const 3145728)) (call $ok)",
                Length(3_145_728),
            ),
            case(
                "3 MiB and a byte",
                "(call $msg_reply_data_append (i32.const 0) (i32.const 3145729)) (call $ok)",
                Fails(Contract),
            ),
        ],
    );
}

#[test]
fn calls_are_built_in_order() {
    check(
        "update",
        true,
        &[
            case("cleanup without a call", "(call $call_on_cleanup (i32.const 0) (i32.const 0))", Fails(Contract)),
            case("data without a call", "(call $call_data_append (i32.const 0) (i32.const 1))", Fails(Contract)),
            case("cycles without a call", "(call $call_cycles_add128 (i64.const 0) (i64.const 1))", Fails(Contract)),
            case("cycles of 64 bits without a call", "(call $call_cycles_add (i64.const 1))", Fails(Contract)),
            case("a timeout without a call", "(call $call_with_best_effort_response (i32.const 1))", Fails(Contract)),
            case("perform without a call", "(drop (call $call_perform))", Fails(Contract)),
            case("perform twice", "(call $new) (drop (call $call_perform)) (drop (call $call_perform))", Fails(Contract)),
            case("data after perform", "(call $new) (drop (call $call_perform)) (call $call_data_append (i32.const 0) (i32.const 1))", Fails(Contract)),
            case("cycles after perform", "(call $new) (drop (call $call_perform)) (call $call_cycles_add128 (i64.const 0) (i64.const 1))", Fails(Contract)),
            case("cleanup twice", "(call $new) (call $call_on_cleanup (i32.const 0) (i32.const 0)) (call $call_on_cleanup (i32.const 0) (i32.const 0))", Fails(Contract)),
            case("a timeout twice", "(call $new) (call $call_with_best_effort_response (i32.const 1)) (call $call_with_best_effort_response (i32.const 1))", Fails(Contract)),
            case("a callee of 30 bytes", "(call $call_new (i32.const 200) (i32.const 30) (i32.const 100) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))", Fails(Contract)),
            case("more cycles than there are", "(call $new) (call $call_cycles_add128 (i64.const 1) (i64.const 0))", Fails(Contract)),
            case("a call that is not performed", "(call $new) (call $ok)", Reply),
            case("a call that is performed", "(call $new) (drop (call $call_perform))", Reply),
            case("reply, and again when the call returns", "(call $new) (drop (call $call_perform)) (call $number (i64.const 1))", Number(1)),
            case("a callback beyond the table", "(call $new_with (i32.const 99) (i32.const 0)) (drop (call $call_perform))", Fails(NoFunction)),
            case("a callback that is null", "(call $new_with (i32.const 5) (i32.const 0)) (drop (call $call_perform))", Fails(Contract)),
            case("a callback of another type", "(call $new_with (i32.const 1) (i32.const 0)) (drop (call $call_perform))", Fails(Contract)),
            case(
                "cycles of a call that is given up come back",
                "(local $before i64)
                 (local.set $before (call $balance))
                 (call $new) (call $call_cycles_add128 (i64.const 0) (i64.const 1000000000))
                 (if (i64.ne (i64.sub (local.get $before) (call $balance)) (i64.const 1000000000)) (then unreachable))
                 (call $new)
                 (call $number (i64.sub (local.get $before) (call $balance)))",
                Number(0),
            ),
            case(
                "a queue is full after 500 calls",
                "(local $full i32)
                 (loop $next
                   (call $new)
                   (if (i32.eq (call $call_perform) (i32.const 2)) (then (local.set $full (i32.add (local.get $full) (i32.const 1)))))
                   (local.set $n (i32.add (local.get $n) (i32.const 1)))
                   (br_if $next (i32.lt_u (local.get $n) (i32.const 510))))
                 (call $number (i64.extend_i32_u (local.get $full)))",
                Number(10),
            ),
        ],
    );
}

fn installed(pic: &PocketIc, text: &str) -> Result<Principal, RejectResponse> {
    let id = pic.create_canister();
    pic.reinstall_canister(id, wat::parse_str(text).unwrap(), vec![], None).map(|()| id)
}

#[test]
fn only_what_the_interface_has_can_be_imported() {
    let pic = network();
    for import in [
        r#"(import "ic0" "no_such_function" (func))"#,
        r#"(import "ic0" "msg_reply" (func (param i32)))"#,
        r#"(import "env" "msg_reply" (func))"#,
    ] {
        let reject = installed(&pic, &format!("(module {import})")).unwrap_err();
        assert_eq!(reject.error_code, ErrorCode::CanisterInvalidWasm, "{import}: {reject}");
    }
}

#[test]
fn a_message_is_accepted_once_or_refused() {
    let pic = network();
    let id = |body: &str| {
        installed(
            &pic,
            &format!(
                r#"(module (import "ic0" "accept_message" (func $accept))
                   (import "ic0" "msg_reply" (func $reply))
                   (func (export "canister_inspect_message") {body})
                   (func (export "canister_update run") (call $reply)))"#
            ),
        )
        .unwrap()
    };
    let me = Principal::anonymous();
    let run = |body: &str| pic.update_call(id(body), me, "run", vec![]).map_err(|reject| reject.error_code);
    assert_eq!(run("(call $accept)"), Ok(vec![]));
    assert_eq!(run(""), Err(Rejected));
    assert_eq!(run("(call $accept) (call $accept)"), Err(Contract));
    assert_eq!(run("(call $accept) unreachable"), Err(Trapped));
}
