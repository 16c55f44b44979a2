//! The state directory: who owns it, what is in it, reading it back and committing changes to it.
//!
//! ```text
//! VERSION                 layout version, text
//! lock                    pid of the process that uses the directory, locked while it does
//! keys                    the network's secret keys
//! network                 network record
//! journal                 the change being made
//! canisters/ID            canister records
//! memory/ID.heap.N        heaps, stable memories
//! memory/ID.stable.N
//! memory/ID.snapshot-heap.N      memories of snapshots
//! memory/ID.snapshot-stable.N
//! modules/HASH.wasm       modules as installed; HASH.compiled: their compiled form
//! blobs/HASH              chunks of chunk stores
//! received/, answers/     ingress, see `intake`
//! ```

use super::canister::{Canister, Record};
use super::ingress::Progress;
use super::intake::{Answers, Intake, Noted};
use super::journal::{Change, Journal, What};
use super::message::{Input, Origin, Request};
use super::snapshot::Stored;
use super::{Hash, NetworkData, State};
use crate::Error;
use crate::memory::{DirtyRun, PageFile};
use crate::wasm::CodeCache;
use candid::Principal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const VERSION: u32 = 1;

/// An owned state directory.
#[derive(Debug)]
pub(crate) struct Disk {
    dir: PathBuf,
    journal: Journal,
    /// None until the ingress is loaded.
    answers: Option<Answers>,
    _lock: Lock,
}

impl Disk {
    /// Takes possession of `dir`, creating it if need be.
    pub(crate) fn open(dir: &Path) -> Result<Disk, Error> {
        let fail = |what: &str| Error::io(format!("{what} in the state directory {}", dir.display()));
        std::fs::create_dir_all(dir).map_err(fail("cannot create directories"))?;
        let lock = take_lock(dir)?;
        let stamp = dir.join("VERSION");
        match std::fs::read_to_string(&stamp) {
            Ok(found) if found.trim() == VERSION.to_string() => {}
            // Killed while the stamp was written, before anything else was.
            Ok(found) if found.is_empty() && !dir.join("network").exists() => {
                std::fs::write(&stamp, VERSION.to_string()).map_err(fail("cannot write"))?;
            }
            Ok(found) => {
                return Err(Error::StateVersion {
                    dir: dir.to_owned(),
                    found: found.trim().to_owned(),
                    expected: VERSION,
                });
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let foreign = std::fs::read_dir(dir)
                    .map_err(fail("cannot list"))?
                    .flatten()
                    .any(|entry| entry.file_name() != "lock");
                if foreign {
                    return Err(Error::StateVersion {
                        dir: dir.to_owned(),
                        found: "none, though the directory is not empty".into(),
                        expected: VERSION,
                    });
                }
                std::fs::write(&stamp, VERSION.to_string()).map_err(fail("cannot write"))?;
            }
            Err(e) => return Err(fail("cannot read")(e)),
        }
        for sub in ["canisters", "memory", "modules", "blobs", "received", "answers"] {
            std::fs::create_dir_all(dir.join(sub)).map_err(fail("cannot create directories"))?;
        }
        let journal = Journal::open(dir).map_err(fail("cannot recover the journal"))?;
        Ok(Disk { dir: dir.to_owned(), journal, answers: None, _lock: lock })
    }

    /// Where modules are kept.
    pub(crate) fn modules(&self) -> PathBuf {
        self.dir.join("modules")
    }

    /// The bytes of a small file, if it is there.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match std::fs::read(self.dir.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io(format!("cannot read {name}"))(e)),
        }
    }

    /// Writes a small file once.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let part = self.dir.join(format!("{name}.part"));
        std::fs::write(&part, bytes)?;
        std::fs::rename(part, self.dir.join(name))
    }

    /// Opens the file of a heap or stable memory.
    pub(crate) fn memory(&self, id: Principal, kind: &str, number: u64) -> io::Result<PageFile> {
        PageFile::open(&self.dir.join(memory_path(id, kind, number)))
    }

    /// A new, empty file for a heap or stable memory; what an attempt that was cut short left there goes.
    pub(crate) fn new_memory(&self, id: Principal, kind: &str, number: u64) -> io::Result<PageFile> {
        let _ = std::fs::remove_file(self.dir.join(memory_path(id, kind, number)));
        self.memory(id, kind, number)
    }

    /// Reads everything back; `None` if nothing was ever stored.
    pub(crate) fn load(&self, codes: &CodeCache, root: Principal) -> Result<Option<State>, Error> {
        let unreadable = |reason: String| Error::StateUnreadable { dir: self.dir.clone(), reason };
        let Some(bytes) = self.read("network")? else { return Ok(None) };
        let network: NetworkData = decode(&bytes).map_err(|e| unreadable(format!("network: {e}")))?;
        let mut state = State::new(network, root);
        let list =
            std::fs::read_dir(self.dir.join("canisters")).map_err(Error::io("cannot list canisters"))?;
        for entry in list {
            let entry = entry.map_err(Error::io("cannot list canisters"))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let bytes =
                std::fs::read(entry.path()).map_err(Error::io(format!("cannot read canister {name}")))?;
            let record: Record = decode(&bytes).map_err(|e| unreadable(format!("canister {name}: {e}")))?;
            let load = |hash| codes.load(hash).map_err(|e| unreadable(format!("canister {name}: {e}")));
            let open = |kind, number| {
                self.memory(record.id, kind, number)
                    .map(Arc::new)
                    .map_err(Error::io(format!("cannot open the memory of canister {name}")))
            };
            let code = record.module.map(load).transpose()?;
            let (heap, stable) = (open("heap", record.heap_file)?, open("stable", record.stable_file)?);
            let mut stored = BTreeMap::new();
            for (number, snapshot) in &record.snapshots {
                let code = load(snapshot.module)?;
                let (heap, stable) = (open("snapshot-heap", *number)?, open("snapshot-stable", *number)?);
                stored.insert(*number, Stored { code, heap, stable });
            }
            for hash in record.chunks_held() {
                let bytes = self.read(&blob_path(&hash))?.unwrap_or_default();
                state.blobs.insert(hash, Arc::new(bytes));
            }
            state.ready.extend(record.inbox.iter().map(|_| record.id));
            let canister = Canister { code, stored, ..Canister::new(record, heap, stable) };
            state.canisters.insert(canister.record.id, canister);
        }
        self.sweep(&state);
        Ok(Some(state))
    }

    /// Reads back what is known of ingress messages: answered, being worked on, waiting.
    pub(crate) fn load_ingress(&mut self, state: &mut State) -> io::Result<Intake> {
        let now = state.network.time;
        self.answers = Some(Answers::load(&self.dir, &mut state.history, now)?);
        let mut open: Vec<(Principal, Principal, Origin)> = Vec::new();
        let request = |r: &Request, to| (r.sender, to, r.origin.clone());
        for (id, canister) in &state.canisters {
            let contexts = canister.record.contexts.values().filter(|c| !c.answered);
            open.extend(contexts.map(|c| (c.sender, *id, c.origin.clone())));
            open.extend(canister.record.inbox.iter().filter_map(|input| match input {
                Input::Request(r) => Some(request(r, *id)),
                _ => None,
            }));
        }
        let management = Principal::management_canister();
        open.extend(state.network.stopping.iter().map(|s| request(&s.request, management)));
        open.extend(state.network.management.iter().map(|r| request(r, management)));
        for (sender, receiver, origin) in open {
            if let Origin::Ingress(id) = origin {
                state.history.add(id, sender, receiver, now, Progress::Processing);
            }
        }
        let intake = Intake::new(&self.dir);
        state.ingress = intake.load(&mut state.history)?.into();
        Ok(intake)
    }

    /// Removes files that nothing refers to: leftovers of changes that were cut short before their record.
    fn sweep(&self, state: &State) {
        let mut wanted: HashSet<PathBuf> = HashSet::new();
        for canister in state.canisters.values() {
            let copies = canister.stored.values().flat_map(|s| [&s.heap, &s.stable]);
            let files = [&canister.heap, &canister.stable].into_iter().chain(copies);
            wanted.extend(files.filter_map(|file| file.path()).map(Path::to_owned));
            wanted.extend(canister.record.chunks_held().map(|hash| self.dir.join(blob_path(&hash))));
            let codes = canister.code.iter().chain(canister.stored.values().map(|s| &s.code));
            for hash in codes.map(|code| code.hash) {
                for kind in ["wasm", "compiled"] {
                    wanted.insert(self.dir.join(format!("modules/{}.{kind}", hex::encode(hash))));
                }
            }
        }
        for sub in ["memory", "modules", "blobs"] {
            let Ok(list) = std::fs::read_dir(self.dir.join(sub)) else { continue };
            for entry in list.flatten().filter(|e| !wanted.contains(&e.path())) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Stores a chunk, before the record that refers to it.
    pub(crate) fn store_blob(&self, hash: &Hash, bytes: &[u8]) -> io::Result<()> {
        self.write(&blob_path(hash), bytes)
    }

    /// Makes one change: pages, the records of the named canisters (or their removal), the network's record, what
    /// became of ingress messages.
    pub(crate) fn commit(
        &mut self,
        state: &mut State,
        changed: &[Principal],
        heap: Option<(&PageFile, &[DirtyRun<'_>])>,
        stable: Option<(&PageFile, &[DirtyRun<'_>])>,
    ) -> io::Result<()> {
        let (news, now) = (state.history.news(), state.network.time);
        let noted = self.answers.as_mut().map(|log| log.note(&mut state.history, &news, now));
        let mut changes = Vec::new();
        for (file, runs) in [heap, stable].into_iter().flatten() {
            let path = file.path().and_then(|p| p.strip_prefix(&self.dir).ok()).unwrap_or(Path::new(""));
            let path = path.to_string_lossy();
            changes.extend(
                runs.iter().map(|r| Change { path: path.to_string(), what: What::At(r.offset, r.bytes) }),
            );
        }
        let mut records = Vec::new();
        for id in changed {
            let record = state.canisters.get(id).map(|c| encode(&c.record));
            records.push((format!("canisters/{id}"), record));
        }
        records.push(("network".into(), Some(encode(&state.network))));
        for (path, record) in &records {
            let what = match record {
                Some(bytes) => What::Whole(bytes),
                None => What::Remove,
            };
            changes.push(Change { path: path.clone(), what });
        }
        changes.extend(noted.iter().flat_map(Noted::changes));
        self.journal.commit(&changes)
    }
}

fn memory_path(id: Principal, kind: &str, number: u64) -> String {
    format!("memory/{id}.{kind}.{number}")
}

fn blob_path(hash: &Hash) -> String {
    format!("blobs/{}", hex::encode(hash))
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail, and every record is plain data.
    if let Err(e) = ciborium::into_writer(value, &mut bytes) {
        unreachable!("a record cannot be encoded: {e}");
    }
    bytes
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    ciborium::from_reader(bytes).map_err(|e| e.to_string())
}

/// The directory, for one process.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing does not do: a process that is being started has the file until it runs its own program.
        let _ = rustix::fs::flock(&self.0, rustix::fs::FlockOperation::Unlock);
    }
}

fn take_lock(dir: &Path) -> Result<Lock, Error> {
    let path = dir.join("lock");
    let fail = || Error::io(format!("cannot lock {}", path.display()));
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(fail())?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            return Err(Error::StateInUse { dir: dir.to_owned(), pid: text.trim().parse().unwrap_or(0) });
        }
        Err(e) => return Err(fail()(e.into())),
    }
    file.set_len(0).map_err(fail())?;
    file.rewind().map_err(fail())?;
    write!(file, "{}", std::process::id()).map_err(fail())?;
    Ok(Lock(file))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_lock_ends_though_a_child_inherited_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let lock = take_lock(dir.path()).unwrap();
        let inherited = lock.0.try_clone().unwrap();
        assert!(matches!(take_lock(dir.path()), Err(Error::StateInUse { .. })));
        drop(lock);
        take_lock(dir.path()).unwrap();
        drop(inherited);
    }
}
