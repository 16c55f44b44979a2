//! Holdings: what each principal, and all together, are said to hold is the sum of what they have.

use std::collections::BTreeMap;

use ic_stable_structures::Memory;

use super::{Checker, own_assets};
use crate::store::HoldingRecord;

impl<M: Memory + Clone> Checker<'_, M> {
    pub(super) fn check_holdings(&mut self) {
        let mut expected: BTreeMap<Vec<u8>, HoldingRecord> = BTreeMap::new();
        let mut add = |owner: &[u8], bytes: u64, items: u64, open_sessions: u32| {
            for who in [owner, &[]] {
                let held = expected.entry(who.to_vec()).or_default();
                held.bytes += bytes;
                held.items += items;
                held.open_sessions += open_sessions;
            }
        };
        for item in self.items.values() {
            let bytes = own_assets(item).map(|asset| asset.size).sum();
            add(&item.owner, bytes, u64::from(item.revises.is_none()), 0);
        }
        for record in self.sessions.values().filter(|record| record.session.finished().is_none()) {
            add(&record.session.owner, record.session.size(), 0, 1);
        }
        let holdings = &self.service.store.holdings;
        let mut found: BTreeMap<Vec<u8>, HoldingRecord> = BTreeMap::new();
        for key in holdings.keys(..).collect::<Vec<_>>() {
            match holdings.get(&key) {
                Ok(Some(held)) => {
                    found.insert(key, held);
                }
                other => self.found.push(format!("holding of {key:?} cannot be read: {:?}", other.err())),
            }
        }
        expected.retain(|_, held| *held != HoldingRecord::default());
        self.same("holdings by principal", &found, &expected);
    }
}
