//! Executing one message of a canister: the entry point runs without any lock on the state, and what it did is
//! committed or undone as a whole.

use super::outcome::{Kept, not_running};
use super::{Executor, Instance};
use crate::exec::{self, Entry, Finished, Host, Job, Kind, LogLine, Message};
use crate::memory::{HeapMapping, PAGE};
use crate::reject::{CanisterError, ErrorCode, Reject};
use crate::state::State;
use crate::state::canister::Status;
use crate::state::message::{Answer, Callback, Context, Input, Origin, Request};
use crate::wasm::MethodKind;
use candid::Principal;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

const TIMER: &str = "canister_global_timer";
/// The system function that hears of memory running out.
pub(crate) const LOW_MEMORY: &str = "canister_on_low_wasm_memory";
/// Pages of stable memory that one message may change, 2 GiB.
pub(crate) const STABLE_BUDGET: u64 = (2 << 30) / PAGE;

/// An entry point that ran.
pub(crate) struct Ran {
    pub(crate) heap: Arc<HeapMapping>,
    pub(crate) finished: Finished,
}

impl Instance {
    /// Executes one input of a canister.
    pub(crate) fn execute(&self, executor: &mut Executor, id: Principal, input: Input) {
        match input {
            Input::Request(request) => self.request(executor, id, request),
            Input::Response { callback, answer, refund } => {
                self.response(executor, id, callback, answer, refund)
            }
            Input::Timer => self.task(executor, id, TIMER),
            Input::Heartbeat => self.task(executor, id, "canister_heartbeat"),
            Input::LowMemory => self.task(executor, id, LOW_MEMORY),
        }
    }

    fn request(&self, executor: &mut Executor, id: Principal, request: Request) {
        let (kind, prepaid) = match self.entry_kind(id, &request.method) {
            Ok(found) => found,
            Err(reject) => {
                self.commit(executor, |state| {
                    state.answer(&request.origin, Err(reject.into()), request.cycles)
                });
                return;
            }
        };
        let export = match kind {
            Kind::Update => MethodKind::Update,
            _ => MethodKind::Query,
        }
        .export(&request.method);
        let message = Message {
            caller: Some(request.sender),
            method: request.method.clone(),
            arg: request.arg.clone(),
            deadline: request.deadline,
            available: request.cycles,
            prepaid,
            ..Message::default()
        };
        let context = Context {
            origin: request.origin,
            sender: request.sender,
            deadline: request.deadline,
            available: request.cycles,
            answered: false,
            outstanding: 0,
            instructions: 0,
        };
        let context = self.open(id, context);
        self.first(executor, id, context, kind, Entry::Export(export), message);
    }

    /// How a method is to be called as an update, and the cycles that are set aside for it.
    fn entry_kind(&self, id: Principal, method: &str) -> Result<(Kind, u128), Reject> {
        let state = self.state.read();
        let canister = state.canister(id)?;
        if let Some(reject) = not_running(id, canister.record.status) {
            return Err(reject);
        }
        let code = canister.code.as_ref().ok_or_else(|| CanisterError::NoModule.reject(id))?;
        let kind = match code.info.methods.get(method) {
            Some(MethodKind::Update) => Kind::Update,
            Some(MethodKind::Query) => Kind::ReplicatedQuery,
            Some(MethodKind::CompositeQuery) => {
                return Err(Reject::new(
                    ErrorCode::CompositeQueryCalledInReplicatedMode,
                    format!(
                        "Composite query {method:?} of canister {id} cannot be called in replicated mode"
                    ),
                ));
            }
            None => return Err(CanisterError::NoMethod(format!("update method '{method}'")).reject(id)),
        };
        let limit = canister.record.settings.wasm_memory_limit;
        if kind == Kind::Update && limit != 0 && canister.record.heap_size > limit {
            return Err(CanisterError::MemoryLimit { size: canister.record.heap_size, limit }.reject(id));
        }
        let prepaid = state.prepaid(id, code.info.memory64);
        state.afford(id, prepaid)?;
        Ok((kind, prepaid))
    }

    fn task(&self, executor: &mut Executor, id: Principal, export: &str) {
        let prepaid = {
            let state = self.state.read();
            let running = state.canisters.get(&id).filter(|c| c.record.status == Status::Running);
            let code = running.and_then(|canister| canister.code.as_ref());
            let Some(code) = code.filter(|code| code.info.has(export)) else { return };
            state.prepaid(id, code.info.memory64)
        };
        // A frozen canister's tasks do not run, and nobody waits for them. Its timer stays set.
        if self.state.read().afford(id, prepaid).is_err() {
            return;
        }
        if let (TIMER, Ok(canister)) = (export, self.state.write().canister_mut(id)) {
            canister.record.timer = 0;
        }
        let context = Context {
            origin: Origin::System,
            sender: Principal::management_canister(),
            deadline: 0,
            available: 0,
            answered: true,
            outstanding: 0,
            instructions: 0,
        };
        let context = self.open(id, context);
        let message = Message {
            caller: Some(Principal::management_canister()),
            answered: true,
            prepaid,
            ..Message::default()
        };
        self.first(executor, id, context, Kind::System, Entry::Export(export.to_owned()), message);
    }

    fn open(&self, id: Principal, context: Context) -> u64 {
        let mut state = self.state.write();
        let Ok(canister) = state.canister_mut(id) else { return 0 };
        let number = canister.record.fresh();
        canister.record.contexts.insert(number, context);
        number
    }

    /// Runs the first entry point of a context.
    fn first(
        &self,
        executor: &mut Executor,
        id: Principal,
        context: u64,
        kind: Kind,
        entry: Entry,
        message: Message,
    ) {
        if let Err(failed) = self.attempt(executor, id, context, kind, entry, message, None) {
            self.commit(executor, |state| failed.record(state, id, context));
        }
    }

    fn response(&self, executor: &mut Executor, id: Principal, callback: u64, answer: Answer, refund: u128) {
        let taken = {
            let mut state = self.state.write();
            let bytes = match &answer {
                Ok(bytes) => bytes.len(),
                Err(refusal) => refusal.message.len(),
            };
            take_callback(&mut state, id, callback, refund, bytes)
        };
        let Some((callback, open, prepaid)) = taken else { return };
        let (kind, (fun, env)) = match answer {
            Ok(_) => (Kind::Reply, callback.reply),
            Err(_) => (Kind::Reject, callback.reject),
        };
        let mut message = Message {
            caller: Some(open.sender),
            deadline: open.deadline,
            available: open.available,
            refunded: refund,
            answered: open.answered,
            instructions_before: open.instructions,
            prepaid,
            ..Message::default()
        };
        match answer {
            Ok(bytes) => message.arg = Arc::new(bytes),
            Err(refusal) => {
                message.reject_code = refusal.reject_code;
                message.reject_message = refusal.message;
            }
        }
        let context = callback.context;
        let entry = Entry::Callback(fun, env);
        let Err(mut failed) = self.attempt(executor, id, context, kind, entry, message.clone(), None) else {
            return;
        };
        if let Some((fun, env)) = callback.cleanup {
            let first = failed.error.clone();
            // Not a commit: a restart between the two entry points must find neither.
            failed.log(&mut self.state.write(), id, context);
            let entry = Entry::Callback(fun, env);
            match self.attempt(executor, id, context, Kind::Cleanup, entry, message, Some(first.clone())) {
                Ok(()) => return,
                Err(second) => {
                    let both = CanisterError::Cleanup(Box::new(first), Box::new(second.error));
                    failed = Failed { error: both, ..second };
                }
            }
        }
        self.commit(executor, |state| failed.record(state, id, context));
    }

    /// Runs an entry point of the canister as it is committed now.
    pub(crate) fn run(
        &self,
        executor: &mut Executor,
        id: Principal,
        kind: Kind,
        entry: Entry,
        message: Message,
        limit: u64,
    ) -> io::Result<Ran> {
        let (code, globals, heap, host) = {
            let state = self.state.read();
            let canister = state.canisters.get(&id).ok_or(io::ErrorKind::NotFound)?;
            let record = &canister.record;
            let code = canister.code.clone().ok_or(io::ErrorKind::NotFound)?;
            let heap = executor.heap(id, &canister.heap, record.heap_size)?;
            let stable = executor.stable(id, &canister.stable, record.stable_pages);
            let mut view = self.view(&state, canister);
            view.balance = view.balance.saturating_sub(message.prepaid);
            let host = Host::new(kind, view, message, stable, record.timer, STABLE_BUDGET);
            (code, record.globals.clone(), heap, host)
        };
        let job = Job { code: &code, globals: Some(&globals), heap: heap.clone(), host, entry, limit };
        let finished = exec::run(job);
        executor.round_instructions += finished.instructions;
        Ok(Ran { heap, finished })
    }

    /// Runs an entry point and commits what it did; if it fails, nothing is changed. A context that this ends is
    /// closed, with `earlier` as the reason if it was never answered.
    #[allow(clippy::too_many_arguments, reason = "one entry point of one context, all of it needed")]
    fn attempt(
        &self,
        executor: &mut Executor,
        id: Principal,
        context: u64,
        kind: Kind,
        entry: Entry,
        message: Message,
        earlier: Option<CanisterError>,
    ) -> Result<(), Failed> {
        let limit = self.subnets.of(id).spec.limits().message;
        let Ran { heap, mut finished } = match self.run(executor, id, kind, entry, message, limit) {
            Ok(ran) => ran,
            Err(e) => return Err(Failed { error: broken(&e), instructions: None, log: VecDeque::new() }),
        };
        let mut effects = finished.effects();
        let instructions = finished.instructions;
        let stable = finished.host.stable;
        if let Err(error) = finished.result {
            if let CanisterError::Trapped(code) = &error {
                let text = format!("[TRAP]: {code}").into_bytes();
                effects.log.push_back(LogLine { time: finished.host.view.time, text });
            }
            self.rollback(executor, id, &heap, stable);
            return Err(Failed {
                error,
                instructions: Some(instructions),
                log: std::mem::take(&mut effects.log),
            });
        }
        let kept = Kept {
            globals: Arc::new(finished.globals),
            heap_size: heap.size(),
            stable_pages: stable.pages(),
        };
        let change = |state: &mut State, kept| {
            count(state, id, context, instructions);
            state.apply(id, context, effects, kept);
            state.close(id, context, earlier);
        };
        if kind == Kind::ReplicatedQuery {
            self.rollback(executor, id, &heap, stable);
            self.commit(executor, |state| change(state, None));
        } else {
            self.commit_memories(executor, id, &heap, stable, |state| change(state, Some(kept)));
        }
        Ok(())
    }
}

/// An entry point that failed: what is left of it.
struct Failed {
    error: CanisterError,
    /// What is not charged yet.
    instructions: Option<u64>,
    log: VecDeque<LogLine>,
}

impl Failed {
    /// Notes the failure and closes the context if nothing else is open in it.
    fn record(mut self, state: &mut State, id: Principal, context: u64) {
        self.log(state, id, context);
        state.close(id, context, Some(self.error));
    }

    /// Instructions and log lines count although the rest is undone.
    fn log(&mut self, state: &mut State, id: Principal, context: u64) {
        if let Some(instructions) = self.instructions.take() {
            count(state, id, context, instructions);
        }
        if let Ok(canister) = state.canister_mut(id) {
            canister.record.add_log(std::mem::take(&mut self.log));
        }
    }
}

/// Counts an execution's instructions for its context, and takes what they cost.
fn count(state: &mut State, id: Principal, context: u64, instructions: u64) {
    let memory64 = state
        .canisters
        .get(&id)
        .is_some_and(|canister| canister.code.as_ref().is_some_and(|code| code.info.memory64));
    state.charge(id, state.fees_of(id).executing(instructions, memory64));
    if let Ok(canister) = state.canister_mut(id)
        && let Some(open) = canister.record.contexts.get_mut(&context)
    {
        open.instructions += instructions;
    }
}

fn take_callback(
    state: &mut State,
    id: Principal,
    callback: u64,
    refund: u128,
    bytes: usize,
) -> Option<(Callback, Context, u128)> {
    let fees = state.fees_of(id);
    let limits = state.limits_of(id);
    let canister = state.canister_mut(id).ok()?;
    let memory64 = canister.code.as_ref().is_some_and(|code| code.info.memory64);
    let record = &mut canister.record;
    record.receive(refund);
    let callback = record.callbacks.remove(&callback)?;
    // The response is paid for from what was prepaid; the execution is charged when it is done.
    record.receive(callback.prepaid.saturating_sub(fees.response(bytes)));
    let open = record.contexts.get_mut(&callback.context)?;
    open.outstanding = open.outstanding.saturating_sub(1);
    Some((callback, open.clone(), fees.executing(limits.message, memory64)))
}

/// The machine itself failed, not the canister.
pub(crate) fn broken(error: &io::Error) -> CanisterError {
    CanisterError::Trapped(format!("the network cannot run the canister: {error}"))
}
