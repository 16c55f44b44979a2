//! The service on memory of its own, natively.

mod anew;
mod certification;
mod check;
mod derivatives;
mod failures;
mod find;
mod full;
mod gallery;
mod interleavings;
mod refusals;
mod reprocess;
mod stages;
mod tokens;
mod verify;

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

/// A pipeline that stores originals as they are.
fn raw() -> api::Pipeline {
    let original = api::Stage {
        asset: "original".to_owned(),
        processor: "original".to_owned(),
        source: None,
        placement: None,
        storage: None,
        optional: None,
        verify: None,
        params: None,
    };
    let lane = api::Lane { name: "original".to_owned(), stages: vec![original] };
    api::Pipeline { name: "raw".to_owned(), lanes: vec![lane] }
}

/// A canister with one pipeline that stores originals, small chunks, and such limits.
fn open(memory: &VectorMemory, limits: api::Limits) -> TestService {
    let limits = api::Limits { chunk_size: Some(65_536), session_seconds: Some(60), ..limits };
    let args = api::InitArgs {
        pipelines: Some(vec![raw()]),
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

/// A stage of an asset that is called like its processor.
fn stage(asset: &str, source: &str, placement: api::Placement) -> api::Stage {
    api::Stage {
        asset: asset.to_owned(),
        processor: asset.to_owned(),
        source: Some(source.to_owned()),
        placement: Some(placement),
        storage: None,
        optional: None,
        verify: None,
        params: None,
    }
}

/// A canister with these stages beside the original.
fn open_with(memory: &VectorMemory, stages: Vec<api::Stage>, limits: api::Limits) -> TestService {
    let original = api::Stage { source: None, ..stage("original", "", api::Placement::Client) };
    let lane = api::Lane { name: "all".to_owned(), stages: [vec![original], stages].concat() };
    let args = api::InitArgs {
        pipelines: Some(vec![api::Pipeline { name: "test".to_owned(), lanes: vec![lane] }]),
        access: Some(api::Access::Authenticated),
        limits: Some(limits),
        ..Default::default()
    };
    Service::open(memory.clone(), darkroom_processors::registry().unwrap(), &args).unwrap()
}

/// Uploads a photo of 600 x 400 pixels, with these derivatives.
fn upload_photo(service: &mut TestService, assets: Vec<api::PutAsset>) -> api::Item {
    let bytes = darkroom_codec::testing::photo(600, 400, 80, 1);
    let upload = api::BeginUpload { media_type: "image/jpeg".to_owned(), ..declaration(&bytes, true, None) };
    let whole = api::UploadWhole { upload, bytes: bytes.into(), assets };
    service.upload_whole(message(owner(1), 1), &whole).unwrap()
}

/// Runs what is queued. Gives how many messages that took.
fn run_all(service: &mut TestService) -> u32 {
    let mut messages = 0;
    while let Some(job) = service.next_job(2) {
        service.run_job(job.number, 2).unwrap();
        messages += 1;
    }
    messages
}

/// States, sources first, with the code of what went wrong.
fn states(service: &TestService, item: &api::Item) -> Vec<(String, String, Option<String>)> {
    let item = service.describe(owner(1), &item.id).unwrap();
    let state = |stage: api::StageStatus| (stage.asset, stage.state, stage.error.map(|error| error.code));
    item.stages.into_iter().map(state).collect()
}
