//! Messages between canisters, their call contexts and callbacks.

use super::Hash;
use crate::reject::Reject;
use candid::Principal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Who waits for the answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// The sender of an ingress message.
    Ingress(Hash),
    /// A callback of a canister.
    Canister { canister: Principal, callback: u64 },
    /// Nobody: a timer or a heartbeat.
    System,
}

/// A request to a canister or to the management canister.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) origin: Origin,
    pub(crate) sender: Principal,
    pub(crate) method: String,
    #[serde(with = "shared_bytes")]
    pub(crate) arg: Arc<Vec<u8>>,
    pub(crate) cycles: u128,
    /// Nanoseconds since 1970; 0 for none.
    pub(crate) deadline: u64,
}

/// The answer to a request.
pub(crate) type Answer = Result<Vec<u8>, Refusal>;

/// A reject as the caller sees it. Where the canister itself rejected, the text is its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) reject_code: u32,
    pub(crate) message: String,
    pub(crate) code: crate::reject::ErrorCode,
}

impl From<Reject> for Refusal {
    fn from(r: Reject) -> Refusal {
        Refusal { reject_code: r.reject_code(), message: r.message, code: r.code }
    }
}

impl Refusal {
    /// A canister called `ic0.msg_reject`.
    pub(crate) fn by_canister(message: String) -> Refusal {
        Refusal { reject_code: 4, message, code: crate::reject::ErrorCode::CanisterRejectedMessage }
    }
}

/// Something that waits in a canister's inbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Input {
    Request(Request),
    Response { callback: u64, answer: Answer, refund: u128 },
    Timer,
    Heartbeat,
    LowMemory,
}

/// A request being worked on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Context {
    pub(crate) origin: Origin,
    pub(crate) sender: Principal,
    pub(crate) deadline: u64,
    /// Cycles not accepted yet.
    pub(crate) available: u128,
    pub(crate) answered: bool,
    /// Calls whose callbacks have not run.
    pub(crate) outstanding: usize,
    /// Instructions of all entry points so far.
    pub(crate) instructions: u64,
}

/// What to run when a call is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Callback {
    pub(crate) context: u64,
    pub(crate) reply: (u32, u64),
    pub(crate) reject: (u32, u64),
    pub(crate) cleanup: Option<(u32, u64)>,
    pub(crate) deadline: u64,
    /// Cycles for the response and the callback; what is left of them comes back.
    #[serde(default)]
    pub(crate) prepaid: u128,
    /// The callee, for messages to people.
    pub(crate) callee: Principal,
}

/// Serialises shared bytes as bytes.
pub(super) mod shared_bytes {
    use serde::{Deserializer, Serializer};
    use std::sync::Arc;

    pub(in crate::state) fn serialize<S: Serializer>(bytes: &Arc<Vec<u8>>, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(bytes)
    }

    pub(in crate::state) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Arc<Vec<u8>>, D::Error> {
        serde_bytes::deserialize::<Vec<u8>, D>(d).map(Arc::new)
    }
}
