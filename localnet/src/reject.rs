//! Error codes and rejects, as the Internet Computer words them.

use candid::Principal;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($name:ident = $number:literal,)*) => {
        /// Why a message failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[allow(dead_code, reason = "the list is the protocol's, complete")]
        pub(crate) enum ErrorCode { $($name = $number,)* }

        impl ErrorCode {
            /// The name that PocketIC clients know.
            pub(crate) fn name(self) -> &'static str {
                match self { $(ErrorCode::$name => stringify!($name),)* }
            }
        }
    };
}

codes! {
    SubnetOversubscribed = 101,
    MaxNumberOfCanistersReached = 102,
    CanisterQueueFull = 201,
    IngressMessageTimeout = 202,
    CanisterQueueNotEmpty = 203,
    IngressHistoryFull = 204,
    CanisterIdAlreadyExists = 205,
    StopCanisterRequestTimeout = 206,
    CanisterOutOfCycles = 207,
    CertifiedStateUnavailable = 208,
    CanisterInstallCodeRateLimited = 209,
    CanisterHeapDeltaRateLimited = 210,
    SubnetCoolingDown = 211,
    CanisterNotFound = 301,
    CanisterSnapshotNotFound = 305,
    InsufficientMemoryAllocation = 402,
    InsufficientCyclesForCreateCanister = 403,
    SubnetNotFound = 404,
    CanisterNotHostedBySubnet = 405,
    CanisterRejectedMessage = 406,
    UnknownManagementMessage = 407,
    InvalidManagementPayload = 408,
    CanisterSnapshotImmutable = 409,
    InvalidSubnetAdmin = 410,
    CanisterTrapped = 502,
    CanisterCalledTrap = 503,
    CanisterContractViolation = 504,
    CanisterInvalidWasm = 505,
    CanisterDidNotReply = 506,
    CanisterOutOfMemory = 507,
    CanisterStopped = 508,
    CanisterStopping = 509,
    CanisterNotStopped = 510,
    CanisterStoppingCancelled = 511,
    CanisterInvalidController = 512,
    CanisterFunctionNotFound = 513,
    CanisterNonEmpty = 514,
    QueryCallGraphLoopDetected = 517,
    InsufficientCyclesInCall = 520,
    CanisterWasmEngineError = 521,
    CanisterInstructionLimitExceeded = 522,
    CanisterMemoryAccessLimitExceeded = 524,
    QueryCallGraphTooDeep = 525,
    QueryCallGraphTotalInstructionLimitExceeded = 526,
    CompositeQueryCalledInReplicatedMode = 527,
    QueryTimeLimitExceeded = 528,
    QueryCallGraphInternal = 529,
    InsufficientCyclesInComputeAllocation = 530,
    InsufficientCyclesInMemoryAllocation = 531,
    InsufficientCyclesInMemoryGrow = 532,
    ReservedCyclesLimitExceededInMemoryAllocation = 533,
    ReservedCyclesLimitExceededInMemoryGrow = 534,
    InsufficientCyclesInMessageMemoryGrow = 535,
    CanisterMethodNotFound = 536,
    CanisterWasmModuleNotFound = 537,
    CanisterAlreadyInstalled = 538,
    CanisterWasmMemoryLimitExceeded = 539,
    ReservedCyclesLimitIsTooLow = 540,
    CanisterInvalidControllerOrSubnetAdmin = 541,
    CanisterStatusAccessDenied = 542,
    DeadlineExpired = 601,
    ResponseDropped = 602,
}

impl ErrorCode {
    /// The reject code of the interface specification, 1 to 6.
    pub(crate) fn reject_code(self) -> u32 {
        self as u32 / 100
    }

    /// Such as `IC0503`.
    pub(crate) fn text(self) -> String {
        format!("IC{:04}", self as u32)
    }
}

/// The name that PocketIC clients know for a reject code.
pub(crate) fn reject_code_name(code: u32) -> &'static str {
    match code {
        1 => "SysFatal",
        2 => "SysTransient",
        3 => "DestinationInvalid",
        4 => "CanisterReject",
        5 => "CanisterError",
        _ => "SysUnknown",
    }
}

/// A message refused or failed: what its sender gets instead of a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reject {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Reject {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Reject {
        Reject { code, message: message.into() }
    }

    pub(crate) fn reject_code(&self) -> u32 {
        self.code.reject_code()
    }

    /// No such canister.
    pub(crate) fn not_found(canister: Principal) -> Reject {
        Reject::new(ErrorCode::CanisterNotFound, format!("Canister {canister} not found"))
    }
}

/// What goes wrong inside a canister.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CanisterError {
    Trapped(String),
    CalledTrap(String),
    Contract(String),
    InvalidWasm(String),
    NoReply,
    NoMethod(String),
    NoModule,
    InstructionLimit(u64),
    MemoryAccessLimit(String),
    MemoryLimit {
        size: u64,
        limit: u64,
    },
    /// An upgrade whose options do not go with the module.
    UpgradeOption(&'static str),
    /// Growing a memory would freeze the canister: the bytes to be had, and the cycles that it lacks.
    Growth {
        bytes: u64,
        missing: u128,
    },
    /// A callback that the canister's table does not reach.
    NoFunction(u32),
    /// A callback failed and then its cleanup too.
    Cleanup(Box<CanisterError>, Box<CanisterError>),
}

impl CanisterError {
    fn code(&self) -> ErrorCode {
        match self {
            CanisterError::Trapped(_) => ErrorCode::CanisterTrapped,
            CanisterError::CalledTrap(_) => ErrorCode::CanisterCalledTrap,
            CanisterError::Contract(_) => ErrorCode::CanisterContractViolation,
            CanisterError::InvalidWasm(_) => ErrorCode::CanisterInvalidWasm,
            CanisterError::NoReply => ErrorCode::CanisterDidNotReply,
            CanisterError::NoMethod(_) => ErrorCode::CanisterMethodNotFound,
            CanisterError::NoModule => ErrorCode::CanisterWasmModuleNotFound,
            CanisterError::InstructionLimit(_) => ErrorCode::CanisterInstructionLimitExceeded,
            CanisterError::MemoryAccessLimit(_) => ErrorCode::CanisterMemoryAccessLimitExceeded,
            CanisterError::MemoryLimit { .. } => ErrorCode::CanisterWasmMemoryLimitExceeded,
            CanisterError::UpgradeOption(_) => ErrorCode::CanisterContractViolation,
            CanisterError::Growth { .. } => ErrorCode::InsufficientCyclesInMemoryGrow,
            CanisterError::NoFunction(_) => ErrorCode::CanisterFunctionNotFound,
            CanisterError::Cleanup(first, _) => first.code(),
        }
    }

    fn text(&self) -> String {
        match self {
            CanisterError::Trapped(code) => format!("Canister trapped: {code}"),
            CanisterError::CalledTrap(m) => format!("Canister called `ic0.trap` with message: '{m}'"),
            CanisterError::Contract(m) => format!("Canister violated contract: {m}"),
            CanisterError::InvalidWasm(m) => format!("Canister's Wasm module is not valid: {m}"),
            CanisterError::NoReply => "Canister did not reply to the call".into(),
            CanisterError::NoMethod(name) => format!("Canister has no {name}"),
            CanisterError::NoModule => {
                "Attempted to execute a message, but the canister contains no Wasm module".into()
            }
            CanisterError::InstructionLimit(limit) => {
                format!("Canister exceeded the limit of {limit} instructions for single message execution.")
            }
            CanisterError::MemoryAccessLimit(m) => m.clone(),
            CanisterError::MemoryLimit { size, limit } => format!(
                "Canister exceeded its current Wasm memory limit of {limit} bytes. The peak Wasm memory usage was \
                 {size} bytes."
            ),
            CanisterError::UpgradeOption(m) => (*m).into(),
            CanisterError::Growth { bytes, missing } => format!(
                "Canister cannot grow memory by {bytes} bytes due to insufficient cycles. At least {missing} \
                 additional cycles are required."
            ),
            CanisterError::NoFunction(index) => {
                format!("Canister requires a function at table index {index}, and there is none")
            }
            CanisterError::Cleanup(first, second) => {
                format!("{}\n\ncall_on_cleanup also failed:\n\n{}", first.text(), second.text())
            }
        }
    }

    fn hint(&self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            CanisterError::Trapped(_) | CanisterError::CalledTrap(_) => (
                "Consider gracefully handling failures from this canister or altering the canister to handle \
                 exceptions.",
                if matches!(self, CanisterError::Trapped(_)) { "trapped" } else { "trapped-explicitly" },
            ),
            CanisterError::NoMethod(_) => {
                ("Check that the method being called is exported by the target canister.", "method-not-found")
            }
            CanisterError::NoModule => {
                ("Please install code to this canister before calling it.", "wasm-module-not-found")
            }
            CanisterError::NoReply => (
                "If this is an error from a canister you're developing, ensure the canister replies to the call.",
                "did-not-reply",
            ),
            CanisterError::InstructionLimit(_) => {
                ("Try optimizing this canister to use fewer instructions.", "instruction-limit-exceeded")
            }
            CanisterError::MemoryAccessLimit(_) => (
                "Try optimizing this canister to use less memory per message.",
                "memory-access-limit-exceeded",
            ),
            CanisterError::MemoryLimit { .. } => (
                "If the canister reaches the limit, the limit can be raised in its settings; otherwise consider \
                 using less Wasm memory.",
                "wasm-memory-limit-exceeded",
            ),
            CanisterError::Cleanup(first, _) => return first.hint(),
            _ => return None,
        })
    }

    /// What the caller of `canister` is told.
    pub(crate) fn reject(&self, canister: Principal) -> Reject {
        let mut message = format!("Error from Canister {canister}: {}", self.text());
        if !message.ends_with('.') {
            message.push('.');
        }
        if let Some((hint, anchor)) = self.hint() {
            message.push_str(&format!(
                "\n{hint} See documentation: https://internetcomputer.org/docs/current/references/\
                 execution-errors#{anchor}"
            ));
        }
        Reject::new(self.code(), message)
    }
}
