//! Making changes last: pages go to their files and records to the state directory, in one step.

use super::{Executor, Instance};
use crate::memory::{DirtyRun, HeapMapping, PageFile, StableMapping};
use crate::state::State;
use candid::Principal;
use std::io;
use std::sync::Arc;

impl Instance {
    /// Applies `change` to the state and commits it with what the canister's memories changed.
    pub(crate) fn commit_memories(
        &self,
        executor: &mut Executor,
        id: Principal,
        heap: &Arc<HeapMapping>,
        mut stable: StableMapping,
        change: impl FnOnce(&mut State),
    ) {
        let lock = self.state.read().canisters.get(&id).map(|c| c.lock.clone());
        // Queries read the files that change now: they finish first, and new ones wait.
        let _exclusive = lock.as_ref().map(|lock| lock.write());
        let mut state = self.state.write();
        change(&mut state);
        let written = heap.with_dirty(|heap_runs| {
            stable.with_dirty(|stable_runs| {
                let memories = [(&**heap.file(), heap_runs), (&**stable.file(), stable_runs)];
                self.write(executor, &mut state, Some(memories))
            })
        });
        let pages = stable.pages();
        let reset = heap.reset().and_then(|()| stable.reset(pages));
        executor.keep_stable(id, stable);
        if let Err(e) = written.and(reset) {
            self.fail(&e);
        }
        drop(state);
        self.notify();
    }

    /// Applies `change` to the state and commits it.
    pub(crate) fn commit<R>(&self, executor: &mut Executor, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.write();
        let result = change(&mut state);
        if let Err(e) = self.write(executor, &mut state, None) {
            self.fail(&e);
        }
        drop(state);
        self.notify();
        result
    }

    fn write(
        &self,
        executor: &mut Executor,
        state: &mut State,
        memories: Option<[(&PageFile, &[DirtyRun<'_>]); 2]>,
    ) -> io::Result<()> {
        let changed: Vec<Principal> = std::mem::take(&mut state.touched).into_iter().collect();
        match &mut executor.disk {
            Some(disk) => {
                let [heap, stable] = memories.map_or([None, None], |[h, s]| [Some(h), Some(s)]);
                disk.commit(state, &changed, heap, stable)
            }
            None => {
                state.history.news();
                for (file, runs) in memories.into_iter().flatten() {
                    for run in runs {
                        file.write_at(run.offset, run.bytes)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Undoes what a failed entry point did to the memories.
    pub(crate) fn rollback(
        &self,
        executor: &mut Executor,
        id: Principal,
        heap: &Arc<HeapMapping>,
        mut stable: StableMapping,
    ) {
        let (size, pages) = {
            let state = self.state.read();
            state.canisters.get(&id).map_or((0, 0), |c| (c.record.heap_size, c.record.stable_pages))
        };
        if heap.size() != size || heap.reset().is_err() {
            executor.drop_heap(id);
        }
        if stable.reset(pages).is_ok() {
            executor.keep_stable(id, stable);
        }
    }

    /// Whether everything could be kept so far.
    pub(crate) fn health(&self) -> Result<(), crate::Error> {
        match self.broken.get() {
            None => Ok(()),
            Some(why) => Err(crate::Error::Io {
                what: "the network's state is incomplete".into(),
                source: io::Error::other(why.clone()),
            }),
        }
    }

    /// Nothing can be kept any more: the network stops executing, and says why to whoever asks.
    fn fail(&self, error: &io::Error) {
        self.stop_for(format!("the network cannot write its state and has stopped: {error}"));
    }

    /// Runs `f`. If that panics, what is in memory may be half a change: the network stops executing, and what is
    /// on disk is the last whole one.
    pub(crate) fn guarded<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        caught
            .map_err(|panic| {
                let why = crate::error::panic_text(&*panic);
                self.stop_for(format!("the network has stopped, by a fault of its own: {why}"));
            })
            .ok()
    }

    fn stop_for(&self, text: String) {
        if self.broken.set(text.clone()).is_ok() {
            eprintln!("darkroom-localnet: {text}");
        }
        self.notify();
    }
}

impl Instance {
    /// Replaces a canister's stable memory from outside.
    pub(crate) fn set_stable_memory(
        &self,
        executor: &mut Executor,
        id: Principal,
        bytes: &[u8],
    ) -> io::Result<()> {
        let number = match self.state.read().canisters.get(&id) {
            Some(canister) => canister.record.stable_file + 1,
            None => return Err(io::Error::new(io::ErrorKind::NotFound, format!("Canister {id} not found"))),
        };
        let file = executor.new_file(id, "stable", number)?;
        file.write_at(0, bytes)?;
        executor.drop_memories(id);
        let old = self.commit(executor, |state| {
            let canister = state.canister_mut(id).ok()?;
            canister.record.stable_file = number;
            canister.record.stable_pages = (bytes.len() as u64).div_ceil(crate::memory::WASM_PAGE);
            Some(std::mem::replace(&mut canister.stable, file))
        });
        if let Some(path) = old.as_ref().and_then(|file| file.path()) {
            // Left behind, it is removed at the next start.
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }
}
