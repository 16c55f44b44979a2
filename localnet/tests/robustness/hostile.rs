//! Canisters that mean harm: loops without end in every entry point, recursion, memories and tables of any size,
//! calls without end, wild pointers.

use crate::raw::{Random, seed};
use crate::rounds;
use crate::victim::{Victim, b64, call, refused};
use candid::Principal;
use ic_management_canister_types as types;
use serde_json::json;

const LIMIT: &str = "instructions for single message execution";

/// A loop without end, whose instructions cost much and take little time.
fn forever() -> String {
    format!("(loop $l {} (br $l))", "(drop (table.size 0))".repeat(200))
}

fn module(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
          (import "ic0" "msg_reply" (func $reply))
          (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
          (import "ic0" "canister_self_size" (func $self_size (result i32)))
          (import "ic0" "canister_self_copy" (func $self_copy (param i32 i32 i32)))
          (import "ic0" "call_new" (func $new (param i32 i32 i32 i32 i32 i32 i32 i32)))
          (import "ic0" "call_data_append" (func $data (param i32 i32)))
          (import "ic0" "call_on_cleanup" (func $on_cleanup (param i32 i32)))
          (import "ic0" "call_perform" (func $perform (result i32)))
          (import "ic0" "debug_print" (func $print (param i32 i32)))
          (import "ic0" "trap" (func $trap (param i32 i32)))
          (import "ic0" "global_timer_set" (func $timer (param i64) (result i64)))
          (import "ic0" "stable64_grow" (func $stable_grow (param i64) (result i64)))
          (import "ic0" "stable64_write" (func $stable_write (param i64 i64 i64)))
          (memory 80)
          (table 8 funcref)
          (data (i32.const 500) "fine")
          (data (i32.const 510) "self")
          (func $self (param $fun i32) (param $name i32)
            (call $self_copy (i32.const 600) (i32.const 0) (call $self_size))
            (call $new (i32.const 600) (call $self_size) (local.get $name) (i32.const 4)
              (local.get $fun) (i32.const 0) (local.get $fun) (i32.const 0)))
          (func $forever {})
          (func $callback (param i32) (call $forever))
          (func $fine (call $reply))
          (elem (i32.const 0) $callback)
          (export "canister_update fine" (func $fine))
          (export "canister_query show" (func $fine))
          {body})"#,
        forever()
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn loops_end_in_every_entry_point() {
    let mut victim = Victim::start();
    let id = victim.create();
    victim.endure(rounds(3), |victim, _| {
        for body in ["(start $forever)", r#"(export "canister_init" (func $forever))"#] {
            refused(&victim.install_at(id, &module(body)), LIMIT);
        }
        let bad = r#"(export "canister_pre_upgrade" (func $forever))
          (export "canister_post_upgrade" (func $forever))"#;
        for module in [module(bad), module(r#"(export "canister_post_upgrade" (func $forever))"#)] {
            victim.install_at(id, &module).unwrap();
            let args = types::InstallCodeArgs {
                mode: types::CanisterInstallMode::Upgrade(None),
                canister_id: id,
                wasm_module: module,
                arg: vec![],
                sender_canister_version: None,
            };
            refused(&victim.manage("install_code", args), LIMIT);
        }
        let body = r#"
          (func $called (call $self (i32.const 0) (i32.const 500)) (drop (call $perform)))
          (func $cleaned
            (call $self (i32.const 1) (i32.const 500))
            (call $on_cleanup (i32.const 0) (i32.const 0))
            (drop (call $perform)))
          (func $armed (drop (call $timer (i64.const 1))) (call $reply))
          (export "canister_update loop" (func $forever))
          (export "canister_update called" (func $called))
          (export "canister_update cleaned" (func $cleaned))
          (export "canister_update armed" (func $armed))
          (export "canister_query asked" (func $forever))
          (export "canister_composite_query composed" (func $called))
          (export "canister_global_timer" (func $forever))"#;
        victim.install_at(id, &module(body)).unwrap();
        for method in ["loop", "called", "asked"] {
            refused(&victim.call(id, method, &[]), LIMIT);
        }
        refused(&victim.call(id, "cleaned", &[]), "call_on_cleanup also failed");
        for method in ["asked", "composed"] {
            refused(&victim.query(id, method, &[]), "instructions");
        }
        victim.call(id, "armed", &[]).unwrap();
        victim.ask("update/tick", &json!({ "blockmakers": null }));
        victim.call(id, "fine", &[]).unwrap();
        victim.install_at(id, &module(r#"(export "canister_inspect_message" (func $forever))"#)).unwrap();
        refused(&victim.call(id, "fine", &[]), "instructions");
        victim.query(id, "show", &[]).unwrap();
        victim.install_at(id, &module(r#"(export "canister_heartbeat" (func $forever))"#)).unwrap();
        victim.call(id, "fine", &[]).unwrap();
        victim.install_at(id, &module("")).unwrap();
    });
}

#[test]
fn recursion_ends() {
    let mut victim = Victim::start();
    let id = victim.create();
    let locals = "(local i64)".repeat(1_000);
    let body = format!(
        r#"
        (type $t (func (param i32)))
        (func $plain (call $plain))
        (func $large {locals} (call $large) (call $large))
        (func $table (param i32) (call_indirect (type $t) (local.get 0) (local.get 0)))
        (func $via (call $table (i32.const 3)))
        (func $host (call $print (i32.const 0) (i32.const 1)) (call $host))
        (elem (i32.const 3) $table)
        (export "canister_update plain" (func $plain))
        (export "canister_update large" (func $large))
        (export "canister_update via" (func $via))
        (export "canister_update host" (func $host))
        (export "canister_query asked" (func $large))"#
    );
    victim.endure(rounds(3), |victim, _| {
        victim.install_at(id, &module(&body)).unwrap();
        for method in ["plain", "large", "via", "host"] {
            refused(&victim.call(id, method, &[]), "stack overflow");
        }
        refused(&victim.query(id, "asked", &[]), "stack overflow");
        refused(&victim.install_at(id, &module("(func $s (call $s)) (start $s)")), "stack overflow");
        victim.call(id, "fine", &[]).unwrap();
    });
}

#[test]
fn memories_and_tables_have_their_limits() {
    let mut victim = Victim::start();
    let id = victim.create();
    let tables = "(table 1000000 funcref)".repeat(90);
    // Either it is refused, or what was installed can be called.
    let modules = [
        "(memory 65536)",
        "(memory 65537)",
        "(memory i64 65537)",
        "(memory i64 98304)",
        "(memory i64 98305)",
        "(memory i64 281474976710656)",
        "(memory 0 0)",
        "(table 4294967295 funcref)",
        "(table 10000000 funcref)",
        "(table 1000000 funcref)",
        &*tables,
        "(memory 1) (data (i32.const -1) \"x\")",
        "(memory 1) (data (i32.const 65536) \"\")",
        "(memory 0) (data (i32.const 0) \"x\")",
        "(table 1 funcref) (elem (i32.const 1) $f)",
        "(memory 1) (func $s (drop (memory.grow (i32.const -1))) (unreachable)) (start $s)",
        "(memory 1) (func $s (drop (memory.grow (i32.const 65535)))) (start $s)",
        "(table 1 funcref) (func $s (loop $l (drop (table.grow 0 (ref.null func) (i32.const 10000000))) (br $l))) (start $s)",
        "(memory 1) (func $s (memory.fill (i32.const 0) (i32.const 1) (i32.const -1))) (start $s)",
    ];
    victim.endure(rounds(3), |victim, _| {
        for body in modules {
            let text = format!(
                r#"(module (import "ic0" "msg_reply" (func $reply)) {body}
                (func $f (call $reply)) (export "canister_update fine" (func $f)))"#
            );
            let Ok(wasm) = wat::parse_str(text) else { continue };
            if victim.install_at(id, &wasm).is_ok() {
                let _ = victim.call(id, "fine", &[]);
            }
        }
        victim.install_at(id, &module("")).unwrap();
        victim.call(id, "fine", &[]).unwrap();
    });
}

#[test]
fn calls_without_end_leave_room_for_others() {
    let mut victim = Victim::start();
    let body = r#"
        (func $again (call $self (i32.const 1) (i32.const 510)) (drop (call $perform)))
        (func $on (param i32) (call $again))
        (func $flood (local $n i32)
          (loop $l
            (call $self (i32.const 1) (i32.const 500))
            (call $data (i32.const 0) (i32.const 1000))
            (drop (call $perform))
            (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 2000))))
          (call $reply))
        (func $large (call $append (i32.const 0) (i32.const 2097152)) (call $reply))
        (func $larger (call $append (i32.const 0) (i32.const 2097153)) (call $reply))
        (func $queried (call $append (i32.const 0) (i32.const 3145728)) (call $reply))
        (func $heavy
          (call $self (i32.const 2) (i32.const 500))
          (loop $l (call $data (i32.const 0) (i32.const 1048576)) (br $l)))
        (func $prints (loop $l (call $print (i32.const 0) (i32.const 5000)) (br $l)))
        (func $cries (call $trap (i32.const 0) (i32.const 5000000)))
        (func $stable
          (drop (call $stable_grow (i64.const 8388608)))
          (drop (call $stable_grow (i64.const -1)))
          (call $stable_write (i64.const -1) (i64.const 0) (i64.const 2)))
        (elem (i32.const 1) $on)
        (export "canister_update self" (func $again))
        (export "canister_update flood" (func $flood))
        (export "canister_update large" (func $large))
        (export "canister_update larger" (func $larger))
        (export "canister_query queried" (func $queried))
        (export "canister_update heavy" (func $heavy))
        (export "canister_update prints" (func $prints))
        (export "canister_update cries" (func $cries))
        (export "canister_update stable" (func $stable))"#;
    let wasm = module(body);
    victim.endure(rounds(3), |victim, _| {
        let id = victim.install(&wasm);
        victim.ask("update/submit_ingress_message", &call(id, "self", &[]));
        victim.call(id, "fine", &[]).unwrap();
        victim.call(id, "flood", &[]).unwrap();
        assert_eq!(victim.call(id, "large", &[]).unwrap().len(), 2 << 20);
        refused(&victim.call(id, "larger", &[]), "cannot be larger than");
        assert_eq!(victim.query(id, "queried", &[]).unwrap().len(), 3 << 20);
        refused(&victim.call(id, "heavy", &[]), "cannot be larger than");
        refused(&victim.call(id, "prints", &[]), LIMIT);
        refused(&victim.call(id, "cries", &[]), "ic0.trap");
        assert!(victim.call(id, "stable", &[]).is_err());
        victim.manage("uninstall_code", types::CanisterIdRecord { canister_id: id }).unwrap();
    });
    let id = victim.install(&wasm);
    refused(&victim.call(id, "self", &[]), "after 100 rounds");
}

/// The functions of `ic0`: parameters and result; `i` is an address or size, `w` 32 and `l` 64 bits.
const IC0: &str = "\
    msg_arg_data_size()i msg_arg_data_copy(iii) msg_caller_size()i msg_caller_copy(iii) \
    msg_caller_info_data_size()i msg_caller_info_data_copy(iii) msg_caller_info_signer_size()i \
    msg_caller_info_signer_copy(iii) msg_reject_code()w msg_reject_msg_size()i \
    msg_reject_msg_copy(iii) msg_deadline()l msg_reply_data_append(ii) msg_reply() msg_reject(ii) \
    msg_cycles_available128(i) msg_cycles_refunded128(i) msg_cycles_accept128(lli) \
    cycles_burn128(lli) canister_self_size()i canister_self_copy(iii) \
    canister_cycle_balance128(i) canister_liquid_cycle_balance128(i) canister_status()w \
    canister_version()l subnet_self_size()i subnet_self_copy(iii) subnet_self_node_count()w \
    msg_method_name_size()i msg_method_name_copy(iii) accept_message() call_new(iiiiiiii) \
    call_on_cleanup(ii) call_data_append(ii) call_with_best_effort_response(w) \
    call_cycles_add128(ll) call_perform()w stable64_size()l stable64_grow(l)l stable64_write(lll) \
    stable64_read(lll) root_key_size()i root_key_copy(iii) certified_data_set(ii) \
    data_certificate_present()w data_certificate_size()i data_certificate_copy(iii) time()l \
    global_timer_set(l)l performance_counter(w)l is_controller(ii)w in_replicated_execution()w \
    cost_call(lli) cost_create_canister(i) cost_http_request(lli) cost_http_request_v2(iii) \
    cost_sign_with_ecdsa(iiwi)w cost_sign_with_schnorr(iiwi)w cost_vetkd_derive_key(iiwi)w \
    env_var_count()i env_var_name_size(i)i env_var_name_copy(iiii) env_var_name_exists(ii)w \
    env_var_value_size(ii)i env_var_value_copy(iiiii) debug_print(ii) trap(ii)";

#[test]
fn wild_pointers_trap() {
    let seed = seed();
    println!("DARKROOM_SEED={seed}");
    let mut victim = Victim::start();
    let id = victim.create();
    victim.endure(rounds(9), |victim, round| {
        let mut random = Random::new(seed.wrapping_add(round));
        let wide = round % 3 == 2;
        victim.install_at(id, &wild(&mut random, wide)).unwrap();
        let methods = IC0.split_whitespace().count();
        for n in 0..methods {
            // Some of the functions burn cycles.
            victim.ask("update/add_cycles", &json!({ "canister_id": b64(id), "amount": 1u64 << 60 }));
            // Whatever comes of it, it comes.
            let _ = victim.call(id, &format!("u{n}"), b"argument");
            let _ = victim.query(id, &format!("q{n}"), b"argument");
        }
        victim.install_at(id, &module("")).unwrap();
    });
}

/// A module with a method for each function of `ic0`, which calls it with extreme values.
fn wild(random: &mut Random, wide: bool) -> Vec<u8> {
    let pointer = if wide { "i64" } else { "i32" };
    let ty = |c| match c {
        'i' => pointer,
        'w' => "i32",
        _ => "i64",
    };
    let (mut imports, mut methods) = (String::new(), String::new());
    for (n, function) in IC0.split_whitespace().enumerate() {
        let (name, rest) = function.split_once('(').unwrap();
        let (params, result) = rest.split_once(')').unwrap();
        let types: Vec<&str> = params.chars().map(ty).collect();
        let result = result.chars().next().map(|c| format!("(result {})", ty(c))).unwrap_or_default();
        imports += &format!(r#"(import "ic0" "{name}" (func $f{n} (param {}) {result}))"#, types.join(" "));
        let values = types.iter().map(|ty| {
            let extremes = [0, 1, 7, 29, 65_535, 65_536, i64::from(i32::MAX), -1, -2, i64::MIN];
            let value = *random.pick(&extremes);
            let value = if *ty == "i32" { i64::from(value as i32) } else { value };
            format!("({ty}.const {value})")
        });
        let values: Vec<String> = values.collect();
        let drop = if result.is_empty() { "" } else { "drop" };
        let [zero, one] = [format!("({pointer}.const 0)"), format!("({pointer}.const 1)")];
        // A call under construction, for the functions that change one.
        let begun = if name.starts_with("call_") && name != "call_new" {
            format!("(call $begin {zero} {zero} {zero} {one} {zero} {zero} {zero} {zero})")
        } else {
            String::new()
        };
        methods += &format!("(func $m{n} {begun} (call $f{n} {}) {drop})", values.join(" "));
        methods += &format!(r#"(export "canister_update u{n}" (func $m{n}))"#);
        methods += &format!(r#"(export "canister_query q{n}" (func $m{n}))"#);
    }
    let index = if wide { "i64" } else { "" };
    let begin = [pointer; 8].join(" ");
    let text = format!(
        r#"(module {imports} (import "ic0" "call_new" (func $begin (param {begin})))
        (memory {index} 1) (table 1 funcref) {methods})"#
    );
    wat::parse_str(text).unwrap()
}

/// A canister's principal must not be needed to be one that exists.
#[test]
fn calls_of_nobody_fail() {
    let mut victim = Victim::start();
    for id in [Principal::anonymous(), Principal::from_slice(&[]), Principal::from_slice(&[255; 29])] {
        for method in ["", "fine", "canister_init", "\u{0}", &*"x".repeat(30_000)] {
            assert!(victim.call(id, method, &[]).is_err());
            assert!(victim.query(id, method, &[]).is_err());
        }
    }
    victim.check();
}
