//! Calls one after the other: nothing that strangers send may trap, leak or break what is published.
//!
//! ```text
//! input    call*
//! call     byte: which (`calls.rs`), byte: whose, then what it takes; what is missing is zeros
//! ```

use candid::Principal;
use darkroom_api as api;
use darkroom_core::Digest;

use super::Input;
use super::sparse::Sparse;
use crate::env::{Caller, Message};
use crate::service::Service;

/// Calls of one input: more make it slow and find nothing else.
const MOST_CALLS: usize = 64;
pub(super) const SECOND: u64 = 1_000_000_000;
const CYCLES: u128 = 1_000_000_000_000_000;

/// A canister with what is known of it.
pub(super) struct World {
    pub(super) memory: Sparse,
    pub(super) service: Service<Sparse>,
    pub(super) now: u64,
    pub(super) uploads: Vec<Known>,
    /// Ids and paths.
    pub(super) tokens: Vec<(String, String)>,
    pub(super) drawn: u64,
}

/// An upload that was begun.
pub(super) struct Known {
    pub(super) item: String,
    pub(super) session: u64,
    pub(super) bytes: Vec<u8>,
}

/// The callers: two who may upload, a controller, and nobody.
pub(super) fn caller(pick: u8) -> Caller {
    let principal = match pick % 4 {
        3 => Principal::anonymous(),
        number => Principal::self_authenticating([number]),
    };
    Caller { principal, controller: pick % 4 == 2 }
}

/// What was asked for. A refusal has a code and says why in few words, whatever was sent.
///
/// # Panics
/// When it does not.
pub(super) fn told<T>(answer: api::Result<T>) -> Option<T> {
    let error = match answer {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let is_code = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    assert!(!error.code.is_empty() && error.code.bytes().all(is_code), "{error:?}");
    assert!((1..4096).contains(&error.message.len()), "{}: {} bytes", error.code, error.message.len());
    assert!(error.code != "corrupt", "{error:?}");
    None
}

/// The same, where what was asked for is not looked at.
pub(super) fn tell<T>(answer: api::Result<T>) {
    let _ = told(answer);
}

fn stage(asset: &str, placement: api::Placement, optional: bool) -> api::Stage {
    api::Stage {
        asset: asset.to_owned(),
        processor: asset.to_owned(),
        source: (asset != "original").then(|| "original".to_owned()),
        placement: Some(placement),
        storage: None,
        optional: Some(optional),
        verify: None,
        params: None,
    }
}

/// Two pipelines and small limits.
pub(super) fn configuration() -> api::InitArgs {
    use api::Placement::{Canister, Client};
    let pipeline = |name: &str, stages: Vec<api::Stage>| {
        let lane = api::Lane { name: "all".to_owned(), stages };
        api::Pipeline { name: name.to_owned(), lanes: vec![lane] }
    };
    let photo = vec![
        stage("original", Client, false),
        stage("metadata", Canister, false),
        api::Stage { storage: Some(api::Storage::Inline), ..stage("placeholder", Canister, true) },
        stage("thumbnail", Client, true),
    ];
    let quota = |bytes, items, open_sessions| {
        Some(api::Quota { bytes: Some(bytes), items: Some(items), open_sessions: Some(open_sessions) })
    };
    let images = api::ImageLimits { max_pixels: Some(1 << 16), ..Default::default() };
    let limits = api::Limits {
        chunk_size: Some(65_536),
        max_file_size: Some(400_000),
        session_seconds: Some(60),
        per_principal: quota(900_000, 6, 4),
        total: quota(1_500_000, 10, 6),
        images: Some(images),
        ..Default::default()
    };
    api::InitArgs {
        pipelines: Some(vec![
            pipeline("photo", photo),
            pipeline("raw", vec![stage("original", Client, false)]),
        ]),
        access: Some(api::Access::Authenticated),
        limits: Some(limits),
        cors: None,
        gallery: Some(true),
    }
}

impl World {
    pub(super) fn new() -> World {
        let memory = Sparse::default();
        let service = open(&memory, &configuration());
        World { memory, service, now: 1_000 * SECOND, uploads: Vec::new(), tokens: Vec::new(), drawn: 0 }
    }

    pub(super) fn message(&self, whose: u8) -> Message {
        Message { caller: caller(whose), now: self.now, liquid_cycles: CYCLES }
    }

    /// What an upgrade does.
    pub(super) fn upgrade(&mut self) {
        // What is certified in pieces goes on after an upgrade, and ends with another root.
        self.certify();
        let (root, items) = (self.service.root(), self.items());
        self.service = open(&self.memory, &api::InitArgs::default());
        self.certify();
        assert_eq!((self.service.root(), self.items()), (root, items), "an upgrade changes nothing");
    }

    pub(super) fn certify(&mut self) {
        certify(&mut self.service);
    }

    /// As the driver does it.
    pub(super) fn run_jobs(&mut self) {
        while let Some(job) = self.service.next_job(self.now) {
            self.service.run_job(job.number, self.now).expect("a stage that fails fails alone");
        }
    }

    /// As timers do it.
    pub(super) fn reap(&mut self) {
        while self.service.reap(self.now, 20).expect("what has expired can be removed") {}
        while self.service.reap_tokens(self.now, 20).expect("what has expired can be removed") {}
        while self.service.collect_garbage() {}
    }

    /// All published items, as a controller sees them.
    fn items(&self) -> Vec<api::Item> {
        let mut args = api::ListItems::default();
        let mut items = Vec::new();
        loop {
            let page = self.service.list(caller(2), &args).expect("a controller may list");
            items.extend(page.items);
            match page.next {
                Some(next) => args.after = Some(next),
                None => return items,
            }
        }
    }

    /// What is published is there, whole, and the store agrees with itself.
    fn check(&self) {
        for item in self.items() {
            assert_eq!(item.state, api::item_state::PUBLISHED);
            for asset in &item.assets {
                let mut bytes = Vec::new();
                for index in 0..asset.chunks {
                    let args = api::GetChunk { item: item.id.clone(), asset: asset.name.clone(), index };
                    let chunk = self.service.get_chunk(caller(2), &args);
                    bytes.extend(chunk.expect("a published chunk can be read"));
                }
                assert_eq!(bytes.len() as u64, asset.size, "{}/{}", item.id, asset.name);
                assert_eq!(Digest::of(&bytes).0, *asset.sha256, "{}/{}", item.id, asset.name);
            }
        }
        // The checker certifies anew, so it has a copy.
        let mut copy = open(&self.memory.copy(), &api::InitArgs::default());
        certify(&mut copy);
        assert_eq!(copy.check(), Vec::<String>::new());
    }

    /// Takes everything away: nothing stays behind.
    fn empty(&mut self) {
        for item in self.items() {
            self.service.delete_item(caller(2), self.now, &item.id).expect("a controller may delete");
        }
        self.now += 1_000_000 * SECOND;
        self.reap();
        self.run_jobs();
        let usage = self.service.usage(caller(2)).expect("usage can be read");
        let held = (usage.total.bytes, usage.total.items, usage.total.open_sessions);
        let store = (usage.store.chunks, usage.store.bytes, usage.store.sessions, usage.store.being_freed);
        assert_eq!((held, store), ((0, 0, 0), (0, 0, 0, 0)), "something stays behind: {usage:?}");
        assert!(!self.service.has_jobs() && !self.service.has_garbage());
        self.check();
    }
}

fn certify(service: &mut Service<Sparse>) {
    while service.is_certifying() {
        service.certify_some(|| false).expect("what is stored can be certified");
    }
}

fn open(memory: &Sparse, args: &api::InitArgs) -> Service<Sparse> {
    let registry = darkroom_processors::registry().expect("ids are unique");
    let service = Service::open(memory.clone(), registry, args);
    service.unwrap_or_else(|error| panic!("it does not open: {error}"))
}

/// Calls of strangers.
///
/// # Panics
/// When one does, or when something is wrong afterwards.
pub fn service(data: &[u8]) {
    let mut world = World::new();
    let mut input = Input(data);
    let mut calls = 0;
    while !input.is_empty() && calls < MOST_CALLS {
        world.call(&mut input);
        calls += 1;
    }
    world.run_jobs();
    world.check();
    world.upgrade();
    world.check();
    world.empty();
}
