//! What a run knows: of each upload all that was acknowledged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use candid::Principal;
use darkroom_api as api;
use darkroom_tests::{Darkroom, Dice, File, files_from_all, originals_only, pipeline, principal, stage};

/// Bytes of a chunk.
pub(crate) const CHUNK: u32 = 65_536;
/// Seconds that a session may rest.
pub(crate) const REST: u64 = 3600;
/// Clients.
pub(crate) const CLIENTS: u8 = 4;
/// Steps that are told of when a run fails.
const TOLD: usize = 40;

/// An upload of a client's.
pub(crate) struct Upload {
    pub(crate) who: u8,
    pub(crate) file: File,
    pub(crate) declared: api::BeginUpload,
    pub(crate) session: u64,
    pub(crate) item: String,
    /// Chunks of which a client knows that they are stored.
    pub(crate) acknowledged: BTreeSet<u32>,
    /// Chunks that may be stored or not: nobody had the answer.
    pub(crate) maybe: BTreeSet<u32>,
    pub(crate) published: bool,
    /// The session rests since then or later, in nanoseconds since 1970.
    pub(crate) used_at: u64,
    /// Tokens, by id, with the path of each.
    pub(crate) tokens: BTreeMap<String, String>,
}

impl Upload {
    /// With nothing of the file stored.
    pub(crate) fn begun(
        who: u8,
        file: File,
        declared: api::BeginUpload,
        (session, item): (u64, String),
        used_at: u64,
    ) -> Upload {
        Upload {
            who,
            file,
            declared,
            session,
            item,
            acknowledged: BTreeSet::new(),
            maybe: BTreeSet::new(),
            published: false,
            used_at,
            tokens: BTreeMap::new(),
        }
    }

    pub(crate) fn chunks(&self) -> u32 {
        self.file.chunks(CHUNK)
    }

    pub(crate) fn is_private(&self) -> bool {
        self.declared.visibility == Some(api::Visibility::Private)
    }

    /// Whether the session may have ended by now.
    pub(crate) fn may_have_expired(&self, now: u64) -> bool {
        now >= self.used_at + REST * 1_000_000_000
    }
}

/// A photo that the canister makes derivatives of.
pub(crate) struct PhotoItem {
    pub(crate) who: u8,
    pub(crate) item: String,
    pub(crate) published: bool,
}

/// A run.
pub(crate) struct Soak {
    pub(crate) darkroom: Darkroom,
    pub(crate) dice: Dice,
    pub(crate) uploads: Vec<Upload>,
    pub(crate) photos: Vec<PhotoItem>,
    /// Files that were made: another one gets another seed.
    pub(crate) files: u64,
    counts: BTreeMap<String, u64>,
    last: VecDeque<String>,
}

type Step = fn(&mut Soak) -> String;

/// The steps, and how often each is taken.
const STEPS: [(usize, &str, Step); 22] = [
    (14, "begin", Soak::begin),
    (3, "begin again", Soak::begin_again),
    (26, "put", Soak::put),
    (6, "put many at once", Soak::put_at_once),
    (4, "put, no answer", Soak::put_unanswered),
    (3, "put again", Soak::put_again),
    (3, "put damaged", Soak::put_damaged),
    (2, "stranger", Soak::stranger),
    (8, "finish", Soak::finish),
    (3, "abort", Soak::abort),
    (5, "delete", Soak::delete),
    (5, "upload whole", Soak::upload_whole),
    (2, "photo", Soak::upload_photo),
    (2, "reprocess", Soak::reprocess),
    (3, "token", Soak::token),
    (6, "serve", Soak::serve),
    (2, "list", Soak::list),
    (2, "configure", Soak::configure),
    (3, "upgrade", Soak::upgrade),
    (1, "upgrade refused", Soak::upgrade_refused),
    (2, "stop", Soak::stop),
    (6, "time", Soak::pass_time),
];

impl Soak {
    pub(crate) fn new(seed: u64) -> Soak {
        let quota = |bytes, items, open_sessions| {
            Some(api::Quota { bytes: Some(bytes), items: Some(items), open_sessions: Some(open_sessions) })
        };
        let limits = api::Limits {
            chunk_size: Some(CHUNK),
            session_seconds: Some(REST),
            per_principal: quota(3_000_000, 8, 4),
            total: quota(8_000_000, 24, 12),
            ..Default::default()
        };
        let args = api::InitArgs { pipelines: Some(pipelines(64)), ..files_from_all(limits) };
        let network = darkroom_tests::network_with_root_key();
        let owner = Principal::self_authenticating([1]);
        let id = network.create_canister_with_settings(Some(owner), None);
        network.add_cycles(id, 1_000_000_000_000_000_000);
        let darkroom = Darkroom { network, id, owner };
        let args = candid::encode_one(Some(args)).unwrap();
        darkroom.network.install_canister(id, darkroom_wasm::HAZARDS.to_vec(), args, Some(owner));
        Soak {
            darkroom,
            dice: Dice::new(seed),
            uploads: Vec::new(),
            photos: Vec::new(),
            files: 0,
            counts: BTreeMap::new(),
            last: VecDeque::new(),
        }
    }

    pub(crate) fn step(&mut self) {
        let mut thrown = self.dice.below(STEPS.iter().map(|(weight, _, _)| weight).sum());
        for (weight, name, step) in STEPS {
            if thrown < weight {
                self.last.push_back(name.to_owned());
                let seen = step(self);
                let line = format!("{name}: {seen}");
                self.last.pop_back();
                self.last.push_back(line);
                if self.last.len() > TOLD {
                    self.last.pop_front();
                }
                let kind = seen.split(' ').next().unwrap_or_default();
                *self.counts.entry(format!("{name} {kind}")).or_default() += 1;
                return;
            }
            thrown -= weight;
        }
    }

    /// The whole store against itself, and all that is known against what is said.
    pub(crate) fn check(&mut self) {
        self.check_store();
        // What is certified can be told when all is.
        self.certified();
        self.check_store();
        let now = self.now();
        for upload in &self.uploads {
            let caller = principal(upload.who);
            if upload.published {
                let item: api::Result<api::Item> = self.darkroom.query_as(caller, "item", (&upload.item,));
                self.darkroom.assert_stored(caller, &item.unwrap(), &upload.file);
            } else if !upload.may_have_expired(now) {
                let status = self.darkroom.status_as(caller, upload.session);
                upload.assert_coverage(
                    &status.unwrap_or_else(|error| panic!("{}: {error}", upload.file.name)).coverage,
                );
            }
        }
    }

    /// Waits until everything is certified, as gateways do that are answered 503. What a stop cut off is taken up half a
    /// minute later.
    pub(crate) fn certified(&self) {
        for _ in 0..10 {
            for _ in 0..20 {
                if !self.darkroom.store().being_certified {
                    return;
                }
                self.darkroom.network.tick();
            }
            self.darkroom.network.advance_time(std::time::Duration::from_secs(31));
        }
        panic!("the canister does not end certifying: {:?}", self.darkroom.store());
    }

    fn check_store(&self) {
        let violations: Vec<String> = self.darkroom.query_as(Principal::anonymous(), "check", ());
        assert!(violations.is_empty(), "{violations:#?}");
    }

    pub(crate) fn now(&self) -> u64 {
        self.darkroom.network.get_time().as_nanos_since_unix_epoch()
    }

    pub(crate) fn summary(&self) -> String {
        let counts: Vec<_> = self.counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
        counts.join(", ")
    }

    pub(crate) fn last_steps(&self) -> String {
        self.last.iter().map(|step| format!("  {step}\n")).collect()
    }

    /// A run that is long enough has had each kind of step with each outcome that matters.
    pub(crate) fn assert_variety(&self, steps: u64) {
        if steps < 500 {
            return;
        }
        for what in [
            "begin ok",
            "begin limit",
            "put ok",
            "put again repeated",
            "put damaged chunk_hash",
            "finish ok",
            "abort ok",
            "delete ok",
            "upload whole ok",
            "serve 200",
            "token created",
            "upgrade ok",
            "time passed",
            "begin again",
            "photo ok",
            "reprocess",
            "stop ok",
            "configure ok",
            "upgrade refused",
            "list",
            "put, no answer sent",
        ] {
            let counts: u64 =
                self.counts.iter().filter(|(known, _)| known.starts_with(what)).map(|(_, n)| n).sum();
            assert!(counts > 0, "`{what}` never came: {}", self.summary());
        }
    }

    /// An upload, by the dice, of those that fit.
    pub(crate) fn pick(&mut self, fits: impl Fn(&Upload) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = (0..self.uploads.len()).filter(|at| fits(&self.uploads[*at])).collect();
        (!fitting.is_empty()).then(|| fitting[self.dice.below(fitting.len())])
    }
}

impl Upload {
    /// Panics where an acknowledged chunk is not there, or one that was never sent is.
    pub(crate) fn assert_coverage(&self, ranges: &[api::ChunkRange]) {
        let found: BTreeSet<u32> = ranges.iter().flat_map(|range| range.start..range.end).collect();
        let possible: BTreeSet<u32> = &self.acknowledged | &self.maybe;
        assert!(
            found.is_superset(&self.acknowledged) && found.is_subset(&possible),
            "{}: chunks {found:?}, acknowledged were {:?}, perhaps {:?}",
            self.file.name,
            self.acknowledged,
            self.maybe
        );
    }
}

/// Files as they are; photos with derivatives of the canister's, of so wide a thumbnail.
pub(crate) fn pipelines(width: u32) -> Vec<api::Pipeline> {
    let thumbnail = format!(r#"{{"width":{width},"height":64}}"#);
    let chain = vec![
        stage("preview", "preview", "original", r#"{"max_edge":200}"#),
        stage("thumbnail", "thumbnail", "preview", &thumbnail),
    ];
    vec![originals_only(), pipeline("chain", chain)]
}
