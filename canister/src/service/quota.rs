//! What principals may hold: reserved when an upload begins, given back when it is aborted, expires or is deleted.

use darkroom_api as api;
use ic_stable_structures::Memory;

use super::{Service, Wire};
use crate::env::Caller;
use crate::store::{ConfigRecord, HoldingRecord, QuotaRecord, VERSION};

/// The key of what all hold together: no principal that calls has no bytes.
pub(super) const ALL: &[u8] = &[];

/// Cycles that a declared byte takes on a subnet of 13 nodes: 2,000 to receive it, 80 to hash and store it, and 310
/// by which its storage raises the freezing threshold of 30 days; rounded up.
const CYCLES_PER_BYTE: u128 = 2_500;

impl<M: Memory + Clone> Service<M> {
    /// Reserves what `add` says for an owner.
    ///
    /// # Errors
    /// `limit`, naming which; nothing is reserved then.
    pub(super) fn reserve(
        &mut self,
        owner: &[u8],
        add: HoldingRecord,
        config: &ConfigRecord,
    ) -> api::Result<()> {
        let own = self.sum(owner, add, &config.per_principal, "per_principal")?;
        let total = self.sum(ALL, add, &config.total, "total")?;
        self.store.holdings.insert(owner.to_vec(), &own);
        self.store.holdings.insert(ALL.to_vec(), &total);
        Ok(())
    }

    /// Gives back what was reserved.
    pub(super) fn give_back(&mut self, owner: &[u8], less: HoldingRecord) -> api::Result<()> {
        for who in [owner, ALL] {
            let mut held = self.holding(who)?;
            held.bytes = held.bytes.saturating_sub(less.bytes);
            held.items = held.items.saturating_sub(less.items);
            held.open_sessions = held.open_sessions.saturating_sub(less.open_sessions);
            if held == HoldingRecord::default() {
                self.store.holdings.remove(&who.to_vec());
            } else {
                self.store.holdings.insert(who.to_vec(), &held);
            }
        }
        Ok(())
    }

    /// Gives back the place of a session that has ended, and of its bytes unless they are an asset now.
    pub(super) fn close_session(&mut self, owner: &[u8], bytes: u64) -> api::Result<()> {
        self.give_back(owner, HoldingRecord { bytes, items: 0, open_sessions: 1 })
    }

    fn holding(&self, owner: &[u8]) -> api::Result<HoldingRecord> {
        Ok(self.store.holdings.get(&owner.to_vec()).wire()?.unwrap_or_default())
    }

    fn sum(
        &self,
        owner: &[u8],
        add: HoldingRecord,
        quota: &QuotaRecord,
        name: &str,
    ) -> api::Result<HoldingRecord> {
        let held = self.holding(owner)?;
        let sum = HoldingRecord {
            bytes: held.bytes.saturating_add(add.bytes),
            items: held.items.saturating_add(add.items),
            open_sessions: held.open_sessions.saturating_add(add.open_sessions),
        };
        let sessions = u64::from;
        for (what, held, more, sum, allowed) in [
            ("bytes", held.bytes, add.bytes, sum.bytes, quota.bytes),
            ("items", held.items, add.items, sum.items, quota.items),
            (
                "open_sessions",
                sessions(held.open_sessions),
                sessions(add.open_sessions),
                sessions(sum.open_sessions),
                sessions(quota.open_sessions),
            ),
        ] {
            // What is not asked for is not refused, also where a limit was lowered below what is held.
            if more > 0 && sum > allowed {
                let message = format!(
                    "limits.{name}.{what}: {held} held and {more} more asked for; {allowed} are allowed: \
                     finish, abort or delete some"
                );
                return Err(api::Error::new(api::code::LIMIT, message));
            }
        }
        Ok(sum)
    }

    /// Refuses to begin what the canister could not pay for.
    pub(super) fn check_cycles(
        &self,
        liquid_cycles: u128,
        size: u64,
        config: &ConfigRecord,
    ) -> api::Result<()> {
        let needed = u128::from(config.min_cycles) + u128::from(size) * CYCLES_PER_BYTE;
        if liquid_cycles >= needed {
            return Ok(());
        }
        let message = format!(
            "the canister has {liquid_cycles} cycles above its freezing threshold; beginning an upload of {size} \
             bytes takes {needed}: top it up"
        );
        Err(api::Error::new(api::code::LOW_CYCLES, message))
    }

    /// What the caller holds, what all hold, and how it is stored.
    ///
    /// # Errors
    /// `corrupt`.
    pub(crate) fn usage(&self, caller: Caller) -> api::Result<api::Usage> {
        let config = self.store.config().wire()?;
        let holding = |held: HoldingRecord, quota: &QuotaRecord| api::Holding {
            bytes: held.bytes,
            items: held.items,
            open_sessions: held.open_sessions,
            max_bytes: quota.bytes,
            max_items: quota.items,
            max_open_sessions: quota.open_sessions,
        };
        let chunks = &self.store.chunks;
        let (_, free_bytes) = chunks.arena_bytes();
        Ok(api::Usage {
            own: holding(self.holding(caller.bytes())?, &config.per_principal),
            total: holding(self.holding(ALL)?, &config.total),
            store: api::StoreUsage {
                chunks: chunks.len(),
                bytes: chunks.used(),
                free_bytes,
                sessions: self.store.sessions.len(),
                being_freed: self.store.garbage.len(),
                being_certified: self.is_certifying(),
                layout_version: VERSION,
            },
        })
    }
}
