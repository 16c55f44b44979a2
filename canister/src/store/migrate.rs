//! From older layouts to the present one, within the message that opens the store: it comes through whole or, since
//! an upgrade that traps is rolled back, not at all.

use std::collections::BTreeMap;

use darkroom_core::Error;
use ic_stable_structures::Memory;
use serde::Deserialize;

use super::records::decode;
use super::{HoldingRecord, Store};

/// Brings a store from layout `version` to the present one, a step at a time.
pub(super) fn run<M: Memory + Clone>(store: &mut Store<M>, version: u32) -> Result<(), Error> {
    if version < 2 {
        from_1(store)?;
    }
    Ok(())
}

/// What layout 1 had in its configuration and layout 2 has not.
#[derive(Deserialize)]
struct ConfigOf1 {
    max_open_sessions: u32,
}

/// Takes 510,000 instructions for each photo with its derivatives (`docs/benchmarks.md`), of the 300e9 that an upgrade
/// may spend: enough for half a million. Layout 1 was in no release.
///
/// Layout 2 counts bytes and items of each principal, and the bytes of the arena that are in use. A record that
/// cannot be read counts nothing: it fails its own calls, and no upgrade.
fn from_1<M: Memory + Clone>(store: &mut Store<M>) -> Result<(), Error> {
    let ConfigOf1 { max_open_sessions } = decode("configuration", store.config.bytes())?;
    let mut config = (*store.config()?).clone();
    config.per_principal.open_sessions = max_open_sessions;
    store.set_config(&config);

    let mut holdings: BTreeMap<Vec<u8>, HoldingRecord> = BTreeMap::new();
    let mut count = |owner: &[u8], add: HoldingRecord| {
        for who in [owner, &[]] {
            let holding = holdings.entry(who.to_vec()).or_default();
            holding.bytes += add.bytes;
            holding.items += add.items;
            holding.open_sessions += add.open_sessions;
        }
    };
    for id in store.items.keys(..) {
        if let Ok(Some(item)) = store.items.get(&id) {
            let bytes = item.assets.iter().map(|asset| asset.size).sum();
            count(&item.owner, HoldingRecord { bytes, items: 1, open_sessions: 0 });
        }
    }
    for id in store.sessions.keys(..) {
        let record = store.sessions.get(&id).ok().flatten();
        if let Some(record) = record.filter(|record| record.session.finished().is_none()) {
            let bytes = record.session.size();
            count(&record.session.owner, HoldingRecord { bytes, items: 0, open_sessions: 1 });
        }
    }
    let known: Vec<_> = store.holdings.keys(..).collect();
    known.iter().for_each(|owner| {
        store.holdings.remove(owner);
    });
    for (owner, holding) in holdings {
        store.holdings.insert(owner, &holding);
    }
    store.chunks.count_used();
    Ok(())
}
