//! What things cost in cycles, and taking it from canisters.

use crate::reject::{ErrorCode, Reject};
use crate::state::State;
use crate::state::canister::Canister;
use crate::state::subnets::Limits;
use candid::Principal;

/// Largest payload of a response, prepaid with each call.
const MAX_RESPONSE: u64 = 2 << 20;
/// What a canister made for testing gets.
pub(crate) const PROVISIONAL_BALANCE: u128 = 100_000_000_000_000;
/// Nodes of an application subnet.
pub(crate) const NODES: u32 = 13;
const SECOND: u128 = 1_000_000_000;
/// Storage is charged once so many nanoseconds have gone by.
const CHARGE_EVERY: u64 = 10_000_000_000;

/// Fees in cycles. The default is that of a subnet with 13 nodes, from the documentation of the Internet
/// Computer (Cycles costs).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Creating a canister.
    pub create_canister: u128,
    /// Each execution of an update, callback, task or installation; queries are free.
    pub execution: u128,
    /// Each instruction of an execution; twice as much for 64-bit canisters.
    pub instruction: u128,
    /// Each ingress message.
    pub ingress: u128,
    /// Each byte of an ingress message: its argument and method name.
    pub ingress_byte: u128,
    /// Each call to a canister.
    pub call: u128,
    /// Each byte of a call's request and of its response.
    pub call_byte: u128,
    /// A GiB of memory, code and chunks for a second.
    pub gib_second: u128,
    /// A percent of compute allocation for a second.
    pub compute_percent_second: u128,
    /// A threshold signature; this network makes none, but tells the price.
    pub signature: u128,
    /// A factor for HTTPS outcalls: 1, or 0 to make them free. This network makes none, but tells the price.
    pub outcalls: u128,
}

impl Default for Fees {
    fn default() -> Fees {
        Fees {
            create_canister: 500_000_000_000,
            execution: 5_000_000,
            instruction: 1,
            ingress: 1_200_000,
            ingress_byte: 2_000,
            call: 260_000,
            call_byte: 1_000,
            gib_second: 127_000,
            compute_percent_second: 10_000_000,
            signature: 10_000_000_000,
            outcalls: 1,
        }
    }
}

impl Fees {
    /// Nothing costs anything.
    pub const FREE: Fees = Fees {
        create_canister: 0,
        execution: 0,
        instruction: 0,
        ingress: 0,
        ingress_byte: 0,
        call: 0,
        call_byte: 0,
        gib_second: 0,
        compute_percent_second: 0,
        signature: 0,
        outcalls: 0,
    };

    /// An execution of so many instructions.
    pub(crate) fn executing(&self, instructions: u64, memory64: bool) -> u128 {
        self.execution + self.instruction * u128::from(instructions) * if memory64 { 2 } else { 1 }
    }

    /// An ingress message with so many bytes.
    pub(crate) fn ingress(&self, bytes: usize) -> u128 {
        self.ingress + self.ingress_byte * bytes as u128
    }

    /// Making a call whose method and argument have so many bytes.
    pub(crate) fn calling(&self, bytes: u64) -> u128 {
        self.call + self.call_byte * u128::from(bytes)
    }

    /// The response to a call.
    pub(crate) fn response(&self, bytes: usize) -> u128 {
        self.call_byte * bytes as u128
    }

    /// What is prepaid with each call: the largest response and the longest callback.
    pub(crate) fn callback(&self, limits: Limits, memory64: bool) -> u128 {
        self.call_byte * u128::from(MAX_RESPONSE) + self.executing(limits.message, memory64)
    }

    /// What an HTTPS outcall would cost.
    pub(crate) fn outcall(&self, request: u64, max_response: u64) -> u128 {
        let n = u128::from(NODES);
        let bytes = 400 * u128::from(request) + 800 * u128::from(max_response);
        self.outcalls * (n * (3_000_000 + 60_000 * n) + n * bytes)
    }

    /// Holding memory and compute allocation for some time.
    fn holding(&self, bytes: u64, percent: u64, nanos: u128) -> u128 {
        // Settings may be as large as numbers get: what cannot be counted cannot be paid either.
        let cost = |each: u128, amount: u64, per: u128| {
            each.saturating_mul(amount.into()).checked_mul(nanos).map_or(u128::MAX, |cost| cost / per)
        };
        cost(self.gib_second, bytes, SECOND << 30).saturating_add(cost(
            self.compute_percent_second,
            percent,
            SECOND,
        ))
    }
}

/// What a canister holds, and for how long it wants to be able to pay for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding {
    bytes: u64,
    allocation: u64,
    percent: u64,
    /// Seconds.
    threshold: u64,
}

impl Holding {
    /// The balance below which the canister is frozen, if it holds so many bytes more.
    pub(crate) fn frozen_with(&self, fees: &Fees, more: u64) -> u128 {
        let bytes = self.bytes.saturating_add(more).max(self.allocation);
        fees.holding(bytes, self.percent, u128::from(self.threshold) * SECOND)
    }
}

impl State {
    /// What a canister holds.
    pub(crate) fn held(&self, canister: &Canister) -> Holding {
        let settings = &canister.record.settings;
        Holding {
            bytes: self.memory_usage(canister),
            allocation: settings.memory_allocation,
            percent: settings.compute_allocation,
            threshold: settings.freezing_threshold,
        }
    }

    /// The balance below which a canister would be frozen if it held so many bytes more.
    pub(crate) fn frozen_with(&self, canister: &Canister, more: u64) -> u128 {
        self.held(canister).frozen_with(&self.fees_of(canister.record.id), more)
    }

    /// Bytes that a canister pays for.
    pub(crate) fn memory_usage(&self, canister: &Canister) -> u64 {
        let record = &canister.record;
        let sections: usize =
            canister.code.iter().flat_map(|code| code.info.metadata.values()).map(|s| s.bytes.len()).sum();
        let snapshots: u64 = record.snapshots.values().map(|snapshot| snapshot.size).sum();
        canister.execution_size() + sections as u64 + self.chunks_size(&record.chunks) + snapshots
    }

    fn holding(&self, canister: &Canister, nanos: u128) -> u128 {
        let settings = &canister.record.settings;
        let bytes = self.memory_usage(canister).max(settings.memory_allocation);
        self.fees_of(canister.record.id).holding(bytes, settings.compute_allocation, nanos)
    }

    /// What a canister burns in a day by being there.
    pub(crate) fn idle_per_day(&self, canister: &Canister) -> u128 {
        self.holding(canister, 86_400 * SECOND)
    }

    /// The balance below which a canister is frozen.
    pub(crate) fn frozen(&self, canister: &Canister) -> u128 {
        self.frozen_with(canister, 0)
    }

    /// Refuses what would take a canister's balance below its freezing threshold.
    pub(crate) fn afford(&self, id: Principal, cost: u128) -> Result<(), Reject> {
        let canister = self.canister(id)?;
        let needed = if cost == 0 { 0 } else { self.frozen(canister).saturating_add(cost) };
        match needed.saturating_sub(canister.record.cycles) {
            0 => Ok(()),
            missing => Err(Reject::new(
                ErrorCode::CanisterOutOfCycles,
                format!(
                    "Canister {id} is out of cycles: please top up the canister with at least {missing} additional cycles"
                ),
            )),
        }
    }

    /// What is set aside for one message.
    pub(crate) fn prepaid(&self, id: Principal, memory64: bool) -> u128 {
        self.fees_of(id).executing(self.limits_of(id).message, memory64)
    }

    /// Takes cycles from a canister, as far as it has them.
    pub(crate) fn charge(&mut self, id: Principal, cost: u128) {
        if cost > 0
            && let Ok(canister) = self.canister_mut(id)
        {
            canister.record.cycles = canister.record.cycles.saturating_sub(cost);
        }
    }

    /// Charges for what canisters held since they were last charged. Gives those that could not pay.
    pub(crate) fn charge_holding(&mut self) -> Vec<Principal> {
        let now = self.network.time;
        let mut due = Vec::new();
        for canister in self.canisters.values() {
            let record = &canister.record;
            let since = now.saturating_sub(record.charged_at);
            if since >= CHARGE_EVERY {
                // A record without that time is one of an older state.
                let cost = if record.charged_at == 0 { 0 } else { self.holding(canister, since.into()) };
                due.push((record.id, cost));
            }
        }
        let mut broke = Vec::new();
        for (id, cost) in due {
            let Ok(canister) = self.canister_mut(id) else { continue };
            canister.record.charged_at = now;
            if cost > canister.record.cycles && canister.code.is_some() {
                broke.push(id);
            }
            canister.record.cycles = canister.record.cycles.saturating_sub(cost);
        }
        broke
    }
}
