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
                disk.commit(state, &changed, heap, stable)?;
            }
            None => {
                state.history.news();
                for (file, runs) in memories.into_iter().flatten() {
                    for run in runs {
                        file.write_at(run.offset, run.bytes)?;
                    }
                }
            }
        }
        executor.delete_discarded();
        Ok(())
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
        let mut state = self.state.write();
        if let Ok(canister) = state.canister_mut(id) {
            canister.record.stable_file = number;
            canister.record.stable_pages = (bytes.len() as u64).div_ceil(crate::memory::WASM_PAGE);
            executor.discard([std::mem::replace(&mut canister.stable, file)]);
        }
        drop(state);
        self.commit(executor, |_| ());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::exec::{Entry, Finished, Host, Job, Kind, Message, run};
    use crate::net::{Setup, Submit};
    use crate::state::canister::{Canister, Record, Settings};

    #[test]
    fn a_fault_stops_the_network_with_a_reason() {
        let instance = Instance::start(Setup::default()).unwrap();
        assert_eq!(instance.guarded(|| 7), Some(7));
        assert!(instance.health().is_ok());
        let mut changes = instance.watch();
        let _executor = instance.executor.lock();
        assert_eq!(instance.guarded(|| -> u8 { panic!("deliberate") }), None);
        // Whoever waits is told.
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        assert!(instance.health().unwrap_err().to_string().contains("incomplete"));
        let message = Submit {
            id: [1; 32],
            sender: Principal::anonymous(),
            canister: Principal::management_canister(),
            effective: None,
            method: "raw_rand".into(),
            arg: Arc::default(),
        };
        assert!(instance.submit(message).unwrap_err().message.contains("deliberate"));
    }

    #[test]
    fn a_fault_during_an_execution_fails_the_message() {
        let instance = Instance::start(Setup::default()).unwrap();
        let wat = r#"(module
          (import "ic0" "data_certificate_size" (func $size (result i32)))
          (memory 1)
          (func (export "canister_query q") (i32.store (i32.const 0) (i32.const 1)) (drop (call $size))))"#;
        let code = instance.codes.compile(&wat::parse_str(wat).unwrap()).unwrap();
        let record = Record::new(Principal::anonymous(), Settings::new(Vec::new()), 0);
        let file = || Arc::new(PageFile::anonymous().unwrap());
        let stable = StableMapping::new(file(), 0);
        let id = record.id;
        let canister = Canister::new(record, file(), file());
        let view = instance.view(&instance.read(), &canister);
        let mut host = Host::new(Kind::Query, view, Message::default(), stable, 0, 0);
        host.certify = Some(Arc::new(|| panic!("deliberate")));
        let heap = Arc::new(HeapMapping::new(file(), 65_536, true).unwrap());
        let entry = Entry::Export("canister_query q".into());
        let job = Job { code: &code, globals: None, heap: heap.clone(), host, entry, limit: 1_000_000 };
        let Finished { result, .. } = run(job);
        let reject = result.unwrap_err().reject(id);
        assert!(reject.message.contains("the network failed at this message: deliberate"), "{reject:?}");
        // The pages that it touched can be dropped like those of any failed message.
        heap.reset().unwrap();
        assert_eq!(heap.dirty_pages(), 0);
    }
}
