//! A snapshot of the whole canister, taken of the stopped canister and loaded again later: what was there then is there,
//! certified from the first moment on although no code runs when it is loaded, and goes on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candid::Principal;
use darkroom_api as api;
use darkroom_tests::{
    Darkroom, File, Gateway, Photo, network_with_root_key, originals_only, pipeline, principal, small_photos,
    stage,
};

const CHUNK: u32 = 65_536;
const HOUR: u64 = 60 * 60;

fn darkroom() -> Darkroom {
    let made_here = pipeline("made-here", vec![stage("preview", "preview", "original", "")]);
    Darkroom::on(
        network_with_root_key(),
        Some(api::InitArgs {
            pipelines: Some(vec![originals_only(), made_here]),
            access: Some(api::Access::Authenticated),
            limits: Some(api::Limits { chunk_size: Some(CHUNK), ..Default::default() }),
            gallery: Some(true),
            ..Default::default()
        }),
    )
}

fn begin(file: &File, visibility: api::Visibility, key: &str) -> api::BeginUpload {
    api::BeginUpload { visibility: Some(visibility), ..file.declared(true, Some(key)) }
}

fn store(darkroom: &Darkroom, owner: Principal, file: &File, visibility: api::Visibility) -> String {
    let upload = darkroom.begin_as(owner, &begin(file, visibility, &file.name)).unwrap();
    for index in 0..file.chunks(CHUNK) {
        darkroom.put_of(owner, &upload, file, index).unwrap();
    }
    darkroom.finish_as(owner, upload.session).unwrap().item.id
}

fn original_of(item: &str) -> String {
    format!("/{item}/original")
}

/// Stores a photo of which the canister is to make a preview.
fn through_the_canister(darkroom: &Darkroom, photo: &Photo) -> String {
    let whole = photo.whole(Some("made-here"), None);
    darkroom.update::<api::Result<api::Item>>("upload_whole", (whole,)).unwrap().id
}

/// Something of everything, and what gateways must see of it.
struct Held {
    public: (String, File),
    /// Private, and a token's path.
    private: (String, File, String),
    file: File,
    upload: api::Upload,
    status: api::SessionStatus,
    /// Its stage has not had its turn.
    queued: String,
    usage: api::Usage,
}

impl Held {
    /// Leaves the canister stopped.
    fn in_stopped(darkroom: &Darkroom) -> Held {
        let owner = principal(1);
        let public = File::new(1, 5 * u64::from(CHUNK) + 1);
        let private = File::new(2, 3 * u64::from(CHUNK) + 1);
        let file = File::new(3, 6 * u64::from(CHUNK) + 1);
        let public_item = store(darkroom, owner, &public, api::Visibility::Public);
        let private_item = store(darkroom, owner, &private, api::Visibility::Private);
        let args = api::CreateToken {
            item: private_item.clone(),
            asset: "original".to_owned(),
            lifetime_seconds: Some(48 * HOUR),
        };
        let token = darkroom.update_as::<api::Result<api::CreatedToken>>(owner, "create_token", (args,));
        let upload = darkroom.begin_as(owner, &begin(&file, api::Visibility::Public, "open")).unwrap();
        for index in [0, 2, 5] {
            darkroom.put_of(owner, &upload, &file, index).unwrap();
        }
        let status = darkroom.status_as(owner, upload.session).unwrap();
        let usage = darkroom.usage_as(owner);
        let queued = through_the_canister(darkroom, &small_photos()[0]);
        stop(darkroom);
        let private = (private_item, private, token.unwrap().path);
        Held { public: (public_item, public), private, file, upload, status, queued, usage }
    }

    /// What is served, each answer verified.
    fn assert_served(&self, gateway: &Gateway<'_>) {
        let (item, file) = &self.public;
        assert!(gateway.whole(&original_of(item)).1 == file.bytes());
        assert_eq!(gateway.get("GET", &format!("/{item}"), &[]).status_code, 200);
        assert_eq!(gateway.get("GET", "/", &[]).status_code, 200);
        let (item, file, path) = &self.private;
        assert_eq!(gateway.get("GET", &original_of(item), &[]).status_code, 404);
        assert!(gateway.whole(path).1 == file.bytes());
    }

    /// The upload has what it had, and goes on.
    fn assert_upload_goes_on(&self, darkroom: &Darkroom, gateway: &Gateway<'_>) {
        let owner = principal(1);
        assert_eq!(darkroom.status_as(owner, self.upload.session).unwrap(), self.status);
        assert!(darkroom.put_of(owner, &self.upload, &self.file, 2).unwrap().repeated);
        for index in [6, 1, 3, 4] {
            assert!(!darkroom.put_of(owner, &self.upload, &self.file, index).unwrap().repeated);
        }
        let item = darkroom.finish_as(owner, self.upload.session).unwrap().item;
        darkroom.assert_stored(owner, &item, &self.file);
        assert!(gateway.whole(&original_of(&item.id)).1 == self.file.bytes());
    }
}

fn stop(darkroom: &Darkroom) {
    darkroom.network.stop_canister(darkroom.id, Some(darkroom.owner)).unwrap();
}

fn start(darkroom: &Darkroom) {
    darkroom.network.start_canister(darkroom.id, Some(darkroom.owner)).unwrap();
}

fn take(darkroom: &Darkroom) -> Vec<u8> {
    darkroom.network.take_canister_snapshot(darkroom.id, Some(darkroom.owner), None).unwrap().id
}

fn load(darkroom: &Darkroom, snapshot: &[u8]) {
    darkroom.network.load_canister_snapshot(darkroom.id, Some(darkroom.owner), snapshot.to_vec()).unwrap();
}

#[test]
fn a_snapshot_that_is_loaded_is_served_certified_and_goes_on() {
    let darkroom = darkroom();
    let gateway = Gateway::new(&darkroom);
    let held = Held::in_stopped(&darkroom);
    let snapshot = take(&darkroom);
    start(&darkroom);

    // Much happens that is undone later: an upload, a removal, one upload finished, a stage that runs, an upgrade.
    let owner = principal(1);
    let later = File::new(9, 2 * u64::from(CHUNK));
    let later_item = store(&darkroom, owner, &later, api::Visibility::Public);
    darkroom.delete_as(owner, &held.public.0).unwrap();
    held.assert_upload_goes_on(&darkroom, &gateway);
    assert_eq!(darkroom.settled(&held.queued).state, api::item_state::PUBLISHED);
    darkroom.upgrade();
    assert_eq!(gateway.get("GET", &original_of(&held.public.0), &[]).status_code, 404);
    assert!(gateway.whole(&original_of(&later_item)).1 == later.bytes());
    darkroom.later(HOUR);

    stop(&darkroom);
    load(&darkroom, &snapshot);
    start(&darkroom);
    // Before any message that changes something.
    held.assert_served(&gateway);
    assert_eq!(darkroom.item(&held.queued).unwrap().state, api::item_state::PROCESSING);
    assert_eq!(gateway.get("GET", &original_of(&later_item), &[]).status_code, 404);
    held.assert_upload_goes_on(&darkroom, &gateway);
    held.assert_served(&gateway);

    // Timers go on without an upgrade: the stage that waited runs within the ten minutes in which all that is due is
    // looked for, and what has expired is ended.
    darkroom.later(600);
    assert_eq!(darkroom.settled(&held.queued).state, api::item_state::PUBLISHED);
    assert!(!gateway.whole(&format!("/{}/preview", held.queued)).1.is_empty());
    let abandoned = darkroom.begin_as(owner, &begin(&File::new(8, 5), api::Visibility::Public, "8")).unwrap();
    darkroom.later(25 * HOUR);
    darkroom.later(600);
    let gone = darkroom.status_as(owner, abandoned.session).unwrap_err();
    assert_eq!(gone.code, "session_not_found");
    assert_eq!(darkroom.usage_as(owner).own.open_sessions, 0);
    // And so does everything after an upgrade.
    darkroom.upgrade();
    held.assert_served(&gateway);
}

#[test]
fn a_snapshot_can_be_loaded_after_the_canister_was_lost() {
    let darkroom = darkroom();
    let gateway = Gateway::new(&darkroom);
    let held = Held::in_stopped(&darkroom);
    let snapshot = take(&darkroom);
    start(&darkroom);
    let args = candid::encode_one(None::<api::InitArgs>).unwrap();
    let module = darkroom_wasm::CANISTER.to_vec();
    darkroom.network.reinstall_canister(darkroom.id, module, args, Some(darkroom.owner)).unwrap();
    assert_eq!(gateway.get("GET", &original_of(&held.public.0), &[]).status_code, 404);
    stop(&darkroom);
    // And again, after something was done with what it had brought back.
    for _ in 0..2 {
        load(&darkroom, &snapshot);
        start(&darkroom);
        held.assert_served(&gateway);
        let usage = darkroom.usage_as(principal(1));
        assert_eq!(
            (usage.own, usage.total.open_sessions),
            (held.usage.own.clone(), held.usage.total.open_sessions)
        );
        held.assert_upload_goes_on(&darkroom, &gateway);
        darkroom.later(600);
        assert_eq!(darkroom.settled(&held.queued).state, api::item_state::PUBLISHED);
        stop(&darkroom);
    }
}

/// Calls are not in a snapshot. One that is taken while the canister runs may have it wait for an answer that never comes,
/// wherever in a stage that is.
#[test]
fn a_snapshot_of_a_running_canister_takes_up_what_it_waits_for() {
    let darkroom = darkroom();
    for rounds in 0..6 {
        let item = through_the_canister(&darkroom, &Photo::jpeg(120, 90, 80, rounds));
        for _ in 0..rounds {
            darkroom.network.tick();
        }
        let snapshot = take(&darkroom);
        assert_eq!(darkroom.settled(&item).state, api::item_state::PUBLISHED);
        stop(&darkroom);
        load(&darkroom, &snapshot);
        start(&darkroom);
        // No answer takes an hour; what is due is looked for every ten minutes.
        through_the_canister(&darkroom, &small_photos()[0]);
        darkroom.later(HOUR);
        darkroom.later(600);
        assert_eq!(darkroom.settled(&item).state, api::item_state::PUBLISHED, "after {rounds} rounds");
    }
}
