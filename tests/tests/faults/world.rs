//! A canister with its client, all that can be seen of it, and the invariants of its store.

use std::path::Path;

use api::item_state::FAILED;
use candid::Principal;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, Gateway, originals_only, pipeline, stage};
use pocket_ic::PocketIc;

/// Bytes of a chunk.
pub(crate) const CHUNK: u32 = 65_536;

/// Cycles that a canister begins with.
const CYCLES: u128 = 100_000_000_000_000;

/// A canister, and what its client knows.
pub(crate) struct World {
    pub(crate) darkroom: Darkroom,
    /// The session that was begun.
    pub(crate) upload: Option<api::Upload>,
    /// The item that is looked at.
    pub(crate) item: Option<String>,
}

/// What can be seen of an item: everything but ids and times.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    state: String,
    /// Name, SHA-256, provenance.
    assets: Vec<(String, String, String)>,
    /// Asset, state, code of the error.
    stages: Vec<(String, String, Option<String>)>,
}

/// All that can be seen, but ids and times: the same after a fault as without one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    item: Result<Seen, String>,
    /// Chunks that have arrived, and bytes that are hashed.
    session: Option<(Vec<api::ChunkRange>, u64)>,
    /// Bytes, items, open sessions.
    held: (u64, u64, u32),
    stored: (u64, u64),
    listed: usize,
    /// The original as a gateway has it, verified.
    served: Option<(u16, Digest)>,
    pipelines: Vec<api::Pipeline>,
    gallery: u16,
}

impl World {
    pub(crate) fn new(network: PocketIc) -> World {
        let owner = Principal::self_authenticating([1]);
        let id = network.create_canister_with_settings(Some(owner), None);
        network.add_cycles(id, CYCLES);
        let darkroom = Darkroom { network, id, owner };
        let limits =
            api::Limits { chunk_size: Some(CHUNK), session_seconds: Some(3600), ..Default::default() };
        let args = api::InitArgs { pipelines: Some(pipelines()), limits: Some(limits), ..Default::default() };
        let args = candid::encode_one(Some(args)).unwrap();
        darkroom.network.install_canister(id, darkroom_wasm::HAZARDS.to_vec(), args, Some(owner));
        World { darkroom, upload: None, item: None }
    }

    /// A world whose network is in a directory.
    pub(crate) fn reopen(&mut self, network: PocketIc) {
        // Its server is dead: it cannot be told that nobody needs the network any more.
        std::mem::forget(std::mem::replace(&mut self.darkroom.network, network));
    }

    /// Runs rounds until nothing is left to do.
    pub(crate) fn rest(&self) {
        for turn in 0..3 {
            for _ in 0..40 {
                self.darkroom.network.tick();
                if self.is_at_rest() {
                    return;
                }
            }
            // A timer takes up what was cut off.
            if turn < 2 {
                self.darkroom.later(601);
            }
        }
        panic!("the canister does not come to rest: {:?}", self.darkroom.store());
    }

    fn is_at_rest(&self) -> bool {
        let store = self.darkroom.store();
        let is_busy = |item: &api::Item| {
            let is_worked_on = |stage: &api::StageStatus| {
                [api::stage_state::QUEUED, api::stage_state::RUNNING].contains(&stage.state.as_str())
            };
            item.stages.iter().any(is_worked_on)
        };
        let item = self.item.as_ref().and_then(|item| self.darkroom.item(item).ok());
        let revision = item.as_ref().and_then(|item| item.revision.as_ref());
        let revision = revision.and_then(|revision| self.darkroom.item(revision).ok());
        !store.being_certified && store.being_freed == 0 && ![item, revision].iter().flatten().any(is_busy)
    }

    /// Panics where the store contradicts itself.
    pub(crate) fn check(&self, when: &str) {
        let violations: Vec<String> = self.darkroom.query_as(Principal::anonymous(), "check", ());
        assert!(violations.is_empty(), "{when}: {violations:#?}");
    }

    pub(crate) fn view(&self) -> View {
        let usage = self.darkroom.usage_as(self.darkroom.owner);
        let page: api::Result<api::ItemPage> = self.darkroom.query("items", (api::ListItems::default(),));
        let session = self.upload.as_ref().and_then(|upload| {
            let status = self.darkroom.status_as(self.darkroom.owner, upload.session).ok()?;
            Some((status.coverage, status.hashed))
        });
        let gateway = Gateway::new(&self.darkroom);
        View {
            item: self.item.as_deref().map_or_else(|| Err("none".to_owned()), |item| self.seen(item)),
            session,
            held: (usage.own.bytes, usage.own.items, usage.own.open_sessions),
            stored: (usage.store.bytes, usage.store.chunks),
            listed: page.unwrap().items.len(),
            served: self.item.as_ref().map(|item| {
                let (first, bytes) = gateway.whole(&format!("/{item}/original"));
                (first.status_code, Digest::of(&bytes))
            }),
            pipelines: self.darkroom.query("pipelines", ()),
            gallery: gateway.get("GET", "/", &[]).status_code,
        }
    }

    fn seen(&self, item: &str) -> Result<Seen, String> {
        let item = self.darkroom.item(item).map_err(|error| error.code)?;
        let hex = |sha256: &api::Sha256| Digest(**sha256).to_string();
        let asset = |asset: &api::Asset| (asset.name.clone(), hex(&asset.sha256), asset.provenance.clone());
        let code = |error: &api::Error| error.code.clone();
        let stage = |stage: &api::StageStatus| {
            (stage.asset.clone(), stage.state.clone(), stage.error.as_ref().map(code))
        };
        Ok(Seen {
            state: item.state,
            assets: item.assets.iter().map(asset).collect(),
            stages: item.stages.iter().map(stage).collect(),
        })
    }

    /// Why a stage of the item, or of its revision, has failed.
    pub(crate) fn failure(&self) -> Option<String> {
        let item = self.darkroom.item(self.item.as_ref()?).ok()?;
        let revision = item.revision.as_ref().and_then(|revision| self.darkroom.item(revision).ok());
        let item = revision.unwrap_or(item);
        let error =
            item.stages.iter().find_map(|stage| stage.error.as_ref()).filter(|_| item.state == FAILED);
        error.map(|error| format!("a stage fails: `{}`", error.code))
    }

    /// Takes all of stable memory that the canister has but so many bytes: what needs more after that has to have it grow.
    pub(crate) fn fill(&self, room: u64) {
        let hole = (room > 0).then(|| self.upload_private(&darkroom_tests::File::new(9_999, room)));
        self.fill_all();
        if let Some(hole) = hole {
            self.darkroom.delete_as(self.darkroom.owner, &hole).unwrap();
        }
    }

    fn upload_private(&self, file: &darkroom_tests::File) -> String {
        let upload = api::BeginUpload {
            pipeline: Some("file".to_owned()),
            visibility: Some(api::Visibility::Private),
            ..file.declared(true, None)
        };
        let whole = api::UploadWhole { upload, bytes: file.bytes().into(), assets: Vec::new() };
        self.darkroom.update::<api::Result<api::Item>>("upload_whole", (whole,)).unwrap().id
    }

    fn fill_all(&self) {
        // Stable memory grows by buckets of so much.
        const BUCKET: u64 = 8 << 20;
        for seed in 0.. {
            let store = self.darkroom.store();
            let end = store.bytes + store.free_bytes;
            assert_eq!(store.free_bytes, 0, "there are gaps");
            let left = BUCKET - end % BUCKET;
            if left == BUCKET {
                return;
            }
            let file = darkroom_tests::File::new(10_000 + seed, left.min(1_900_000));
            self.upload_private(&file);
        }
    }
}

/// Files as they are; a chain of stages in the canister; a derivative of the client's.
pub(crate) fn pipelines() -> Vec<api::Pipeline> {
    let chain = vec![
        stage("preview", "preview", "original", r#"{"max_edge":600}"#),
        stage("thumbnail", "thumbnail", "preview", r#"{"width":64,"height":64}"#),
        stage("placeholder", "placeholder", "thumbnail", ""),
    ];
    let client = api::Stage {
        placement: Some(api::Placement::Client),
        ..stage("thumbnail", "thumbnail", "original", r#"{"width":64,"height":64}"#)
    };
    vec![originals_only(), pipeline("chain", chain), pipeline("client", vec![client])]
}

/// Starts a process of its own with a network whose state is in a directory, and gives its URL.
pub(crate) struct Process {
    child: std::process::Child,
    /// What it goes on writing has to go somewhere.
    _stdout: std::io::BufReader<std::process::ChildStdout>,
    url: String,
}

impl Process {
    pub(crate) fn start() -> Process {
        use std::io::{BufRead, BufReader};
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "server_process", "--ignored", "--nocapture"])
            // It ends with this process.
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("http://") {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "the server did not start");
        }
        let url = line[line.find("http://").unwrap_or_default()..].trim().to_owned();
        Process { child, _stdout: stdout, url }
    }

    /// A network of it, in a directory.
    pub(crate) fn network(&self, state: &Path) -> PocketIc {
        pocket_ic::PocketIcBuilder::new()
            .with_server_url(self.url.parse().unwrap())
            .with_nns_subnet()
            .with_application_subnet()
            .with_state_dir(state.to_path_buf())
            .build()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
