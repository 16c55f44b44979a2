//! Taking ingress messages in: what is refused at once, and what becomes of the rest.

use super::Instance;
use crate::exec::Kind;
use crate::mgmt;
use crate::reject::{CanisterError, ErrorCode, Reject};
use crate::state::ingress::{Ingress, Progress};
use crate::state::message::Answer;
use crate::state::{Hash, State};
use crate::wasm::MethodKind;
use candid::Principal;
use std::sync::Arc;

/// Messages that may wait at a time.
const QUEUE: usize = 10_000;

/// An ingress message as it arrives, authenticated.
#[derive(Debug)]
pub(crate) struct Submit {
    pub(crate) id: Hash,
    pub(crate) sender: Principal,
    pub(crate) canister: Principal,
    /// The canister or subnet that a management call is about.
    pub(crate) effective: Option<Principal>,
    pub(crate) method: String,
    pub(crate) arg: Arc<Vec<u8>>,
}

impl Instance {
    /// Takes a message in, or says why not. A message known already is taken to be the same one again.
    pub(crate) fn submit(&self, message: Submit) -> Result<(), Reject> {
        self.working()?;
        if self.state.read().history.get(&message.id).is_some() {
            return Ok(());
        }
        let ingress = Ingress {
            id: message.id,
            sender: message.sender,
            canister: message.canister,
            effective: message.effective,
            method: message.method,
            arg: message.arg,
        };
        if ingress.canister == Principal::management_canister() {
            crate::mgmt::accept(&self.read(), ingress.sender, &ingress.method, &ingress.arg)?;
        } else {
            self.inspect(&ingress)?;
        }
        let (now, waiting) = {
            let state = self.state.read();
            // Settings may be what keeps a canister frozen.
            let charged = state.induction(&ingress).filter(|_| ingress.method != "update_settings");
            if let Some((payer, fee)) = charged {
                state.afford(payer, fee)?;
            }
            (state.network.time, state.ingress.len())
        };
        if waiting >= QUEUE {
            return Err(Reject::new(ErrorCode::IngressHistoryFull, "too many messages wait already"));
        }
        // Nothing is acknowledged that a restart would not find.
        if let Some(Err(e)) = self.intake.as_ref().map(|intake| intake.keep(&ingress, now)) {
            let text = format!("the network cannot keep the message: {e}");
            return Err(Reject::new(ErrorCode::CertifiedStateUnavailable, text));
        }
        let mut state = self.state.write();
        let id = ingress.id;
        if let Err(stopped) = self.working() {
            self.intake.as_ref().inspect(|intake| intake.drop(&id));
            return Err(stopped);
        }
        if state.history.add(id, ingress.sender, ingress.canister, now, Progress::Received) {
            state.ingress.push_back(ingress);
        } else if let (Some(intake), Some(Progress::Processing | Progress::Answered(_))) =
            (&self.intake, state.history.get(&id).map(|entry| &entry.progress))
        {
            // The same message came twice at once, and the other one is executed already.
            intake.drop(&id);
        }
        drop(state);
        self.wake();
        Ok(())
    }

    /// Refuses if nothing can be executed any more.
    fn working(&self) -> Result<(), Reject> {
        match self.broken.get() {
            Some(why) => Err(Reject::new(ErrorCode::CertifiedStateUnavailable, why.clone())),
            None => Ok(()),
        }
    }

    /// Asks the canister whether it wants the message.
    fn inspect(&self, message: &Ingress) -> Result<(), Reject> {
        let exports = {
            let state = self.state.read();
            let canister = state.canister(message.canister)?;
            let Some(code) = &canister.code else {
                return Err(CanisterError::NoModule.reject(message.canister));
            };
            if code.info.methods.get(&message.method) == Some(&MethodKind::CompositeQuery) {
                return Err(Reject::new(
                    ErrorCode::CompositeQueryCalledInReplicatedMode,
                    format!("Composite query {:?} cannot be called in replicated mode", message.method),
                ));
            }
            code.info.has("canister_inspect_message")
        };
        if !exports {
            return Ok(());
        }
        let refused = |why: &str| {
            let text = format!("Canister {} rejected the message{why}", message.canister);
            Reject::new(ErrorCode::CanisterRejectedMessage, text)
        };
        let ran = self.run_snapshot(
            message.canister,
            Kind::Inspect,
            crate::exec::Entry::Export("canister_inspect_message".into()),
            message.sender,
            &message.method,
            message.arg.clone(),
            200_000_000,
        )?;
        match ran.result {
            Ok(()) if ran.host.effects.ingress_accepted => Ok(()),
            Ok(()) => Err(refused("")),
            Err(error) => Err(error.reject(message.canister)),
        }
    }

    /// What became of a message, once it is answered.
    pub(crate) fn outcome(&self, id: &Hash) -> Option<Answer> {
        match &self.state.read().history.get(id)?.progress {
            Progress::Answered(answer) => Some(answer.clone()),
            _ => None,
        }
    }
}

impl State {
    /// Who pays for a message to be taken in, and how much.
    pub(crate) fn induction(&self, message: &Ingress) -> Option<(Principal, u128)> {
        let payer = if message.canister != Principal::management_canister() {
            message.canister
        } else if message.method.starts_with("provisional_") {
            return None;
        } else {
            mgmt::effective_canister(&message.method, &message.arg).ok()?
        };
        Some((payer, self.fees_of(payer).ingress(message.method.len() + message.arg.len())))
    }
}
