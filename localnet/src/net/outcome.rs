//! What follows from an entry point: calls go out, answers go back, call contexts close.

use crate::exec::{Effects, OutCall, Response};
use crate::reject::{CanisterError, ErrorCode, Reject};
use crate::state::State;
use crate::state::canister::Status;
use crate::state::ingress::Progress;
use crate::state::message::{Answer, Callback, Input, Origin, Refusal, Request};
use candid::Principal;
use std::sync::Arc;

/// The state of the canister's memories after an entry point whose changes are kept.
pub(crate) struct Kept {
    pub(crate) globals: Arc<crate::exec::Globals>,
    pub(crate) heap_size: u64,
    pub(crate) stable_pages: u64,
}

impl State {
    /// Applies the effects of a successful entry point of `context`.
    pub(crate) fn apply(&mut self, id: Principal, context: u64, effects: Effects, kept: Option<Kept>) {
        let time = self.network.time;
        let Ok(canister) = self.canister_mut(id) else { return };
        let record = &mut canister.record;
        if let Some(kept) = kept {
            record.globals = kept.globals;
            record.heap_size = kept.heap_size;
            record.stable_pages = kept.stable_pages;
        }
        record.version += 1;
        if let Some(data) = effects.certified_data {
            record.certified_data = data;
        }
        if let Some(timer) = effects.timer {
            record.timer = timer;
        }
        record.add_log(effects.log);
        let sent: u128 = effects.calls.iter().map(|call| call.cycles + call.fee + call.prepaid).sum();
        record.cycles = record.cycles.saturating_add(effects.accepted).saturating_sub(effects.burned + sent);
        let mut outgoing = Vec::new();
        for call in effects.calls {
            let callback = record.fresh();
            let deadline = call.timeout.map_or(0, |s| time + u64::from(s) * 1_000_000_000);
            record.callbacks.insert(
                callback,
                Callback {
                    context,
                    reply: call.reply,
                    reject: call.reject,
                    cleanup: call.cleanup,
                    deadline,
                    prepaid: call.prepaid,
                    callee: call.callee,
                },
            );
            outgoing.push((callback, deadline, call));
        }
        let mut answer = None;
        if let Some(open) = record.contexts.get_mut(&context) {
            open.outstanding += outgoing.len();
            open.available = open.available.saturating_sub(effects.accepted);
            if let Some(response) = effects.response
                && !open.answered
            {
                open.answered = true;
                let refund = std::mem::take(&mut open.available);
                answer = Some((open.origin.clone(), response, refund));
            }
        }
        for (callback, deadline, call) in outgoing {
            self.send(id, callback, deadline, call);
        }
        self.warn(id);
        if let Some((origin, response, refund)) = answer {
            let answer = match response {
                Response::Reply(bytes) => Ok(bytes),
                Response::Reject(text) => Err(Refusal::by_canister(text)),
            };
            self.answer(&origin, answer, refund);
        }
    }

    /// Closes a context whose work is done; one that was never answered is rejected.
    pub(crate) fn close(&mut self, id: Principal, context: u64, error: Option<CanisterError>) {
        let Ok(canister) = self.canister_mut(id) else { return };
        let Some(open) = canister.record.contexts.get(&context) else { return };
        if open.outstanding > 0 {
            return;
        }
        let Some(open) = canister.record.contexts.remove(&context) else { return };
        if !open.answered {
            let reject = error.unwrap_or(CanisterError::NoReply).reject(id);
            self.answer(&open.origin, Err(reject.into()), open.available);
        }
        self.settle(id);
    }

    /// Lets a stopping canister stop once nothing is open.
    pub(crate) fn settle(&mut self, id: Principal) {
        let Some(canister) = self.canisters.get_mut(&id) else { return };
        if canister.record.status != Status::Stopping || !canister.record.contexts.is_empty() {
            return;
        }
        canister.record.status = Status::Stopped;
        canister.record.version += 1;
        self.touched.insert(id);
        let waiting = std::mem::take(&mut self.network.stopping);
        let (done, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|w| w.canister == id);
        self.network.stopping = rest;
        for waiter in done {
            self.answer(
                &waiter.request.origin,
                Ok(candid::encode_args(()).unwrap_or_default()),
                waiter.request.cycles,
            );
        }
    }

    fn send(&mut self, from: Principal, callback: u64, deadline: u64, call: OutCall) {
        let request = Request {
            origin: Origin::Canister { canister: from, callback },
            sender: from,
            method: call.method,
            arg: Arc::new(call.arg),
            cycles: call.cycles,
            deadline,
        };
        if call.callee == Principal::management_canister() {
            self.network.management.push_back(request);
        } else {
            self.deliver(call.callee, request);
        }
    }

    /// Puts a request into a canister's inbox, or refuses it.
    pub(crate) fn deliver(&mut self, to: Principal, request: Request) {
        let refused = match self.canisters.get(&to) {
            None => Some(Reject::not_found(to)),
            Some(c) => not_running(to, c.record.status).or_else(|| {
                let least = c.record.settings.incoming_cycles;
                (request.sender != to && request.cycles < least).then(|| {
                    let text = format!(
                        "Canister {to} takes calls with at least {least} cycles; {} came",
                        request.cycles
                    );
                    Reject::new(ErrorCode::InsufficientCyclesInCall, text)
                })
            }),
        };
        if let Some(reject) = refused {
            self.answer(&request.origin, Err(reject.into()), request.cycles);
            return;
        }
        self.push(to, Input::Request(request));
    }

    /// Puts something into a canister's inbox.
    pub(crate) fn push(&mut self, to: Principal, input: Input) {
        if let Ok(canister) = self.canister_mut(to) {
            canister.record.inbox.push_back(input);
            self.ready.push_back(to);
        }
    }

    /// Puts the task that a canister wants to run when memory becomes scarce before everything else, if it has.
    pub(crate) fn warn(&mut self, id: Principal) {
        if let Ok(canister) = self.canister_mut(id)
            && canister.memory_ran_low()
        {
            canister.record.inbox.push_front(Input::LowMemory);
            self.ready.push_front(id);
        }
    }

    /// Answers whoever waits, with the cycles that were not accepted.
    pub(crate) fn answer(&mut self, origin: &Origin, answer: Answer, refund: u128) {
        match origin {
            Origin::Ingress(id) => self.history.update(id, Progress::Answered(answer)),
            Origin::Canister { canister, callback } => {
                let known =
                    self.canisters.get(canister).is_some_and(|c| c.record.callbacks.contains_key(callback));
                if known {
                    self.push(*canister, Input::Response { callback: *callback, answer, refund });
                } else if let Ok(canister) = self.canister_mut(*canister) {
                    // The caller gave up waiting, or lost its code: the cycles are still its own.
                    canister.record.receive(refund);
                }
            }
            Origin::System => {}
        }
    }

    /// Rejects the calls whose deadline has passed.
    pub(crate) fn expire_calls(&mut self) {
        let now = self.network.time;
        let mut expired = Vec::new();
        for canister in self.canisters.values_mut() {
            let id = canister.record.id;
            for (callback, call) in &mut canister.record.callbacks {
                if call.deadline != 0 && call.deadline <= now {
                    call.deadline = 0;
                    expired.push((id, *callback, call.callee));
                }
            }
        }
        for (id, callback, callee) in expired {
            let reject =
                Reject::new(ErrorCode::DeadlineExpired, format!("Call to canister {callee} has timed out"));
            self.answer(&Origin::Canister { canister: id, callback }, Err(reject.into()), 0);
        }
    }
}

/// Why a canister takes no requests, if it does not.
pub(crate) fn not_running(id: Principal, status: Status) -> Option<Reject> {
    match status {
        Status::Running => None,
        Status::Stopping => {
            Some(Reject::new(ErrorCode::CanisterStopping, format!("Canister {id} is stopping")))
        }
        Status::Stopped => Some(Reject::new(ErrorCode::CanisterStopped, format!("Canister {id} is stopped"))),
    }
}
