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
        self.due(executor);
        let ingress_bytes = ingress_bytes.unwrap_or(u64::MAX);
        let mut ingress_left = ingress_bytes;
        let first = std::mem::take(&mut executor.turn);
        for turn in first..first + ROUND_MESSAGES {
            if executor.round_instructions >= ROUND_INSTRUCTIONS || self.broken.get().is_some() {
                // Who did not get a turn has the first one in the next round: a heartbeat that takes whole rounds
                // must not keep everything else out.
                executor.turn = turn % 3;
                break;
            }
            // What was bound before its execution lives only in memory: a restart finds the inbox as it was.
            let next = self.next(turn, &mut ingress_left, ingress_bytes);
            match next {
                None => break,
                Some(Next::Input(id, input)) => self.execute(executor, id, input),
                Some(Next::Management(request)) => self.management(executor, request, None),
                Some(Next::Ingress(ingress)) => self.induct(executor, ingress),
            }
        }
        self.state.read().busy()
    }

    /// Ends what has waited too long and puts timers and heartbeats that are due into the inboxes.
    fn due(&self, executor: &mut Executor) {
        let broke = self.state.write().charge_holding();
        for id in broke {
            // What a canister cannot pay for any more is taken from it.
            let by = (Principal::management_canister(), None);
            if let Err(e) = self.empty(executor, id, by, true) {
                eprintln!("darkroom-localnet: {id} could not be uninstalled: {}", e.message);
            }
            self.commit(executor, |_| ());
        }
        let mut state = self.state.write();
        state.expire_calls();
        state.expire_stops();
        let now = state.network.time;
        // Before this round's answers: the clock may have leapt, and nobody has seen them yet.
        state.history.forget(now);
        let mut due = Vec::new();
        for canister in state.canisters.values() {
            let Some(code) = &canister.code else { continue };
            let record = &canister.record;
            if record.status != Status::Running {
                continue;
            }
            let waits = record.inbox.iter().any(|input| matches!(input, Input::Timer));
            if record.timer != 0 && record.timer <= now && !waits {
                due.push((record.id, Input::Timer));
            }
            // One that waits is enough.
            let waits = || record.inbox.iter().any(|input| matches!(input, Input::Heartbeat));
            if code.info.has("canister_heartbeat") && !waits() {
                due.push((record.id, Input::Heartbeat));
            }
        }
        for (id, input) in due {
            state.push(id, input);
        }
    }

    /// The next thing to execute; canisters' messages, ingress and management take turns.
    fn next(&self, turn: usize, ingress_left: &mut u64, ingress_bytes: u64) -> Option<Next> {
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
                    let bytes = state.ingress.front().map(|m| (m.arg.len() + m.method.len()) as u64);
                    // A message larger than a whole round has one to itself.
                    let fits = |bytes: &u64| *bytes <= *ingress_left || *ingress_left == ingress_bytes;
                    if let Some(bytes) = bytes.filter(fits)
                        && let Some(message) = state.ingress.pop_front()
                    {
                        *ingress_left = ingress_left.saturating_sub(bytes);
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
        {
            let mut state = self.state.write();
            state.history.update(&ingress.id, Progress::Processing);
            if let Some((payer, fee)) = state.induction(&ingress) {
                state.charge(payer, fee);
            }
        }
        let request = Request {
            origin: Origin::Ingress(ingress.id),
            sender: ingress.sender,
            method: ingress.method,
            arg: ingress.arg,
            cycles: 0,
            deadline: 0,
        };
        if ingress.canister == Principal::management_canister() {
            self.management(executor, request, ingress.effective);
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
        let mut executor = self.executor.lock();
        self.commit(&mut executor, |state| {
            let future = nanos >= state.network.time;
            if future {
                state.network.time = nanos;
            }
            future
        })
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::net::{Setup, Submit};
    use management_types as types;
    use std::sync::Arc;

    /// Replies with the time and the number of the call.
    const CLOCK: &str = r#"(module
      (import "ic0" "msg_reply" (func $reply))
      (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
      (import "ic0" "time" (func $time (result i64)))
      (memory 1)
      (func $at
        (i64.store (i32.const 0) (call $time))
        (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1)))
        (call $append (i32.const 0) (i32.const 16))
        (call $reply))
      (export "canister_update at" (func $at)))"#;

    fn send(net: &Instance, n: u8, canister: Principal, method: &str, arg: Vec<u8>) -> [u8; 32] {
        let (id, sender) = ([n; 32], Principal::anonymous());
        let message =
            Submit { id, sender, canister, effective: None, method: method.into(), arg: Arc::new(arg) };
        net.submit(message).unwrap();
        id
    }

    fn reply(net: &Instance, id: [u8; 32]) -> Vec<u8> {
        net.outcome(&id).unwrap().unwrap()
    }

    #[test]
    fn a_round_takes_its_bytes_in_order_and_starves_nobody() {
        let net = Instance::start(Setup::default()).unwrap();
        let management = Principal::management_canister();
        let arg = types::ProvisionalCreateCanisterWithCyclesArgs {
            amount: None,
            settings: None,
            specified_id: None,
            sender_canister_version: None,
        };
        let made = send(
            &net,
            101,
            management,
            "provisional_create_canister_with_cycles",
            candid::encode_one(arg).unwrap(),
        );
        net.advance(None);
        let id = candid::decode_one::<types::CanisterIdRecord>(&reply(&net, made)).unwrap().canister_id;
        let arg = types::InstallCodeArgs {
            mode: types::CanisterInstallMode::Install,
            canister_id: id,
            wasm_module: wat::parse_str(CLOCK).unwrap(),
            arg: Vec::new(),
            sender_canister_version: None,
        };
        send(&net, 102, management, "install_code", candid::encode_one(arg).unwrap());
        net.advance(None);
        // Two bytes of each message are the name of the method.
        let sizes = [398, 398, 398, 5_000, 10, 398];
        let sent: Vec<_> =
            (0u8..).zip(sizes).map(|(n, size)| send(&net, n, id, "at", vec![0; size])).collect();
        let mut rounds = Vec::new();
        while net.advance(Some(1_000)) || rounds.is_empty() {
            rounds.push(sent.iter().filter(|id| net.outcome(id).is_some()).count());
        }
        assert_eq!(rounds, [2, 3, 4]);
        let replies: Vec<Vec<u8>> = sent.iter().map(|id| reply(&net, *id)).collect();
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
        let numbers: Vec<u64> = replies.iter().map(|r| word(&r[8..])).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6], "in the order of their arrival");
        let times: Vec<u64> = replies.iter().map(|r| word(&r[..8])).collect();
        let groups: Vec<usize> = times.chunk_by(|a, b| a == b).map(<[u64]>::len).collect();
        assert_eq!(groups, [2, 1, 1, 2], "one time a round");
        assert!(times.is_sorted());
    }
}
