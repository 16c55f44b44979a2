//! The management canister: who may call what, and where each method is.

mod chunks;
mod info;
mod ingress;
mod install;
mod lifecycle;
mod settings;
mod snapshots;

use crate::net::{Executor, Instance};
use crate::reject::{ErrorCode, Reject};
use crate::state::State;
use crate::state::message::Request;
use candid::utils::ArgumentEncoder;
use candid::{CandidType, Principal};
use rand::RngCore;
use serde::de::DeserializeOwned;

pub(crate) use ingress::{accept, effective_canister};

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
    /// Position of the subnet that serves it.
    subnet: usize,
    /// The sender's version, if it is a canister that said so.
    version: Option<u64>,
    /// Whether a commit has carried the answer already.
    answered: bool,
}

impl Instance {
    /// Serves one request to the management canister: that of the effective canister or subnet if there is one,
    /// else of the sender's subnet.
    pub(crate) fn management(&self, executor: &mut Executor, request: Request, effective: Option<Principal>) {
        if request.method == "stop_canister" {
            self.stop_canister(executor, request);
            return;
        }
        let named = |id| self.subnets.position(id).or_else(|| self.subnets.holder(id));
        let subnet = named(effective.unwrap_or(request.sender)).unwrap_or_else(|| self.subnets.default());
        let mut call =
            Call { instance: self, executor, request: &request, subnet, version: None, answered: false };
        let outcome = call.dispatch();
        if !call.answered {
            self.commit(executor, |state| match outcome {
                Ok(done) => state.answer(&request.origin, Ok(done.reply), done.refund),
                Err(reject) => state.answer(&request.origin, Err(reject.into()), request.cycles),
            });
        }
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
            "canister_info" => info::info(&state, decode(arg)?),
            _ => Err(Reject::new(
                ErrorCode::CanisterMethodNotFound,
                format!("Query method {method} not found."),
            )),
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
            "take_canister_snapshot" => self.take_canister_snapshot(),
            "load_canister_snapshot" => self.load_canister_snapshot(),
            "list_canister_snapshots" => self.list_canister_snapshots(),
            "delete_canister_snapshot" => self.delete_canister_snapshot(),
            "fetch_canister_logs" => {
                let reply = info::logs(&self.instance.read(), self.request.sender, self.arg()?)?;
                self.done(reply)
            }
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

    /// Who makes a change, for the history.
    fn by(&self) -> (Principal, Option<u64>) {
        (self.request.sender, self.version)
    }

    /// Refuses callers that do not control `canister`.
    fn controls(&self, canister: Principal) -> Result<(), Reject> {
        controls(&self.instance.read(), self.request.sender, canister)
    }
}

fn controls(state: &State, sender: Principal, canister: Principal) -> Result<(), Reject> {
    let record = &state.canister(canister)?.record;
    if record.controlled_by(sender) {
        return Ok(());
    }
    let controllers: Vec<String> = record.settings.controllers.iter().map(Principal::to_text).collect();
    Err(Reject::new(
        ErrorCode::CanisterInvalidController,
        format!(
            "Only the controllers of the canister {canister} can control it.\nCanister's controllers: {}\n\
             Sender's ID: {sender}",
            controllers.join(" ")
        ),
    ))
}

fn decode<T: CandidType + DeserializeOwned>(bytes: &[u8]) -> Result<T, Reject> {
    decode_with(bytes, 10_000).map_err(|e| invalid(format!("Error decoding candid: {e}")))
}

/// Decodes a part of what may be a large record; candid counts a skipped byte up to 200 times.
fn decode_loosely<T: CandidType + DeserializeOwned>(bytes: &[u8]) -> Result<T, candid::Error> {
    decode_with(bytes, bytes.len() * 200 + 10_000)
}

fn decode_with<T: CandidType + DeserializeOwned>(bytes: &[u8], skipped: usize) -> Result<T, candid::Error> {
    let mut config = candid::DecoderConfig::new();
    config.set_skipping_quota(skipped).set_decoding_quota(bytes.len() * 8 + 100_000 + skipped);
    // The full message repeats the argument.
    config.set_full_error_message(false);
    candid::utils::decode_one_with_config(bytes, &config)
}

fn encode(values: impl ArgumentEncoder) -> Vec<u8> {
    candid::encode_args(values).unwrap_or_else(|e| unreachable!("plain data: {e}"))
}

fn unknown(method: &str) -> Reject {
    if ingress::known(method) {
        return Reject::new(
            ErrorCode::UnknownManagementMessage,
            format!("Management canister has no method '{method}' on this development network"),
        );
    }
    Reject::new(ErrorCode::CanisterMethodNotFound, format!("Management canister has no method '{method}'"))
}

fn invalid(text: impl Into<String>) -> Reject {
    Reject::new(ErrorCode::InvalidManagementPayload, text)
}
