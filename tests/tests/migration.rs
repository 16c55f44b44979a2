//! Layouts of stable memory: what a canister of an older layout holds is all there after an upgrade to the present
//! Wasm, and a Wasm that does not know a layout is refused, with nothing lost.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use candid::Principal;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, File, Photo, derivatives, principal, put_assets_args, small_photos};

/// The canister of layout 1; `tests/fixtures/README.md` says how it was made.
const LAYOUT_1: &[u8] = include_bytes!("../fixtures/layout-1.wasm.gz");

/// The layout of the present Wasm.
const PRESENT: u32 = 4;

const CHUNK: u32 = 65_536;
const CYCLES: u128 = 100_000_000_000_000;

/// The arguments of layout 1, as far as they are used here.
fn args(access: api::Access, pipelines: Option<Vec<api::Pipeline>>) -> api::InitArgs {
    let limits = api::Limits { chunk_size: Some(CHUNK), ..Default::default() };
    api::InitArgs { pipelines, access: Some(access), limits: Some(limits), ..Default::default() }
}

fn upload_as(darkroom: &Darkroom, owner: Principal, photo: &Photo, key: Option<&str>) -> api::Upload {
    darkroom.begin_as(owner, &declared(photo, key)).unwrap()
}

fn declared(photo: &Photo, key: Option<&str>) -> api::BeginUpload {
    api::BeginUpload {
        pipeline: None,
        file_name: photo.name.clone(),
        media_type: photo.media_type.to_owned(),
        size: photo.bytes.len() as u64,
        sha256: Some(photo.sha256().0.into()),
        visibility: None,
        idempotency_key: key.map(str::to_owned),
    }
}

fn put_all(darkroom: &Darkroom, owner: Principal, session: u64, bytes: &[u8], skip: &[u32]) -> u64 {
    let mut stored = 0;
    for (index, chunk) in
        (0u32..).zip(bytes.chunks(CHUNK as usize)).filter(|(index, _)| !skip.contains(index))
    {
        darkroom.put_bytes(owner, session, index, chunk).unwrap();
        stored += chunk.len() as u64;
    }
    stored
}

/// Derivatives as a client of the canister's time declares them: by the versions of its processors.
fn declared_for(darkroom: &Darkroom, mut args: api::PutAssets) -> api::PutAssets {
    let known: Vec<api::ProcessorInfo> = darkroom.query("processors", ());
    for asset in &mut args.assets {
        let processor = known.iter().find(|known| known.id == asset.name);
        asset.processor_version = processor.unwrap().version;
    }
    args
}

fn put_assets(darkroom: &Darkroom, owner: Principal, args: &api::PutAssets) -> api::Item {
    darkroom.update_as::<api::Result<api::Item>>(owner, "put_assets", (args,)).unwrap()
}

/// A published photo with its three derivatives.
struct Published {
    owner: Principal,
    item: api::Item,
    bytes: Vec<Vec<u8>>,
}

impl Published {
    fn new(darkroom: &Darkroom, owner: Principal, photo: &Photo, key: &str) -> Published {
        let made = derivatives(photo).unwrap();
        let upload = upload_as(darkroom, owner, photo, Some(key));
        put_all(darkroom, owner, upload.session, &photo.bytes, &[]);
        darkroom.finish_as(owner, upload.session).unwrap();
        let item = put_assets(darkroom, owner, &declared_for(darkroom, put_assets_args(&upload.item, &made)));
        assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::PUBLISHED, 4));
        let bytes = std::iter::once(photo.bytes.clone());
        let bytes = bytes.chain(made.into_iter().map(|(_, made)| made.derivative.bytes)).collect();
        Published { owner, item, bytes }
    }

    fn size(&self) -> u64 {
        self.bytes.iter().map(|bytes| bytes.len() as u64).sum()
    }

    /// Bytes in the chunk store: all but the placeholder's, which are in the item's record.
    fn chunked(&self) -> u64 {
        self.size() - self.bytes[3].len() as u64
    }

    fn assert_there(&self, darkroom: &Darkroom) {
        let found: api::Result<api::Item> = darkroom.query_as(principal(99), "item", (&self.item.id,));
        assert_eq!(found.unwrap(), self.item);
        for (asset, bytes) in self.item.assets.iter().zip(&self.bytes) {
            assert_eq!(*asset.sha256, Digest::of(bytes).0);
            assert!(darkroom.bytes(&self.item.id, asset) == *bytes, "{} {}", self.item.file_name, asset.name);
            assert!(
                darkroom.http_bytes(&self.item.id, &asset.name) == *bytes,
                "{} {}",
                self.item.file_name,
                asset.name
            );
        }
    }
}

/// The standard pipeline with its derivatives made on the canister, named `made-here`.
fn on_the_canister(standard: &api::Pipeline) -> api::Pipeline {
    let mut pipeline = api::Pipeline { name: "made-here".to_owned(), ..standard.clone() };
    for stage in &mut pipeline.lanes[1].stages {
        stage.placement = Some(api::Placement::Canister);
    }
    pipeline
}

fn layout_of(darkroom: &Darkroom) -> u32 {
    darkroom.store().layout_version
}

#[test]
fn everything_of_layout_1_is_there_after_the_upgrade() {
    let darkroom = Darkroom::of(LAYOUT_1, Some(args(api::Access::Authenticated, None)), CYCLES);
    let pipelines: Vec<api::Pipeline> = darkroom.query("pipelines", ());
    let made_here = on_the_canister(&pipelines[0]);
    darkroom.configure(api::InitArgs {
        pipelines: Some(vec![pipelines[0].clone(), made_here]),
        ..Default::default()
    });
    let (a, b, c) = (principal(1), principal(2), principal(3));
    let photos = small_photos();
    let published = [
        Published::new(&darkroom, a, &photos[0], "first"),
        Published::new(&darkroom, b, &photos[1], "second"),
        Published::new(&darkroom, a, &photos[3], "third"),
    ];
    // Free space between those that stay: the middle of three is deleted.
    let deleted = Published::new(&darkroom, b, &photos[2], "deleted");
    let last = Published::new(&darkroom, c, &photos[2], "last");
    darkroom.delete_as(b, &deleted.item.id).unwrap();

    // In the middle of an original, chunks waiting behind two gaps, with and without a declared SHA-256.
    let file = File::new(1, 8 * u64::from(CHUNK) + 77);
    let mut open = Vec::new();
    for (owner, sha256, key) in [(a, true, "open"), (b, false, "undeclared")] {
        let upload = darkroom.begin_as(owner, &file.declared(sha256, Some(key))).unwrap();
        for index in [0, 2, 3, 8] {
            darkroom.put_of(owner, &upload, &file, index).unwrap();
        }
        let status = darkroom.status_as(owner, upload.session).unwrap();
        open.push((owner, sha256, key, upload, status));
    }
    let open_bytes = 3 * u64::from(CHUNK) + 77;
    // In the middle of a derivative, the original of which is complete.
    let photo = &photos[1];
    let made = derivatives(photo).unwrap();
    let unfinished = upload_as(&darkroom, c, photo, Some("derivative"));
    put_all(&darkroom, c, unfinished.session, &photo.bytes, &[]);
    darkroom.finish_as(c, unfinished.session).unwrap();
    let all = declared_for(&darkroom, put_assets_args(&unfinished.item, &made));
    let preview = all.assets[0].bytes.clone();
    let begin = api::BeginAsset {
        item: unfinished.item.clone(),
        asset: api::PutAsset { bytes: Vec::new().into(), ..all.assets[0].clone() },
        size: preview.len() as u64,
    };
    let derivative = darkroom.update_as::<api::Result<api::Upload>>(c, "begin_asset", (&begin,)).unwrap();
    assert!(preview.len() > 2 * CHUNK as usize);
    let derivative_bytes = put_all(&darkroom, c, derivative.session, &preview, &[0]);
    // Stages of the canister's in the queue: the canister is stopped before they can run.
    let queued = darkroom
        .begin_as(
            b,
            &api::BeginUpload { pipeline: Some("made-here".to_owned()), ..declared(&photos[0], None) },
        )
        .unwrap();
    put_all(&darkroom, b, queued.session, &photos[0].bytes, &[]);
    darkroom.finish_as(b, queued.session).unwrap();
    darkroom.network.stop_canister(darkroom.id, Some(darkroom.owner)).unwrap();

    darkroom.upgrade_to(darkroom_wasm::CANISTER).unwrap();
    darkroom.network.start_canister(darkroom.id, Some(darkroom.owner)).unwrap();
    assert_eq!(layout_of(&darkroom), PRESENT);
    // Layout 1 certified nothing. What is there is not said to be missing meanwhile.
    let path = |item: &str| format!("/{item}/original");
    if darkroom.store().being_certified {
        let status = darkroom.http("GET", &path(&last.item.id), Vec::new()).status_code;
        assert!([200, 503].contains(&status), "{status}");
    }
    darkroom.certified();

    // All that was stored, and the keys of it.
    for published in published.iter().chain([&last]) {
        published.assert_there(&darkroom);
    }
    let again = darkroom.begin_as(a, &declared(&photos[0], Some("first"))).unwrap();
    assert_eq!(again.item, published[0].item.id);
    let page: api::Result<api::ItemPage> = darkroom.query("items", (api::ListItems::default(),));
    let listed: Vec<_> = page.unwrap().items.into_iter().map(|item| item.id).collect();
    let expected =
        [&last, &published[2], &published[1], &published[0]].map(|published| published.item.id.clone());
    assert_eq!(listed[listed.len() - 4..], expected);

    // The canister goes on with its stages.
    for _ in 0..50 {
        darkroom.network.tick();
        let item: api::Result<api::Item> = darkroom.query_as(b, "item", (&queued.item,));
        if item.unwrap().state == api::item_state::PUBLISHED {
            break;
        }
        darkroom.network.advance_time(std::time::Duration::from_secs(60));
    }
    let item = darkroom.query_as::<api::Result<api::Item>>(b, "item", (&queued.item,)).unwrap();
    assert_eq!(item.state, api::item_state::PUBLISHED, "{item:?}");
    let of_queued: u64 = item.assets.iter().map(|asset| asset.size).sum();
    for (asset, bytes) in item.assets.iter().zip(&published[0].bytes) {
        assert_eq!(*asset.sha256, Digest::of(bytes).0, "{}", asset.name);
    }

    // What is held is what is stored, and what was declared at begin.
    let mut expected: BTreeMap<Principal, (u64, u64, u32)> = BTreeMap::new();
    let mut hold = |owner, bytes, items, sessions| {
        let held = expected.entry(owner).or_default();
        (held.0, held.1, held.2) = (held.0 + bytes, held.1 + items, held.2 + sessions);
    };
    published.iter().chain([&last]).for_each(|published| hold(published.owner, published.size(), 1, 0));
    open.iter().for_each(|(owner, ..)| hold(*owner, file.size, 1, 1));
    hold(c, photo.bytes.len() as u64 + preview.len() as u64, 1, 1);
    hold(b, of_queued, 1, 0);
    let mut total = (0, 0, 0);
    for (owner, expected) in &expected {
        let own = darkroom.usage_as(*owner).own;
        assert_eq!((own.bytes, own.items, own.open_sessions), *expected, "{owner}");
        total = (total.0 + own.bytes, total.1 + own.items, total.2 + own.open_sessions);
    }
    let usage = darkroom.usage_as(a);
    assert_eq!((usage.total.bytes, usage.total.items, usage.total.open_sessions), total);
    let placeholder = item.assets[3].size;
    let stored: u64 = published.iter().chain([&last]).map(Published::chunked).sum();
    let stored =
        stored + 2 * open_bytes + photo.bytes.len() as u64 + derivative_bytes + of_queued - placeholder;
    assert_eq!(usage.store.bytes, stored);

    // The sessions go on where they were.
    for (owner, sha256, key, upload, status) in &open {
        let again = darkroom.begin_as(*owner, &file.declared(*sha256, Some(key))).unwrap();
        assert_eq!((again.session, &again.coverage), (upload.session, &status.coverage));
        let now = darkroom.status_as(*owner, upload.session).unwrap();
        assert_eq!(api::SessionStatus { expires_at: status.expires_at, ..now }, *status);
        assert!(darkroom.put_of(*owner, upload, &file, 3).unwrap().repeated);
        for index in [7, 6, 4, 5, 1] {
            assert!(!darkroom.put_of(*owner, upload, &file, index).unwrap().repeated);
        }
        let item = darkroom.finish_as(*owner, upload.session).unwrap().item;
        darkroom.assert_stored(*owner, &item, &file);
    }
    darkroom.put_bytes(c, derivative.session, 0, &preview[..CHUNK as usize]).unwrap();
    darkroom.finish_as(c, derivative.session).unwrap();
    let mut rest = put_assets_args(&unfinished.item, &made);
    rest.assets.remove(0);
    let item = put_assets(&darkroom, c, &rest);
    assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::PUBLISHED, 4));
    assert!(darkroom.bytes(&item.id, &item.assets[1]) == **preview);

    // With all deleted, nothing is left of any of it.
    for published in published.iter().chain([&last]) {
        assert_eq!(darkroom.delete_as(published.owner, &published.item.id).unwrap().bytes, published.size());
    }
    let others = open.iter().map(|(owner, _, _, upload, _)| (*owner, &upload.item));
    for (owner, item) in others.chain([(c, &unfinished.item), (b, &queued.item)]) {
        darkroom.delete_as(owner, item).unwrap();
    }
    darkroom.later(3 * 24 * 60 * 60);
    darkroom.freed();
    let usage = darkroom.usage_as(a);
    assert_eq!(usage.store, api::StoreUsage { layout_version: PRESENT, ..Default::default() });
    assert_eq!((usage.total.bytes, usage.total.items, usage.total.open_sessions), (0, 0, 0));
}

#[test]
fn an_upgrade_to_an_older_layout_is_refused_and_loses_nothing() {
    let darkroom = Darkroom::with(Some(args(api::Access::Authenticated, None)));
    let published = Published::new(&darkroom, principal(1), &small_photos()[0], "key");
    let file = File::new(1, 4 * u64::from(CHUNK));
    let upload = darkroom.begin_as(principal(2), &file.declared(true, None)).unwrap();
    darkroom.put_of(principal(2), &upload, &file, 2).unwrap();
    let before = (darkroom.usage_as(principal(2)), darkroom.status_as(principal(2), upload.session));
    let message = darkroom.upgrade_to(LAYOUT_1).unwrap_err().reject_message;
    let expected = format!("stable memory has layout version {PRESENT}; this Wasm knows versions up to 1");
    assert!(message.contains(&expected), "{message}");
    assert_eq!((darkroom.usage_as(principal(2)), darkroom.status_as(principal(2), upload.session)), before);
    published.assert_there(&darkroom);
    for index in [0, 1, 3] {
        darkroom.put_of(principal(2), &upload, &file, index).unwrap();
    }
    assert_eq!(
        darkroom.status_as(principal(2), upload.session).unwrap().sha256,
        Some(file.sha256().0.into())
    );
}

/// A canister that reads and writes its stable memory as it is told.
fn poker() -> Vec<u8> {
    wat::parse_str(
        r#"(module
            (import "ic0" "msg_arg_data_size" (func $size (result i32)))
            (import "ic0" "msg_arg_data_copy" (func $copy (param i32 i32 i32)))
            (import "ic0" "msg_reply" (func $reply))
            (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
            (import "ic0" "stable64_size" (func $pages (result i64)))
            (import "ic0" "stable64_grow" (func $grow (param i64) (result i64)))
            (import "ic0" "stable64_read" (func $read (param i64 i64 i64)))
            (import "ic0" "stable64_write" (func $write (param i64 i64 i64)))
            (memory 1)
            (func $argument (call $copy (i32.const 0) (i32.const 0) (call $size)))
            ;; Offset (8 bytes), then what is written there.
            (func (export "canister_update write")
                (call $argument)
                (if (i64.eqz (call $pages)) (then (drop (call $grow (i64.const 300)))))
                (call $write (i64.load (i32.const 0)) (i64.const 8)
                    (i64.extend_i32_u (i32.sub (call $size) (i32.const 8))))
                (call $reply))
            ;; Offset (8 bytes); gives 12 bytes.
            (func (export "canister_query read")
                (call $argument)
                (call $read (i64.const 16) (i64.load (i32.const 0)) (i64.const 12))
                (call $append (i32.const 16) (i32.const 12))
                (call $reply)))"#,
    )
    .unwrap()
}

fn write(darkroom: &Darkroom, offset: u64, bytes: &[u8]) {
    let args = [&offset.to_le_bytes(), bytes].concat();
    darkroom.network.update_call(darkroom.id, darkroom.owner, "write", args).unwrap();
}

fn read(darkroom: &Darkroom, offset: u64) -> Vec<u8> {
    let args = offset.to_le_bytes().to_vec();
    darkroom.network.query_call(darkroom.id, darkroom.owner, "read", args).unwrap()
}

/// The first bytes of a memory manager that is not Darkroom's: one page in one memory, and that is not the header's.
fn manager_of_another(memory: u8) -> Vec<u8> {
    // Magic, version, buckets in use, pages of a bucket; sizes of 255 memories from 40 on; owners of buckets behind.
    let mut bytes = vec![0; 40 + 255 * 8];
    bytes[..8].copy_from_slice(b"MGR\x01\x01\0\x80\0");
    bytes[40 + usize::from(memory) * 8] = 1;
    bytes.push(memory);
    bytes.extend([0xff; 100]);
    bytes
}

#[test]
fn memory_that_darkroom_did_not_write_is_refused_and_kept() {
    let darkroom = Darkroom::of(&poker(), None, CYCLES);
    let body = b"somebody's o";
    let contents = [b"somebody's bytes".to_vec(), manager_of_another(0), manager_of_another(7)];
    for content in &contents {
        write(&darkroom, 0, content);
        write(&darkroom, 65_536, body);
        let message = darkroom.upgrade_to(darkroom_wasm::CANISTER).unwrap_err().reject_message;
        let expected = "stable memory holds something that Darkroom did not write";
        assert!(message.contains(expected), "{:?}: {message}", &content[..16]);
        assert_eq!(
            (&read(&darkroom, 0)[..], &read(&darkroom, 65_536)[..]),
            (&content[..12], body.as_slice())
        );
        let last = content.len() - 12;
        assert_eq!(read(&darkroom, last as u64), content[last..]);
    }
}

#[test]
fn a_newer_layout_is_refused_and_kept() {
    // Where the header is: the first bucket of the memory manager, behind its own page.
    const HEADER: u64 = 65_536;
    let darkroom = Darkroom::with(Some(args(api::Access::Authenticated, None)));
    let published = Published::new(&darkroom, principal(1), &small_photos()[0], "key");
    let usage = darkroom.usage_as(principal(1));
    darkroom.upgrade_to(&poker()).unwrap();
    let header = [b"DRKROOM\0".as_slice(), &PRESENT.to_le_bytes()].concat();
    assert_eq!(read(&darkroom, HEADER), header);
    for (version, expected) in [
        (PRESENT + 1, format!("layout version {}; this Wasm knows versions up to {PRESENT}", PRESENT + 1)),
        (u32::MAX, format!("layout version {}; this Wasm knows versions up to {PRESENT}", u32::MAX)),
        (0, "stable memory holds something that Darkroom did not write".to_owned()),
    ] {
        write(&darkroom, HEADER + 8, &version.to_le_bytes());
        let message = darkroom.upgrade_to(darkroom_wasm::CANISTER).unwrap_err().reject_message;
        assert!(message.contains(&expected), "{message}");
        assert_eq!(read(&darkroom, HEADER + 8)[..4], version.to_le_bytes());
    }
    write(&darkroom, HEADER, b"SOMEBODY");
    let message = darkroom.upgrade_to(darkroom_wasm::CANISTER).unwrap_err().reject_message;
    assert!(message.contains("did not write"), "{message}");
    // With the header as it was, everything is.
    write(&darkroom, HEADER, &header);
    darkroom.upgrade_to(darkroom_wasm::CANISTER).unwrap();
    assert_eq!(darkroom.usage_as(principal(1)), usage);
    published.assert_there(&darkroom);
}

/// What the upgrade costs for each published photo, for docs/benchmarks.md; run by hand with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn costs_of_the_migration() {
    let spent = |items: u32| {
        let darkroom = Darkroom::of(LAYOUT_1, Some(args(api::Access::Authenticated, None)), CYCLES);
        let (owner, photo) = (principal(1), &small_photos()[2]);
        let made = derivatives(photo).unwrap();
        for number in 0..items {
            let upload = upload_as(&darkroom, owner, photo, Some(&number.to_string()));
            put_all(&darkroom, owner, upload.session, &photo.bytes, &[]);
            darkroom.finish_as(owner, upload.session).unwrap();
            put_assets(&darkroom, owner, &declared_for(&darkroom, put_assets_args(&upload.item, &made)));
        }
        let before = darkroom.network.cycle_balance(darkroom.id);
        darkroom.upgrade();
        before - darkroom.network.cycle_balance(darkroom.id)
    };
    // Localnet takes a cycle for an instruction; what does not depend on the items falls out.
    let (few, many) = (100, 400);
    println!("{} instructions for each item", (spent(many) - spent(few)) / u128::from(many - few));
}
