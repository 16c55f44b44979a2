//! What is refused before it is executed, by `canister_inspect_message`.
//!
//! A node asks this when a message comes from outside, before the network takes it in: the canister does not pay for what
//! is refused here, not even for its bytes. It guards cycles and nothing else. One node answers, a dishonest one lets
//! everything pass, and calls of canisters never come here: the endpoints check all they have to.
//!
//! The answer is a text without proof, so what a signed caller may mean well is executed and refused with an answer, as
//! long as it costs little. And the node may be behind: of sessions and items only what later state cannot make right
//! counts, whose they are and that they are gone.

use candid::Principal;
use darkroom_api as api;
use darkroom_core::id::{ItemId, SessionId};
use ic_stable_structures::Memory;

use super::{Service, Wire};
use crate::env::{Caller, Ingress};
use crate::idl;

/// The most bytes of an argument of names and numbers.
const NAMES: usize = 4 * 1024;
/// Of a hundred idempotency keys, and of what a gateway passes on.
const LISTS: usize = 16 * 1024;
/// Of why each of the stages of a pipeline failed.
const REASONS: usize = 128 * 1024;

/// Sessions that others may have begun since the state that a node has.
const AHEAD: u64 = 10_000;

/// What there is to know of a method.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It changes nothing, and anybody may ask the whole network for the answer. Of so many bytes at most.
    Query(usize),
    /// It changes something, by names and numbers.
    Update,
    /// It replaces the configuration, as long as that is.
    Configure,
    /// It stores what comes with it, of so many bytes at most.
    Store(usize),
    /// The canister calls it.
    Own,
}

fn kind(method: &str) -> Kind {
    match method {
        "find_uploads" | "http_request" => Kind::Query(LISTS),
        "get_chunk" | "item" | "items" | "limits" | "list_tokens" | "pipelines" | "processors"
        | "session_status" | "usage" => Kind::Query(NAMES),
        "put_assets" | "put_chunk" | "upload_whole" => Kind::Store(usize::MAX),
        "fail_stages" => Kind::Store(REASONS),
        "configure" => Kind::Configure,
        "run_job" | "run_task" => Kind::Own,
        // Of a method that is not there, too: who signs hears that from the network.
        _ => Kind::Update,
    }
}

impl<M: Memory + Clone> Service<M> {
    /// Refuses what costs and cannot succeed, with the error that the endpoint would give. The argument is read only
    /// where what stands before does not refuse.
    ///
    /// # Errors
    /// `forbidden`, `limit` for the bytes of an argument, `session_not_found`, `item_not_found`; of a chunk of many bytes
    /// `chunk_out_of_range`, `chunk_length`.
    pub(crate) fn inspect(&self, message: &Ingress, argument: impl FnOnce() -> Vec<u8>) -> api::Result<()> {
        let Ingress { caller, method, size, .. } = message;
        let (caller, method, kind) = (*caller, method.as_str(), kind(method));
        let forbid = |message: String| Err(api::Error::new(api::code::FORBIDDEN, message));
        match kind {
            Kind::Own if message.is_own() => return Ok(()),
            Kind::Own => return forbid(format!("only the canister itself calls `{method}`")),
            Kind::Query(_) => {}
            _ if caller.principal == Principal::anonymous() => {
                return forbid(format!(
                    "the anonymous principal may not call `{method}`; sign the call with an identity"
                ));
            }
            _ => {}
        }
        let most = match kind {
            Kind::Query(most) | Kind::Store(most) => most,
            Kind::Configure if caller.controller => usize::MAX,
            _ => NAMES,
        };
        if *size > most {
            let shown: String = method.chars().take(64).collect();
            let message = format!("`{shown}` takes an argument of at most {most} bytes; {size} came");
            return Err(api::Error::new(api::code::LIMIT, message));
        }
        match kind {
            Kind::Store(_) => self.inspect_stored(caller, method, *size, argument),
            _ => Ok(()),
        }
    }

    /// Whether the caller may store anything, and what it names is not known to be another's. An argument that is not
    /// plain is left to the endpoint.
    fn inspect_stored(
        &self,
        caller: Caller,
        method: &str,
        size: usize,
        argument: impl FnOnce() -> Vec<u8>,
    ) -> api::Result<()> {
        self.check_uploader(caller)?;
        match method {
            "put_chunk" => match idl::plain::<api::PutChunk>(&argument()) {
                Some(args) => self.inspect_chunk(caller, &args, size > NAMES),
                None => Ok(()),
            },
            "put_assets" => {
                self.inspect_item(caller, idl::plain::<api::PutAssets>(&argument()).map(|args| args.item))
            }
            "fail_stages" => {
                self.inspect_item(caller, idl::plain::<api::FailStages>(&argument()).map(|args| args.item))
            }
            _ => Ok(()),
        }
    }

    fn inspect_chunk(&self, caller: Caller, args: &api::PutChunk, is_large: bool) -> api::Result<()> {
        let (session, begun) = (SessionId(args.session), self.store.sessions_begun());
        let may_be_known_soon = session.0 < begun.saturating_add(AHEAD) || !is_large;
        if session.0 >= begun && may_be_known_soon {
            return Ok(());
        }
        let record = self.own_session(caller, 0, session)?;
        // Of few bytes the answer has a proof.
        if is_large { record.session.check_chunk(args.index, args.bytes.len() as u64).wire() } else { Ok(()) }
    }

    fn inspect_item(&self, caller: Caller, item: Option<String>) -> api::Result<()> {
        match item.and_then(|item| item.parse::<ItemId>().ok()) {
            Some(id) if self.store.items.get(&id.0).wire()?.is_some() => {
                self.own_item(caller, id).map(|_| ())
            }
            _ => Ok(()),
        }
    }
}
