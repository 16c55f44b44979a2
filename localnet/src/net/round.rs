//! Rounds: tasks that are due, then messages, until nothing waits or the round is full.

use super::{Executor, Instance};
use crate::Error;
use crate::state::canister::Status;
use crate::state::ingress::{Ingress, Progress};
use crate::state::message::{Input, Origin, Request};
use candid::Principal;
use std::sync::atomic::Ordering;

/// A round ends after this many instructions, once the message that exceeds it is done.
const ROUND_INSTRUCTIONS: u64 = 7_000_000_000;
/// And after this many messages.
const ROUND_MESSAGES: usize = 1_000;

/// What to execute next.
enum Next {
    Input(Principal, Input),
    Ingress(Ingress),
    Management(Request),
}

impl Instance {
    /// Executes one round at the current time. Returns whether something still waits.
    pub(crate) fn round(&self, executor: &mut Executor, ingress_bytes: Option<u64>) -> bool {
        if self.broken.get().is_some() {
            return false;
        }
        executor.round_instructions = 0;
        self.due();
        let mut ingress_left = ingress_bytes.unwrap_or(u64::MAX);
        for turn in 0..ROUND_MESSAGES {
            if executor.round_instructions >= ROUND_INSTRUCTIONS || self.broken.get().is_some() {
                break;
            }
            // What was bound before its execution lives only in memory: a restart finds the inbox as it was.
            let next = self.next(turn, &mut ingress_left);
            match next {
                None => break,
                Some(Next::Input(id, input)) => self.execute(executor, id, input),
                Some(Next::Management(request)) => self.management(executor, request),
                Some(Next::Ingress(ingress)) => self.induct(executor, ingress),
            }
        }
        let mut state = self.state.write();
        let now = state.network.time;
        state.history.forget(now);
        state.busy()
    }

    /// Puts timers and heartbeats that are due into the inboxes.
    fn due(&self) {
        let mut state = self.state.write();
        state.expire_calls();
        state.expire_stops();
        let now = state.network.time;
        let mut due = Vec::new();
        for canister in state.canisters.values() {
            let Some(code) = &canister.code else { continue };
            let record = &canister.record;
            if record.status != Status::Running {
                continue;
            }
            if record.timer != 0 && record.timer <= now {
                due.push((record.id, Input::Timer));
            }
            if code.info.has("canister_heartbeat") {
                due.push((record.id, Input::Heartbeat));
            }
        }
        for (id, input) in due {
            if let Ok(canister) = state.canister_mut(id)
                && matches!(input, Input::Timer)
            {
                canister.record.timer = 0;
            }
            state.push(id, input);
        }
    }

    /// The next thing to execute; canisters' messages, ingress and management take turns.
    fn next(&self, turn: usize, ingress_left: &mut u64) -> Option<Next> {
        let mut state = self.state.write();
        for source in 0..3 {
            match (turn + source) % 3 {
                0 => {
                    while let Some(id) = state.ready.pop_front() {
                        if let Some(input) =
                            state.canister_mut(id).ok().and_then(|c| c.record.inbox.pop_front())
                        {
                            return Some(Next::Input(id, input));
                        }
                    }
                }
                1 => {
                    let bytes = state.ingress.front().map(|m| m.arg.len() as u64);
                    if let Some(bytes) = bytes.filter(|bytes| *bytes <= *ingress_left)
                        && let Some(message) = state.ingress.pop_front()
                    {
                        *ingress_left -= bytes;
                        return Some(Next::Ingress(message));
                    }
                }
                _ => {
                    if let Some(request) = state.network.management.pop_front() {
                        return Some(Next::Management(request));
                    }
                }
            }
        }
        None
    }

    fn induct(&self, executor: &mut Executor, ingress: Ingress) {
        let request = Request {
            origin: Origin::Ingress(ingress.id),
            sender: ingress.sender,
            method: ingress.method,
            arg: ingress.arg,
            cycles: 0,
            deadline: 0,
        };
        self.state.write().history.update(&ingress.id, Progress::Processing);
        if ingress.canister == Principal::management_canister() {
            self.management(executor, request);
        } else {
            self.execute(executor, ingress.canister, Input::Request(request));
        }
    }

    /// Moves the clock and executes one round. Returns whether something still waits.
    pub(crate) fn advance(&self, ingress_bytes: Option<u64>) -> bool {
        let mut executor = self.executor.lock();
        self.guarded(|| self.turn(&mut executor, ingress_bytes)).unwrap_or(false)
    }

    fn turn(&self, executor: &mut Executor, ingress_bytes: Option<u64>) -> bool {
        let wall = if self.live.load(Ordering::SeqCst) { crate::clock::now() } else { 0 };
        {
            let mut state = self.state.write();
            let time = state.network.time.max(wall);
            state.network.time = if time == executor.last_round { time + 1 } else { time };
            executor.last_round = state.network.time;
        }
        self.round(executor, ingress_bytes)
    }

    /// Sets the clock; false if that would be in the past.
    pub(crate) fn set_time(&self, nanos: u64) -> bool {
        let _executor = self.executor.lock();
        let mut state = self.state.write();
        if nanos < state.network.time {
            return false;
        }
        state.network.time = nanos;
        true
    }

    /// Writes everything down and lets go of the state directory: the network has stopped.
    pub(crate) fn close(&self) -> Result<(), Error> {
        let mut executor = self.executor.lock();
        if self.broken.get().is_none() {
            self.commit(&mut executor, |state| {
                let ids: Vec<Principal> = state.canisters.keys().copied().collect();
                state.touched.extend(ids);
            });
        }
        let health = self.health();
        // Requests that are still being answered find a network that takes nothing in any more.
        {
            let _state = self.state.write();
            let _ = self.broken.set("the network has stopped".into());
        }
        self.notify();
        executor.disk = None;
        health
    }

    /// Runs `f` with the executor, between messages.
    pub(crate) fn exclusively<R>(&self, f: impl FnOnce(&Instance, &mut Executor) -> R) -> R {
        let mut executor = self.executor.lock();
        f(self, &mut executor)
    }
}
