//! `install_code`: install, reinstall and upgrade, each one atomic step.

use super::chunks::store_error;
use super::{Call, Outcome};
use crate::exec::{self, Effects, Entry, Finished, Globals, Host, Job, Kind, Message};
use crate::memory::{HeapMapping, PAGE, PageFile, StableMapping};
use crate::reject::{CanisterError, ErrorCode, Reject};
use crate::state::State;
use crate::state::canister::{ChangeKind, Mode};
use crate::state::message::{Context, Origin};
use crate::wasm::Code;
use candid::Principal;
use management_types as types;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use types::{CanisterInstallMode, WasmMemoryPersistence};

/// Instructions for compiling one instruction of the module.
const COMPILING: u64 = 6_000;
const STABLE_BUDGET: u64 = (8 << 30) / PAGE;

/// An installation in progress: what the entry points so far have made of the canister.
struct Work {
    id: Principal,
    code: Arc<Code>,
    arg: Arc<Vec<u8>>,
    heap: Arc<HeapMapping>,
    stable: Option<StableMapping>,
    globals: Option<Arc<Globals>>,
    effects: Vec<Effects>,
    /// Instructions of all its entry points together, and what is left of them.
    limit: u64,
    left: u64,
    /// Cycles set aside for all of it.
    prepaid: u128,
    timer: u64,
}

impl Call<'_> {
    pub(super) fn install_code(&mut self) -> Outcome {
        let args: types::InstallCodeArgs = self.arg()?;
        self.version = args.sender_canister_version;
        self.controls(args.canister_id)?;
        self.install(args.canister_id, args.mode, &args.wasm_module, args.arg)
    }

    pub(super) fn install_chunked_code(&mut self) -> Outcome {
        let args: types::InstallChunkedCodeArgs = self.arg()?;
        self.version = args.sender_canister_version;
        self.controls(args.target_canister)?;
        let store = args.store_canister.unwrap_or(args.target_canister);
        if store != self.request.sender {
            self.controls(store)?;
        }
        let module = self.assemble(store, &args.chunk_hashes_list)?;
        let hash = Sha256::digest(&module);
        if hash[..] != args.wasm_module_hash[..] {
            return Err(store_error(format!(
                "Wasm module hash {} does not match given hash {}",
                hex::encode(hash),
                hex::encode(&args.wasm_module_hash)
            )));
        }
        self.install(args.target_canister, args.mode, &module, args.arg)
    }

    fn install(&mut self, id: Principal, mode: CanisterInstallMode, wasm: &[u8], arg: Vec<u8>) -> Outcome {
        let code = self
            .instance
            .codes
            .compile(wasm)
            .map_err(|e| CanisterError::InvalidWasm(e.to_string()).reject(id))?;
        let installed = self.instance.read().canister(id)?.code.is_some();
        let (mode, flags) = match mode {
            CanisterInstallMode::Install if installed => {
                return Err(Reject::new(
                    ErrorCode::CanisterNonEmpty,
                    format!(
                        "Canister {id} cannot be installed because the canister is not empty. Try installing with mode='reinstall' instead."
                    ),
                ));
            }
            CanisterInstallMode::Install => (Mode::Install, None),
            CanisterInstallMode::Reinstall => (Mode::Reinstall, None),
            CanisterInstallMode::Upgrade(_) if !installed => {
                return Err(CanisterError::NoModule.reject(id));
            }
            CanisterInstallMode::Upgrade(flags) => (Mode::Upgrade, flags),
        };
        let flags = flags.unwrap_or_default();
        let keep_heap = self.keeps_heap(id, mode, &code, flags.wasm_memory_persistence)?;
        let mut work = self.prepare(id, code, arg)?;
        let result = self.steps(&mut work, mode, flags.skip_pre_upgrade == Some(true), keep_heap);
        let fees = self.instance.read().fees_of(id);
        let cost = fees.executing(work.limit - work.left, work.code.info.memory64);
        self.change(|state| state.charge(id, cost));
        let files = match result {
            Ok(files) => files,
            Err(error) => {
                self.executor.drop_memories(id);
                self.sweep(id);
                let log = work.effects.into_iter().flat_map(|e| e.log).collect();
                self.change(|state| state.canister_mut(id).map(|c| c.record.add_log(log)))?;
                return Err(error.reject(id));
            }
        };
        self.finish(work, mode, files);
        self.reply(())
    }

    /// Whether an upgrade keeps the heap. Only modules made for that may, and those are never replaced without saying.
    fn keeps_heap(
        &self,
        id: Principal,
        mode: Mode,
        new: &Code,
        asked: Option<WasmMemoryPersistence>,
    ) -> Result<bool, Reject> {
        if mode != Mode::Upgrade {
            return Ok(false);
        }
        let persists = |code: &Code| code.info.metadata.contains_key("enhanced-orthogonal-persistence");
        let wrong = match asked {
            Some(WasmMemoryPersistence::Keep) if persists(new) => return Ok(true),
            Some(WasmMemoryPersistence::Keep) => {
                "Invalid upgrade option: The `wasm_memory_persistence: opt Keep` upgrade option requires that the \
                 new canister module supports enhanced orthogonal persistence."
            }
            None if self.instance.read().canister(id)?.code.as_deref().is_some_and(persists) => {
                "Missing upgrade option: Enhanced orthogonal persistence requires the `wasm_memory_persistence` \
                 upgrade option."
            }
            _ => return Ok(false),
        };
        Err(CanisterError::UpgradeOption(wrong).reject(id))
    }

    fn prepare(&mut self, id: Principal, code: Arc<Code>, arg: Vec<u8>) -> Result<Work, Reject> {
        let state = self.instance.read();
        let canister = state.canister(id)?;
        let record = &canister.record;
        let limit = state.limits_of(id).install;
        let prepaid = state.fees_of(id).executing(limit, code.info.memory64);
        state.afford(id, prepaid)?;
        let compiling = code.info.instructions.saturating_mul(COMPILING);
        let left =
            limit.checked_sub(compiling).ok_or_else(|| CanisterError::InstructionLimit(limit).reject(id))?;
        let heap = self
            .executor
            .heap(id, &canister.heap, record.heap_size)
            .map_err(|e| crate::net::execute::broken(&e).reject(id))?;
        let stable = self.executor.stable(id, &canister.stable, record.stable_pages);
        Ok(Work {
            id,
            code,
            arg: Arc::new(arg),
            heap,
            stable: Some(stable),
            globals: Some(record.globals.clone()),
            effects: Vec::new(),
            limit,
            left,
            prepaid,
            timer: record.timer,
        })
    }

    /// Runs the entry points of the installation. Returns files that replace the canister's.
    fn steps(
        &mut self,
        work: &mut Work,
        mode: Mode,
        skip_pre_upgrade: bool,
        keep_heap: bool,
    ) -> Result<NewFiles, CanisterError> {
        let io = |e: std::io::Error| crate::net::execute::broken(&e);
        let old = self.instance.read().canisters.get(&work.id).and_then(|c| c.code.clone());
        let (heap_number, stable_number) = {
            let state = self.instance.read();
            let record = state.canisters.get(&work.id).map(|c| (c.record.heap_file, c.record.stable_file));
            record.unwrap_or_default()
        };
        if let (Mode::Upgrade, Some(old), false) = (mode, &old, skip_pre_upgrade)
            && old.info.has("canister_pre_upgrade")
        {
            let entry = Entry::Export("canister_pre_upgrade".into());
            self.step(work, old, Kind::PreUpgrade, entry)?;
        }
        let mut files = NewFiles::default();
        if mode != Mode::Upgrade {
            let file = self.executor.new_file(work.id, "stable", stable_number + 1).map_err(io)?;
            work.stable = Some(StableMapping::new(file.clone(), 0));
            files.stable = Some((file, stable_number + 1));
        }
        let export = match mode {
            Mode::Upgrade => "canister_post_upgrade",
            Mode::Install | Mode::Reinstall => "canister_init",
        };
        // Timers do not outlive their code.
        work.timer = 0;
        work.globals = None;
        if !keep_heap {
            let file = self.executor.new_file(work.id, "heap", heap_number + 1).map_err(io)?;
            work.heap = Arc::new(HeapMapping::new(file.clone(), 0, true).map_err(io)?);
            files.heap = Some((file, heap_number + 1));
        }
        let code = work.code.clone();
        let entry = if keep_heap { Entry::Keep(export) } else { Entry::Install(export) };
        self.step(work, &code, Kind::Init, entry)?;
        self.check_memory(work)?;
        Ok(files)
    }

    /// Refuses more memory than the settings allow or the canister can pay for.
    fn check_memory(&self, work: &Work) -> Result<(), CanisterError> {
        let state = self.instance.read();
        let canister = state.canisters.get(&work.id).ok_or(CanisterError::NoModule)?;
        let limit = canister.record.settings.wasm_memory_limit;
        if limit != 0 && work.heap.size() > limit {
            return Err(CanisterError::MemoryLimit { size: work.heap.size(), limit });
        }
        let pages = work.stable.as_ref().map_or(0, StableMapping::pages);
        let new = crate::state::canister::size(Some(&work.code), work.heap.size(), pages);
        let bytes = new.saturating_sub(canister.execution_size());
        let cost = state.fees_of(work.id).executing(work.limit - work.left, work.code.info.memory64);
        let needed = state.frozen_with(canister, bytes).saturating_add(cost);
        match needed.saturating_sub(canister.record.cycles) {
            missing if bytes > 0 && missing > 0 => Err(CanisterError::Growth { bytes, missing }),
            _ => Ok(()),
        }
    }

    fn step(&mut self, work: &mut Work, code: &Code, kind: Kind, entry: Entry) -> Result<(), CanisterError> {
        let view = {
            let state = self.instance.read();
            let canister = state.canisters.get(&work.id).ok_or(CanisterError::NoModule)?;
            let mut view = self.instance.view(&state, canister);
            view.balance = view.balance.saturating_sub(work.prepaid);
            if kind == Kind::Init {
                view.version += 1;
            }
            view
        };
        let stable = work.stable.take().ok_or(CanisterError::NoModule)?;
        let message =
            Message { caller: Some(self.request.sender), arg: work.arg.clone(), ..Message::default() };
        let host = Host::new(kind, view, message, stable, work.timer, STABLE_BUDGET);
        let heap = work.heap.clone();
        let job = Job { code, globals: work.globals.as_deref(), heap, host, entry, limit: work.left };
        let mut finished: Finished = exec::run(job);
        self.executor.round_instructions += finished.instructions;
        work.left -= finished.instructions;
        let effects = finished.effects();
        work.timer = effects.timer.unwrap_or(work.timer);
        work.effects.push(effects);
        work.stable = Some(finished.host.stable);
        finished.result.map_err(|error| match error {
            CanisterError::InstructionLimit(_) => CanisterError::InstructionLimit(work.limit),
            other => other,
        })?;
        work.globals = Some(Arc::new(finished.globals));
        Ok(())
    }

    fn finish(&mut self, work: Work, mode: Mode, files: NewFiles) {
        let id = work.id;
        let (sender, by) = (self.request.sender, self.by());
        let heap = work.heap;
        let Some(stable) = work.stable else { return };
        let (size, pages) = (heap.size(), stable.pages());
        self.executor.drop_heap(id);
        let (code, globals, effects, timer) =
            (work.code, work.globals.unwrap_or_default(), work.effects, work.timer);
        let (origin, cycles) = (self.request.origin.clone(), self.request.cycles);
        self.answered = true;
        let mut replaced = Vec::new();
        let gone = &mut replaced;
        self.instance.commit_memories(self.executor, id, &heap, stable, |state: &mut State| {
            let time = state.network.time;
            let Ok(canister) = state.canister_mut(id) else { return };
            if let Some((file, number)) = files.heap {
                gone.push(std::mem::replace(&mut canister.heap, file));
                canister.record.heap_file = number;
            }
            if let Some((file, number)) = files.stable {
                gone.push(std::mem::replace(&mut canister.stable, file));
                canister.record.stable_file = number;
            }
            let record = &mut canister.record;
            record.module = Some(code.hash);
            record.globals = globals;
            (record.heap_size, record.stable_pages) = (size, pages);
            record.timer = timer;
            record.version += 1;
            if mode != Mode::Upgrade {
                record.certified_data.clear();
                record.log.clear();
            }
            record.note(time, by, ChangeKind::Installed(mode, code.hash));
            canister.code = Some(code);
            // Effects belong to a context that nobody waits for.
            for effects in effects {
                let Ok(canister) = state.canister_mut(id) else { return };
                let (context, version) = (canister.record.fresh(), canister.record.version);
                let silent = Context {
                    origin: Origin::System,
                    sender,
                    deadline: 0,
                    available: 0,
                    answered: true,
                    outstanding: 0,
                    instructions: 0,
                };
                canister.record.contexts.insert(context, silent);
                let timer = canister.record.timer;
                state.apply(id, context, effects, None);
                state.close(id, context, None);
                if let Ok(canister) = state.canister_mut(id) {
                    (canister.record.version, canister.record.timer) = (version, timer);
                }
            }
            // In the same step: a restart finds the code installed and the answer, or neither.
            state.answer(&origin, Ok(super::encode(())), cycles);
        });
        self.executor.discard(replaced);
    }

    /// Deletes the files of an installation that failed.
    fn sweep(&self, id: Principal) {
        let numbers = {
            let state = self.instance.read();
            state
                .canisters
                .get(&id)
                .map(|c| (c.record.heap_file, c.record.stable_file, c.heap.path().map(Into::into)))
        };
        let Some((heap, stable, Some(path))) = numbers else { return };
        let path: std::path::PathBuf = path;
        let Some(dir) = path.parent() else { return };
        let _ = std::fs::remove_file(dir.join(format!("{id}.heap.{}", heap + 1)));
        let _ = std::fs::remove_file(dir.join(format!("{id}.stable.{}", stable + 1)));
    }
}

/// Files that replace the canister's, with their numbers.
#[derive(Default)]
struct NewFiles {
    heap: Option<(Arc<PageFile>, u64)>,
    stable: Option<(Arc<PageFile>, u64)>,
}
