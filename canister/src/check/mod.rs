//! Whether all that is stored agrees with itself: the invariants of the store, read from every record and every byte.
//!
//! Not in the canister that is installed. Tests have it natively, and in a module that is built with the feature `check`,
//! where it is a query: what it changes to find out is discarded.
//!
//! | part | what holds |
//! |---|---|
//! | [`sessions`] | owner, key, item and expiry of each session; its rolling hash is that of the prefix it says |
//! | [`items`] | each asset's bytes are all there and have its SHA-256; drafts, stages, jobs, keys, revisions, listing |
//! | [`chunks`] | each chunk has the SHA-256 that it arrived with and belongs to something; the arena has no gap, no overlap |
//! | [`holdings`] | what principals are said to hold is what they hold |
//! | [`certified`] | what is certified, the gallery and tokens are what follows from the items |

mod certified;
mod chunks;
mod holdings;
mod items;
mod sessions;

use std::collections::BTreeMap;
use std::fmt::Display;

use darkroom_core::id::{BlobId, ItemId, SessionId};
use ic_stable_structures::Memory;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::service::Service;
use crate::store::{AssetRecord, ItemRecord, Location, SessionRecord, Table};

/// Violations that are told of; the others are counted.
const TOLD: usize = 40;

/// What was read, and what is wrong with it.
struct Checker<'a, M: Memory> {
    service: &'a mut Service<M>,
    sessions: BTreeMap<SessionId, SessionRecord>,
    items: BTreeMap<ItemId, ItemRecord>,
    found: Vec<String>,
}

impl<M: Memory + Clone> Service<M> {
    /// Whatever contradicts itself in the store, as sentences; nothing where all is well.
    ///
    /// Certifies everything anew to compare, so what is in memory afterwards is not what was: memory is to be a copy, or
    /// what a query sees. Takes time and instructions in proportion to all that is stored.
    pub(crate) fn check(&mut self) -> Vec<String> {
        let mut checker =
            Checker { service: self, sessions: BTreeMap::new(), items: BTreeMap::new(), found: Vec::new() };
        checker.read();
        checker.check_sessions();
        checker.check_items();
        checker.check_chunks();
        checker.check_holdings();
        checker.check_certified();
        let mut found = checker.found;
        let more = found.len().saturating_sub(TOLD);
        found.truncate(TOLD);
        found.extend((more > 0).then(|| format!("and {more} more")));
        found
    }
}

impl<M: Memory + Clone> Checker<'_, M> {
    fn read(&mut self) {
        let store = &self.service.store;
        for key in store.sessions.keys(..).collect::<Vec<_>>() {
            let id = SessionId(u64::from_be_bytes(key));
            match store.sessions.get(&key) {
                Ok(Some(record)) => {
                    self.sessions.insert(id, record);
                }
                other => self.found.push(format!("session {id} cannot be read: {:?}", other.err())),
            }
        }
        for key in store.items.keys(..).collect::<Vec<_>>() {
            match store.items.get(&key) {
                Ok(Some(record)) => {
                    self.items.insert(ItemId(key), record);
                }
                other => {
                    self.found.push(format!("item {} cannot be read: {:?}", ItemId(key), other.err()));
                }
            }
        }
    }

    /// Notes what is wrong, unless it holds.
    fn expect(&mut self, holds: bool, violation: impl FnOnce() -> String) {
        if !holds {
            self.found.push(violation());
        }
    }

    /// Notes that two values differ.
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: impl Display, found: &T, expected: &T) {
        self.expect(found == expected, || {
            format!("{what}: {found:?}, where {expected:?} follows from the items")
        });
    }
}

/// All records of a table, and what cannot be read.
fn all<K, R, M>(table: &Table<K, R, M>, found: &mut Vec<String>) -> Vec<(K, R)>
where
    K: ic_stable_structures::Storable + Ord + Clone + std::fmt::Debug,
    R: Serialize + DeserializeOwned,
    M: Memory,
{
    let mut records = Vec::new();
    for key in table.keys(..).collect::<Vec<_>>() {
        match table.get(&key) {
            Ok(Some(record)) => records.push((key, record)),
            other => found.push(format!("record {key:?} cannot be read: {:?}", other.err())),
        }
    }
    records
}

/// The assets of an item whose bytes are its own: a revision shares those that it keeps.
fn own_assets(item: &ItemRecord) -> impl Iterator<Item = &AssetRecord> {
    let kept = item.draft.iter().flat_map(|draft| &draft.kept);
    let kept: Vec<_> = kept.collect();
    item.assets.iter().filter(move |asset| !kept.contains(&&asset.name))
}

/// The chunks of an asset: whose, and how many.
fn chunks_of(asset: &AssetRecord) -> Option<(BlobId, u32)> {
    match &asset.location {
        Location::Inline(_) => None,
        Location::Chunks { blob, count, .. } => Some((*blob, *count)),
    }
}
