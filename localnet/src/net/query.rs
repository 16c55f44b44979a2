//! Queries: they run on the committed state of a canister, beside updates, and leave nothing behind. Composite
//! queries may call others.

use super::Instance;
use super::execute::broken;
use crate::crypto::certificate;
use crate::exec::{self, Certify, Entry, Finished, Globals, Host, Job, Kind, Message, OutCall, Response};
use crate::memory::{HeapMapping, PAGE, StableMapping};
use crate::reject::{CanisterError, ErrorCode, Reject};
use crate::state::message::{Answer, Refusal};
use crate::wasm::{Code, MethodKind};
use candid::Principal;
use std::collections::VecDeque;
use std::sync::Arc;

const STABLE_BUDGET: u64 = (1 << 30) / PAGE;
/// What each call within a composite query costs besides its execution, and so how many there can be.
const CALL_OVERHEAD: u64 = 50_000_000;
/// How deep composite queries may call each other.
const DEPTH: usize = 6;

/// What a query needs of a canister, taken at one moment.
struct Snapshot {
    code: Arc<Code>,
    globals: Arc<Globals>,
    heap: Arc<HeapMapping>,
    stable: StableMapping,
    view: exec::View,
    timer: u64,
    certify: Certify,
}

/// A call tree: what it may still use.
struct Budget {
    instructions: u64,
    depth: usize,
    /// Why the whole tree fails, if it does.
    failed: Option<Reject>,
}

impl Instance {
    /// Answers a query call.
    pub(crate) fn query(
        &self,
        sender: Principal,
        canister: Principal,
        method: &str,
        arg: Arc<Vec<u8>>,
    ) -> Answer {
        self.query_metered(sender, canister, method, arg).0
    }

    /// Answers a query call and says how many instructions that took, those of the queries that it called included.
    pub(crate) fn query_metered(
        &self,
        sender: Principal,
        canister: Principal,
        method: &str,
        arg: Arc<Vec<u8>>,
    ) -> (Answer, u64) {
        if canister == Principal::management_canister() {
            return (self.management_query(sender, method, &arg).map_err(Refusal::from), 0);
        }
        let limit = self.subnets.of(canister).spec.limits().query;
        let mut budget = Budget { instructions: limit, depth: 0, failed: None };
        let answer = self.query_canister(sender, canister, method, arg, &mut budget);
        (answer, limit - budget.instructions)
    }

    fn query_canister(
        &self,
        sender: Principal,
        id: Principal,
        method: &str,
        arg: Arc<Vec<u8>>,
        budget: &mut Budget,
    ) -> Answer {
        let lock = self.state.read().canister(id).map_err(Refusal::from)?.lock.clone();
        // The committed files stay as they are while this is held. A commit that waits goes before new queries; within
        // a query, which may come back to the same canister, it cannot.
        let _shared = if budget.depth == 0 { lock.read() } else { lock.read_recursive() };
        let mut snapshot = self.snapshot(id).map_err(Refusal::from)?;
        let (kind, export) = match snapshot.code.info.methods.get(method) {
            Some(MethodKind::Query) => (Kind::Query, MethodKind::Query.export(method)),
            Some(MethodKind::CompositeQuery) => {
                (Kind::CompositeQuery, MethodKind::CompositeQuery.export(method))
            }
            _ => {
                return Err(CanisterError::NoMethod(format!("query method '{method}'")).reject(id).into());
            }
        };
        let message = Message { caller: Some(sender), method: method.to_owned(), arg, ..Message::default() };
        // Certified data is for whoever asks the canister itself.
        let certify = (budget.depth == 0).then(|| snapshot.certify.clone());
        let fail = |error: CanisterError| Err(error.reject(id).into());
        let mut finished = match snapshot.run(kind, Entry::Export(export), message.clone(), certify, budget) {
            Ok(finished) => finished,
            Err(error) => return fail(error),
        };
        let mut pending: VecDeque<OutCall> = std::mem::take(&mut finished.host.effects.calls).into();
        let mut response = finished.host.effects.response.take();
        let mut instructions = finished.instructions;
        snapshot.take(finished);
        let mut failure = CanisterError::NoReply;
        // Once there is an answer, nobody waits for the calls that are left.
        while let (None, Some(call)) = (&response, pending.pop_front()) {
            let answer = self.nested(id, &call, budget);
            if let Some(failed) = &budget.failed {
                return Err(failed.clone().into());
            }
            let message = Message { instructions_before: instructions, ..message.clone() };
            match snapshot.call_back(&call, answer, message, budget) {
                Ok(mut finished) => {
                    instructions += finished.instructions;
                    pending.extend(std::mem::take(&mut finished.host.effects.calls));
                    response = finished.host.effects.response.take();
                    snapshot.take(finished);
                }
                Err(error) => failure = error,
            }
        }
        match response {
            Some(Response::Reply(bytes)) => Ok(bytes),
            Some(Response::Reject(text)) => Err(Refusal::by_canister(text)),
            None => fail(failure),
        }
    }

    fn nested(&self, from: Principal, call: &OutCall, budget: &mut Budget) -> Answer {
        budget.instructions = budget.instructions.saturating_sub(CALL_OVERHEAD);
        if budget.instructions == 0 {
            let text =
                format!("Composite query calls of {from} exceeded the limit of a query's instructions");
            budget.failed = Some(Reject::new(ErrorCode::QueryCallGraphTotalInstructionLimitExceeded, text));
            return Err(Refusal::by_canister(String::new()));
        }
        if budget.depth >= DEPTH {
            let text = format!("Composite query call tree of {from} is deeper than {DEPTH} calls");
            budget.failed = Some(Reject::new(ErrorCode::QueryCallGraphTooDeep, text));
            return Err(Refusal::by_canister(String::new()));
        }
        if call.callee == Principal::management_canister() {
            return self.management_query(from, &call.method, &call.arg).map_err(Refusal::from);
        }
        budget.depth += 1;
        let answer = self.query_canister(from, call.callee, &call.method, Arc::new(call.arg.clone()), budget);
        budget.depth -= 1;
        answer
    }

    fn snapshot(&self, id: Principal) -> Result<Snapshot, Reject> {
        let state = self.state.read();
        let canister = state.canister(id)?;
        let record = &canister.record;
        if let Some(reject) = super::outcome::not_running(id, record.status) {
            return Err(reject);
        }
        if record.cycles < state.frozen(canister) {
            return Err(Reject::new(
                ErrorCode::CanisterOutOfCycles,
                format!(
                    "Canister {id} is unable to process query calls because it's frozen. Please top up the canister \
                     with cycles and try again."
                ),
            ));
        }
        let code = canister.code.clone().ok_or_else(|| CanisterError::NoModule.reject(id))?;
        let fail = |e: std::io::Error| broken(&e).reject(id);
        let heap = HeapMapping::new(canister.heap.clone(), record.heap_size, false).map_err(fail)?;
        let stable = StableMapping::new(canister.stable.clone(), record.stable_pages);
        let time = state.network.time;
        let (keys, data) = (self.keys.clone(), record.certified_data.clone());
        Ok(Snapshot {
            code,
            globals: record.globals.clone(),
            heap: Arc::new(heap),
            stable,
            view: self.view(&state, canister),
            timer: record.timer,
            certify: Arc::new(move || certificate::certify_data(&keys, id, &data, time)),
        })
    }

    /// Runs an entry point on the committed state and drops what it changed.
    #[allow(clippy::too_many_arguments, reason = "the parts of one message")]
    pub(crate) fn run_snapshot(
        &self,
        id: Principal,
        kind: Kind,
        entry: Entry,
        sender: Principal,
        method: &str,
        arg: Arc<Vec<u8>>,
        limit: u64,
    ) -> Result<Finished, Reject> {
        let lock = self.state.read().canister(id)?.lock.clone();
        let _shared = lock.read();
        let mut snapshot = self.snapshot(id)?;
        let message = Message { caller: Some(sender), method: method.to_owned(), arg, ..Message::default() };
        let mut budget = Budget { instructions: limit, depth: 0, failed: None };
        Ok(snapshot.execute(kind, entry, message, None, &mut budget))
    }
}

impl Snapshot {
    fn execute(
        &mut self,
        kind: Kind,
        entry: Entry,
        message: Message,
        certify: Option<Certify>,
        budget: &mut Budget,
    ) -> Finished {
        let pages = self.stable.pages();
        let lent = StableMapping::new(self.stable.file().clone(), pages);
        let stable = std::mem::replace(&mut self.stable, lent);
        let mut host = Host::new(kind, self.view.clone(), message, stable, self.timer, STABLE_BUDGET);
        host.certify = certify;
        let job = Job {
            code: &self.code,
            globals: Some(&self.globals),
            heap: self.heap.clone(),
            host,
            entry,
            limit: budget.instructions,
        };
        let finished = exec::run(job);
        budget.instructions -= finished.instructions;
        finished
    }

    fn run(
        &mut self,
        kind: Kind,
        entry: Entry,
        message: Message,
        certify: Option<Certify>,
        budget: &mut Budget,
    ) -> Result<Finished, CanisterError> {
        let mut finished = self.execute(kind, entry, message, certify, budget);
        match std::mem::replace(&mut finished.result, Ok(())) {
            Ok(()) => Ok(finished),
            Err(error) => Err(error),
        }
    }

    /// Keeps the state for the next entry point of the same query.
    fn take(&mut self, finished: Finished) {
        self.globals = Arc::new(finished.globals);
        self.stable = finished.host.stable;
    }

    fn call_back(
        &mut self,
        call: &OutCall,
        answer: Answer,
        mut message: Message,
        budget: &mut Budget,
    ) -> Result<Finished, CanisterError> {
        let (kind, (fun, env)) = match answer {
            Ok(bytes) => {
                message.arg = Arc::new(bytes);
                (Kind::CompositeReply, call.reply)
            }
            Err(refusal) => {
                message.arg = Arc::default();
                message.reject_code = refusal.reject_code;
                message.reject_message = refusal.message;
                (Kind::CompositeReject, call.reject)
            }
        };
        let result = self.run(kind, Entry::Callback(fun, env), message.clone(), None, budget);
        match (result, call.cleanup) {
            (Err(first), Some((fun, env))) => {
                match self.run(Kind::CompositeCleanup, Entry::Callback(fun, env), message, None, budget) {
                    Ok(finished) => {
                        self.take(finished);
                        Err(first)
                    }
                    Err(second) => Err(CanisterError::Cleanup(Box::new(first), Box::new(second))),
                }
            }
            (result, _) => result,
        }
    }
}
