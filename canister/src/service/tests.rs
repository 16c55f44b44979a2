//! The service on memory of its own, natively: random interleavings, reopened between messages as an upgrade
//! does, must keep what was acknowledged and leak nothing.

use candid::Principal;
use darkroom_core::id::SessionId;
use ic_stable_structures::VectorMemory;
use proptest::prelude::*;

use super::*;
use crate::env::Caller;

const CHUNK: usize = 65_536;

fn open(memory: &VectorMemory) -> Service<VectorMemory> {
    let limits = api::Limits { chunk_size: Some(65_536), session_seconds: Some(60), ..Default::default() };
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
    let args = api::InitArgs { pipelines: Some(vec![pipeline]), access: None, limits: Some(limits) };
    Service::open(memory.clone(), crate::registry().unwrap(), &args).unwrap()
}

fn owner() -> Caller {
    Caller { principal: Principal::self_authenticating([1]), controller: true }
}

fn begin(service: &mut Service<VectorMemory>, now: u64, bytes: &[u8], key: Option<String>) -> api::Upload {
    let args = api::BeginUpload {
        pipeline: None,
        file_name: "a.bin".to_owned(),
        media_type: "application/octet-stream".to_owned(),
        size: bytes.len() as u64,
        sha256: Some(Digest::of(bytes).0.into()),
        visibility: None,
        idempotency_key: key,
    };
    service.begin_upload(owner(), now, &args).unwrap()
}

fn put(
    service: &mut Service<VectorMemory>,
    now: u64,
    session: u64,
    bytes: &[u8],
    index: usize,
) -> api::Result<api::ChunkReceipt> {
    let chunk = bytes.chunks(CHUNK).nth(index).unwrap();
    let args = api::PutChunk {
        session,
        index: u32::try_from(index).unwrap(),
        bytes: chunk.to_vec().into(),
        sha256: Digest::of(chunk).0.into(),
    };
    service.put_chunk(owner(), now, &args)
}

#[derive(Clone, Debug)]
enum Operation {
    Begin(usize),
    Put(usize, usize),
    Finish(usize),
    Abort(usize),
    Delete(usize),
    Wait,
    Upgrade,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        2 => (1usize..200_000).prop_map(Operation::Begin),
        8 => (0usize..8, 0usize..4).prop_map(|(upload, chunk)| Operation::Put(upload, chunk)),
        2 => (0usize..8).prop_map(Operation::Finish),
        1 => (0usize..8).prop_map(Operation::Abort),
        1 => (0usize..8).prop_map(Operation::Delete),
        1 => Just(Operation::Wait),
        2 => Just(Operation::Upgrade),
    ];
    prop::collection::vec(operation, 1..60)
}

/// What a test knows of an upload.
struct Model {
    upload: api::Upload,
    bytes: Vec<u8>,
    present: Vec<bool>,
    last_use: u64,
    finished: bool,
}

const EXPIRY: u64 = 60_000_000_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_acknowledged_is_lost_and_nothing_leaks(operations in operations()) {
        let memory = VectorMemory::default();
        let mut service = open(&memory);
        let (mut now, mut models) = (1_000_000_000_000u64, Vec::<Model>::new());
        for operation in operations {
            now += 1;
            match operation {
                Operation::Begin(size) => {
                    let bytes: Vec<u8> = (0..size).map(|i| u8::try_from((i / 7 + size) % 251).unwrap()).collect();
                    let key = (size % 2 == 0).then(|| format!("{now}"));
                    let upload = begin(&mut service, now, &bytes, key.clone());
                    if key.is_some() {
                        prop_assert_eq!(&begin(&mut service, now, &bytes, key), &upload);
                    }
                    let present = vec![false; size.div_ceil(CHUNK)];
                    models.push(Model { upload, bytes, present, last_use: now, finished: false });
                }
                Operation::Put(number, chunk) => {
                    let Some(model) = models.get_mut(number) else { continue };
                    let index = chunk % model.present.len();
                    let receipt = put(&mut service, now, model.upload.session, &model.bytes, index).unwrap();
                    prop_assert_eq!(receipt.repeated, model.present[index]);
                    if !receipt.repeated { model.last_use = now; }
                    model.present[index] = true;
                }
                Operation::Finish(number) => {
                    let Some(model) = models.get_mut(number) else { continue };
                    let finished = service.finish_upload(owner(), now, SessionId(model.upload.session));
                    let complete = model.present.iter().all(|present| *present);
                    prop_assert_eq!(finished.is_ok(), complete);
                    model.finished = complete;
                }
                Operation::Abort(number) => {
                    let Some(model) = models.get(number) else { continue };
                    let aborted = service.abort_upload(owner(), SessionId(model.upload.session));
                    prop_assert_eq!(aborted.is_ok(), !model.finished);
                    if !model.finished { models.remove(number); }
                }
                Operation::Delete(number) => {
                    if number < models.len() {
                        let model = models.remove(number);
                        service.delete_item(owner(), &model.upload.item).unwrap();
                    }
                }
                Operation::Wait => {
                    now += EXPIRY / 2;
                    while service.reap(now, 3).unwrap() {}
                    models.retain(|model| model.finished || model.last_use + EXPIRY > now);
                    // The session of a finished upload may be gone; its item is not.
                    models.retain(|model| !model.finished || model.last_use + EXPIRY > now || {
                        service.delete_item(owner(), &model.upload.item).is_err()
                    });
                }
                Operation::Upgrade => service = open(&memory),
            }
            for model in &models {
                let item = service.describe(owner(), &model.upload.item).unwrap();
                prop_assert_eq!(item.state == api::item_state::PUBLISHED, model.finished);
                if !model.finished {
                    let status =
                        service.session_status(owner(), now, SessionId(model.upload.session)).unwrap();
                    let covered: Vec<u32> =
                        status.coverage.iter().flat_map(|range| range.start..range.end).collect();
                    let expected: Vec<u32> = (0u32..)
                        .zip(&model.present)
                        .filter(|(_, present)| **present)
                        .map(|(index, _)| index)
                        .collect();
                    prop_assert_eq!(covered, expected);
                    continue;
                }
                let mut bytes = Vec::new();
                for index in 0..item.assets[0].chunks {
                    let args = api::GetChunk {
                        item: model.upload.item.clone(),
                        asset: "original".to_owned(),
                        index,
                    };
                    bytes.extend(service.get_chunk(owner(), &args).unwrap());
                }
                prop_assert!(bytes == model.bytes);
            }
            let stored: usize = models.iter().flat_map(|model| &model.present).filter(|p| **p).count();
            prop_assert_eq!(service.counts().chunks, stored as u64);
        }
        for model in models {
            service.delete_item(owner(), &model.upload.item).unwrap();
        }
        let left = service.counts();
        prop_assert_eq!((left.items, left.sessions, left.keys, left.newest), (0, 0, 0, 0));
        prop_assert_eq!((left.owners, left.chunks, left.arena_end), (0, 0, 0));
    }
}
