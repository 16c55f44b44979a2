//! Creating, starting, stopping, emptying and deleting canisters; cycles from outside.

use super::{Call, Done, Outcome, controls, encode, invalid};
use crate::cycles::{CREATE_CANISTER, PROVISIONAL_BALANCE};
use crate::net::{Executor, Instance};
use crate::reject::{ErrorCode, Reject};
use crate::state::canister::{Canister, ChangeKind, Record, Settings, Status};
use crate::state::message::{Refusal, Request};
use crate::state::{State, Stopping, canister_number};
use candid::Principal;
use ic_management_canister_types as types;
use parking_lot::RwLock;
use std::sync::Arc;

/// How long a call of `stop_canister` waits, in nanoseconds.
const STOP_TIMEOUT: u64 = 300 * 1_000_000_000;

impl Call<'_> {
    pub(super) fn create_canister(&mut self) -> Outcome {
        let args: types::CreateCanisterArgs = self.arg()?;
        let cycles = self.request.cycles;
        if !matches!(self.request.origin, crate::state::message::Origin::Canister { .. }) {
            return Err(Reject::new(
                ErrorCode::CanisterRejectedMessage,
                "create_canister is for canisters; use provisional_create_canister_with_cycles",
            ));
        }
        if cycles < CREATE_CANISTER {
            return Err(Reject::new(
                ErrorCode::InsufficientCyclesForCreateCanister,
                format!(
                    "Creating a canister requires a fee of {CREATE_CANISTER} that is deducted from the attached cycles, which are {cycles}"
                ),
            ));
        }
        let id = self.create(args.settings, cycles - CREATE_CANISTER, None)?;
        Ok(Done { reply: encode((types::CanisterIdRecord { canister_id: id },)), refund: 0 })
    }

    pub(super) fn provisional_create(&mut self) -> Outcome {
        let args: types::ProvisionalCreateCanisterWithCyclesArgs = self.arg()?;
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
            super::settings::apply(&mut record.settings, settings)?;
        }
        let id = self.change(|state| match specified {
            Some(id) if state.canisters.contains_key(&id) => Err(Reject::new(
                ErrorCode::CanisterIdAlreadyExists,
                format!("Canister {id} is already installed"),
            )),
            Some(id) if canister_number(id).is_none() && id.as_slice().len() != 10 => Err(Reject::new(
                ErrorCode::CanisterNotHostedBySubnet,
                format!("{id} is not an id of this network"),
            )),
            Some(id) => Ok(id),
            None => state.next_canister_id().ok_or_else(|| {
                Reject::new(ErrorCode::SubnetOversubscribed, "No more canister ids are available")
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
        self.change(|state| {
            let controllers = record.settings.controllers.to_vec();
            record.note(state.network.time, sender, ChangeKind::Created(controllers));
            let canister = Canister { record, code: None, heap, stable, lock: Arc::new(RwLock::new(())) };
            state.canisters.insert(id, canister);
            state.touched.insert(id);
        });
        Ok(id)
    }

    pub(super) fn provisional_top_up(&mut self) -> Outcome {
        let args: types::ProvisionalTopUpCanisterArgs = self.arg()?;
        let amount =
            u128::try_from(&args.amount.0).map_err(|_| invalid("the amount does not fit into 128 bits"))?;
        self.change(|state| {
            state
                .canister_mut(args.canister_id)
                .map(|c| c.record.cycles = c.record.cycles.saturating_add(amount))
        })?;
        self.reply(())
    }

    pub(super) fn deposit_cycles(&mut self) -> Outcome {
        let args: types::CanisterIdRecord = self.arg()?;
        let cycles = self.request.cycles;
        self.change(|state| state.canister_mut(args.canister_id).map(|c| c.record.cycles += cycles))?;
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
        self.controls(args.canister_id)?;
        self.empty(args.canister_id, true)?;
        self.reply(())
    }

    pub(super) fn delete_canister(&mut self) -> Outcome {
        let args: types::CanisterIdRecord = self.arg()?;
        let id = args.canister_id;
        self.controls(id)?;
        if self.instance.read().canister(id)?.record.status != Status::Stopped {
            return Err(Reject::new(
                ErrorCode::CanisterNotStopped,
                format!("Canister {id} must be stopped before it is deleted"),
            ));
        }
        if id.to_text() == self.request.sender.to_text() {
            return Err(invalid(format!("Canister {id} cannot delete itself")));
        }
        self.empty(id, false)?;
        self.change(|state| {
            state.canisters.remove(&id);
            state.touched.insert(id);
        });
        self.reply(())
    }

    /// Takes code and memories away; open calls are rejected.
    fn empty(&mut self, id: Principal, keep: bool) -> Result<(), Reject> {
        let failed = |e: std::io::Error| {
            Reject::new(
                ErrorCode::SubnetOversubscribed,
                format!("cannot replace the canister's memories: {e}"),
            )
        };
        let (heap_number, stable_number) = {
            let state = self.instance.read();
            let record = &state.canister(id)?.record;
            (record.heap_file + 1, record.stable_file + 1)
        };
        let files = if keep {
            let heap = self.executor.new_file(id, "heap", heap_number).map_err(failed)?;
            Some((heap, self.executor.new_file(id, "stable", stable_number).map_err(failed)?))
        } else {
            None
        };
        self.executor.drop_memories(id);
        let sender = self.request.sender;
        let old = self.change(|state| -> Result<_, Reject> {
            let time = state.network.time;
            let canister = state.canister_mut(id)?;
            let old = (canister.heap.clone(), canister.stable.clone());
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
            record.callbacks.clear();
            let open = std::mem::take(&mut record.contexts);
            record.note(time, sender, ChangeKind::Uninstalled);
            for context in open.into_values().filter(|c| !c.answered) {
                let reject =
                    Reject::new(ErrorCode::CanisterRejectedMessage, "Canister has been uninstalled.");
                state.answer(&context.origin, Err(reject.into()), context.available);
            }
            state.settle(id);
            Ok(old)
        })?;
        self.replaced.extend([old.0, old.1]);
        Ok(())
    }
}

/// Deletes files that no record names any more. If that fails, the next start does it.
pub(super) fn remove_files(files: &[Arc<crate::memory::PageFile>]) {
    for path in files.iter().filter_map(|f| f.path()) {
        let _ = std::fs::remove_file(path);
    }
}

impl Instance {
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
            if canister.record.status == Status::Stopped {
                state.answer(&request.origin, Ok(encode(())), request.cycles);
                return;
            }
            if canister.record.status == Status::Running {
                canister.record.status = Status::Stopping;
                canister.record.version += 1;
            }
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
