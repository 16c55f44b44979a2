//! A canister: what of it is kept as a record, and the files and code behind it.

use super::Hash;
use super::message::{Callback, Context, Input};
use super::snapshot::{Snapshot, Stored};
use crate::exec::{Globals, LogLine};
use crate::memory::{PageFile, WASM_PAGE};
use crate::wasm::Code;
use candid::Principal;
use management_types::{LogVisibility, SnapshotVisibility, StatusVisibility};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Whether a canister takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Running = 1,
    Stopping = 2,
    Stopped = 3,
}

/// What `update_settings` changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) controllers: Arc<Vec<Principal>>,
    pub(crate) compute_allocation: u64,
    pub(crate) memory_allocation: u64,
    pub(crate) freezing_threshold: u64,
    pub(crate) reserved_cycles_limit: u128,
    pub(crate) log_visibility: LogVisibility,
    pub(crate) log_memory_limit: u64,
    pub(crate) snapshot_visibility: SnapshotVisibility,
    #[serde(default)]
    pub(crate) status_visibility: StatusVisibility,
    /// Cycles that a call from another canister must bring.
    #[serde(default)]
    pub(crate) incoming_cycles: u128,
    pub(crate) wasm_memory_limit: u64,
    pub(crate) wasm_memory_threshold: u64,
    pub(crate) environment: Arc<Vec<(String, String)>>,
}

impl Settings {
    /// What a new canister has.
    pub(crate) fn new(controllers: Vec<Principal>) -> Settings {
        Settings {
            controllers: Arc::new(controllers),
            compute_allocation: 0,
            memory_allocation: 0,
            freezing_threshold: 30 * 24 * 3600,
            reserved_cycles_limit: 5_000_000_000_000,
            log_visibility: LogVisibility::Controllers,
            log_memory_limit: 4096,
            snapshot_visibility: SnapshotVisibility::Controllers,
            status_visibility: StatusVisibility::Controllers,
            incoming_cycles: 0,
            wasm_memory_limit: 3 << 30,
            wasm_memory_threshold: 0,
            environment: Arc::default(),
        }
    }
}

/// An entry of the canister's history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) time: u64,
    pub(crate) version: u64,
    pub(crate) origin: Principal,
    /// The version of the canister that made the change, if it said.
    #[serde(default)]
    pub(crate) origin_version: Option<u64>,
    pub(crate) details: ChangeKind,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum ChangeKind {
    Created(Vec<Principal>),
    /// The same with environment variables, of which this is the hash.
    CreatedWith(Vec<Principal>, Hash),
    Installed(Mode, Hash),
    Uninstalled,
    Controllers(Vec<Principal>),
    /// A snapshot was loaded: of another canister if so, its id, and when and of which version it was taken.
    Loaded {
        from: Option<Principal>,
        snapshot: Vec<u8>,
        version: u64,
        time: u64,
    },
}

/// How code was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    Install,
    Reinstall,
    Upgrade,
}

/// The canister's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: Principal,
    pub(crate) settings: Settings,
    pub(crate) status: Status,
    pub(crate) cycles: u128,
    /// Until when the canister has paid for what it holds, in nanoseconds.
    #[serde(default)]
    pub(crate) charged_at: u64,
    pub(crate) version: u64,
    pub(crate) module: Option<Hash>,
    pub(crate) globals: Arc<Globals>,
    /// Bytes of the heap.
    pub(crate) heap_size: u64,
    /// Number of the heap's file.
    pub(crate) heap_file: u64,
    pub(crate) stable_pages: u64,
    pub(crate) stable_file: u64,
    pub(crate) certified_data: Vec<u8>,
    /// 0 for none.
    pub(crate) timer: u64,
    pub(crate) chunks: BTreeSet<Hash>,
    pub(crate) log: VecDeque<LogLine>,
    pub(crate) log_next: u64,
    pub(crate) history: VecDeque<Change>,
    pub(crate) changes: u64,
    pub(crate) contexts: BTreeMap<u64, Context>,
    pub(crate) callbacks: BTreeMap<u64, Callback>,
    pub(crate) next_id: u64,
    pub(crate) inbox: VecDeque<Input>,
    /// By number.
    #[serde(default)]
    pub(crate) snapshots: BTreeMap<u64, Snapshot>,
    #[serde(default)]
    pub(crate) snapshots_taken: u64,
    /// Whether the heap is near its limit, as the canister was told.
    #[serde(default)]
    pub(crate) low_memory: bool,
}

/// A canister of the running network.
#[derive(Debug)]
pub(crate) struct Canister {
    pub(crate) record: Record,
    pub(crate) code: Option<Arc<Code>>,
    pub(crate) heap: Arc<PageFile>,
    pub(crate) stable: Arc<PageFile>,
    /// What is behind the snapshots, by number.
    pub(crate) stored: BTreeMap<u64, Stored>,
    /// Held for reading while a query runs on the committed files, for writing while they change.
    pub(crate) lock: Arc<RwLock<()>>,
}

impl Canister {
    /// A canister without code and snapshots.
    pub(crate) fn new(record: Record, heap: Arc<PageFile>, stable: Arc<PageFile>) -> Canister {
        Canister { record, code: None, heap, stable, stored: BTreeMap::new(), lock: Arc::default() }
    }

    /// Bytes of memories, globals and module.
    pub(crate) fn execution_size(&self) -> u64 {
        size(self.code.as_deref(), self.record.heap_size, self.record.stable_pages)
    }

    /// Whether the heap has come so near to its limit that the canister wants to hear of it, since it was last asked.
    pub(crate) fn memory_ran_low(&mut self) -> bool {
        let code = self.code.as_ref();
        let wants = code.is_some_and(|code| code.info.has(crate::net::LOW_MEMORY));
        let most = if code.is_some_and(|code| code.info.memory64) { 6 << 30 } else { 4 << 30 };
        let (record, settings) = (&self.record, &self.record.settings);
        let limit = match settings.wasm_memory_limit {
            0 => most,
            limit => limit.min(most),
        };
        let low = wants && limit.saturating_sub(record.heap_size) < settings.wasm_memory_threshold;
        let before = std::mem::replace(&mut self.record.low_memory, low);
        low && !before
    }

    /// Removes a snapshot and hands out what was behind it.
    pub(crate) fn drop_snapshot(&mut self, number: u64) -> Option<Stored> {
        self.record.snapshots.remove(&number);
        self.stored.remove(&number)
    }
}

/// Bytes of a canister with this module and memories.
pub(crate) fn size(code: Option<&Code>, heap: u64, stable_pages: u64) -> u64 {
    let of_code = |c: &Code| c.wasm.len() as u64 + c.info.mutable_globals.len() as u64 * 8;
    heap + stable_pages * WASM_PAGE + code.map_or(0, of_code)
}

impl Record {
    /// The record of a canister without code.
    pub(crate) fn new(id: Principal, settings: Settings, cycles: u128) -> Record {
        Record {
            id,
            settings,
            status: Status::Running,
            cycles,
            charged_at: 0,
            version: 0,
            module: None,
            globals: Arc::default(),
            heap_size: 0,
            heap_file: 0,
            stable_pages: 0,
            stable_file: 0,
            certified_data: Vec::new(),
            timer: 0,
            chunks: BTreeSet::new(),
            log: VecDeque::new(),
            log_next: 0,
            history: VecDeque::new(),
            changes: 0,
            contexts: BTreeMap::new(),
            callbacks: BTreeMap::new(),
            next_id: 0,
            inbox: VecDeque::new(),
            snapshots: BTreeMap::new(),
            snapshots_taken: 0,
            low_memory: false,
        }
    }

    /// A number that this canister has not used, for call contexts and callbacks.
    pub(crate) fn fresh(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Adds to the history, which keeps the last 20 changes. `by` is who made it, and in which version.
    pub(crate) fn note(&mut self, time: u64, by: (Principal, Option<u64>), details: ChangeKind) {
        self.changes += 1;
        let (origin, origin_version) = by;
        self.history.push_back(Change { time, version: self.version, origin, origin_version, details });
        while self.history.len() > 20 {
            self.history.pop_front();
        }
    }

    /// Adds cycles.
    pub(crate) fn receive(&mut self, cycles: u128) {
        self.cycles = self.cycles.saturating_add(cycles);
    }

    /// Adds lines to the log and drops the oldest beyond its limit.
    pub(crate) fn add_log(&mut self, lines: VecDeque<LogLine>) {
        self.log_next += lines.len() as u64;
        self.log.extend(lines);
        let mut bytes: usize = self.log.iter().map(LogLine::size).sum();
        while bytes > crate::memory::address(self.settings.log_memory_limit) {
            let Some(line) = self.log.pop_front() else { break };
            bytes -= line.size();
        }
    }

    /// The chunks in its store and in those of its snapshots.
    pub(crate) fn chunks_held(&self) -> impl Iterator<Item = Hash> {
        self.chunks.iter().chain(self.snapshots.values().flat_map(|s| &s.chunks)).copied()
    }

    /// Whether `who` controls it.
    pub(crate) fn controlled_by(&self, who: Principal) -> bool {
        self.settings.controllers.contains(&who)
    }
}
