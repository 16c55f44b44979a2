//! The canister's surroundings: clock, caller, rights and identity. Nothing else reads them.
#![allow(clippy::disallowed_methods, reason = "this is the one place that reads clock and caller")]

use candid::Principal;

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    ic_cdk::api::time()
}

/// Who made this call.
pub(crate) fn caller() -> Caller {
    let principal = ic_cdk::api::msg_caller();
    Caller { principal, controller: ic_cdk::api::is_controller(&principal) }
}

/// The canister itself.
pub(crate) fn this() -> Principal {
    ic_cdk::api::canister_self()
}

/// A caller, with the rights that the platform gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Its principal.
    pub(crate) principal: Principal,
    /// Whether it controls this canister.
    pub(crate) controller: bool,
}

impl Caller {
    /// Its principal's bytes, by which owners are stored.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.principal.as_slice()
    }
}
