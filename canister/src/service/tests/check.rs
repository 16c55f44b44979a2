//! The checker finds what is wrong: each kind of damage is told of, and nothing where all is well.

use std::rc::Rc;

use api::Placement::Canister;
use darkroom_core::asset::AssetName;
use darkroom_core::chunk::ChunkStore as _;
use darkroom_core::id::{BlobId, ChunkKey};

use super::*;
use crate::store::{HoldingRecord, JobRecord, Location, StageState};

const DAY: u64 = 24 * 60 * 60 * 1_000_000_000;

/// A store with something of every kind in it.
struct Filled {
    memory: VectorMemory,
    /// Half a file.
    upload: api::Upload,
    photo: ItemId,
    private: ItemId,
    token: String,
    /// An item whose stage waits.
    waiting: ItemId,
    /// A published item, and its revision.
    revised: ItemId,
    revision: ItemId,
}

fn filled() -> Filled {
    let memory = VectorMemory::default();
    let stages = vec![stage("preview", "original", Canister), stage("thumbnail", "preview", Canister)];
    let limits = api::Limits { chunk_size: Some(65_536), ..Default::default() };
    let mut service = open_with(&memory, stages, limits.clone());
    let photo = upload_photo(&mut service, Vec::new());
    run_all(&mut service);
    let waiting = upload_photo(&mut service, Vec::new());
    let put = |service: &mut TestService, bytes: &[u8], visibility| {
        let upload = api::BeginUpload {
            pipeline: Some("raw".to_owned()),
            visibility: Some(visibility),
            ..declaration(bytes, true, Some(format!("{} bytes", bytes.len())))
        };
        let whole = api::UploadWhole { upload, bytes: bytes.to_vec().into(), assets: Vec::new() };
        service.upload_whole(message(owner(2), 3), &whole).unwrap()
    };
    let pipelines = vec![service.pipelines().unwrap()[0].clone(), raw()];
    let args = api::InitArgs { pipelines: Some(pipelines), gallery: Some(true), ..Default::default() };
    let controller = Caller { controller: true, ..owner(9) };
    service.configure(controller, &args).unwrap();
    let private = put(&mut service, &bytes_of(1_200_000, 1), api::Visibility::Private);
    let asked =
        api::CreateToken { item: private.id.clone(), asset: "original".to_owned(), lifetime_seconds: None };
    let token = service.create_token(owner(2), 4, &asked, [7; 32]).unwrap().token.id;
    let many = put(&mut service, &bytes_of(300_000, 2), api::Visibility::Public);
    let bytes = bytes_of(200_000, 3);
    let half = api::BeginUpload { pipeline: Some("raw".to_owned()), ..declaration(&bytes, false, None) };
    let upload = service.begin_upload(message(owner(3), 5), &half).unwrap();
    for index in [0, 2] {
        let put = chunk(upload.session, index, bytes.chunks(CHUNK).nth(index).unwrap());
        service.put_chunk(message(owner(3), 5), &put).unwrap();
    }
    // A thumbnail of another size, in a revision of the photo that is not made yet.
    let again = api::Reprocess { item: photo.id.clone(), verify: None, ..Default::default() };
    let mut pipelines = service.pipelines().unwrap();
    pipelines[0].lanes[0].stages[2].params = Some(r#"{"width":64,"height":64}"#.to_owned());
    let args = api::InitArgs { pipelines: Some(pipelines), ..Default::default() };
    service.configure(controller, &args).unwrap();
    let revision = service.reprocess(message(owner(1), 6), &again).unwrap().revision.unwrap();
    service.delete_item(owner(2), 7, &many.id).unwrap();
    let id = |text: &str| text.parse().unwrap();
    Filled {
        memory,
        upload,
        photo: id(&photo.id),
        private: id(&private.id),
        token,
        waiting: id(&waiting.id),
        revised: id(&photo.id),
        revision: id(&revision.id),
    }
}

impl Filled {
    /// The service on a copy of the memory.
    fn open(&self) -> TestService {
        let copy: VectorMemory = Rc::new(std::cell::RefCell::new(self.memory.borrow().clone()));
        Service::open(copy, darkroom_processors::registry().unwrap(), &api::InitArgs::default()).unwrap()
    }
}

type Damage = Box<dyn Fn(&Filled, &mut TestService)>;

/// What is done to the store, and what has to be told of it.
fn damages() -> Vec<(&'static str, Damage)> {
    fn damage(
        text: &'static str,
        how: impl Fn(&Filled, &mut TestService) + 'static,
    ) -> (&'static str, Damage) {
        (text, Box::new(how))
    }
    fn item(service: &mut TestService, id: ItemId, change: impl Fn(&mut crate::store::ItemRecord)) {
        let mut item = service.store.items.get(&id.0).unwrap().unwrap();
        change(&mut item);
        service.store.items.insert(id.0, &item);
    }
    fn original(service: &TestService, id: ItemId) -> ChunkKey {
        let item = service.store.items.get(&id.0).unwrap().unwrap();
        match item.asset("original").unwrap().location {
            Location::Chunks { blob, .. } => ChunkKey { blob, index: 0 },
            Location::Inline(_) => panic!("the original is inline"),
        }
    }
    let session = |filled: &Filled| filled.upload.session.to_be_bytes();
    vec![
        damage("is not what arrived", |filled, service| {
            let key = original(service, filled.photo);
            let digest = service.store.chunks.digest(key).unwrap();
            let mut bytes = service.store.chunks.get(key).unwrap().into_owned();
            bytes[9] ^= 1;
            service.store.chunks.put(key, &bytes, digest).unwrap();
        }),
        damage("is said to have", |filled, service| {
            let key = original(service, filled.photo);
            let mut bytes = service.store.chunks.get(key).unwrap().into_owned();
            bytes[9] ^= 1;
            service.store.chunks.put(key, &bytes, Digest::of(&bytes)).unwrap();
        }),
        damage("has lost chunk 0", |filled, service| {
            let key = original(service, filled.private);
            service.store.chunks.remove(key.blob);
        }),
        damage("belongs to nothing", |_, service| {
            let key = ChunkKey { blob: BlobId([9; 32]), index: 0 };
            service.store.chunks.put(key, b"bytes", Digest::of(b"bytes")).unwrap();
        }),
        damage("what is to be freed is in use", |filled, service| {
            let key = original(service, filled.photo);
            service.store.garbage.insert(key.blob.0, &());
        }),
        damage("acknowledged: true, stored: None", |filled, service| {
            let record = service.store.sessions.get(&filled.upload.session.to_be_bytes()).unwrap().unwrap();
            service.store.chunks.remove(record.session.blob);
        }),
        damage("the rolling hash is not that of", |filled, service| {
            let record = service.store.sessions.get(&filled.upload.session.to_be_bytes()).unwrap().unwrap();
            let key = ChunkKey { blob: record.session.blob, index: 0 };
            let bytes = [1; CHUNK];
            service.store.chunks.put(key, &bytes, Digest::of(&bytes)).unwrap();
        }),
        damage("would never end", move |filled, service| {
            let record = service.store.sessions.get(&session(filled)).unwrap().unwrap();
            let mut key = [0; 16];
            key[..8].copy_from_slice(&(5 + DAY).to_be_bytes());
            key[8..].copy_from_slice(&record.session.id.0.to_be_bytes());
            assert!(service.store.expiries.remove(&key));
        }),
        damage("which is not there", move |filled, service| {
            service.store.sessions.remove(&session(filled));
        }),
        damage("has the chunks of another", move |filled, service| {
            let mut record = service.store.sessions.get(&session(filled)).unwrap().unwrap();
            record.session.blob = BlobId([1; 32]);
            service.store.sessions.insert(session(filled), &record);
        }),
        damage("cannot be read", |filled, service| service.store.items.damage(&filled.photo.0)),
        damage("is not the one of its session", |filled, service| {
            item(service, filled.photo, |item| item.session = SessionId(1_000));
        }),
        damage("was made from another `preview`", |filled, service| {
            item(service, filled.photo, |item| item.assets[1].sha256 = Digest([1; 32]));
        }),
        damage("holdings by principal", |filled, service| {
            let owner = service.store.items.get(&filled.photo.0).unwrap().unwrap().owner;
            service.store.holdings.insert(owner, &HoldingRecord { bytes: 1, ..Default::default() });
        }),
        damage("listed items", |_, service| {
            let key = service.store.newest.keys(..).next().unwrap();
            service.store.newest.remove(&key);
        }),
        damage("idempotency keys", |filled, service| {
            service.store.keys.insert([3; 32], &filled.photo);
        }),
        damage("is Queued", |_, service| {
            for key in service.store.jobs.keys(..).collect::<Vec<_>>() {
                service.store.jobs.remove(&key);
            }
        }),
        damage("is Done", |filled, service| {
            item(service, filled.waiting, |item| {
                item.draft.as_mut().unwrap().stages[1].state = StageState::Done;
            });
        }),
        damage("which does not know it", |filled, service| {
            item(service, filled.revised, |item| item.revision = None);
        }),
        damage("which is not what", |filled, service| {
            item(service, filled.revision, |item| item.assets[0].size += 1);
        }),
        damage("would never be forgotten", |_, service| {
            let key = service.store.gone_order.keys(..).next().unwrap();
            service.store.gone_order.remove(&key);
        }),
        damage("certified items", |filled, service| {
            service.store.certified.items.remove(&filled.photo.0);
        }),
        damage("places of contents", |_, service| {
            let key = service.store.certified.places.keys(..).next().unwrap();
            service.store.certified.places.remove(&key);
        }),
        damage("what is certified has hash", |filled, service| {
            service.store.certified.paths.insert(filled.photo.to_string().as_bytes(), [1; 32]);
        }),
        damage("gallery", |filled, service| {
            item(service, filled.photo, |item| item.file_name = "other.jpg".to_owned());
        }),
        damage("expiries of tokens", |_, service| {
            let key = service.store.tokens.expiries.keys(..).next().unwrap();
            service.store.tokens.expiries.remove(&key);
        }),
        damage("opens nothing, which is not there", |filled, service| {
            let id: crate::store::TokenId = filled.token.parse().unwrap();
            let mut record = service.store.tokens.records.get(&id.0).unwrap().unwrap();
            record.asset = AssetName::new("nothing").unwrap();
            service.store.tokens.records.insert(id.0, &record);
        }),
        damage("trees of answers are not those", |filled, service| {
            let key = original(service, filled.private);
            service.store.chunks.put_tree(key.blob, 2, b"another").unwrap();
        }),
        damage("cannot be shown", |filled, service| {
            let key = original(service, filled.private);
            let chunks = &mut service.store.chunks;
            let mut trees = chunks.entries().filter(|(key, _, _)| chunks.is_tree(*key));
            let extent = trees.find(|(tree, _, _)| tree.blob == key.blob).unwrap().1;
            drop(trees);
            chunks.put_tree(key.blob, 2, &vec![7; usize::try_from(extent.len()).unwrap()]).unwrap();
        }),
        damage("trees of answers are of nothing", |filled, service| {
            let key = original(service, filled.private);
            service.store.chunks.put_tree(key.blob, 7, b"stale").unwrap();
        }),
        damage("shares its bytes with", |filled, service| {
            let record = service.store.items.get(&filled.private.0).unwrap().unwrap();
            item(service, filled.photo, |item| item.assets[0].location = record.assets[0].location.clone());
        }),
        damage("is published and a draft", |filled, service| {
            item(service, filled.waiting, |item| item.published_at = Some(1));
        }),
        damage("has an asset twice", |filled, service| {
            item(service, filled.photo, |item| item.assets.push(item.assets[0].clone()));
        }),
        damage("has other chunks than session", |filled, service| {
            item(service, filled.photo, |item| item.assets[0].session = Some(SessionId(1)));
        }),
        damage("was published without its source", |filled, service| {
            item(service, filled.photo, |item| {
                item.assets.remove(1);
            });
        }),
        damage("is the anonymous principal's", |filled, service| {
            item(service, filled.photo, |item| item.owner = vec![4]);
        }),
        damage("is not published", |filled, service| {
            item(service, filled.waiting, |item| {
                item.draft.as_mut().unwrap().stages.clear();
                item.draft.as_mut().unwrap().pipeline.lanes[0].stages.truncate(1);
            });
        }),
        damage("is no private item", |filled, service| {
            item(service, filled.private, |item| item.private = false);
        }),
    ]
}

#[test]
fn a_store_that_is_right_has_no_violation() {
    let filled = filled();
    let mut service = filled.open();
    assert_eq!(service.check(), Vec::<String>::new());
    // To look changed nothing that counts, and there was something of each kind to look at.
    assert_eq!(service.check(), Vec::<String>::new());
    let counts = (service.store.jobs.len(), service.store.tokens.records.len(), service.store.gone.len());
    assert_eq!(counts, (2, 1, 1));
}

#[test]
fn each_damage_is_told_of() {
    let filled = filled();
    for (expected, damage) in damages() {
        let mut service = filled.open();
        damage(&filled, &mut service);
        let found = service.check();
        assert!(found.iter().any(|found| found.contains(expected)), "`{expected}` is not in {found:#?}");
    }
}

#[test]
fn jobs_of_nobody_are_no_violation() {
    let filled = filled();
    let mut service = filled.open();
    let asset = AssetName::new("preview").unwrap();
    let job = JobRecord { item: ItemId([0; 10]), asset, attempts: 0, last: None, alone: false };
    service.store.jobs.insert(77u64.to_be_bytes(), &job);
    assert_eq!(service.check(), Vec::<String>::new());
}
