//! A trap injected into each call that writes: the call is rejected, nothing that it wrote stays, and with a sound
//! module the same call succeeds. Nothing is lost on the way, and no byte leaks.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{
    Darkroom, File, Photo, Trap, derivatives, entry_points, files_from_all, pipeline, put_assets_args,
    small_photos, stage as stage_of, trapping,
};
use pocket_ic::ErrorCode;

const METHODS: [&str; 13] = [
    "abort_upload",
    "begin_asset",
    "begin_upload",
    "configure",
    "create_token",
    "delete_item",
    "fail_stages",
    "finish_upload",
    "put_assets",
    "put_chunk",
    "reprocess",
    "revoke_token",
    "upload_whole",
];

/// What the canister calls of itself: the timers' are tried below, jobs in `hazards.rs`.
const OWN: [&str; 2] = ["run_job", "run_task"];

#[test]
fn no_update_is_left_out() {
    let exports = entry_points(darkroom_wasm::CANISTER);
    let updates = exports.iter().filter_map(|export| export.strip_prefix("canister_update "));
    let updates: std::collections::BTreeSet<_> = updates.collect();
    assert_eq!(updates, METHODS.into_iter().chain(OWN).collect());
}

const CHUNK: u32 = 65_536;

/// All that can be seen of the items and sessions, and what they take.
#[derive(Debug, PartialEq)]
struct View {
    usage: api::Usage,
    items: Vec<api::Result<api::Item>>,
    sessions: Vec<api::Result<api::SessionStatus>>,
    listed: api::ItemPage,
    tokens: api::TokenPage,
}

/// Uploads at the points where a call that follows can trap.
struct Stage {
    darkroom: Darkroom,
    photo: Photo,
    uploads: Vec<api::Upload>,
    /// Items that no upload here stands for.
    others: Vec<String>,
}

impl Stage {
    fn view(&self) -> View {
        let known = self.uploads.iter().map(|upload| &upload.item).chain(&self.others);
        let owner = self.darkroom.owner;
        View {
            usage: self.darkroom.usage_as(owner),
            items: known.map(|item| self.darkroom.item(item)).collect(),
            sessions: self.uploads.iter().map(|u| self.darkroom.status_as(owner, u.session)).collect(),
            listed: self
                .darkroom
                .query::<api::Result<_>>("items", (api::ListItems::default(),))
                .unwrap_or_else(|error| panic!("{error}")),
            tokens: self
                .darkroom
                .query::<api::Result<_>>("list_tokens", (api::ListTokens::default(),))
                .unwrap_or_else(|error| panic!("{error}")),
        }
    }

    /// A call that must trap, leaving everything as it is.
    fn refused(&self, method: &str, args: impl candid::utils::ArgumentEncoder) {
        let before = self.view();
        let reject = self.darkroom.attempt(self.darkroom.owner, method, args).unwrap_err();
        assert_eq!(reject.error_code, ErrorCode::CanisterTrapped, "{method}: {reject:?}");
        assert_eq!(self.view(), before, "{method}");
    }

    fn begin(&mut self, file: &File, sha256: bool, key: Option<&str>) -> api::Upload {
        let declared = api::BeginUpload { pipeline: Some("file".to_owned()), ..file.declared(sha256, key) };
        let upload = self.darkroom.begin_as(self.darkroom.owner, &declared).unwrap();
        self.uploads.push(upload.clone());
        upload
    }
}

fn put_args(upload: &api::Upload, bytes: &[u8], index: u32) -> api::PutChunk {
    let sha256 = Digest::of(bytes).0.into();
    api::PutChunk { session: upload.session, index, bytes: bytes.to_vec().into(), sha256 }
}

fn a_trap_in_every_call(trap: Trap) {
    let limits = api::Limits { chunk_size: Some(CHUNK), ..Default::default() };
    let darkroom = Darkroom::with(Some(api::InitArgs { limits: Some(limits), ..Default::default() }));
    darkroom.take_files();
    let (owner, start) = (darkroom.owner, darkroom.usage_as(darkroom.owner));
    let photo = small_photos()[0].clone();
    let file = |seed| File::new(seed, 3 * u64::from(CHUNK) + 100);
    let mut stage = Stage { darkroom, photo, uploads: Vec::new(), others: Vec::new() };

    // For delete: a published item. For abort: two chunks, one of them waiting.
    let declared = api::BeginUpload { pipeline: Some("file".to_owned()), ..file(1).declared(true, None) };
    let whole = api::UploadWhole { upload: declared, bytes: file(1).bytes().into(), assets: Vec::new() };
    let deleted = stage.darkroom.update::<api::Result<api::Item>>("upload_whole", (whole,)).unwrap();
    stage.others.push(deleted.id.clone());
    let given_up = stage.begin(&file(2), true, None);
    for index in [0, 2] {
        stage.darkroom.put_of(owner, &given_up, &file(2), index).unwrap();
    }
    // For finish: all chunks, no SHA-256 declared. For the chunk that finishes: all but the last, and all but the
    // first, behind which the others wait.
    let finishing = stage.begin(&file(3), false, None);
    for index in 0..4 {
        stage.darkroom.put_of(owner, &finishing, &file(3), index).unwrap();
    }
    let lasting = stage.begin(&file(4), true, None);
    for index in 0..3 {
        stage.darkroom.put_of(owner, &lasting, &file(4), index).unwrap();
    }
    let gaping = stage.begin(&file(5), true, None);
    for index in 1..4 {
        stage.darkroom.put_of(owner, &gaping, &file(5), index).unwrap();
    }
    // For put_assets, which publishes: the original. For begin_asset: nothing yet.
    let original = stage.darkroom.upload_original(&stage.photo).item;
    stage.others.push(original.id.clone());
    let assets = put_assets_args(&original.id, &derivatives(&stage.photo).unwrap());
    let bare = stage.darkroom.begin(&stage.photo, None);
    stage.uploads.push(bare.clone());
    let mut preview = put_assets_args(&bare.item, &derivatives(&stage.photo).unwrap()).assets.swap_remove(0);
    let size = preview.bytes.len() as u64;
    preview.bytes = Vec::new().into();
    let begin_asset = api::BeginAsset { item: bare.item.clone(), asset: preview, size };
    let begin = file(6).declared(true, Some("begin"));
    let begin = api::BeginUpload { pipeline: Some("file".to_owned()), ..begin };
    let upload = file(7).declared(true, Some("whole"));
    let upload = api::BeginUpload { pipeline: Some("file".to_owned()), ..upload };
    let whole = api::UploadWhole { upload, bytes: file(7).bytes().into(), assets: Vec::new() };
    let last = put_args(&lasting, &file(4).chunk(3, CHUNK), 3);
    let first = put_args(&gaping, &file(5).chunk(0, CHUNK), 0);
    let limits = api::Limits { max_file_size: Some(1), ..Default::default() };
    let configure = api::InitArgs { limits: Some(limits), ..Default::default() };

    // For fail_stages: an optional stage of the client's. For tokens: a private item, and one that is there.
    let optional = api::Stage {
        placement: Some(api::Placement::Client),
        optional: Some(true),
        ..stage_of("thumbnail", "thumbnail", "original", "")
    };
    let mut pipelines: Vec<api::Pipeline> = stage.darkroom.query("pipelines", ());
    pipelines.push(pipeline("optional", vec![optional]));
    stage.darkroom.configure(api::InitArgs { pipelines: Some(pipelines), ..Default::default() });
    let whole_of = |seed, pipeline: &str, visibility| {
        let upload = api::BeginUpload {
            pipeline: Some(pipeline.to_owned()),
            visibility: Some(visibility),
            media_type: "image/jpeg".to_owned(),
            ..file(seed).declared(true, None)
        };
        api::UploadWhole { upload, bytes: file(seed).bytes().into(), assets: Vec::new() }
    };
    let upload_whole = |stage: &Stage, whole: api::UploadWhole| {
        stage.darkroom.update::<api::Result<api::Item>>("upload_whole", (whole,)).unwrap().id
    };
    let failing = upload_whole(&stage, whole_of(8, "optional", api::Visibility::Public));
    let private = upload_whole(&stage, whole_of(9, "file", api::Visibility::Private));
    stage.others.extend([failing.clone(), private.clone()]);
    let failed = api::FailedStage {
        asset: "thumbnail".to_owned(),
        error: api::Error::new("not_made", "the client cannot"),
    };
    let fail = api::FailStages { item: failing.clone(), stages: vec![failed] };
    let share =
        api::CreateToken { item: private.clone(), asset: "original".to_owned(), lifetime_seconds: None };
    let create = |darkroom: &Darkroom| {
        darkroom.update::<api::Result<api::CreatedToken>>("create_token", (&share,)).unwrap().token.id
    };
    let token = create(&stage.darkroom);

    let reprocess =
        api::Reprocess { item: deleted.id.clone(), pipeline: Some("photo".to_owned()), ..Default::default() };

    let before = stage.view();
    stage.darkroom.upgrade_to(&trapping(darkroom_wasm::CANISTER, &METHODS, trap)).unwrap();
    assert_eq!(stage.view(), before);
    stage.refused("delete_item", (&deleted.id,));
    stage.refused("abort_upload", (given_up.session,));
    stage.refused("finish_upload", (finishing.session,));
    stage.refused("put_chunk", (&last,));
    stage.refused("put_chunk", (&first,));
    stage.refused("put_assets", (&assets,));
    stage.refused("begin_asset", (&begin_asset,));
    stage.refused("begin_upload", (&begin,));
    stage.refused("upload_whole", (&whole,));
    stage.refused("configure", (&configure,));
    stage.refused("reprocess", (&reprocess,));
    stage.refused("fail_stages", (&fail,));
    stage.refused("create_token", (&share,));
    stage.refused("revoke_token", (&token,));
    assert_eq!(stage.view(), before);

    stage.darkroom.upgrade();
    assert_eq!(stage.view(), before);
    let darkroom = &stage.darkroom;
    let without = darkroom.update::<api::Result<api::Item>>("fail_stages", (&fail,)).unwrap();
    assert_eq!((without.state.as_str(), without.assets.len()), (api::item_state::PUBLISHED, 1));
    create(darkroom);
    darkroom.update::<api::Result<()>>("revoke_token", (&token,)).unwrap();
    let begun: api::Result<api::Reprocessed> = darkroom.update("reprocess", (&reprocess,));
    assert_eq!(begun.unwrap().revision.unwrap().revises, Some(deleted.id.clone()));
    assert_eq!(darkroom.delete_as(owner, &deleted.id).unwrap().bytes, file(1).size);
    assert_eq!(darkroom.abort_as(owner, given_up.session).unwrap().bytes, 2 * u64::from(CHUNK));
    let published = [
        (darkroom.finish_as(owner, finishing.session).unwrap().item, file(3)),
        (receipt(darkroom, last, &lasting), file(4)),
        (receipt(darkroom, first, &gaping), file(5)),
        (darkroom.update::<api::Result<api::Item>>("upload_whole", (&whole,)).unwrap(), file(7)),
    ];
    for (item, file) in &published {
        assert_eq!(item.state, api::item_state::PUBLISHED, "{}", file.name);
        darkroom.assert_stored(owner, item, file);
    }
    let complete = darkroom.update::<api::Result<api::Item>>("put_assets", (&assets,)).unwrap();
    assert_eq!((complete.state.as_str(), complete.assets.len()), (api::item_state::PUBLISHED, 4));
    let derivative: api::Result<api::Upload> = darkroom.update("begin_asset", (&begin_asset,));
    assert!(derivative.unwrap().coverage.is_empty());
    let begun = darkroom.begin_as(owner, &begin).unwrap();
    assert!(begun.coverage.is_empty());

    for session in [begun.session, bare.session] {
        darkroom.abort_as(owner, session).unwrap();
    }
    let items = published.iter().map(|(item, _)| &item.id).chain([&complete.id, &failing, &private]);
    for item in items {
        darkroom.delete_as(owner, item).unwrap();
    }
    darkroom.freed();
    darkroom.later(2 * 24 * 60 * 60);
    assert_eq!(darkroom.usage_as(owner), start);
}

/// The item that a chunk finishes, by itself or with a call more.
fn receipt(darkroom: &Darkroom, chunk: api::PutChunk, upload: &api::Upload) -> api::Item {
    let receipt = darkroom.update::<api::Result<api::ChunkReceipt>>("put_chunk", (chunk,)).unwrap();
    assert!(!receipt.repeated);
    let finished = darkroom.finish_as(darkroom.owner, upload.session).unwrap().item;
    assert_eq!(receipt.item.as_ref(), Some(&finished));
    finished
}

#[test]
fn a_trap_after_the_last_write_leaves_nothing() {
    a_trap_in_every_call(Trap::After);
}

#[test]
fn a_trap_before_the_first_write_leaves_nothing() {
    a_trap_in_every_call(Trap::Before);
}

/// Timers run in calls that the canister makes to itself; this is the method.
const TIMERS: &str = "run_task";

#[test]
fn a_trap_while_expired_sessions_are_reaped_leaves_them_to_the_next_time() {
    let limits = api::Limits { chunk_size: Some(CHUNK), session_seconds: Some(60), ..Default::default() };
    let darkroom = Darkroom::with(Some(files_from_all(limits)));
    let (owner, start) = (darkroom.owner, darkroom.usage_as(darkroom.owner));
    let file = File::new(8, 3 * u64::from(CHUNK));
    for seed in 0..3 {
        let upload = darkroom.begin_as(owner, &File::new(seed, file.size).declared(true, None)).unwrap();
        darkroom.put_of(owner, &upload, &File::new(seed, file.size), 1).unwrap();
    }
    darkroom.upgrade_to(&trapping(darkroom_wasm::CANISTER, &[TIMERS], Trap::After)).unwrap();
    let full = darkroom.usage_as(owner);
    assert_eq!((full.own.open_sessions, full.store.bytes), (3, 3 * u64::from(CHUNK)));
    for _ in 0..3 {
        darkroom.later(60 * 60);
        assert_eq!(darkroom.usage_as(owner), full);
    }
    darkroom.upgrade();
    darkroom.later(60 * 60);
    darkroom.freed();
    assert_eq!(darkroom.usage_as(owner), start);
}
