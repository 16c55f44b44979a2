//! The `pocket-ic` crate as a client: canisters live, trap, upgrade and call each other.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::Principal;
use common::{COUNTER, counter, counts, pocket_ic};
use pocket_ic::{ErrorCode, PocketIc, RejectCode};
use std::time::Duration;

fn installed(pic: &PocketIc) -> Principal {
    let id = pic.create_canister();
    pic.install_canister(id, counter(), vec![], None);
    id
}

fn update(pic: &PocketIc, id: Principal, method: &str) -> Result<[u32; 3], pocket_ic::RejectResponse> {
    pic.update_call(id, Principal::anonymous(), method, vec![]).map(|reply| counts(&reply))
}

fn get(pic: &PocketIc, id: Principal) -> [u32; 3] {
    counts(&pic.query_call(id, Principal::anonymous(), "get", vec![]).unwrap())
}

#[test]
fn counts_and_keeps_state() {
    let pic = pocket_ic();
    let id = installed(&pic);
    assert_eq!(id.to_text(), "lxzze-o7777-77777-aaaaa-cai");
    assert_eq!(get(&pic, id), [0, 0, 0]);
    for n in 1..=3 {
        assert_eq!(update(&pic, id, "inc").unwrap(), [n, n, n]);
    }
    assert_eq!(get(&pic, id), [3, 3, 3]);
    // What a query changes is gone.
    assert_eq!(counts(&pic.query_call(id, Principal::anonymous(), "inc_query", vec![]).unwrap()), [4, 4, 4]);
    assert_eq!(counts(&pic.update_call(id, Principal::anonymous(), "inc_query", vec![]).unwrap()), [4, 4, 4]);
    assert_eq!(get(&pic, id), [3, 3, 3]);
}

#[test]
fn a_trap_changes_nothing() {
    let pic = pocket_ic();
    let id = installed(&pic);
    update(&pic, id, "inc").unwrap();
    for _ in 0..2 {
        let reject = update(&pic, id, "trap").unwrap_err();
        assert_eq!(reject.error_code, ErrorCode::CanisterCalledTrap);
        assert_eq!(reject.reject_code, RejectCode::CanisterError);
        assert!(reject.reject_message.contains("with message: 'deliberate'"), "{reject}");
        assert!(reject.certified);
        assert_eq!(get(&pic, id), [1, 1, 1]);
    }
    let status = pic.canister_status(id, None).unwrap();
    assert_eq!(status.memory_metrics.stable_memory_size, 65_536u64);
    assert_eq!(status.memory_metrics.wasm_memory_size, 65_536u64);
    pic.tick();
    assert_eq!(get(&pic, id), [1, 1, 1], "the timer was not set");
    assert_eq!(update(&pic, id, "grow").unwrap(), [1, 1, 1]);
    assert_eq!(update(&pic, id, "inc").unwrap(), [2, 2, 2]);
    let status = pic.canister_status(id, None).unwrap();
    assert_eq!(status.memory_metrics.stable_memory_size, 2 * 65_536u64);
    assert_eq!(status.memory_metrics.wasm_memory_size, 2 * 65_536u64);
}

#[test]
fn limits_and_missing_answers_are_told() {
    let pic = pocket_ic();
    let id = installed(&pic);
    let code = |method| update(&pic, id, method).unwrap_err().error_code;
    assert_eq!(code("silent"), ErrorCode::CanisterDidNotReply);
    assert_eq!(code("nothing"), ErrorCode::CanisterMethodNotFound);
    assert_eq!(code("loop"), ErrorCode::CanisterInstructionLimitExceeded);
    let missing = pic.query_call(id, Principal::anonymous(), "nothing", vec![]).unwrap_err();
    assert_eq!(missing.error_code, ErrorCode::CanisterMethodNotFound);
    let nobody = Principal::from_text("lqy7q-dh777-77777-aaaaq-cai").unwrap();
    let reject = pic.update_call(nobody, Principal::anonymous(), "inc", vec![]).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterNotFound);
    assert!(!reject.certified);
}

#[test]
fn upgrades_keep_stable_memory_only() {
    let pic = pocket_ic();
    let id = installed(&pic);
    update(&pic, id, "inc").unwrap();
    pic.upgrade_canister(id, counter(), vec![], None).unwrap();
    assert_eq!(get(&pic, id), [0, 0, 1]);
    assert_eq!(update(&pic, id, "inc").unwrap(), [1, 1, 2]);
    pic.reinstall_canister(id, counter(), vec![], None).unwrap();
    assert_eq!(get(&pic, id), [0, 0, 0]);
    // An upgrade that traps leaves everything as it was.
    update(&pic, id, "inc").unwrap();
    let bad = COUNTER.replace(
        r#"(export "canister_init" (func $init))"#,
        r#"(export "canister_post_upgrade" (func $fail))"#,
    );
    let reject = pic.upgrade_canister(id, wat::parse_str(bad).unwrap(), vec![], None).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterCalledTrap);
    assert_eq!(get(&pic, id), [1, 1, 1]);
    assert_eq!(update(&pic, id, "inc").unwrap(), [2, 2, 2]);
    let reject = pic.upgrade_canister(id, b"\0asm\x01\0\0\0junk".to_vec(), vec![], None).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterInvalidWasm);
}

#[test]
fn timers_fire_when_their_time_has_come() {
    let pic = pocket_ic();
    let id = installed(&pic);
    update(&pic, id, "arm").unwrap();
    pic.tick();
    assert_eq!(get(&pic, id), [0, 0, 0]);
    pic.advance_time(Duration::from_secs(2));
    pic.tick();
    assert_eq!(get(&pic, id), [1, 1, 1]);
    pic.tick();
    assert_eq!(get(&pic, id), [1, 1, 1]);
    let logs = pic.fetch_canister_logs(id, Principal::anonymous()).unwrap();
    assert_eq!(logs[0].content, b"deliberate");
}

#[test]
fn large_modules_arrive_in_chunks() {
    let pic = pocket_ic();
    let id = pic.create_canister();
    // Three MiB of data make the module too large for one message.
    let data = format!(r#"(data (i32.const 200) "{}")"#, "x".repeat(3 << 20));
    let wat = COUNTER.replace("(memory 1)", &format!("(memory 64) {data}"));
    pic.install_canister(id, wat::parse_str(wat).unwrap(), vec![], None);
    assert_eq!(update(&pic, id, "inc").unwrap(), [1, 1, 1]);
}

#[test]
fn instances_stand_side_by_side() {
    let threads: Vec<_> = (0..4)
        .map(|n| {
            std::thread::spawn(move || {
                let pic = pocket_ic();
                let id = installed(&pic);
                for _ in 0..n {
                    update(&pic, id, "inc").unwrap();
                }
                assert_eq!(get(&pic, id), [n, n, n]);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
