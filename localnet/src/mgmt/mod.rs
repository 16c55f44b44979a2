//! The management canister: who may call what, and where each method is.

mod chunks;
mod info;
mod install;
mod lifecycle;
mod settings;

use crate::memory::PageFile;
use crate::net::{Executor, Instance};
use crate::reject::{ErrorCode, Reject};
use crate::state::State;
use crate::state::message::Request;
use candid::utils::ArgumentEncoder;
use candid::{CandidType, Principal};
use ic_management_canister_types as types;
use rand::RngCore;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// What a method gives: a reply, with cycles that were not used.
pub(crate) struct Done {
    pub(crate) reply: Vec<u8>,
    pub(crate) refund: u128,
}

type Outcome = Result<Done, Reject>;

/// A call being served.
struct Call<'a> {
    instance: &'a Instance,
    executor: &'a mut Executor,
    request: &'a Request,
    /// Whether a commit has carried the answer already.
    answered: bool,
    /// Files that go once the change is committed.
    replaced: Vec<Arc<PageFile>>,
}

impl Instance {
    /// Serves one request to the management canister.
    pub(crate) fn management(&self, executor: &mut Executor, request: Request) {
        if request.method == "stop_canister" {
            self.stop_canister(executor, request);
            return;
        }
        let mut call =
            Call { instance: self, executor, request: &request, answered: false, replaced: Vec::new() };
        let outcome = call.dispatch();
        let (answered, replaced) = (call.answered, call.replaced);
        if !answered {
            self.commit(executor, |state| match outcome {
                Ok(done) => state.answer(&request.origin, Ok(done.reply), done.refund),
                Err(reject) => state.answer(&request.origin, Err(reject.into()), request.cycles),
            });
        }
        lifecycle::remove_files(&replaced);
    }

    /// Serves a query call to the management canister.
    pub(crate) fn management_query(
        &self,
        sender: Principal,
        method: &str,
        arg: &[u8],
    ) -> Result<Vec<u8>, Reject> {
        let state = self.read();
        match method {
            "fetch_canister_logs" => info::logs(&state, sender, decode(arg)?),
            "canister_status" => info::status(&state, sender, decode(arg)?),
            _ => Err(unknown(method)),
        }
    }
}

impl Call<'_> {
    fn dispatch(&mut self) -> Outcome {
        match self.request.method.as_str() {
            "create_canister" => self.create_canister(),
            "provisional_create_canister_with_cycles" => self.provisional_create(),
            "provisional_top_up_canister" => self.provisional_top_up(),
            "deposit_cycles" => self.deposit_cycles(),
            "install_code" => self.install_code(),
            "install_chunked_code" => self.install_chunked_code(),
            "upload_chunk" => self.upload_chunk(),
            "clear_chunk_store" => self.clear_chunk_store(),
            "stored_chunks" => self.stored_chunks(),
            "uninstall_code" => self.uninstall_code(),
            "start_canister" => self.start_canister(),
            "delete_canister" => self.delete_canister(),
            "update_settings" => self.update_settings(),
            "canister_status" => {
                let reply = info::status(&self.instance.read(), self.request.sender, self.arg()?)?;
                self.done(reply)
            }
            "canister_info" => {
                let reply = info::info(&self.instance.read(), self.arg()?)?;
                self.done(reply)
            }
            "canister_metadata" => {
                let reply = info::metadata(&self.instance.read(), self.request.sender, self.arg()?)?;
                self.done(reply)
            }
            "raw_rand" => {
                let mut bytes = vec![0; 32];
                rand::rng().fill_bytes(&mut bytes);
                self.reply((bytes,))
            }
            method => Err(unknown(method)),
        }
    }

    /// The argument, decoded.
    fn arg<T: CandidType + DeserializeOwned>(&self) -> Result<T, Reject> {
        decode(&self.request.arg)
    }

    /// A reply; cycles go back.
    fn reply(&self, values: impl ArgumentEncoder) -> Outcome {
        self.done(encode(values))
    }

    fn done(&self, reply: Vec<u8>) -> Outcome {
        Ok(Done { reply, refund: self.request.cycles })
    }

    /// Changes the state; the commit follows with the answer.
    fn change<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.instance.state.write())
    }

    /// Refuses callers that do not control `canister`.
    fn controls(&self, canister: Principal) -> Result<(), Reject> {
        controls(&self.instance.read(), self.request.sender, canister)
    }
}

fn controls(state: &State, sender: Principal, canister: Principal) -> Result<(), Reject> {
    if state.canister(canister)?.record.controlled_by(sender) {
        return Ok(());
    }
    Err(Reject::new(
        ErrorCode::CanisterInvalidController,
        format!("Only controllers of canister {canister} can call this method: {sender} is none of them"),
    ))
}

fn decode<T: CandidType + DeserializeOwned>(bytes: &[u8]) -> Result<T, Reject> {
    let mut config = candid::DecoderConfig::new();
    config.set_skipping_quota(10_000).set_decoding_quota(bytes.len() * 8 + 100_000);
    candid::utils::decode_one_with_config(bytes, &config)
        .map_err(|e| Reject::new(ErrorCode::InvalidManagementPayload, format!("Error decoding candid: {e}")))
}

fn encode(values: impl ArgumentEncoder) -> Vec<u8> {
    candid::encode_args(values).unwrap_or_else(|e| unreachable!("plain data: {e}"))
}

fn unknown(method: &str) -> Reject {
    Reject::new(
        ErrorCode::UnknownManagementMessage,
        format!("Management canister has no method '{method}' on this development network"),
    )
}

fn number(value: &candid::Nat, what: &str) -> Result<u64, Reject> {
    u64::try_from(&value.0).map_err(|_| invalid(format!("{what} does not fit into 64 bits: {value}")))
}

fn invalid(text: impl Into<String>) -> Reject {
    Reject::new(ErrorCode::InvalidManagementPayload, text)
}

/// The effective canister id of a management call: the canister that its argument names.
pub(crate) fn effective_canister(method: &str, arg: &[u8]) -> Option<Principal> {
    #[derive(CandidType, serde::Deserialize)]
    struct Target {
        target_canister: Principal,
    }
    if method == "install_chunked_code" {
        return candid::decode_one::<Target>(arg).ok().map(|t| t.target_canister);
    }
    candid::decode_one::<types::CanisterIdRecord>(arg).ok().map(|r| r.canister_id)
}
