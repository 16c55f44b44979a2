//! Calls between canisters: chains of awaits, traps at each of them, cleanup, rejects, composite queries.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::Principal;
use common::{CALLER, counter, counts, pocket_ic};
use pocket_ic::{ErrorCode, PocketIc};

fn caller(pic: &PocketIc) -> Principal {
    let id = pic.create_canister();
    pic.install_canister(id, wat::parse_str(CALLER).unwrap(), vec![], None);
    id
}

fn get(pic: &PocketIc, id: Principal) -> [u32; 3] {
    counts(&pic.query_call(id, Principal::anonymous(), "get", vec![]).unwrap())
}

fn to(callee: Principal, method: &str) -> Vec<u8> {
    let id = callee.as_slice();
    [&[u8::try_from(id.len()).unwrap()], id, method.as_bytes()].concat()
}

#[test]
fn a_trap_at_an_await_undoes_what_came_after_it_only() {
    for trap_at in 0..=3u8 {
        let pic = pocket_ic();
        let id = caller(&pic);
        let result = pic.update_call(id, Principal::anonymous(), "chain", vec![trap_at]);
        let n = u32::from(trap_at);
        if trap_at == 0 {
            assert_eq!(counts(&result.unwrap()), [3, 3, 0]);
        } else {
            let reject = result.unwrap_err();
            assert_eq!(reject.error_code, ErrorCode::CanisterCalledTrap);
            assert!(reject.reject_message.contains("trapped at an await"), "{reject}");
            // All calls before the trap happened, the callback that trapped did not, its cleanup did.
            assert_eq!(get(&pic, id), [n, n - 1, 1]);
        }
        // Nothing is left open.
        pic.stop_canister(id, None).unwrap();
    }
}

#[test]
fn rejects_come_back_to_the_caller() {
    let pic = pocket_ic();
    let (a, b) = (caller(&pic), pic.create_canister());
    pic.install_canister(b, counter(), vec![], None);
    let me = Principal::anonymous();
    assert_eq!(counts(&pic.update_call(a, me, "pass", to(b, "inc")).unwrap()), [1, 1, 1]);
    let reject = pic.update_call(a, me, "pass", to(b, "trap")).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterRejectedMessage);
    assert!(reject.reject_message.contains("deliberate"), "{reject}");
    let reject = pic.update_call(a, me, "pass", to(b, "missing")).unwrap_err();
    assert!(reject.reject_message.contains("no update method 'missing'"), "{reject}");
    let nobody = Principal::from_slice(&[1, 2, 3]);
    let reject = pic.update_call(a, me, "pass", to(nobody, "inc")).unwrap_err();
    assert!(reject.reject_message.contains("not found"), "{reject}");
    let reject = pic.update_call(a, me, "wrong", vec![]).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterContractViolation);
}

#[test]
fn composite_queries_call_queries() {
    let pic = pocket_ic();
    let (a, b) = (caller(&pic), pic.create_canister());
    pic.install_canister(b, counter(), vec![], None);
    let me = Principal::anonymous();
    let reply = pic.query_call(a, me, "pass_query", to(b, "inc_query")).unwrap();
    assert_eq!(counts(&reply), [1, 1, 1]);
    let reply = pic.query_call(b, me, "get", vec![]).unwrap();
    assert_eq!(counts(&reply), [0, 0, 0]);
    let reject = pic.query_call(a, me, "pass_query", to(b, "inc")).unwrap_err();
    assert!(reject.reject_message.contains("no query method 'inc'"), "{reject}");
    let reject = pic.update_call(a, me, "pass_query", to(b, "get")).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CompositeQueryCalledInReplicatedMode);
}

#[test]
fn composite_queries_go_seven_canisters_deep() {
    let pic = pocket_ic();
    let me = Principal::anonymous();
    let last = pic.create_canister();
    pic.install_canister(last, counter(), vec![], None);
    let ask = |depth: usize| {
        // Each proxy passes the rest of the argument on to the next one.
        let mut arg = common::passed(last, "get", &[]);
        let proxies: Vec<Principal> = (1..depth).map(|_| common::proxy(&pic)).collect();
        for proxy in proxies.iter().skip(1) {
            arg = common::passed(*proxy, "ask", &arg);
        }
        pic.query_call(*proxies.last().unwrap(), me, "ask", arg)
    };
    assert_eq!(counts(&ask(7).unwrap()), [0, 0, 0]);
    assert_eq!(ask(8).unwrap_err().error_code, ErrorCode::QueryCallGraphTooDeep);
}
