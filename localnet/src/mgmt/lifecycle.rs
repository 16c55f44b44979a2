//! Creating, starting, stopping, emptying and deleting canisters; cycles from outside.

use super::settings::{apply, environment_hash, payable};
use super::{Call, Done, Outcome, controls, encode, invalid};
use crate::cycles::PROVISIONAL_BALANCE;
use crate::net::{Executor, Instance};
use crate::reject::{ErrorCode, Reject};
use crate::state::canister::{Canister, ChangeKind, Record, Settings, Status};
use crate::state::message::{Refusal, Request};
use crate::state::subnets::canister_number;
use crate::state::{State, Stopping};
use candid::Principal;
use management_types as types;
use std::sync::Arc;

/// How long a call of `stop_canister` waits, in nanoseconds.
const STOP_TIMEOUT: u64 = 300 * 1_000_000_000;

impl Call<'_> {
    pub(super) fn create_canister(&mut self) -> Outcome {
        let args: types::CreateCanisterArgs = self.arg()?;
        self.version = args.sender_canister_version;
        let cycles = self.request.cycles;
        let state = self.instance.read();
        let free = state.subnets.iter().nth(self.subnet).is_some_and(|subnet| subnet.spec.is_free());
        let fee = if free { 0 } else { state.fees.create_canister };
        drop(state);
        if cycles < fee {
            return Err(Reject::new(
                ErrorCode::InsufficientCyclesForCreateCanister,
                format!(
                    "Creating a canister requires a fee of {fee} that is deducted from the canister's \
                     initial balance but only {cycles} cycles were received with the create_canister request."
                ),
            ));
        }
        let id = self.create(args.settings, cycles - fee, None)?;
        Ok(Done { reply: encode((types::CanisterIdRecord { canister_id: id },)), refund: 0 })
    }

    pub(super) fn provisional_create(&mut self) -> Outcome {
        let args: types::ProvisionalCreateCanisterWithCyclesArgs = self.arg()?;
        self.version = args.sender_canister_version;
        let cycles = match &args.amount {
            Some(amount) => {
                u128::try_from(&amount.0).map_err(|_| invalid("the amount does not fit into 128 bits"))?
            }
            None => PROVISIONAL_BALANCE,
        };
        let id = self.create(args.settings, cycles, args.specified_id)?;
        self.reply((types::CanisterIdRecord { canister_id: id },))
    }

    fn create(
        &mut self,
        settings: Option<types::CanisterSettings>,
        cycles: u128,
        specified: Option<Principal>,
    ) -> Result<Principal, Reject> {
        let sender = self.request.sender;
        let mut record = Record::new(Principal::management_canister(), Settings::new(vec![sender]), cycles);
        if let Some(settings) = settings {
            apply(&mut record.settings, settings)?;
        }
        let subnet = self.subnet;
        let id = self.change(|state| match specified {
            Some(id) if state.canisters.contains_key(&id) => Err(Reject::new(
                ErrorCode::CanisterIdAlreadyExists,
                format!("Unsuccessful canister creation: canister id {id} already exists."),
            )),
            Some(id) if canister_number(id).is_none() => Err(Reject::new(
                ErrorCode::CanisterNotHostedBySubnet,
                format!("Unsuccessful validation of specified ID: {id} is not a canister id"),
            )),
            Some(id) if state.subnets.allocates(id) => Err(invalid(format!(
                "The `specified_id` {id} is invalid because it belongs to the canister allocation ranges of the \
                 test environment.\nUse a `specified_id` that matches a canister ID on the ICP mainnet and a test \
                 environment that supports canister creation with `specified_id` (e.g., PocketIC)."
            ))),
            Some(id) => Ok(id),
            None => state.next_canister_id(subnet).ok_or_else(|| {
                Reject::new(
                    ErrorCode::SubnetOversubscribed,
                    "Could not create canister. Subnet has surpassed its canister ID allocation.",
                )
            }),
        })?;
        record.id = id;
        let failed = |e: std::io::Error| {
            Reject::new(
                ErrorCode::SubnetOversubscribed,
                format!("cannot create the canister's memories: {e}"),
            )
        };
        let heap = self.executor.new_file(id, "heap", 0).map_err(failed)?;
        let stable = self.executor.new_file(id, "stable", 0).map_err(failed)?;
        let by = self.by();
        self.change(|state| {
            let controllers = record.settings.controllers.to_vec();
            let created = match &record.settings.environment[..] {
                [] => ChangeKind::Created(controllers),
                variables => ChangeKind::CreatedWith(controllers, environment_hash(variables)),
            };
            record.note(state.network.time, by, created);
            record.charged_at = state.network.time;
            state.canisters.insert(id, Canister::new(record, heap, stable));
            if let Err(reject) = payable(state, id, &Settings::new(Vec::new())) {
                state.canisters.remove(&id);
                return Err(reject);
            }
            state.touched.insert(id);
            Ok(id)
        })
    }

    pub(super) fn provisional_top_up(&mut self) -> Outcome {
        let args: types::ProvisionalTopUpCanisterArgs = self.arg()?;
        let amount =
            u128::try_from(&args.amount.0).map_err(|_| invalid("the amount does not fit into 128 bits"))?;
        self.change(|state| state.canister_mut(args.canister_id).map(|c| c.record.receive(amount)))?;
        self.reply(())
    }

    pub(super) fn deposit_cycles(&mut self) -> Outcome {
        let args: types::CanisterIdRecord = self.arg()?;
        let cycles = self.request.cycles;
        self.change(|state| state.canister_mut(args.canister_id).map(|c| c.record.receive(cycles)))?;
        Ok(Done { reply: encode(()), refund: 0 })
    }

    pub(super) fn start_canister(&mut self) -> Outcome {
        let args: types::CanisterIdRecord = self.arg()?;
        self.controls(args.canister_id)?;
        self.change(|state| -> Result<(), Reject> {
            let record = &mut state.canister_mut(args.canister_id)?.record;
            record.status = Status::Running;
            record.version += 1;
            let (cancelled, rest) = std::mem::take(&mut state.network.stopping)
                .into_iter()
                .partition::<Vec<_>, _>(|w| w.canister == args.canister_id);
            state.network.stopping = rest;
            for waiter in cancelled {
                let text = format!("Canister {} has been restarted", args.canister_id);
                let reject = Reject::new(ErrorCode::CanisterStoppingCancelled, text);
                state.answer(&waiter.request.origin, Err(reject.into()), waiter.request.cycles);
            }
            Ok(())
        })?;
        self.reply(())
    }

    pub(super) fn uninstall_code(&mut self) -> Outcome {
        let args: types::UninstallCodeArgs = self.arg()?;
        self.version = args.sender_canister_version;
        self.controls(args.canister_id)?;
        let by = self.by();
        self.instance.empty(self.executor, args.canister_id, by, true)?;
        self.reply(())
    }

    pub(super) fn delete_canister(&mut self) -> Outcome {
        let args: types::CanisterIdRecord = self.arg()?;
        let id = args.canister_id;
        if id == self.request.sender {
            return Err(Reject::new(
                ErrorCode::CanisterInvalidController,
                format!("Canister {id} cannot delete itself."),
            ));
        }
        self.controls(id)?;
        let (stopped, idle) = {
            let state = self.instance.read();
            let record = &state.canister(id)?.record;
            (record.status == Status::Stopped, record.inbox.is_empty())
        };
        if !stopped {
            return Err(Reject::new(
                ErrorCode::CanisterNotStopped,
                format!("Canister {id} must be stopped before it is deleted."),
            ));
        }
        if !idle {
            return Err(Reject::new(
                ErrorCode::CanisterQueueNotEmpty,
                format!(
                    "Canister {id} has messages in its queues and cannot be deleted now. Please retry after some \
                     time."
                ),
            ));
        }
        let by = self.by();
        self.instance.empty(self.executor, id, by, false)?;
        let gone = self.change(|state| {
            let gone = state.canisters.remove(&id);
            state.touched.insert(id);
            state.drop_unused_blobs();
            gone
        });
        let snapshots = gone.into_iter().flat_map(|canister| canister.stored.into_values());
        self.executor.discard(snapshots.flat_map(|s| [s.heap, s.stable]));
        self.reply(())
    }
}

impl Instance {
    /// Takes code and memories away; open calls are rejected.
    /// The commit is the caller's.
    pub(crate) fn empty(
        &self,
        executor: &mut Executor,
        id: Principal,
        by: (Principal, Option<u64>),
        keep: bool,
    ) -> Result<(), Reject> {
        let failed = |e: std::io::Error| {
            Reject::new(
                ErrorCode::SubnetOversubscribed,
                format!("cannot replace the canister's memories: {e}"),
            )
        };
        let (heap_number, stable_number) = {
            let state = self.read();
            let record = &state.canister(id)?.record;
            (record.heap_file + 1, record.stable_file + 1)
        };
        let files = if keep {
            let heap = executor.new_file(id, "heap", heap_number).map_err(failed)?;
            Some((heap, executor.new_file(id, "stable", stable_number).map_err(failed)?))
        } else {
            None
        };
        executor.drop_memories(id);
        let mut state = self.state.write();
        let old = {
            let time = state.network.time;
            let canister = state.canister_mut(id)?;
            let old = [canister.heap.clone(), canister.stable.clone()];
            canister.code = None;
            if let Some((heap, stable)) = files {
                (canister.heap, canister.stable) = (heap, stable);
            }
            let record = &mut canister.record;
            record.module = None;
            record.globals = Arc::default();
            (record.heap_size, record.heap_file) = (0, heap_number);
            (record.stable_pages, record.stable_file) = (0, stable_number);
            record.certified_data.clear();
            record.timer = 0;
            record.chunks.clear();
            record.log.clear();
            record.version += 1;
            let callbacks = std::mem::take(&mut record.callbacks);
            record.receive(callbacks.values().map(|callback| callback.prepaid).sum());
            let open = std::mem::take(&mut record.contexts);
            record.note(time, by, ChangeKind::Uninstalled);
            for context in open.into_values().filter(|c| !c.answered) {
                let reject =
                    Reject::new(ErrorCode::CanisterRejectedMessage, "Canister has been uninstalled.");
                state.answer(&context.origin, Err(reject.into()), context.available);
            }
            state.settle(id);
            state.drop_unused_blobs();
            old
        };
        drop(state);
        executor.discard(old);
        Ok(())
    }

    /// `stop_canister`: answered when nothing is open any more.
    pub(super) fn stop_canister(&self, executor: &mut Executor, request: Request) {
        self.commit(executor, |state| {
            let target = super::decode::<types::CanisterIdRecord>(&request.arg).and_then(|args| {
                controls(state, request.sender, args.canister_id).map(|()| args.canister_id)
            });
            let id = match target {
                Ok(id) => id,
                Err(reject) => {
                    state.answer(&request.origin, Err(reject.into()), request.cycles);
                    return;
                }
            };
            let Ok(canister) = state.canister_mut(id) else { return };
            canister.record.version += 1;
            if canister.record.status == Status::Stopped {
                state.answer(&request.origin, Ok(encode(())), request.cycles);
                return;
            }
            canister.record.status = Status::Stopping;
            let since = state.network.time;
            state.network.stopping.push(Stopping { canister: id, request, since });
            state.settle(id);
        });
    }
}

impl State {
    /// Rejects the calls of `stop_canister` that waited too long.
    pub(crate) fn expire_stops(&mut self) {
        let now = self.network.time;
        let (late, rest) = std::mem::take(&mut self.network.stopping)
            .into_iter()
            .partition::<Vec<_>, _>(|w| w.since.saturating_add(STOP_TIMEOUT) <= now);
        self.network.stopping = rest;
        for waiter in late {
            let reject =
                Reject::new(ErrorCode::StopCanisterRequestTimeout, "Stop canister request timed out");
            self.answer(&waiter.request.origin, Err(Refusal::from(reject)), waiter.request.cycles);
        }
    }
}
