//! The host's side of one execution: what the Wasm may see, and what it asked for so far.

use super::Kind;
use crate::Fees;
use crate::cycles::Holding;
use crate::memory::{HeapMapping, StableMapping};
use crate::reject::CanisterError;
use crate::state::subnets::Limits;
use candid::Principal;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use wasmtime::{Memory, ResourceLimiter};

/// What a canister may know of itself and of the network.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) canister: Principal,
    pub(crate) controllers: Arc<Vec<Principal>>,
    /// 1 running, 2 stopping, 3 stopped.
    pub(crate) status: u32,
    pub(crate) version: u64,
    pub(crate) balance: u128,
    /// The balance that calls and burning must leave.
    pub(crate) frozen: u128,
    pub(crate) fees: Fees,
    pub(crate) limits: Limits,
    pub(crate) memory64: bool,
    pub(crate) environment: Arc<Vec<(String, String)>>,
    pub(crate) wasm_memory_limit: u64,
    /// Bytes of the heap before the execution.
    pub(crate) heap_size: u64,
    pub(crate) holding: Holding,
    pub(crate) time: u64,
    pub(crate) subnet: Principal,
    pub(crate) nodes: u32,
    pub(crate) root_key: Arc<Vec<u8>>,
    /// Free places in the output queue.
    pub(crate) call_slots: usize,
}

/// The message being executed.
#[derive(Clone, Default)]
pub(crate) struct Message {
    pub(crate) caller: Option<Principal>,
    pub(crate) method: String,
    pub(crate) arg: Arc<Vec<u8>>,
    pub(crate) reject_code: u32,
    pub(crate) reject_message: String,
    pub(crate) deadline: u64,
    /// Cycles of the call that may still be accepted.
    pub(crate) available: u128,
    pub(crate) refunded: u128,
    /// Whether the context was answered already.
    pub(crate) answered: bool,
    /// Instructions of earlier entry points of the same context.
    pub(crate) instructions_before: u64,
    /// Cycles set aside for this execution.
    pub(crate) prepaid: u128,
}

/// An answer given by the Wasm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Response {
    Reply(#[serde(with = "serde_bytes")] Vec<u8>),
    Reject(String),
}

/// A call to another canister, as the Wasm made it.
#[derive(Clone, Debug)]
pub(crate) struct OutCall {
    pub(crate) callee: Principal,
    pub(crate) method: String,
    pub(crate) arg: Vec<u8>,
    pub(crate) cycles: u128,
    pub(crate) reply: (u32, u64),
    pub(crate) reject: (u32, u64),
    pub(crate) cleanup: Option<(u32, u64)>,
    /// Seconds, for calls with a best-effort response.
    pub(crate) timeout: Option<u32>,
    /// Cycles for the request.
    pub(crate) fee: u128,
    /// Cycles for the response and its callback; what is left of them comes back.
    pub(crate) prepaid: u128,
}

/// A line of the canister's log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LogLine {
    pub(crate) time: u64,
    #[serde(with = "serde_bytes")]
    pub(crate) text: Vec<u8>,
}

impl LogLine {
    /// What a line takes of a log: even an empty one has its time and its number.
    pub(crate) fn size(&self) -> usize {
        16 + self.text.len()
    }
}

/// What the Wasm asked for.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) reply: Vec<u8>,
    pub(crate) response: Option<Response>,
    pub(crate) building: Option<OutCall>,
    pub(crate) calls: Vec<OutCall>,
    pub(crate) certified_data: Option<Vec<u8>>,
    pub(crate) timer: Option<u64>,
    pub(crate) accepted: u128,
    pub(crate) burned: u128,
    pub(crate) log: VecDeque<LogLine>,
    /// What the log takes.
    pub(crate) log_size: usize,
    pub(crate) ingress_accepted: bool,
}

/// How to make the certificate for the canister's certified data, when it asks.
pub(crate) type Certify = Arc<dyn Fn() -> Vec<u8> + Send + Sync>;

/// The data of a store.
pub(crate) struct Host {
    pub(crate) kind: Kind,
    pub(crate) view: View,
    pub(crate) message: Message,
    pub(crate) effects: Effects,
    /// Cycles spent on outgoing calls so far.
    pub(crate) spent: u128,
    pub(crate) timer: u64,
    pub(crate) certify: Option<Certify>,
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) memory: Option<Memory>,
    pub(crate) heap: Option<Arc<HeapMapping>>,
    pub(crate) stable: StableMapping,
    pub(crate) stable_limit: u64,
    /// Stable pages this message may still dirty.
    pub(crate) stable_budget: u64,
    /// Pages of the heap that were filled before the entry point.
    pub(crate) free_pages: u64,
    /// Bytes by which memories have grown.
    pub(crate) grown: u64,
    /// Instructions at the start of the entry point, to tell how many were used.
    pub(crate) fuel_limit: u64,
    pub(crate) limit_hit: Option<CanisterError>,
}

impl Host {
    /// The host of an entry point.
    pub(crate) fn new(
        kind: Kind,
        view: View,
        message: Message,
        stable: StableMapping,
        timer: u64,
        stable_budget: u64,
    ) -> Host {
        Host {
            kind,
            view,
            message,
            effects: Effects::default(),
            spent: 0,
            timer,
            certify: None,
            certificate: None,
            memory: None,
            heap: None,
            stable,
            stable_limit: super::ic0::STABLE_LIMIT,
            stable_budget,
            free_pages: 0,
            grown: 0,
            fuel_limit: 0,
            limit_hit: None,
        }
    }

    /// Cycles the canister has at this point of the execution.
    pub(crate) fn balance(&self) -> u128 {
        self.view
            .balance
            .saturating_add(self.effects.accepted)
            .saturating_sub(self.spent + self.effects.burned)
    }

    /// Refuses growth that would freeze the canister.
    pub(crate) fn grow(&mut self, bytes: u64) -> Result<(), CanisterError> {
        self.grown = self.grown.saturating_add(bytes);
        if !matches!(self.kind, Kind::Update | Kind::System | Kind::Reply | Kind::Reject) {
            return Ok(());
        }
        let needed = self.view.holding.frozen_with(&self.view.fees, self.grown);
        // What is set aside for this message is the canister's too.
        let has = self.balance().saturating_add(self.message.prepaid);
        match needed.saturating_sub(has) {
            missing if bytes > 0 && missing > 0 => Err(CanisterError::Growth { bytes, missing }),
            _ => Ok(()),
        }
    }

    /// Cycles that may still be accepted.
    pub(crate) fn available(&self) -> u128 {
        if self.message.answered || self.effects.response.is_some() {
            return 0;
        }
        self.message.available - self.effects.accepted
    }
}

impl ResourceLimiter for Host {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let limit = self.view.wasm_memory_limit;
        // The limit guards updates and installations; what answers calls and what repairs is free of it.
        let limited = matches!(self.kind, Kind::Update | Kind::Init | Kind::Start);
        if limited && current != desired && limit != 0 && desired as u64 > limit {
            let error = CanisterError::MemoryLimit { size: desired as u64, limit };
            self.limit_hit = Some(error);
            return Err(wasmtime::Error::msg("Wasm memory limit"));
        }
        // An instance begins with the memory that the canister has already.
        let new = (desired as u64).saturating_sub(self.view.heap_size.max(current as u64));
        if let Err(error) = self.grow(new) {
            self.limit_hit = Some(error);
            return Err(wasmtime::Error::msg("not enough cycles"));
        }
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 1_000_000)
    }
}
