//! Life and death of canisters: creation, stopping with open calls, uninstallation, deletion.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::{Decode, Encode, Nat, Principal};
use common::{IC, PROXY, by, counter, counts, id_of, passed, pocket_ic, proxy, send, update, user};
use ic_management_canister_types as types;
use pocket_ic::{ErrorCode, RejectCode, RejectResponse, update_candid};
use std::time::Duration;
use types::CanisterStatusType;

#[test]
fn a_canister_from_creation_to_deletion() {
    let pic = pocket_ic();
    let me = user(7);
    let id = pic.create_canister_with_settings(Some(me), None);
    let before = pic.cycle_balance(id);
    assert_eq!(pic.add_cycles(id, 1 << 70), before + (1 << 70));
    assert_eq!(pic.get_controllers(id), vec![me]);
    pic.install_canister(id, counter(), vec![], Some(me));
    assert!(pic.canister_exists(id));
    assert!(pic.get_subnet(id).is_some());
    pic.stop_canister(id, Some(me)).unwrap();
    assert_eq!(pic.canister_status(id, Some(me)).unwrap().status, CanisterStatusType::Stopped);
    assert_eq!(update(&pic, id, "inc").unwrap_err().error_code, ErrorCode::CanisterStopped);
    pic.start_canister(id, Some(me)).unwrap();
    assert_eq!(update(&pic, id, "inc").unwrap(), [1, 1, 1]);
    pic.set_stable_memory(id, vec![9, 0, 0, 0], pocket_ic::common::rest::BlobCompression::NoCompression);
    let reply = pic.query_call(id, me, "get", vec![]).unwrap();
    assert_eq!(counts(&reply), [1, 1, 9]);
    assert_eq!(pic.get_stable_memory(id).len(), 65_536);
    pic.uninstall_canister(id, Some(me)).unwrap();
    assert_eq!(update(&pic, id, "inc").unwrap_err().error_code, ErrorCode::CanisterWasmModuleNotFound);
    let reject = pic.delete_canister(id, Some(me)).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterNotStopped);
    pic.stop_canister(id, Some(me)).unwrap();
    pic.delete_canister(id, Some(me)).unwrap();
    assert!(!pic.canister_exists(id));
    // The id is not given out again.
    assert_ne!(pic.create_canister(), id);
}

#[test]
fn stopping_waits_for_what_is_open() {
    let pic = pocket_ic();
    let id = proxy(&pic);
    let (me, open) =
        (Principal::anonymous(), || pic.submit_call(id, Principal::anonymous(), "park", vec![]).unwrap());
    let stop = || {
        pic.submit_call(IC, Principal::anonymous(), "stop_canister", Encode!(&id_of(id)).unwrap()).unwrap()
    };
    let status = || pic.canister_status(id, None).unwrap().status;
    // Two wait; a restart cancels both.
    let parked = open();
    pic.tick();
    let waiters = [stop(), stop()];
    pic.tick();
    assert_eq!(status(), CanisterStatusType::Stopping);
    assert_eq!(pic.update_call(id, me, "when", vec![]).unwrap_err().error_code, ErrorCode::CanisterStopping);
    pic.start_canister(id, None).unwrap();
    for waiter in waiters {
        let reject = pic.await_call(waiter).unwrap_err();
        assert_eq!(reject.error_code, ErrorCode::CanisterStoppingCancelled);
    }
    // Nobody waits longer than five minutes, but the canister goes on stopping.
    let waiter = stop();
    pic.tick();
    pic.advance_time(Duration::from_secs(301));
    let reject = pic.await_call(waiter).unwrap_err();
    assert_eq!(
        (reject.error_code, reject.reject_code),
        (ErrorCode::StopCanisterRequestTimeout, RejectCode::SysTransient)
    );
    assert_eq!(status(), CanisterStatusType::Stopping);
    // What was open ends: stopped.
    pic.start_canister(id, None).unwrap();
    let waiters = {
        pic.update_call(id, me, "release", vec![]).unwrap();
        [stop(), stop()]
    };
    pic.await_call(parked).unwrap();
    for waiter in waiters {
        pic.await_call(waiter).unwrap();
    }
    assert_eq!(status(), CanisterStatusType::Stopped);
    // Each call counts, also of what is stopped already.
    let version = || pic.canister_status(id, None).unwrap().version;
    let before = version();
    pic.stop_canister(id, None).unwrap();
    assert_eq!(version(), before + 1);
}

#[test]
fn a_trap_is_in_the_log_until_the_canister_is_another() {
    let pic = pocket_ic();
    let (id, me) = (pic.create_canister(), Principal::anonymous());
    let wat = r#"(module (func $trap (unreachable)) (export "canister_update trap" (func $trap)))"#;
    let wasm = wat::parse_str(wat).unwrap();
    pic.install_canister(id, wasm.clone(), vec![], None);
    pic.update_call(id, me, "trap", vec![]).unwrap_err();
    let lines = || {
        let log = pic.fetch_canister_logs(id, me).unwrap();
        log.into_iter().map(|line| String::from_utf8(line.content).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(lines(), ["[TRAP]: unreachable"]);
    pic.upgrade_canister(id, wasm.clone(), vec![], None).unwrap();
    assert_eq!(lines().len(), 1);
    pic.reinstall_canister(id, wasm, vec![], None).unwrap();
    assert!(lines().is_empty());
}

#[test]
fn code_that_goes_rejects_what_was_open_and_refunds() {
    let pic = pocket_ic();
    let (caller, id) = (proxy(&pic), proxy(&pic));
    let balance = pic.cycle_balance(caller);
    let call = pic.submit_call(caller, Principal::anonymous(), "call", passed(id, "park", &[])).unwrap();
    pic.tick();
    assert!(balance - pic.cycle_balance(caller) >= 2_000_000_000_000);
    pic.uninstall_canister(id, None).unwrap();
    let reject = pic.await_call(call).unwrap_err();
    assert!(reject.reject_message.contains("Canister has been uninstalled"), "{reject}");
    assert!(balance - pic.cycle_balance(caller) < 1_000_000_000_000);
    // The old code's calls come back to nobody, also when there is new code.
    pic.install_canister(id, wat::parse_str(PROXY).unwrap(), vec![], None);
    pic.tick();
    assert_eq!(pic.update_call(id, Principal::anonymous(), "when", vec![]).unwrap().len(), 8);
    pic.stop_canister(id, None).unwrap();
}

#[test]
fn creation_costs_cycles_except_out_of_thin_air() {
    let pic = pocket_ic();
    let proxy = proxy(&pic);
    let reply = by(&pic, proxy, "create_canister", (types::CreateCanisterArgs::default(),)).unwrap();
    let id = Decode!(&reply, types::CanisterIdRecord).unwrap().canister_id;
    assert_eq!(pic.cycle_balance(id), 1_500_000_000_000);
    let arg = Encode!(&types::CreateCanisterArgs::default()).unwrap();
    let reject = pic
        .update_call(proxy, Principal::anonymous(), "free", passed(IC, "create_canister", &arg))
        .unwrap_err();
    assert!(reject.reject_message.contains("Creating a canister requires a fee of 500000000000"), "{reject}");
    let arg = types::ProvisionalTopUpCanisterArgs { canister_id: id, amount: Nat::from(5u8) };
    send(&pic, user(9), "provisional_top_up_canister", arg).unwrap();
    assert_eq!(pic.cycle_balance(id), 1_500_000_000_005);
    let made: Result<(types::CanisterIdRecord,), RejectResponse> = update_candid(
        &pic,
        IC,
        "provisional_create_canister_with_cycles",
        (types::ProvisionalCreateCanisterWithCyclesArgs {
            amount: None,
            settings: None,
            specified_id: None,
            sender_canister_version: None,
        },),
    );
    assert_eq!(pic.cycle_balance(made.unwrap().0.canister_id), 100_000_000_000_000);
}
