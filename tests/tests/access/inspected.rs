//! What is refused before it is executed, and what is not: sizes, costs, and what a node may not know yet.

use candid::{CandidType, Encode, Principal};
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, File, files_from_all, principal};
use pocket_ic::RejectResponse;
use serde_bytes::ByteBuf;

use crate::callers::Caller;
use crate::calls::argument;
use crate::table::{Kind, rows};
use crate::world::World;

/// The most that the execution of a small call that is refused may cost, with its bytes.
const SMALL: u128 = 20_000_000;

/// The code that a message was refused with before it was executed.
fn code(reply: Result<Vec<u8>, RejectResponse>) -> Option<String> {
    let reject = reply.err().filter(|reject| !reject.certified)?;
    api::Error::from_refusal(&reject.reject_message).map(|error| error.code)
}

/// What a call costs the canister, and what comes back.
fn cost(
    darkroom: &Darkroom,
    sender: Principal,
    method: &str,
    argument: Vec<u8>,
) -> (u128, Result<Vec<u8>, RejectResponse>) {
    let before = darkroom.network.cycle_balance(darkroom.id);
    let reply = darkroom.network.update_call(darkroom.id, sender, method, argument);
    (before - darkroom.network.cycle_balance(darkroom.id), reply)
}

fn chunk(session: u64, index: u32, size: u64) -> api::PutChunk {
    let bytes = File::new(1, size).bytes();
    api::PutChunk { session, index, sha256: Digest::of(&bytes).0.into(), bytes: bytes.into() }
}

#[test]
fn bytes_of_who_may_not_store_them_cost_nothing() {
    let limits = api::Limits::default();
    let darkroom = Darkroom::with(Some(api::InitArgs {
        access: Some(api::Access::Principals(vec![principal(1), principal(2)])),
        ..files_from_all(limits)
    }));
    let file = File::new(1, 1_900_000);
    let upload = darkroom.begin_as(principal(1), &file.declared(true, None)).unwrap();
    let put = Encode!(&chunk(upload.session, 0, file.size)).unwrap();
    let beyond = Encode!(&chunk(upload.session, 1, file.size)).unwrap();
    let shorter = Encode!(&chunk(upload.session, 0, file.size - 1)).unwrap();
    let never = Encode!(&chunk(u64::MAX, 0, file.size)).unwrap();
    let whole = api::UploadWhole {
        upload: file.declared(true, None),
        bytes: file.bytes().into(),
        assets: Vec::new(),
    };
    let whole = Encode!(&whole).unwrap();
    let before = darkroom.usage_as(darkroom.owner);
    for (sender, method, argument, expected) in [
        (Principal::anonymous(), "put_chunk", &put, api::code::FORBIDDEN),
        (Principal::anonymous(), "upload_whole", &whole, api::code::FORBIDDEN),
        (Principal::anonymous(), "no_such_method", &whole, api::code::FORBIDDEN),
        (Principal::anonymous(), "item", &whole, api::code::LIMIT),
        (principal(9), "put_chunk", &put, api::code::FORBIDDEN),
        (principal(9), "put_assets", &put, api::code::FORBIDDEN),
        (principal(9), "upload_whole", &whole, api::code::FORBIDDEN),
        (principal(9), "configure", &whole, api::code::LIMIT),
        (principal(9), "no_such_method", &whole, api::code::LIMIT),
        // May upload; it is another's.
        (principal(2), "put_chunk", &put, api::code::SESSION_NOT_FOUND),
        (darkroom.owner, "put_chunk", &put, api::code::SESSION_NOT_FOUND),
        // Its own, and never right.
        (principal(1), "put_chunk", &beyond, "chunk_out_of_range"),
        (principal(1), "put_chunk", &shorter, "chunk_length"),
        (principal(1), "put_chunk", &never, api::code::SESSION_NOT_FOUND),
    ] {
        let (spent, reply) = cost(&darkroom, sender, method, argument.clone());
        assert_eq!((code(reply).as_deref(), spent), (Some(expected), 0), "{method} by {sender}");
    }
    assert_eq!(darkroom.usage_as(darkroom.owner), before);
    // Whose it is may send it.
    let (spent, reply) = cost(&darkroom, principal(1), "put_chunk", put);
    let receipt: api::Result<api::ChunkReceipt> = candid::decode_one(&reply.unwrap()).unwrap();
    assert!(receipt.unwrap().item.is_some());
    assert!(spent > 2_000 * u128::from(file.size), "bytes are paid for: {spent}");
}

#[test]
fn what_is_executed_of_strangers_is_small() {
    let world = World::new(darkroom_wasm::CANISTER, None);
    let sender = Caller::Stranger.principal(&world.darkroom);
    for row in rows().iter().filter(|row| matches!(row.kind, Kind::Update | Kind::Query)) {
        for subject in row.subjects.iter().filter(|_| row.method() != "http_request") {
            let argument = argument(&world, row, *subject, world.things(Caller::Stranger));
            let (spent, reply) = cost(&world.darkroom, sender, row.method(), argument);
            let expected = if code(reply).is_some() { 0..=0 } else { 1..=SMALL };
            assert!(expected.contains(&spent), "{} {subject:?}: {spent} cycles", row.label);
        }
    }
}

#[test]
fn arguments_larger_than_any_that_is_meant_are_refused() {
    let world = World::new(darkroom_wasm::CANISTER, None);
    let darkroom = &world.darkroom;
    for row in rows().iter().filter(|row| matches!(row.kind, Kind::Update | Kind::Query)) {
        let method = row.method();
        let carries = ["put_chunk", "put_assets", "upload_whole"].contains(&method);
        for sender in [Caller::Stranger, Caller::Uploader, Caller::Controller] {
            let sender_id = sender.principal(darkroom);
            let (spent, reply) = cost(darkroom, sender_id, method, vec![0; 200_000]);
            let free = carries && sender != Caller::Stranger
                || method == "configure" && sender == Caller::Controller;
            match code(reply) {
                None => assert!(free, "{method} by {sender:?} is executed"),
                Some(code) => {
                    let stored = carries || method == "fail_stages";
                    let rightless = stored && sender == Caller::Stranger && method != "fail_stages";
                    let expected = if rightless { api::code::FORBIDDEN } else { api::code::LIMIT };
                    assert_eq!((code.as_str(), spent, free), (expected, 0, false), "{method} by {sender:?}");
                }
            }
        }
    }
}

#[test]
fn the_largest_arguments_that_are_meant_pass() {
    let world = World::new(darkroom_wasm::CANISTER, None);
    let (darkroom, uploader) = (&world.darkroom, Caller::Uploader.principal(&world.darkroom));
    let keys: Vec<String> = (0..100).map(|key| format!("{key:0128}")).collect();
    let found: api::Result<Vec<Option<api::Item>>> = darkroom.update_as(uploader, "find_uploads", (keys,));
    assert_eq!(found.unwrap(), vec![None; 100]);
    let begin = api::BeginUpload {
        file_name: "a".repeat(255),
        idempotency_key: Some("k".repeat(128)),
        media_type: "image/jpeg".to_owned(),
        ..File::new(1, 1000).declared(true, None)
    };
    darkroom.begin_as(uploader, &begin).unwrap();
    let error = api::Error::new(&"a".repeat(64), "m".repeat(1000));
    let stages = (0..64).map(|n| api::FailedStage { asset: format!("{n:064}"), error: error.clone() });
    let item = world.things(Caller::Owner).of(crate::table::Subject::Open).item.clone();
    let args = api::FailStages { item, stages: stages.collect() };
    let refused: api::Result<api::Item> =
        darkroom.update_as(Caller::Owner.principal(darkroom), "fail_stages", (args,));
    assert_eq!(refused.unwrap_err().code, api::code::STAGE_NOT_YOURS, "it was executed");
}

#[test]
fn what_a_node_may_not_know_yet_is_executed() {
    let darkroom = Darkroom::with(Some(files_from_all(api::Limits::default())));
    let upload = darkroom.begin_as(principal(1), &File::new(1, 9).declared(true, None)).unwrap();
    // Begun by a message that another node has seen.
    let next = darkroom.put_bytes(principal(1), upload.session + 1, 0, b"a").unwrap_err();
    assert_eq!(next.code, api::code::SESSION_NOT_FOUND);
    let args = api::PutAssets { item: "aaaaaaaaaaaaaaaa".to_owned(), assets: Vec::new() };
    let missing: api::Result<api::Item> = darkroom.update_as(principal(1), "put_assets", (args,));
    assert_eq!(missing.unwrap_err().code, api::code::ITEM_NOT_FOUND);
    // What is gone does not come back.
    darkroom.abort_as(principal(1), upload.session).unwrap();
    let put = Encode!(&chunk(upload.session, 0, 9)).unwrap();
    let (spent, reply) = cost(&darkroom, principal(1), "put_chunk", put);
    assert_eq!((code(reply).as_deref(), spent), (Some(api::code::SESSION_NOT_FOUND), 0));
    // A repeated call gets the answer of the first.
    assert!(darkroom.abort_as(principal(1), upload.session).is_ok());
    // The network says that there is no such method.
    let unknown = darkroom.attempt(principal(1), "no_such_method", ()).unwrap_err();
    assert_eq!(unknown.error_code, pocket_ic::ErrorCode::CanisterMethodNotFound);
}

/// A chunk as a newer client may send it.
#[derive(CandidType)]
struct NewerChunk {
    session: u64,
    index: u32,
    bytes: ByteBuf,
    sha256: api::Sha256,
    since: Option<String>,
}

#[test]
fn arguments_with_fields_of_newer_clients_are_left_to_the_endpoint() {
    let darkroom = Darkroom::with(Some(files_from_all(api::Limits::default())));
    let file = File::new(1, 1_900_000);
    let upload = darkroom.begin_as(principal(1), &file.declared(true, None)).unwrap();
    let api::PutChunk { session, index, bytes, sha256 } = chunk(upload.session, 0, file.size);
    let newer = NewerChunk { session, index, bytes, sha256, since: Some("now".to_owned()) };
    let put =
        |caller| -> api::Result<api::ChunkReceipt> { darkroom.update_as(caller, "put_chunk", (&newer,)) };
    assert_eq!(put(principal(2)).unwrap_err().code, api::code::SESSION_NOT_FOUND);
    assert!(put(principal(1)).unwrap().item.is_some());
}
