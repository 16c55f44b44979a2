//! The canister's surroundings: clock, caller, rights, identity and randomness. Nothing else reads them.
#![allow(clippy::disallowed_methods, reason = "this is the one place that reads clock, caller and counters")]

use candid::Principal;

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    ic_cdk::api::time()
}

/// Instructions that this message has taken so far.
pub(crate) fn instructions() -> u64 {
    ic_cdk::api::performance_counter(0)
}

/// What the platform says of the message that is being executed.
pub(crate) fn message() -> Message {
    Message { caller: caller(), now: now(), liquid_cycles: ic_cdk::api::canister_liquid_cycle_balance() }
}

/// What the canister has.
pub(crate) fn platform() -> Platform {
    #[cfg(target_arch = "wasm32")]
    let heap_pages = core::arch::wasm32::memory_size(0) as u64;
    #[cfg(not(target_arch = "wasm32"))]
    let heap_pages = 0;
    Platform {
        now: now(),
        cycles: ic_cdk::api::canister_cycle_balance(),
        liquid_cycles: ic_cdk::api::canister_liquid_cycle_balance(),
        heap_bytes: heap_pages * PAGE,
        stable_bytes: ic_cdk::stable::stable_size() * PAGE,
    }
}

/// Who made this call.
pub(crate) fn caller() -> Caller {
    let principal = ic_cdk::api::msg_caller();
    Caller { principal, controller: ic_cdk::api::is_controller(&principal) }
}

/// The message that a node asks about before the network takes it in.
pub(crate) fn ingress() -> Ingress {
    Ingress {
        caller: caller(),
        canister: this(),
        method: ic_cdk::api::msg_method_name(),
        size: ic0::msg_arg_data_size(),
    }
}

/// The argument of the message, as it came.
pub(crate) fn argument() -> Vec<u8> {
    ic_cdk::api::msg_arg_data()
}

/// Has the network take the message in.
pub(crate) fn accept() {
    ic_cdk::api::accept_message();
}

/// The canister itself.
pub(crate) fn this() -> Principal {
    ic_cdk::api::canister_self()
}

/// Has the network certify a hash from the end of this message on.
pub(crate) fn certify(root: &[u8; 32]) {
    ic_cdk::api::certified_data_set(root);
}

/// Changes with each upgrade, and with each message that changes anything.
pub(crate) fn version() -> u64 {
    ic_cdk::api::canister_version()
}

/// Has the timer go off at a time, in nanoseconds since 1970; never at 0.
pub(crate) fn wake_at(time: u64) {
    ic_cdk::api::global_timer_set(time);
}

/// The network's certificate of that hash; there is one in a query only.
pub(crate) fn certificate() -> Option<Vec<u8>> {
    ic_cdk::api::data_certificate()
}

/// Bytes of a page, of either memory.
const PAGE: u64 = 65_536;

/// What the platform says of the canister.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Platform {
    /// Nanoseconds since 1970.
    pub(crate) now: u64,
    pub(crate) cycles: u128,
    /// Cycles above the freezing threshold.
    pub(crate) liquid_cycles: u128,
    pub(crate) heap_bytes: u64,
    pub(crate) stable_bytes: u64,
}

/// The surroundings of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    /// Who made the call.
    pub(crate) caller: Caller,
    /// Nanoseconds since 1970.
    pub(crate) now: u64,
    /// Cycles above the freezing threshold.
    pub(crate) liquid_cycles: u128,
}

/// A message from outside that is not taken in yet.
#[derive(Clone, Debug)]
pub(crate) struct Ingress {
    /// Who has sent it.
    pub(crate) caller: Caller,
    /// This canister.
    pub(crate) canister: Principal,
    /// What it calls.
    pub(crate) method: String,
    /// Bytes of its argument.
    pub(crate) size: usize,
}

impl Ingress {
    /// Whether the canister calls itself.
    pub(crate) fn is_own(&self) -> bool {
        self.caller.principal == self.canister
    }
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
