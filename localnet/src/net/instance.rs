//! One network: its state, its executor and what they share with the threads that ask.

use crate::crypto::keys::Keys;
use crate::exec::View;
use crate::memory::{HeapMapping, PageFile, StableMapping, WASM_PAGE};
use crate::reject::Reject;
use crate::state::canister::Canister;
use crate::state::disk::Disk;
use crate::state::intake::Intake;
use crate::state::snapshot::{Snapshot, Stored};
use crate::state::subnets::{Spec, Subnets};
use crate::state::{NetworkData, State};
use crate::wasm::CodeCache;
use crate::{Error, Fees};
use candid::Principal;
use parking_lot::{Condvar, Mutex, RwLock, RwLockReadGuard};
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How an instance starts.
#[derive(Debug, Default)]
pub(crate) struct Setup<'a> {
    pub(crate) state_dir: Option<&'a Path>,
    /// Nanoseconds; the protocol's start time if none.
    pub(crate) time: Option<u64>,
    pub(crate) fees: Fees,
    /// Subnets of a new network; one that has a state keeps its own.
    pub(crate) kinds: Vec<Spec>,
}

/// A network. Locks are taken in this order: executor, a canister's lock, state.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) keys: Arc<Keys>,
    pub(crate) subnets: Arc<Subnets>,
    pub(crate) codes: CodeCache,
    pub(crate) state: RwLock<State>,
    pub(crate) executor: Mutex<Executor>,
    /// Where ingress messages are kept until they are executed, if the state is on disk.
    pub(crate) intake: Option<Intake>,
    /// Counts changes that somebody may wait for.
    pub(crate) progress: watch::Sender<u64>,
    /// Why nothing can be committed any more, if that is so.
    pub(crate) broken: OnceLock<String>,
    /// Tells the driver that there is work.
    work: Mutex<bool>,
    woken: Condvar,
    /// Set while the wall clock drives the network.
    pub(crate) live: AtomicBool,
}

/// What only the executing thread uses.
#[derive(Debug)]
pub(crate) struct Executor {
    pub(crate) disk: Option<Disk>,
    heaps: HashMap<Principal, Arc<HeapMapping>>,
    stables: HashMap<Principal, StableMapping>,
    /// Whose turn it is at the beginning of the next round.
    pub(crate) turn: usize,
    /// Instructions of the current round.
    pub(crate) round_instructions: u64,
    /// Time of the last round.
    pub(crate) last_round: u64,
    /// Files that no record names any more once the next change is committed.
    discarded: Vec<Arc<PageFile>>,
}

impl Instance {
    /// Starts a network, from its state directory if it has one.
    pub(crate) fn start(setup: Setup<'_>) -> Result<Instance, Error> {
        let mut disk = setup.state_dir.map(Disk::open).transpose()?;
        let keys = match &disk {
            Some(disk) => Keys::load(disk)?,
            None => Keys::generate(),
        };
        let codes = CodeCache::new(disk.as_ref().map(Disk::modules))
            .map_err(Error::io("cannot create the module store"))?;
        let time = setup.time.unwrap_or(crate::state::GENESIS);
        let loaded = disk.as_ref().map(|d| d.load(&codes, keys.subnet)).transpose()?.flatten();
        let mut state =
            loaded.unwrap_or_else(|| State::new(NetworkData::new(time, setup.kinds), keys.subnet));
        state.network.time = state.network.time.max(setup.time.unwrap_or(0));
        state.fees = setup.fees;
        let intake = disk.as_mut().map(|d| d.load_ingress(&mut state)).transpose();
        let intake = intake.map_err(Error::io("cannot read the ingress messages"))?;
        let executor = Executor {
            disk,
            heaps: HashMap::new(),
            stables: HashMap::new(),
            turn: 0,
            round_instructions: 0,
            last_round: 0,
            discarded: Vec::new(),
        };
        Ok(Instance {
            keys: Arc::new(keys),
            subnets: state.subnets.clone(),
            codes,
            state: RwLock::new(state),
            executor: Mutex::new(executor),
            intake,
            progress: watch::Sender::new(0),
            broken: OnceLock::new(),
            work: Mutex::new(false),
            woken: Condvar::new(),
            live: AtomicBool::new(false),
        })
    }

    /// The state, to look at.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    /// Nanoseconds since 1970, by the network's clock.
    pub(crate) fn now(&self) -> u64 {
        self.state.read().network.time
    }

    /// To wait for changes: resolves whenever something was committed or answered.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.progress.subscribe()
    }

    pub(crate) fn notify(&self) {
        self.progress.send_modify(|n| *n += 1);
    }

    /// Wakes the driver.
    pub(crate) fn wake(&self) {
        *self.work.lock() = true;
        self.woken.notify_all();
    }

    /// Waits for `longest`, or until `stop` is set or, if `early`, there is work.
    pub(crate) fn sleep(&self, longest: Duration, stop: &AtomicBool, early: bool) {
        let until = Instant::now() + longest;
        let mut work = self.work.lock();
        while !(stop.load(Ordering::SeqCst) || early && *work) {
            if self.woken.wait_until(&mut work, until).timed_out() {
                break;
            }
        }
        *work = false;
    }

    /// What a canister may see of itself.
    pub(crate) fn view(&self, state: &State, canister: &Canister) -> View {
        let record = &canister.record;
        let subnet = self.subnets.of(record.id);
        View {
            canister: record.id,
            controllers: record.settings.controllers.clone(),
            status: record.status as u32,
            version: record.version,
            balance: record.cycles,
            frozen: state.frozen(canister),
            fees: state.fees_of(record.id),
            limits: subnet.spec.limits(),
            memory64: canister.code.as_ref().is_some_and(|code| code.info.memory64),
            environment: record.settings.environment.clone(),
            wasm_memory_limit: record.settings.wasm_memory_limit,
            heap_size: record.heap_size,
            holding: state.held(canister),
            time: state.network.time,
            subnet: subnet.id,
            nodes: subnet.spec.kind.nodes(),
            root_key: self.keys.root_der.clone(),
            call_slots: 500usize.saturating_sub(record.callbacks.len()),
        }
    }
}

impl State {
    /// A canister to look at.
    pub(crate) fn canister(&self, id: Principal) -> Result<&Canister, Reject> {
        self.canisters.get(&id).ok_or_else(|| Reject::not_found(id))
    }

    /// A canister to change; its record is part of the next commit.
    pub(crate) fn canister_mut(&mut self, id: Principal) -> Result<&mut Canister, Reject> {
        self.touched.insert(id);
        self.canisters.get_mut(&id).ok_or_else(|| Reject::not_found(id))
    }
}

impl Executor {
    /// The executor's mapping of a canister's heap, fit for its committed size.
    pub(crate) fn heap(
        &mut self,
        id: Principal,
        file: &Arc<PageFile>,
        size: u64,
    ) -> io::Result<Arc<HeapMapping>> {
        if let Some(heap) = self.heaps.get(&id)
            && Arc::ptr_eq(heap.file(), file)
            && heap.size() == size
        {
            return Ok(heap.clone());
        }
        let heap = Arc::new(HeapMapping::new(file.clone(), size, true)?);
        self.heaps.insert(id, heap.clone());
        Ok(heap)
    }

    /// Takes the executor's mapping of a canister's stable memory; it comes back by `keep_stable`.
    pub(crate) fn stable(&mut self, id: Principal, file: &Arc<PageFile>, pages: u64) -> StableMapping {
        match self.stables.remove(&id) {
            Some(stable) if Arc::ptr_eq(stable.file(), file) && stable.pages() == pages => stable,
            _ => StableMapping::new(file.clone(), pages),
        }
    }

    pub(crate) fn keep_stable(&mut self, id: Principal, stable: StableMapping) {
        self.stables.insert(id, stable);
    }

    /// Drops the mapping of a heap: it grew and was rolled back, or its canister is gone.
    pub(crate) fn drop_heap(&mut self, id: Principal) {
        self.heaps.remove(&id);
    }

    /// Drops both mappings of a canister.
    pub(crate) fn drop_memories(&mut self, id: Principal) {
        self.heaps.remove(&id);
        self.stables.remove(&id);
    }

    /// A new file for a memory.
    pub(crate) fn new_file(&self, id: Principal, kind: &str, number: u64) -> io::Result<Arc<PageFile>> {
        match &self.disk {
            Some(disk) => disk.new_memory(id, kind, number),
            None => PageFile::anonymous(),
        }
        .map(Arc::new)
    }

    /// Copies the memories of a canister or snapshot to new files.
    pub(crate) fn copy(
        &mut self,
        source: &Stored,
        of: &Snapshot,
        id: Principal,
        kinds: [&str; 2],
        numbers: [u64; 2],
    ) -> io::Result<Stored> {
        let heap = self.new_file(id, kinds[0], numbers[0])?;
        let stable = self.new_file(id, kinds[1], numbers[1])?;
        let copied = heap
            .copy_from(&source.heap, of.heap_size)
            .and_then(|()| stable.copy_from(&source.stable, of.stable_pages * WASM_PAGE));
        if let Err(e) = copied {
            self.discard([heap, stable]);
            return Err(e);
        }
        Ok(Stored { code: source.code.clone(), heap, stable })
    }

    /// Gives files up: they go away once no committed record names them.
    pub(crate) fn discard(&mut self, files: impl IntoIterator<Item = Arc<PageFile>>) {
        self.discarded.extend(files);
    }

    /// Deletes the files given up. If that fails, the next start does it.
    pub(crate) fn delete_discarded(&mut self) {
        for path in self.discarded.drain(..).filter_map(|file| file.path().map(Path::to_owned)) {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Keeps a chunk.
    pub(crate) fn store_blob(&self, hash: &[u8; 32], bytes: &[u8]) -> io::Result<()> {
        match &self.disk {
            Some(disk) => disk.store_blob(hash, bytes),
            None => Ok(()),
        }
    }
}
