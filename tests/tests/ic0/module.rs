//! The canister under test, written from the table: an entry point for every context, each of which makes the call
//! it is told to make and then traps with the result. A trap is what all contexts have in common: it is seen by
//! whoever called, in the text of a cleanup's failure or in the canister's log, and leaves nothing behind.

use super::table::{FUNCTIONS, Form, Function};
use std::fmt::Write;

/// The import of a function, with addresses of 32 or 64 bits.
fn import(function: &Function, wide: bool) -> String {
    let typed = |letter: char| match letter {
        'l' => "i64",
        'p' if wide => "i64",
        _ => "i32",
    };
    let (params, result) = function.types.split_once(':').unwrap();
    let mut text = format!("(import \"ic0\" \"{0}\" (func ${0}", function.name);
    for letter in params.chars() {
        write!(text, " (param {})", typed(letter)).unwrap();
    }
    for letter in result.chars() {
        write!(text, " (result {})", typed(letter)).unwrap();
    }
    text + "))\n"
}

fn imports(functions: &[Function], wide: bool) -> String {
    functions.iter().map(|function| import(function, wide)).collect()
}

/// The call of a function. `$right` tells whether it may be called here.
fn probe(function: &Function) -> String {
    let name = function.name;
    match function.form {
        Form::I32(args) => format!("(call $w (call ${name} {args}))"),
        Form::I64(args) => format!("(call $l (call ${name} {args}))"),
        Form::U128(args) => {
            format!("(call ${name} {args} (i32.const 2048)) (global.set $len (i32.const 16))")
        }
        Form::Copied => {
            let size = name.replace("_copy", "_size");
            format!(
                "(if (local.get $right) (then (global.set $len (call ${size}))))
                 (call ${name} (i32.const 2048) (i32.const 0) (global.get $len))"
            )
        }
        Form::Building(args) => {
            let call = match function.types.ends_with(":i") {
                true => format!("(call $w (call ${name} {args}))"),
                false => format!("(call ${name} {args})"),
            };
            format!("(if (local.get $right) (then (call $begin))) {call}")
        }
        Form::Text(text) => text.to_owned(),
    }
}

/// Modes of the canister, set by its method `set`.
pub(crate) const HEARTBEAT: u8 = 1;
pub(crate) const TIMER: u8 = 2;
pub(crate) const START: u8 = 3;
pub(crate) const PRE_UPGRADE: u8 = 4;

/// The canister. Its owner and controller is at 700; the other words are those that the calls of the table use.
pub(crate) fn canister(functions: &[Function], owner: &[u8], heartbeat: bool) -> Vec<u8> {
    let mut text = format!("(module\n{}", imports(functions, false));
    text += BODY;
    let owner: String = owner.iter().map(|byte| format!("\\{byte:02x}")).collect();
    writeln!(text, "(data (i32.const 700) \"{owner}\")").unwrap();
    let mut elements = String::new();
    for (n, function) in functions.iter().enumerate() {
        writeln!(text, "(func $probe{n} (param $right i32) {})", probe(function)).unwrap();
        write!(elements, " $probe{n}").unwrap();
    }
    writeln!(text, "(table funcref (elem $answered $boom $answered{elements}))").unwrap();
    if heartbeat {
        text += "(export \"canister_heartbeat\" (func $heartbeat))\n";
    }
    text += ")";
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// A module that does nothing but import these functions.
pub(crate) fn importing(functions: &[Function], wide: bool) -> Vec<u8> {
    let memory = if wide { "(memory i64 1)" } else { "(memory 1)" };
    wat::parse_str(format!("(module\n{}{memory})", imports(functions, wide)))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A module of this text, with the imports that it calls.
pub(crate) fn written(body: &str) -> Vec<u8> {
    let called = |function: &&Function| {
        let call = format!("(call ${}", function.name);
        body.match_indices(&call).any(|(at, _)| body[at + call.len()..].starts_with([' ', ')', '\n']))
    };
    let imported: Vec<Function> = FUNCTIONS.iter().filter(called).copied().collect();
    wat::parse_str(format!("(module\n{}{body})", imports(&imported, false)))
        .unwrap_or_else(|error| panic!("{error}\n{body}"))
}

const BODY: &str = r#"
  (memory 2)
  (global $len (mut i32) (i32.const 0))
  (data (i32.const 600) "NAME")
  (data (i32.const 610) "key_1")
  (data (i32.const 620) "no!")
  (data (i32.const 740) "yesnayayenix")
  (data (i32.const 650) "stable")
  (data (i32.const 640) "reply!")
  (data (i32.const 660) "ok:")
  (data (i32.const 670) "set")
  (data (i32.const 675) "begin")
  (data (i32.const 680) "0123456789abcdef")

  ;; What the calls use: results of 32 and 64 bits, a call under construction, stable memory of one page.
  (func $w (param i32) (i32.store (i32.const 2048) (local.get 0)) (global.set $len (i32.const 4)))
  (func $l (param i64) (i64.store (i32.const 2048) (local.get 0)) (global.set $len (i32.const 8)))
  (func $begin
    (call $call_new (i32.const 700) (i32.const 29) (i32.const 740) (i32.const 3)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func $grown
    (if (i64.eqz (call $stable64_size)) (then (drop (call $stable64_grow (i64.const 1))))))

  ;; Makes a call of the table and traps with its result, in hexadecimal after "ok:".
  (func $enter (param $n i32) (param $right i32) (local $i i32)
    (global.set $len (i32.const 0))
    (call_indirect (param i32) (local.get $right) (i32.add (local.get $n) (i32.const 3)))
    (if (i32.gt_u (global.get $len) (i32.const 200)) (then (global.set $len (i32.const 200))))
    (i32.store (i32.const 32768) (i32.load (i32.const 660)))
    (loop $next
      (if (i32.lt_u (local.get $i) (global.get $len)) (then
        (i32.store8 (i32.add (i32.const 32771) (i32.mul (local.get $i) (i32.const 2)))
          (i32.load8_u (i32.add (i32.const 680)
            (i32.shr_u (i32.load8_u (i32.add (i32.const 2048) (local.get $i))) (i32.const 4)))))
        (i32.store8 (i32.add (i32.const 32772) (i32.mul (local.get $i) (i32.const 2)))
          (i32.load8_u (i32.add (i32.const 680)
            (i32.and (i32.load8_u (i32.add (i32.const 2048) (local.get $i))) (i32.const 15)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
    (call $trap (i32.const 32768) (i32.add (i32.const 3) (i32.mul (global.get $len) (i32.const 2)))))

  ;; Entry points that are told by their argument.
  (func $arg (call $msg_arg_data_copy (i32.const 8192) (i32.const 0) (call $msg_arg_data_size)))
  (func $told
    (call $arg)
    (call $enter (i32.load8_u (i32.const 8192)) (i32.load8_u (i32.const 8193))))
  (func $install (if (call $msg_arg_data_size) (then (call $told))))
  (func $inspect
    (if (i32.eq (call $msg_method_name_size) (i32.const 9))
      (then (call $told))
      (else (call $accept_message))))

  ;; Entry points that are told beforehand.
  (func $set
    (call $arg)
    (i32.store (i32.const 16) (i32.load (i32.const 8192)))
    (if (i32.eq (i32.load8_u (i32.const 16)) (i32.const 2))
      (then (drop (call $global_timer_set (i64.const 1)))))
    (if (i32.eq (i32.load8_u (i32.const 16)) (i32.const 3))
      (then (call $grown) (call $stable64_write (i64.const 0) (i64.const 16) (i64.const 4))))
    (call $debug_print (i32.const 670) (i32.const 3))
    (call $msg_reply))
  (func $as_told (param $mode i32)
    (if (i32.eq (i32.load8_u (i32.const 16)) (local.get $mode)) (then
      (call $debug_print (i32.const 675) (i32.const 5))
      (call $enter (i32.load8_u (i32.const 17)) (i32.load8_u (i32.const 18))))))
  (func $heartbeat (call $as_told (i32.const 1)))
  (func $timer (call $as_told (i32.const 2)))
  (func $start
    (if (i64.ne (call $stable64_size) (i64.const 0)) (then
      (call $stable64_read (i64.const 16) (i64.const 0) (i64.const 4))
      (call $as_told (i32.const 3)))))
  (func $pre_upgrade (call $as_told (i32.const 4)))

  ;; Callbacks: the argument is what to call, whether that is right, the kind, and whom to call. Kind: bit 0 has
  ;; the callee reject, bit 1 has the callback trap and its cleanup make the call, bit 2 calls queries.
  (func $out (local $kind i32) (local $env i32) (local $fun i32)
    (call $arg)
    (local.set $kind (i32.load8_u (i32.const 8194)))
    (local.set $env (i32.load16_u (i32.const 8192)))
    (local.set $fun (i32.shr_u (i32.and (local.get $kind) (i32.const 2)) (i32.const 1)))
    (call $call_new (i32.const 8195) (i32.sub (call $msg_arg_data_size) (i32.const 3))
      (i32.add (i32.const 740) (i32.mul (i32.const 3) (i32.add
        (i32.and (local.get $kind) (i32.const 1))
        (i32.shr_u (i32.and (local.get $kind) (i32.const 4)) (i32.const 1)))))
      (i32.const 3)
      (local.get $fun) (local.get $env) (local.get $fun) (local.get $env))
    (if (i32.and (local.get $kind) (i32.const 2))
      (then (call $call_on_cleanup (i32.const 2) (local.get $env))))
    (if (i32.eqz (i32.and (local.get $kind) (i32.const 4)))
      (then (call $call_cycles_add128 (i64.const 0) (i64.const 1000))))
    (drop (call $call_perform)))
  (func $answered (param $env i32)
    (call $enter (i32.and (local.get $env) (i32.const 255)) (i32.shr_u (local.get $env) (i32.const 8))))
  (func $boom (param i32) unreachable)
  (func $reply (call $msg_reply_data_append (i32.const 640) (i32.const 6)) (call $msg_reply))
  (func $yes (call $msg_cycles_accept128 (i64.const 0) (i64.const 600) (i32.const 3000)) (call $reply))
  (func $nay (call $msg_reject (i32.const 620) (i32.const 3)))

  (start $start)
  (export "canister_init" (func $install))
  (export "canister_post_upgrade" (func $install))
  (export "canister_pre_upgrade" (func $pre_upgrade))
  (export "canister_inspect_message" (func $inspect))
  (export "canister_global_timer" (func $timer))
  (export "canister_update set" (func $set))
  (export "canister_update update" (func $told))
  (export "canister_update inspected" (func $reply))
  (export "canister_query query" (func $told))
  (export "canister_composite_query composite" (func $told))
  (export "canister_update out" (func $out))
  (export "canister_composite_query out_query" (func $out))
  (export "canister_update yes" (func $yes))
  (export "canister_update nay" (func $nay))
  (export "canister_query aye" (func $reply))
  (export "canister_query nix" (func $nay))
"#;
