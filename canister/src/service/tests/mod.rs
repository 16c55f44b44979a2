//! The service on memory of its own, natively.

mod anew;
mod certification;
mod derivatives;
mod gallery;
mod interleavings;
mod refusals;
mod stages;
mod tokens;

use candid::Principal;
use darkroom_core::id::SessionId;
use ic_stable_structures::VectorMemory;

use super::*;
use crate::env::{Caller, Message};

const CHUNK: usize = 65_536;
const EXPIRY: u64 = 60_000_000_000;
/// Enough for any upload of these tests.
const CYCLES: u128 = 1_000_000_000_000_000;

type TestService = Service<VectorMemory>;

/// A canister with one pipeline that stores originals, small chunks, and such limits.
fn open(memory: &VectorMemory, limits: api::Limits) -> TestService {
    let original = api::Stage {
        asset: "original".to_owned(),
        processor: "original".to_owned(),
        source: None,
        placement: None,
        storage: None,
        params: None,
    };
    let lane = api::Lane { name: "original".to_owned(), stages: vec![original] };
    let pipeline = api::Pipeline { name: "raw".to_owned(), lanes: vec![lane] };
    let limits = api::Limits { chunk_size: Some(65_536), session_seconds: Some(60), ..limits };
    let args = api::InitArgs {
        pipelines: Some(vec![pipeline]),
        access: Some(api::Access::Authenticated),
        limits: Some(limits),
        ..Default::default()
    };
    Service::open(memory.clone(), darkroom_processors::registry().unwrap(), &args).unwrap()
}

/// The answer to a gateway's query, as it is sent.
fn respond(service: &TestService, request: &api::HttpRequest, now: u64) -> api::HttpResponse {
    let around = || panic!("no metrics are asked for");
    let mut sent = Vec::new();
    let reply = crate::http::respond(service, request, now, Some(b"certificate"), around);
    reply.write(service, &mut |bytes| sent.extend_from_slice(bytes));
    candid::decode_one(&sent).unwrap()
}

fn owner(number: u8) -> Caller {
    Caller { principal: Principal::self_authenticating([number]), controller: false }
}

fn message(caller: Caller, now: u64) -> Message {
    Message { caller, now, liquid_cycles: CYCLES }
}

fn bytes_of(size: usize, seed: usize) -> Vec<u8> {
    (0..size).map(|i| u8::try_from((i / 7 + size + seed) % 251).unwrap()).collect()
}

fn declaration(bytes: &[u8], declared: bool, key: Option<String>) -> api::BeginUpload {
    api::BeginUpload {
        pipeline: None,
        file_name: "a.bin".to_owned(),
        media_type: "application/octet-stream".to_owned(),
        size: bytes.len() as u64,
        sha256: declared.then(|| Digest::of(bytes).0.into()),
        visibility: None,
        idempotency_key: key,
    }
}

fn chunk(session: u64, index: usize, bytes: &[u8]) -> api::PutChunk {
    api::PutChunk {
        session,
        index: u32::try_from(index).unwrap(),
        bytes: bytes.to_vec().into(),
        sha256: Digest::of(bytes).0.into(),
    }
}
