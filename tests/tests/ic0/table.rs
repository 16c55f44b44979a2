//! The functions of `ic0`: their types, where they may be called (in the letters of the interface specification),
//! and one harmless call of each.

use super::place::Place;

/// How a function is called, and where its result goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// Returns an `i32`; these are its arguments.
    I32(&'static str),
    /// Returns an `i64`; these are its arguments.
    I64(&'static str),
    /// Writes 16 bytes at its last argument; these are the others.
    U128(&'static str),
    /// Copies out what the function of the same name with `_size` measures.
    Copied,
    /// Needs a call under construction, which exists where the function may be called; these are its arguments.
    Building(&'static str),
    /// This text, which also places the result.
    Text(&'static str),
}

/// A function of `ic0`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// Parameters and result: `i` and `l` for 32 and 64 bits, `p` for an address or a size.
    pub(crate) types: &'static str,
    pub(crate) places: &'static str,
    pub(crate) form: Form,
    /// Newer than some servers.
    pub(crate) recent: bool,
    /// Not for 64-bit canisters.
    pub(crate) legacy: bool,
}

/// Whether a function may be called somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Allowed,
    Forbidden,
    /// Allowed by the specification, and not yet by every replica.
    Either,
}

impl Function {
    pub(crate) fn rule(&self, place: Place) -> Rule {
        let letter = place.letter();
        let listed = |wanted: &str| self.places.split(' ').any(|found| found == wanted);
        if listed(letter) || (letter != "s" && listed("*")) {
            Rule::Allowed
        } else if listed(&format!("{letter}?")) {
            Rule::Either
        } else {
            Rule::Forbidden
        }
    }
}

const fn f(name: &'static str, types: &'static str, places: &'static str, form: Form) -> Function {
    Function { name, types, places, form, recent: false, legacy: false }
}

const fn recent(function: Function) -> Function {
    Function { recent: true, ..function }
}

const fn old(name: &'static str, types: &'static str, places: &'static str, form: Form) -> Function {
    Function { name, types, places, form, recent: false, legacy: true }
}

use Form::{Building, Copied, I32, I64, Text, U128};

const ARG: &str = "I U RQ NRQ CQ Ry CRy F";
const INFO: &str = "U RQ NRQ CQ Ry Rt CRy CRt C CC F";
const ANSWER: &str = "U RQ NRQ CQ Ry Rt CRy CRt";
const OFFER: &str = "U RQ Ry Rt";
const CALL: &str = "U CQ Ry Rt CRy CRt T";
const PAY: &str = "U Ry Rt T";
const KEEP: &str = "I G U RQ Ry Rt C T";
const EVERY: &str = "* s";

/// All functions.
pub(crate) const FUNCTIONS: &[Function] = &[
    f("msg_arg_data_size", ":p", ARG, I32("")),
    f("msg_arg_data_copy", "ppp:", ARG, Copied),
    f("msg_caller_size", ":p", "*", I32("")),
    f("msg_caller_copy", "ppp:", "*", Copied),
    f("msg_caller_info_data_size", ":p", INFO, I32("")),
    f("msg_caller_info_data_copy", "ppp:", INFO, Copied),
    f("msg_caller_info_signer_size", ":p", INFO, I32("")),
    f("msg_caller_info_signer_copy", "ppp:", INFO, Copied),
    f("msg_reject_code", ":i", "Ry Rt CRy CRt C?", I32("")),
    f("msg_reject_msg_size", ":p", "Rt CRt", I32("")),
    f("msg_reject_msg_copy", "ppp:", "Rt CRt", Copied),
    f("msg_deadline", ":l", ANSWER, I64("")),
    f(
        "msg_reply_data_append",
        "pp:",
        ANSWER,
        Text("(call $msg_reply_data_append (i32.const 640) (i32.const 6))"),
    ),
    f("msg_reply", ":", ANSWER, Text("(call $msg_reply)")),
    f("msg_reject", "pp:", ANSWER, Text("(call $msg_reject (i32.const 620) (i32.const 3))")),
    f("msg_cycles_available128", "p:", OFFER, U128("")),
    f("msg_cycles_refunded128", "p:", "Ry Rt", U128("")),
    f("msg_cycles_accept128", "llp:", OFFER, U128("(i64.const 0) (i64.const 5)")),
    f("cycles_burn128", "llp:", KEEP, U128("(i64.const 0) (i64.const 7)")),
    f("canister_self_size", ":p", "*", I32("")),
    f("canister_self_copy", "ppp:", "*", Copied),
    f("canister_cycle_balance128", "p:", "*", U128("")),
    f("canister_liquid_cycle_balance128", "p:", "*", U128("")),
    f("canister_status", ":i", "*", I32("")),
    f("canister_version", ":l", "*", I64("")),
    f("subnet_self_size", ":p", "*", I32("")),
    f("subnet_self_copy", "ppp:", "*", Copied),
    recent(f("subnet_self_node_count", ":i", "*", I32(""))),
    f("msg_method_name_size", ":p", "F", I32("")),
    f("msg_method_name_copy", "ppp:", "F", Copied),
    f("accept_message", ":", "F", Text("(call $accept_message)")),
    f("call_new", "pppppppp:", CALL, Text("(call $begin)")),
    f("call_on_cleanup", "pp:", CALL, Building("(i32.const 2) (i32.const 0)")),
    f("call_data_append", "pp:", CALL, Building("(i32.const 640) (i32.const 6)")),
    f("call_with_best_effort_response", "i:", CALL, Building("(i32.const 10)")),
    f("call_cycles_add128", "ll:", PAY, Building("(i64.const 0) (i64.const 9)")),
    f("call_perform", ":i", CALL, Building("")),
    f("stable64_size", ":l", EVERY, Text("(call $grown) (call $l (call $stable64_size))")),
    f(
        "stable64_grow",
        "l:l",
        EVERY,
        Text("(call $grown) (call $l (call $stable64_grow (i64.const 2)))"),
    ),
    f("stable64_write", "lll:", EVERY, Text(STABLE64)),
    f("stable64_read", "lll:", EVERY, Text(STABLE64)),
    f("root_key_size", ":p", KEEP, I32("")),
    f("root_key_copy", "ppp:", KEEP, Copied),
    f(
        "certified_data_set",
        "pp:",
        "I G U Ry Rt T",
        Text("(call $certified_data_set (i32.const 640) (i32.const 6))"),
    ),
    f("data_certificate_present", ":i", "*", I32("")),
    f("data_certificate_size", ":p", "NRQ CQ", I32("")),
    f("data_certificate_copy", "ppp:", "NRQ CQ", Copied),
    f("time", ":l", "*", I64("")),
    f("global_timer_set", "l:l", "I G U Ry Rt C T", I64("(i64.const 4000000000000000000)")),
    f("performance_counter", "i:l", EVERY, I64("(i32.const 0)")),
    f("is_controller", "pp:i", EVERY, I32("(i32.const 700) (i32.const 29)")),
    f("in_replicated_execution", ":i", EVERY, I32("")),
    f("cost_call", "llp:", EVERY, U128("(i64.const 1) (i64.const 1)")),
    f("cost_create_canister", "p:", EVERY, U128("")),
    f("cost_http_request", "llp:", EVERY, U128("(i64.const 1) (i64.const 1)")),
    recent(f("cost_http_request_v2", "ppp:", EVERY, U128("(i32.const 640) (i32.const 6)"))),
    f("cost_sign_with_ecdsa", "ppip:i", EVERY, I32(SIGN)),
    f("cost_sign_with_schnorr", "ppip:i", EVERY, I32(SIGN)),
    f("cost_vetkd_derive_key", "ppip:i", EVERY, I32(SIGN)),
    f("env_var_count", ":p", "*", I32("")),
    f("env_var_name_size", "p:p", "*", I32("(i32.const 0)")),
    f(
        "env_var_name_copy",
        "pppp:",
        "*",
        Text(
            "(call $env_var_name_copy (i32.const 0) (i32.const 2048) (i32.const 1) (i32.const 2))
             (global.set $len (i32.const 2))",
        ),
    ),
    f("env_var_name_exists", "pp:i", "*", I32("(i32.const 600) (i32.const 4)")),
    f("env_var_value_size", "pp:p", "*", I32("(i32.const 600) (i32.const 4)")),
    f(
        "env_var_value_copy",
        "ppppp:",
        "*",
        Text(
            "(call $env_var_value_copy (i32.const 600) (i32.const 4) (i32.const 2048) (i32.const 1) (i32.const 3))
             (global.set $len (i32.const 3))",
        ),
    ),
    f("debug_print", "pp:", EVERY, Text("(call $debug_print (i32.const 640) (i32.const 6))")),
    f("trap", "pp:", EVERY, Text("(call $trap (i32.const 660) (i32.const 3))")),
    old("msg_cycles_available", ":l", OFFER, I64("")),
    old("msg_cycles_refunded", ":l", "Ry Rt", I64("")),
    old("msg_cycles_accept", "l:l", OFFER, I64("(i64.const 5)")),
    old("canister_cycle_balance", ":l", "*", I64("")),
    old("call_cycles_add", "l:", PAY, Building("(i64.const 9)")),
    old("stable_size", ":i", EVERY, Text("(call $grown) (call $w (call $stable_size))")),
    old("stable_grow", "i:i", EVERY, Text("(call $grown) (call $w (call $stable_grow (i32.const 2)))")),
    old("stable_write", "iii:", EVERY, Text(STABLE)),
    old("stable_read", "iii:", EVERY, Text(STABLE)),
];

const SIGN: &str = "(i32.const 610) (i32.const 5) (i32.const 0) (i32.const 3000)";

const STABLE64: &str = "(call $grown)
    (call $stable64_write (i64.const 100) (i64.const 650) (i64.const 6))
    (call $stable64_read (i64.const 2048) (i64.const 99) (i64.const 8))
    (global.set $len (i32.const 8))";

const STABLE: &str = "(call $grown)
    (call $stable_write (i32.const 100) (i32.const 650) (i32.const 6))
    (call $stable_read (i32.const 2048) (i32.const 99) (i32.const 8))
    (global.set $len (i32.const 8))";
