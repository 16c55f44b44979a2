//! Sessions of large derivatives, and what they have to do with their item's owner, time and answers.

use super::*;

const JPEG: [u8; 4] = [0xff, 0xd8, 0xff, 0xe0];

/// A canister with the standard pipeline, and a draft of the first owner's whose original is complete.
fn draft(memory: &VectorMemory) -> (TestService, api::Item, Vec<u8>) {
    let limits = api::Limits { chunk_size: Some(65_536), session_seconds: Some(60), ..Default::default() };
    let access = Some(api::Access::Authenticated);
    let args = api::InitArgs { access, limits: Some(limits), ..Default::default() };
    let mut service = Service::open(memory.clone(), darkroom_processors::registry().unwrap(), &args).unwrap();
    let bytes = [&JPEG, &bytes_of(1_000, 1)[..]].concat();
    let upload = api::BeginUpload {
        media_type: "image/jpeg".to_owned(),
        ..declaration(&bytes, true, Some("key".to_owned()))
    };
    let whole = api::UploadWhole { upload, bytes: bytes.clone().into(), assets: Vec::new() };
    let item = service.upload_whole(message(owner(1), 1), &whole).unwrap();
    assert_eq!(item.state, api::item_state::OPEN);
    (service, item, bytes)
}

/// A derivative as a client declares it.
pub(super) fn claimed(name: &str, bytes: &[u8], source: &[u8]) -> api::PutAsset {
    let registry = darkroom_processors::registry().unwrap();
    api::PutAsset {
        name: name.to_owned(),
        media_type: "image/jpeg".to_owned(),
        bytes: bytes.to_vec().into(),
        sha256: Digest::of(bytes).0.into(),
        width: Some(8),
        height: Some(8),
        processor_version: registry.get(name).unwrap().version(),
        source_sha256: Digest::of(source).0.into(),
    }
}

/// A preview of two chunks.
fn preview(original: &[u8]) -> (api::PutAsset, Vec<u8>) {
    let bytes = [&JPEG, &bytes_of(CHUNK, 2)[..]].concat();
    (api::PutAsset { bytes: Vec::new().into(), ..claimed("preview", &bytes, original) }, bytes)
}

fn begin(item: &api::Item, original: &[u8]) -> (api::BeginAsset, Vec<u8>) {
    let (asset, bytes) = preview(original);
    (api::BeginAsset { item: item.id.clone(), asset, size: bytes.len() as u64 }, bytes)
}

fn put_all(service: &mut TestService, now: u64, session: u64, bytes: &[u8]) -> api::ChunkReceipt {
    let receipts = bytes.chunks(CHUNK).enumerate().map(|(index, bytes)| {
        service.put_chunk(message(owner(1), now), &chunk(session, index, bytes)).unwrap()
    });
    receipts.last().unwrap()
}

#[test]
fn only_the_owner_begins_an_asset_and_pays_for_it() {
    let (mut service, item, original) = draft(&VectorMemory::default());
    let (args, bytes) = begin(&item, &original);
    let controller = Caller { controller: true, ..owner(2) };
    let refused = service.begin_asset(message(controller, 2), &args).unwrap_err();
    assert_eq!(refused.code, api::code::FORBIDDEN);
    assert_eq!(service.usage(owner(2)).unwrap().own.open_sessions, 0);
    service.begin_asset(message(owner(1), 2), &args).unwrap();
    let held = (original.len() + bytes.len()) as u64;
    assert_eq!(service.usage(owner(1)).unwrap().own.bytes, held);
    // A controller deletes it: what is given back is the owner's.
    service.delete_item(controller, 3, &item.id).unwrap();
    let usage = service.usage(owner(1)).unwrap();
    assert_eq!((usage.own.bytes, usage.own.open_sessions, usage.total.bytes), (0, 0, 0));
}

#[test]
fn who_lost_the_right_to_upload_begins_no_asset() {
    let (mut service, item, original) = draft(&VectorMemory::default());
    let controller = Caller { controller: true, ..owner(2) };
    let access = Some(api::Access::Principals(vec![owner(3).principal]));
    let args = api::InitArgs { access, ..api::InitArgs::default() };
    service.configure(controller, &args).unwrap();
    let refused = service.begin_asset(message(owner(1), 2), &begin(&item, &original).0).unwrap_err();
    assert_eq!(refused.code, api::code::FORBIDDEN);
}

#[test]
fn a_repeated_begin_gives_the_session_open_complete_and_published() {
    let (mut service, item, original) = draft(&VectorMemory::default());
    let (args, bytes) = begin(&item, &original);
    let first = service.begin_asset(message(owner(1), 2), &args).unwrap();
    assert_eq!(service.begin_asset(message(owner(1), 2), &args).unwrap(), first);
    let receipt = put_all(&mut service, 3, first.session, &bytes);
    assert_eq!(receipt.item.unwrap().assets.len(), 2);
    let again = service.begin_asset(message(owner(1), 4), &args).unwrap();
    assert_eq!((again.session, again.coverage), (first.session, vec![api::ChunkRange { start: 0, end: 2 }]));
    assert!(service.finish_upload(message(owner(1), 4), SessionId(again.session)).unwrap().done);
    // Other bytes are refused, and the refusal says what is there.
    let other = api::PutAsset { sha256: Digest::of(b"other").0.into(), ..args.asset.clone() };
    let refused =
        service.begin_asset(message(owner(1), 5), &api::BeginAsset { asset: other, ..args }).unwrap_err();
    assert_eq!(refused.code, api::code::ASSET_CONFLICT);
}

#[test]
fn an_expired_session_is_not_handed_out_again() {
    let (mut service, item, original) = draft(&VectorMemory::default());
    let (args, bytes) = begin(&item, &original);
    let first = service.begin_asset(message(owner(1), 2), &args).unwrap();
    service.put_chunk(message(owner(1), 3), &chunk(first.session, 0, &bytes[..CHUNK])).unwrap();
    let later = 3 + EXPIRY;
    let second = service.begin_asset(message(owner(1), later), &args).unwrap();
    assert_ne!(second.session, first.session);
    assert!(second.coverage.is_empty());
    let usage = service.usage(owner(1)).unwrap();
    assert_eq!(usage.own.bytes, (original.len() + bytes.len()) as u64);
    assert_eq!((usage.own.open_sessions, usage.store.chunks), (1, 1));
    put_all(&mut service, later, second.session, &bytes);
}

#[test]
fn work_on_a_derivative_keeps_its_item() {
    let memory = VectorMemory::default();
    let (mut service, item, original) = draft(&memory);
    let empty = service.counts().arena;
    let (args, bytes) = begin(&item, &original);
    let almost = EXPIRY - 10;
    let session = service.begin_asset(message(owner(1), almost), &args).unwrap().session;
    service.reap(EXPIRY + 10, 100).unwrap();
    let next = chunk(session, 0, &bytes[..CHUNK]);
    service.put_chunk(message(owner(1), 2 * almost), &next).unwrap();
    service.reap(2 * EXPIRY + 10, 100).unwrap();
    assert_eq!(service.describe(owner(1), &item.id).unwrap().assets.len(), 1);
    // Coming back with the key renews too, though the original is complete.
    let key = api::BeginUpload {
        media_type: "image/jpeg".to_owned(),
        ..declaration(&original, true, Some("key".to_owned()))
    };
    service.begin_upload(message(owner(1), 3 * almost), &key).unwrap();
    service.reap(3 * EXPIRY + 10, 100).unwrap();
    assert_eq!(service.describe(owner(1), &item.id).unwrap().assets.len(), 1);
    // Without any, everything goes.
    while service.reap(9 * EXPIRY, 100).unwrap() {}
    let counts = service.counts();
    assert_eq!((counts.items, counts.sessions, counts.holdings, counts.chunks), (0, 0, 0, 0));
    assert!(counts.arena.0 <= empty.0 && counts.used == 0);
}

#[test]
fn a_deleted_item_leaves_no_session_behind() {
    let (mut service, item, original) = draft(&VectorMemory::default());
    let (args, bytes) = begin(&item, &original);
    let upload = service.begin_asset(message(owner(1), 2), &args).unwrap();
    put_all(&mut service, 3, upload.session, &bytes);
    service.delete_item(owner(1), 4, &item.id).unwrap();
    assert_eq!(service.counts().sessions, 0);
    let put = chunk(upload.session, 0, &bytes[..CHUNK]);
    let refused = service.put_chunk(message(owner(1), 5), &put).unwrap_err();
    assert_eq!(refused.code, api::code::SESSION_NOT_FOUND);
}

#[test]
fn a_hash_declared_on_coming_back_counts() {
    let mut service = open(&VectorMemory::default(), api::Limits::default());
    let (mine, other) = (bytes_of(2 * CHUNK, 1), bytes_of(2 * CHUNK, 2));
    let key = || Some("key".to_owned());
    let upload = service.begin_upload(message(owner(1), 1), &declaration(&mine, false, key())).unwrap();
    service.put_chunk(message(owner(1), 2), &chunk(upload.session, 0, &mine[..CHUNK])).unwrap();
    // A whole upload of other bytes under the key does not publish what is there.
    let whole = api::UploadWhole {
        upload: declaration(&other, false, key()),
        bytes: other.clone().into(),
        assets: Vec::new(),
    };
    let refused = service.upload_whole(message(owner(1), 3), &whole).unwrap_err();
    assert_eq!(refused.code, "chunk_conflict");
    // Its SHA-256 stands now; the bytes that were meant first no longer pass for it.
    let refused =
        service.put_chunk(message(owner(1), 4), &chunk(upload.session, 1, &mine[CHUNK..])).unwrap_err();
    assert_eq!(refused.code, "hash_mismatch");
    assert_eq!(service.describe(owner(1), &upload.item).unwrap().state, api::item_state::OPEN);
}

#[test]
fn a_session_that_ended_is_gone_though_another_is_refused() {
    let (mut service, item, original) = draft(&VectorMemory::default());
    let (args, _) = begin(&item, &original);
    service.begin_asset(message(owner(1), 2), &args).unwrap();
    let refused = service.begin_asset(message(owner(1), 3 + EXPIRY), &api::BeginAsset { size: 0, ..args });
    assert_eq!(refused.unwrap_err().code, "invalid_size");
    assert_eq!(service.usage(owner(1)).unwrap().own.open_sessions, 0);
    assert_eq!(service.check(), Vec::<String>::new());
}
