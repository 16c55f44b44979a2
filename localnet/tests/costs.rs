//! What each operator and each system function costs, against the table of the Internet Computer's embedder,
//! written down here by hand.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::Principal;
use common::pocket_ic;
use std::fmt::Write;

/// How an operator is applied: what is written around it, and the operators in that which cost 1 each.
enum Form {
    /// Operands of these types, a result that is dropped.
    Value(&'static [&'static str]),
    /// Written out, `OP` standing for the operator, with the cost of the rest.
    Text(&'static str, u64),
}

use Form::{Text, Value};

const I32X1: Form = Value(&["i32"]);
const I32X2: Form = Value(&["i32", "i32"]);
const I64X1: Form = Value(&["i64"]);
const I64X2: Form = Value(&["i64", "i64"]);
const F32X1: Form = Value(&["f32"]);
const F32X2: Form = Value(&["f32", "f32"]);
const F64X1: Form = Value(&["f64"]);
const F64X2: Form = Value(&["f64", "f64"]);
const V1: Form = Value(&["v128"]);
const V2: Form = Value(&["v128", "v128"]);
const V3: Form = Value(&["v128", "v128", "v128"]);
const SHIFT: Form = Value(&["v128", "i32"]);

/// Cost, form, operators.
const SCALAR: &[(u64, Form, &str)] = &[
    (0, Text("(OP)", 0), "block loop"),
    (1, Text("(OP)", 0), "nop"),
    (1, Text("(OP (i32.const 1))", 1), "drop"),
    (1, Text("(local.set $x (OP (i32.const 1) (i32.const 2) (i32.const 3)))", 4), "select"),
    (1, Text("(drop (OP $x))", 1), "local.get"),
    (1, Text("(OP $x (i32.const 1))", 1), "local.set"),
    (1, Text("(drop (OP $x (i32.const 1)))", 2), "local.tee"),
    (1, Text("(drop (OP 1))", 1), "i32.const i64.const f32.const f64.const"),
    (
        1,
        I32X2,
        "i32.add i32.sub i32.mul i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr",
    ),
    (1, I32X2, "i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u"),
    (
        1,
        I32X1,
        "i32.clz i32.ctz i32.popcnt i32.eqz i32.extend8_s i32.extend16_s i64.extend_i32_s i64.extend_i32_u",
    ),
    (1, I32X1, "f32.reinterpret_i32"),
    (
        1,
        I64X2,
        "i64.add i64.sub i64.mul i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr",
    ),
    (1, I64X2, "i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u"),
    (1, I64X1, "i64.clz i64.ctz i64.popcnt i64.eqz i64.extend8_s i64.extend16_s i64.extend32_s i32.wrap_i64"),
    (1, I64X1, "f64.reinterpret_i64"),
    (1, F32X1, "f32.abs f32.neg i32.reinterpret_f32 f64.promote_f32"),
    (1, F64X1, "f64.abs f64.neg i64.reinterpret_f64 f32.demote_f64"),
    (1, Text("(drop (OP (i32.const 0)))", 2), "i32.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u"),
    (
        1,
        Text("(drop (OP (i32.const 0)))", 2),
        "i64.load i64.load8_s i64.load16_u i64.load32_s f32.load f64.load",
    ),
    (1, Text("(OP (i32.const 8000) (i32.const 1))", 2), "i32.store i32.store8 i32.store16"),
    (1, Text("(OP (i32.const 8000) (i64.const 1))", 2), "i64.store i64.store8 i64.store16 i64.store32"),
    (1, Text("(OP (i32.const 8000) (f32.const 1))", 2), "f32.store"),
    (1, Text("(OP (i32.const 8000) (f64.const 1))", 2), "f64.store"),
    (1, Text("(drop (OP func))", 1), "ref.null"),
    (2, Text("(drop (OP $g))", 1), "global.get"),
    (2, Text("(OP $g (i32.const 1))", 1), "global.set"),
    (2, Text("(OP (i32.const 0) (then))", 1), "if"),
    (2, Text("(block (OP 0))", 0), "br"),
    (2, Text("(block (OP 0 (i32.const 0)))", 1), "br_if"),
    (2, Text("(block (OP 0 (i32.const 0)))", 1), "br_table"),
    (2, F32X2, "f32.add f32.sub f32.mul f32.copysign"),
    (2, F64X2, "f64.add f64.sub f64.mul"),
    (2, F32X1, "f32.ceil f32.floor f32.trunc f32.nearest"),
    (2, F64X1, "f64.ceil f64.floor f64.trunc f64.nearest"),
    (3, F32X2, "f32.eq f32.ne f32.lt f32.gt f32.le f32.ge f32.div"),
    (3, F64X2, "f64.eq f64.ne f64.lt f64.gt f64.le f64.ge f64.copysign"),
    (3, I32X1, "f32.convert_i32_s f64.convert_i32_s"),
    (3, I64X1, "f32.convert_i64_s f64.convert_i64_s"),
    // A function's entry costs 1.
    (5 + 1, Text("(OP $nothing)", 0), "call"),
    (5, Text("(drop (OP 0 (i32.const 0)))", 2), "table.get"),
    (5, Text("(OP 0 (i32.const 3) (ref.null func))", 2), "table.set"),
    (5, Text("(drop (OP (ref.null func)))", 2), "ref.is_null"),
    (5, F64X2, "f64.div"),
    (5, F32X1, "f32.sqrt"),
    (8, F64X1, "f64.sqrt"),
    (10, I32X2, "i32.div_s i32.div_u i32.rem_s i32.rem_u"),
    (10, I64X2, "i64.div_s i64.div_u i64.rem_s i64.rem_u"),
    (10 + 1, Text("(OP (i32.const 0))", 1), "call_indirect"),
    (16, I32X1, "f32.convert_i32_u f64.convert_i32_u"),
    (16, I64X1, "f32.convert_i64_u f64.convert_i64_u"),
    (18, F32X2, "f32.min f32.max"),
    (18, F64X2, "f64.min f64.max"),
    (20, F32X1, "i32.trunc_f32_s i32.trunc_f32_u i64.trunc_f32_s i64.trunc_f32_u"),
    (20, F32X1, "i32.trunc_sat_f32_s i32.trunc_sat_f32_u i64.trunc_sat_f32_s i64.trunc_sat_f32_u"),
    (20, F64X1, "i32.trunc_f64_s i32.trunc_f64_u i64.trunc_f64_s i64.trunc_f64_u"),
    (20, F64X1, "i32.trunc_sat_f64_s i32.trunc_sat_f64_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u"),
    (20, Text("(drop (OP))", 1), "memory.size"),
    // The call, its callee's entry, the tail call and the entry of its target.
    (3, Text("(call $tail)", 5 + 1 + 1), "return_call"),
    (60, Text("(call $tail_indirect)", 5 + 1 + 1 + 1), "return_call_indirect"),
    (100 + 7, Text("(OP (i32.const 8000) (i32.const 0) (i32.const 7))", 3), "memory.fill memory.copy"),
    (100 + 4, Text("(OP $passive (i32.const 8000) (i32.const 0) (i32.const 4))", 3), "memory.init"),
    (100 + 2, Text("(OP 0 (i32.const 4) (ref.null func) (i32.const 2))", 3), "table.fill"),
    (100 + 2, Text("(OP 0 0 (i32.const 4) (i32.const 2) (i32.const 2))", 3), "table.copy"),
    (100 + 1, Text("(OP 0 $elements (i32.const 4) (i32.const 0) (i32.const 1))", 3), "table.init"),
    (100, Text("(drop (OP 0))", 1), "table.size"),
    (130, Text("(drop (OP $nothing))", 1), "ref.func"),
    (300, Text("(drop (OP (i32.const 0)))", 2), "memory.grow"),
    (300, Text("(drop (OP 0 (ref.null func) (i32.const 0)))", 3), "table.grow"),
    (300, Text("(OP $passive)", 0), "data.drop"),
    (300, Text("(OP $elements)", 0), "elem.drop"),
];

const SIMD: &[(u64, Form, &str)] = &[
    (1, Text("(drop (OP i32x4 1 2 3 4))", 1), "v128.const"),
    (1, Text("(drop (OP (i32.const 0)))", 2), "v128.load v128.load8_splat v128.load32_zero v128.load8x8_u"),
    (1, Text("(OP (i32.const 8000) (v128.const i32x4 1 2 3 4))", 2), "v128.store"),
    (1, I32X1, "i8x16.splat i16x8.splat i32x4.splat"),
    (
        1,
        V2,
        "v128.and v128.or v128.xor v128.andnot i8x16.swizzle i8x16.add i8x16.sub i16x8.add i16x8.mul i32x4.add",
    ),
    (
        1,
        V2,
        "i64x2.add i32x4.dot_i16x8_s i16x8.narrow_i32x4_u i8x16.eq i16x8.lt_s i32x4.gt_s i16x8.extmul_low_i8x16_s",
    ),
    (1, V2, "i8x16.min_u i16x8.max_s i16x8.q15mulr_sat_s i8x16.avgr_u i16x8.add_sat_s"),
    (
        1,
        V1,
        "v128.not v128.any_true i8x16.all_true i8x16.bitmask i16x8.abs i32x4.neg i16x8.extend_low_i8x16_u",
    ),
    (1, V3, "v128.bitselect"),
    (
        3,
        Text(
            "(drop (OP 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.const i32x4 1 2 3 4) (v128.const i32x4 1 2 3 4)))",
            3,
        ),
        "i8x16.shuffle",
    ),
    (3, V1, "i8x16.popcnt"),
    (3, SHIFT, "i8x16.shl i8x16.shr_s"),
    (2, V2, "i8x16.gt_u i8x16.lt_u i16x8.gt_u i16x8.lt_u i32x4.gt_u i32x4.lt_u"),
    (2, SHIFT, "i8x16.shr_u i16x8.shl i16x8.shr_s i16x8.shr_u i32x4.shl i32x4.shr_s i32x4.shr_u i64x2.shl"),
    (2, V2, "i32x4.mul i16x8.extmul_high_i8x16_s i16x8.extmul_high_i8x16_u"),
    (
        2,
        V2,
        "i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u",
    ),
    (2, V1, "i16x8.extadd_pairwise_i8x16_u"),
    (2, V2, "f32x4.add f32x4.sub f32x4.mul f64x2.add f64x2.sub f64x2.mul"),
    (2, V1, "f32x4.abs f32x4.neg f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest"),
    (2, V1, "f64x2.abs f64x2.neg f64x2.ceil f64x2.floor f64x2.trunc f64x2.nearest"),
    (3, SHIFT, "i64x2.shr_s i64x2.shr_u"),
    (3, V1, "i32x4.extadd_pairwise_i16x8_u"),
    (4, V2, "i64x2.mul f32x4.min f32x4.max f64x2.min"),
    (5, V2, "f64x2.max"),
    (5, V1, "f32x4.sqrt"),
    (10, V2, "f32x4.div"),
    (12, V2, "f64x2.div"),
    (14, V1, "f64x2.sqrt"),
    (2, V1, "i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f64x2_s_zero"),
    (4, V1, "i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_u"),
    (3, V1, "i32x4.trunc_sat_f64x2_u_zero"),
];

/// Cost beside that of the call, text, cost of what is around the call.
const SYSTEM: &[(u64, &str, u64)] = &[
    (500, "(drop (call $time))", 1),
    (500, "(drop (call $caller_size))", 1),
    (500 + 5, "(call $arg_copy (i32.const 8000) (i32.const 0) (i32.const 5))", 3),
    (500, "(drop (call $canister_version))", 1),
    (500 + 16, "(call $balance (i32.const 8000))", 1),
    (200, "(drop (call $counter (i32.const 0)))", 2),
    (200, "(drop (call $counter (i32.const 1)))", 2),
    (1_000 + 4, "(drop (call $is_controller (i32.const 0) (i32.const 4)))", 3),
    (
        1_500,
        "(call $call_new (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
        8,
    ),
    (500 + 50 * 9, "(call $call_data (i32.const 0) (i32.const 9))", 2),
    (5_000, "(drop (call $call_perform))", 1),
    (500 + 50 * 20, "(call $append (i32.const 0) (i32.const 20))", 2),
    (20, "(drop (call $stable_size))", 1),
    (100, "(drop (call $stable_grow (i64.const 1)))", 2),
    (20 + 30, "(call $stable_read (i64.const 8000) (i64.const 0) (i64.const 30))", 3),
    // A page of stable memory that becomes dirty costs 1,000, once a message.
    (20 + 30 + 1_000, "(call $stable_write (i64.const 0) (i64.const 0) (i64.const 30))", 3),
    (20 + 30, "(call $stable_write (i64.const 64) (i64.const 0) (i64.const 30))", 3),
    (20 + 30 + 2_000, "(call $stable_write (i64.const 12280) (i64.const 0) (i64.const 30))", 3),
];

const HEAD: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "performance_counter" (func $counter (param i32) (result i64)))
  (import "ic0" "time" (func $time (result i64)))
  (import "ic0" "msg_caller_size" (func $caller_size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $arg_copy (param i32 i32 i32)))
  (import "ic0" "canister_version" (func $canister_version (result i64)))
  (import "ic0" "canister_cycle_balance128" (func $balance (param i32)))
  (import "ic0" "is_controller" (func $is_controller (param i32 i32) (result i32)))
  (import "ic0" "call_new" (func $call_new (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "ic0" "call_data_append" (func $call_data (param i32 i32)))
  (import "ic0" "call_perform" (func $call_perform (result i32)))
  (import "ic0" "stable64_size" (func $stable_size (result i64)))
  (import "ic0" "stable64_grow" (func $stable_grow (param i64) (result i64)))
  (import "ic0" "stable64_read" (func $stable_read (param i64 i64 i64)))
  (import "ic0" "stable64_write" (func $stable_write (param i64 i64 i64)))
  (memory 2)
  (table 10 funcref)
  (elem (i32.const 0) $nothing $nothing $nothing)
  (elem $elements func $nothing)
  (data $passive "data")
  (global $g (mut i32) (i32.const 0))
  (func $nothing)
  (func $tail (return_call $nothing))
  (func $tail_indirect (return_call_indirect (i32.const 0)))
"#;

fn operators(table: &[(u64, Form, &str)]) -> Vec<(String, String, u64)> {
    let mut all = Vec::new();
    for (cost, form, names) in table {
        let mut names: Vec<&str> = names.split_whitespace().collect();
        names.dedup();
        for name in names {
            let (text, around) = match form {
                Value(operands) => {
                    let operand = |ty: &&str| match *ty {
                        "v128" => "(v128.const i32x4 1 2 3 4)".to_owned(),
                        ty => format!("({ty}.const 1)"),
                    };
                    let operands: Vec<String> = operands.iter().map(operand).collect();
                    (format!("(drop ({name} {}))", operands.join(" ")), operands.len() as u64 + 1)
                }
                Text(text, around) => (text.replace("OP", name), *around),
            };
            all.push((name.to_owned(), text, cost + around));
        }
    }
    all
}

/// Measures each piece of code on its own, in one message.
fn measure(pieces: &[(String, String, u64)]) -> Vec<u64> {
    let mut wat = HEAD.to_owned();
    // The first measurement is of nothing: what measuring costs.
    let texts = std::iter::once("").chain(pieces.iter().map(|(_, text, _)| text.as_str()));
    let mut calls = String::new();
    for (index, text) in texts.enumerate() {
        let at = 16_384 + 8 * index;
        write!(
            wat,
            "(func $p{index} (local $x i32) (local $start i64)
               (local.set $start (call $counter (i32.const 0)))
               {text}
               (i64.store (i32.const {at}) (i64.sub (call $counter (i32.const 0)) (local.get $start))))\n"
        )
        .unwrap();
        write!(calls, "(call $p{index})").unwrap();
    }
    let bytes = 8 * (pieces.len() + 1);
    write!(
        wat,
        r#"(func $measure {calls} (call $append (i32.const 16384) (i32.const {bytes})) (call $reply))
           (func $init (drop (call $stable_grow (i64.const 1))))
           (export "canister_init" (func $init))
           (export "canister_update measure" (func $measure)))"#
    )
    .unwrap();
    let pic = pocket_ic();
    let id = pic.create_canister();
    pic.install_canister(id, wat::parse_str(&wat).unwrap(), vec![], None);
    let reply = pic.update_call(id, Principal::anonymous(), "measure", vec![0; 9]).unwrap();
    // What was appended while measuring comes first.
    let reply = &reply[reply.len() - bytes..];
    let costs: Vec<u64> = reply.chunks(8).map(|c| u64::from_le_bytes(c.try_into().unwrap())).collect();
    costs[1..].iter().map(|cost| cost - costs[0]).collect()
}

fn compare(pieces: &[(String, String, u64)]) {
    let wrong: Vec<String> = measure(pieces)
        .into_iter()
        .zip(pieces)
        .filter(|(found, (_, _, expected))| found != expected)
        .map(|(found, (name, text, expected))| format!("{name}: {found}, not {expected}, for {text}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), pieces.len(), wrong.join("\n"));
}

#[test]
fn operators_cost_what_they_cost_on_the_internet_computer() {
    compare(&operators(SCALAR));
    compare(&operators(SIMD));
}

#[test]
fn system_functions_cost_what_they_cost_on_the_internet_computer() {
    let pieces: Vec<_> = SYSTEM
        .iter()
        .map(|(cost, text, around)| ((*text).to_owned(), (*text).to_owned(), 5 + cost + around))
        .collect();
    compare(&pieces);
}

#[test]
fn memory_of_64_bits_costs_twice_as_much() {
    let wat = r#"(module
      (import "ic0" "performance_counter" (func $counter (param i32) (result i64)))
      (import "ic0" "msg_reply" (func $reply))
      (import "ic0" "msg_reply_data_append" (func $append (param i64 i64)))
      (memory i64 1)
      (func $measure (local $start i64) (local $nothing i64)
        (local.set $start (call $counter (i32.const 0)))
        (local.set $nothing (i64.sub (call $counter (i32.const 0)) (local.get $start)))
        (local.set $start (call $counter (i32.const 0)))
        (i64.store (i64.const 8) (i64.load (i64.const 16)))
        (local.set $start (i64.sub (call $counter (i32.const 0)) (local.get $start)))
        (i64.store (i64.const 0) (i64.sub (local.get $start) (local.get $nothing)))
        (call $append (i64.const 0) (i64.const 8))
        (call $reply))
      (export "canister_query measure" (func $measure)))"#;
    let pic = pocket_ic();
    let id = pic.create_canister();
    pic.install_canister(id, wat::parse_str(wat).unwrap(), vec![], None);
    let reply = pic.query_call(id, Principal::anonymous(), "measure", vec![]).unwrap();
    assert_eq!(u64::from_le_bytes(reply.try_into().unwrap()), 2 + 2 + 2, "a load, a store, two constants");
}
