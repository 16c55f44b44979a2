//! Ingress across kills: what was acknowledged is executed exactly once, and its status stays readable.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/process.rs"]
mod process;
#[path = "common/raw.rs"]
mod raw;

use candid::{Encode, Principal};
use common::{CALLER, counter, counts};
use ic_certification::LookupResult;
use ic_management_canister_types::CanisterIdRecord;
use ic_transport_types::EnvelopeContent;
use pocket_ic::PocketIc;
use process::Server;
use raw::{expiring, open, path};

const NOBODY: Principal = Principal::anonymous();

fn get(pic: &PocketIc, id: Principal) -> [u32; 3] {
    counts(&pic.query_call(id, NOBODY, "get", vec![]).unwrap())
}

/// The status of a request as the HTTP interface certifies it.
fn status(address: &str, pic: &PocketIc, id: Principal, request: &[u8]) -> Option<Vec<u8>> {
    let status = format!("request_status/#{}/status", hex::encode(request));
    let envelope = open(raw::read_state(NOBODY, &[&status]));
    let url = format!("/instances/{}/api/v3/canister/{id}/read_state", pic.instance_id());
    let certificate = raw::post(address, &url, &envelope.encode_bytes()).certificate();
    match certificate.tree.lookup_path(path(&status)) {
        LookupResult::Found(bytes) => Some(bytes.to_vec()),
        LookupResult::Absent => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn statuses_and_replay_protection_survive_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start();
    let mut pic = server.instance(dir.path());
    let id = pic.create_canister();
    pic.install_canister(id, counter(), vec![], None);
    let expiry = pic.get_time().as_nanos_since_unix_epoch() + 200_000_000_000;
    let submit = |server: &Server, pic: &PocketIc, method: &str, nonce: &[u8]| {
        let content: EnvelopeContent = expiring(raw::call(NOBODY, id, method, nonce), expiry);
        let url = format!("/instances/{}/api/v2/canister/{id}/call", pic.instance_id());
        let reply = raw::post(&server.address, &url, &open(content.clone()).encode_bytes());
        assert_eq!(reply.status, 202, "{}", reply.text());
        content.to_request_id().to_vec()
    };
    let done = submit(&server, &pic, "inc", b"done");
    let trapped = submit(&server, &pic, "trap", b"trapped");
    pic.tick();
    // The status of a management call too: its answer is part of the very commit that it is about.
    let arg = Encode!(&CanisterIdRecord { canister_id: id }).unwrap();
    let managed =
        pic.submit_call(Principal::management_canister(), NOBODY, "stop_canister", arg.clone()).unwrap();
    pic.tick();
    let started = pic.submit_call(Principal::management_canister(), NOBODY, "start_canister", arg).unwrap();
    pic.tick();
    let waiting = submit(&server, &pic, "inc", b"waiting");
    for _ in 0..2 {
        std::mem::forget(pic);
        server.kill();
        server = Server::start();
        pic = server.instance(dir.path());
        let look = |request: &[u8]| status(&server.address, &pic, id, request);
        assert_eq!(look(&done).as_deref(), Some(&b"replied"[..]));
        assert_eq!(look(&trapped).as_deref(), Some(&b"rejected"[..]));
        assert_eq!(look(&waiting).as_deref(), Some(&b"received"[..]));
        assert_eq!(look(&[7; 32]), None);
        for managed in [&managed, &started] {
            assert!(pic.ingress_status(managed.clone()).is_some_and(|status| status.is_ok()));
        }
        // The same requests again are not executed again.
        assert_eq!(submit(&server, &pic, "inc", b"done"), done);
        assert_eq!(submit(&server, &pic, "inc", b"waiting"), waiting);
        assert_eq!(get(&pic, id), [1, 1, 1]);
    }
    pic.tick();
    assert_eq!(get(&pic, id), [2, 2, 2]);
    assert_eq!(status(&server.address, &pic, id, &waiting).as_deref(), Some(&b"replied"[..]));
    std::mem::forget(pic);
    server.kill();
    let server = Server::start();
    let pic = server.instance(dir.path());
    assert_eq!(submit(&server, &pic, "inc", b"waiting"), waiting);
    pic.tick();
    assert_eq!(get(&pic, id), [2, 2, 2]);
    assert_eq!(status(&server.address, &pic, id, &waiting).as_deref(), Some(&b"replied"[..]));
}

#[test]
fn what_was_acknowledged_is_executed_exactly_once() {
    const CALLS: usize = 60;
    let dir = tempfile::tempdir().unwrap();
    let seed = raw::seed();
    let mut random = raw::Random::new(seed);
    let [counter_id, caller_id] = ["lxzze-o7777-77777-aaaaa-cai", "lqy7q-dh777-77777-aaaaq-cai"]
        .map(|id| Principal::from_text(id).unwrap());
    let (mut incs, mut chains) = (0, 0);
    for round in 0..6 {
        let server = Server::start();
        let pic = server.instance(dir.path());
        if round == 0 {
            assert_eq!([pic.create_canister(), pic.create_canister()], [counter_id, caller_id]);
            pic.install_canister(counter_id, counter(), vec![], None);
            pic.install_canister(caller_id, wat::parse_str(CALLER).unwrap(), vec![], None);
        }
        let mut ids = Vec::new();
        for n in 0..CALLS {
            let (to, method) = if n % 3 == 0 { (caller_id, "chain") } else { (counter_id, "inc") };
            ids.push(pic.submit_call(to, NOBODY, method, vec![0]).unwrap());
        }
        incs += CALLS - CALLS.div_ceil(3);
        chains += CALLS.div_ceil(3);
        // Somewhere in the round that executes them, calls between canisters among them.
        server.post(&format!("/instances/{}/update/tick", pic.instance_id()), r#"{"blockmakers":null}"#);
        process::spin(random.below(30_000));
        std::mem::forget(pic);
        server.kill();
        let server = Server::start();
        let pic = server.instance(dir.path());
        for id in ids {
            pic.await_call(id).unwrap_or_else(|e| panic!("seed {seed}, round {round}: {e}"));
        }
        let [heap, global, stable] = get(&pic, counter_id).map(|n| n as usize);
        assert_eq!([heap, global, stable], [incs; 3], "seed {seed}, round {round}");
        // Each chain calls itself three times and comes back three times.
        let chain = get(&pic, caller_id).map(|n| n as usize);
        assert_eq!(chain, [3 * chains, 3 * chains, 0], "seed {seed}, round {round}");
        pic.stop_canister(caller_id, None).unwrap();
        pic.start_canister(caller_id, None).unwrap();
        std::mem::forget(pic);
        server.kill();
    }
}
