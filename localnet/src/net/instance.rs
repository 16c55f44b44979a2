//! One network: its state, its executor and what they share with the threads that ask.

use crate::Error;
use crate::crypto::keys::Keys;
use crate::exec::View;
use crate::memory::{HeapMapping, PageFile, StableMapping};
use crate::reject::Reject;
use crate::state::State;
use crate::state::canister::{Canister, Record};
use crate::state::disk::Disk;
use crate::state::intake::Intake;
use crate::wasm::CodeCache;
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
}

/// A network. Locks are taken in this order: executor, a canister's lock, state.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) keys: Arc<Keys>,
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
    /// Instructions of the current round.
    pub(crate) round_instructions: u64,
    /// Time of the last round.
    pub(crate) last_round: u64,
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
        let loaded = disk.as_ref().map(|d| d.load(&codes)).transpose()?.flatten();
        let mut state = loaded.unwrap_or_else(|| State::new(time));
        state.network.time = state.network.time.max(setup.time.unwrap_or(0));
        let intake = disk.as_mut().map(|d| d.load_ingress(&mut state)).transpose();
        let intake = intake.map_err(Error::io("cannot read the ingress messages"))?;
        let executor = Executor {
            disk,
            heaps: HashMap::new(),
            stables: HashMap::new(),
            round_instructions: 0,
            last_round: 0,
        };
        Ok(Instance {
            keys: Arc::new(keys),
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
    pub(crate) fn view(&self, record: &Record, time: u64) -> View {
        View {
            canister: record.id,
            controllers: record.settings.controllers.clone(),
            status: record.status as u32,
            version: record.version,
            balance: record.cycles,
            frozen: 0,
            environment: record.settings.environment.clone(),
            wasm_memory_limit: record.settings.wasm_memory_limit,
            time,
            subnet: self.keys.subnet,
            nodes: crate::cycles::NODES,
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

    /// Keeps a chunk.
    pub(crate) fn store_blob(&self, hash: &[u8; 32], bytes: &[u8]) -> io::Result<()> {
        match &self.disk {
            Some(disk) => disk.store_blob(hash, bytes),
            None => Ok(()),
        }
    }
}
