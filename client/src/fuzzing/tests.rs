//! The seeds of the target `client`, run as the target runs them.

use darkroom_core::testing::{over_seeds, write_seed};

use super::*;
use crate::config::to_wire;
use crate::journal::Begun;

#[test]
fn seeds() {
    let registry = darkroom_processors::registry().unwrap();
    over_seeds("client", |data| match data {
        [0, record @ ..] => journal(record),
        [call, bytes @ ..] => answer(&registry, *call, bytes),
        [] => {}
    });
}

fn seed(name: &str, head: u8, bytes: &[u8]) {
    write_seed("client", name, &[head], bytes);
}

/// The answer to a call that may be refused. A head of 0 is the journal's, so that calls stand a round further.
fn fallible<R: CandidType>(name: &str, call: u8, value: R) {
    seed(name, 14 + call, &candid::encode_one(api::Result::Ok(value)).unwrap());
}

#[test]
#[ignore = "writes the seeds: run by hand"]
fn write_seeds() {
    let item = || "cbonwy6wynhnhbqe".to_owned();
    let range = |start, end| api::ChunkRange { start, end };
    let upload = api::Upload {
        item: item(),
        session: 7,
        chunk_size: 65_536,
        coverage: vec![range(0, 2), range(5, 7)],
        expires_at: 1,
    };
    let begun = Begun {
        canister: candid::Principal::from_slice(&[1]),
        idempotency_key: "darkroom-1:key",
        upload: &upload,
        size: 500_000,
        sha256: Digest::of(b"data"),
        file: None,
    };
    seed("record", 0, &Record::new(begun, std::time::UNIX_EPOCH).write().unwrap());
    let error = api::Error::new("damaged", "it is");
    let recipe = api::Recipe {
        source: "original".to_owned(),
        source_sha256: [1; 32].into(),
        processor: "thumbnail".to_owned(),
        version: 1,
        params: "{}".to_owned(),
        placement: api::Placement::Canister,
    };
    let asset = api::Asset {
        name: "thumbnail".to_owned(),
        media_type: "image/jpeg".to_owned(),
        size: 7,
        sha256: [2; 32].into(),
        width: Some(7),
        height: Some(9),
        chunks: 1,
        chunk_size: 65_536,
        provenance: api::provenance::VERIFIED.to_owned(),
        recipe: Some(recipe),
    };
    let stage = api::StageStatus {
        asset: "preview".to_owned(),
        placement: api::Placement::Client,
        state: api::stage_state::FAILED.to_owned(),
        attempts: 1,
        error: Some(error.clone()),
    };
    let whole = api::Item {
        id: item(),
        owner: candid::Principal::from_slice(&[1]),
        pipeline: "photo".to_owned(),
        file_name: "a.jpg".to_owned(),
        visibility: api::Visibility::Private,
        state: api::item_state::PUBLISHED.to_owned(),
        created_at: 1,
        published_at: Some(2),
        assets: vec![asset],
        stages: vec![stage],
        revision: None,
        revises: None,
    };
    let status = api::SessionStatus {
        item: item(),
        asset: "original".to_owned(),
        size: 500_000,
        chunk_size: 65_536,
        coverage: upload.coverage.clone(),
        missing: vec![range(2, 5)],
        hashed: 65_536,
        sha256: None,
        expires_at: 1,
    };
    fallible("upload", 0, upload);
    fallible("status", 1, status);
    fallible("item", 2, whole.clone());
    fallible("found", 3, vec![None, Some(whole.clone())]);
    fallible("page", 4, api::ItemPage { items: vec![whole.clone()], next: Some(item()) });
    let receipt =
        api::ChunkReceipt { repeated: true, present: 1, total: 2, hashed: 3, item: Some(whole.clone()) };
    fallible("receipt", 5, receipt);
    fallible("finished", 6, api::FinishUpload { done: true, hashed: 7, item: whole.clone() });
    fallible("freed", 7, api::Freed { bytes: 7 });
    fallible("chunk", 8, serde_bytes::ByteBuf::from(vec![7; 20]));
    let pipelines = to_wire(&darkroom_core::pipeline::Config::standard());
    let again =
        api::Reprocessed { item: whole.clone(), revision: Some(whole), pipeline: pipelines.first().cloned() };
    fallible("again", 9, again);
    let token = api::Token { id: item(), item: item(), asset: item(), created_at: 1, expires_at: 2 };
    fallible("tokens", 10, api::TokenPage { tokens: vec![token.clone()], next: None });
    fallible("token", 11, api::CreatedToken { token, path: item() });
    seed("pipelines", 12, &candid::encode_one(pipelines).unwrap());
    let limits = api::Limits { images: Some(api::ImageLimits::default()), ..Default::default() };
    seed("limits", 13, &candid::encode_one(limits).unwrap());
    let refused: api::Result<api::Upload> = Err(error);
    seed("refused", 14, &candid::encode_one(refused).unwrap());
}
