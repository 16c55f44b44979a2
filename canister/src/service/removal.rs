//! Removal: items with all that belongs to them, bytes in bounded steps, and the answers of repeated calls.

use darkroom_api as api;
use darkroom_core::id::{BlobId, ItemId, SessionId};
use ic_stable_structures::Memory;

use super::publish::newest_key;
use super::{Service, Wire, session_key};
use crate::env::Caller;
use crate::store::{
    AssetRecord, Draft, GoneRecord, HoldingRecord, ItemRecord, Location, SessionRecord, StageState,
};

/// Chunks that one message frees of a blob; a timer frees the others. About 130,000 instructions each.
const FREED_AT_ONCE: usize = 500;

/// The longest that an answer is kept, in nanoseconds: a day.
const LONGEST_MEMORY: u64 = 24 * 60 * 60 * 1_000_000_000;

/// Of what kind a thing was that is gone.
#[derive(Clone, Copy)]
pub(super) enum Gone {
    Item(ItemId),
    Session(SessionId),
}

impl Gone {
    fn key(self) -> [u8; 11] {
        let mut key = [0; 11];
        match self {
            Gone::Item(id) => key[1..].copy_from_slice(&id.0),
            Gone::Session(id) => {
                key[0] = 1;
                key[3..].copy_from_slice(&id.0.to_be_bytes());
            }
        }
        key
    }
}

impl<M: Memory + Clone> Service<M> {
    /// Removes an item of the caller's, published or not. A repeated call gets the same answer.
    ///
    /// # Errors
    /// `invalid_name`, `item_not_found`, `forbidden`.
    pub(crate) fn delete_item(&mut self, caller: Caller, now: u64, item: &str) -> api::Result<api::Freed> {
        let id: ItemId = item.parse().wire()?;
        if let Some(freed) = self.gone(caller, Gone::Item(id))? {
            return Ok(freed);
        }
        let item = self.own_item(caller, id)?;
        let freed = self.drop_item(id, &item)?;
        self.remember_gone(Gone::Item(id), &item.owner, freed.bytes, now)?;
        Ok(freed)
    }

    /// Ends up to `most` sessions whose time is over: an original's with its whole unpublished item; and forgets as
    /// many answers. Gives true when there may be more.
    pub(crate) fn reap(&mut self, now: u64, most: usize) -> api::Result<bool> {
        let mut end = [0xff; 16];
        end[..8].copy_from_slice(&now.to_be_bytes());
        let due: Vec<[u8; 16]> = self.store.expiries.keys(..=end).take(most).collect();
        for key in &due {
            self.store.expiries.remove(key);
            let mut session = [0; 8];
            session.copy_from_slice(&key[8..]);
            if let Some(record) = self.store.sessions.get(&session).wire()? {
                self.reap_session(record, now)?;
            }
        }
        let more_gone = self.forget_gone(now, most);
        Ok(due.len() == most || more_gone)
    }

    /// Ends a session, or looks at it later: it was used meanwhile, or the canister is making its derivatives.
    fn reap_session(&mut self, mut record: SessionRecord, now: u64) -> api::Result<()> {
        let item = self.store.items.get(&record.item.0).wire()?;
        if !has_expired(&record, item.as_ref(), now) {
            if record.session.expires_at <= now {
                record.session.expires_at = now + self.store.config().wire()?.session_nanos;
            }
            self.keep_new_session(record);
            return Ok(());
        }
        match item {
            // An item whose original never came, or whose derivatives never came, ends with its first session.
            Some(item) if item.draft.is_some() && item.session == record.session.id => {
                self.drop_item(record.item, &item)?;
            }
            item => {
                self.end_session(&record)?;
                if let Some(mut item) = item
                    && let Some(draft) = &mut item.draft
                {
                    draft.sessions.retain(|open| *open != record.session.id);
                    self.store.items.insert(record.item.0, &item);
                }
            }
        }
        Ok(())
    }

    /// Removes a session; of one that is not finished, what it holds too. Gives the bytes freed.
    pub(super) fn end_session(&mut self, record: &SessionRecord) -> api::Result<u64> {
        self.forget_session(record);
        if record.session.finished().is_some() {
            return Ok(0);
        }
        self.discard(record.session.blob);
        self.close_session(&record.session.owner, record.session.size())?;
        Ok(record.session.stored_bytes())
    }

    /// Removes the open sessions of a draft that is complete without what they would bring.
    pub(super) fn end_sessions(&mut self, draft: &Draft) -> api::Result<()> {
        for session in &draft.sessions {
            if let Some(record) = self.store.sessions.get(&session_key(*session)).wire()? {
                self.end_session(&record)?;
            }
        }
        Ok(())
    }

    /// Removes an item with its assets, sessions, jobs and keys, and gives back what it held.
    pub(super) fn drop_item(&mut self, id: ItemId, item: &ItemRecord) -> api::Result<api::Freed> {
        let mut bytes = 0;
        if let Some(revision) = item.revision
            && let Some(record) = self.store.items.get(&revision.0).wire()?
        {
            bytes += self.drop_item(revision, &record)?.bytes;
        }
        self.forget_certified(id, item)?;
        self.end_tokens(id, item)?;
        let is_kept =
            |asset: &&AssetRecord| item.draft.as_ref().is_some_and(|draft| draft.kept.contains(&asset.name));
        for asset in item.assets.iter().filter(|asset| !is_kept(asset)) {
            bytes += self.free(&item.owner, asset)?;
        }
        let open = item.draft.iter().flat_map(|draft| draft.sessions.iter().copied());
        for session in open.chain([item.session]) {
            if let Some(record) = self.store.sessions.get(&session_key(session)).wire()? {
                bytes += self.end_session(&record)?;
            }
        }
        if let Some(published_at) = item.published_at {
            self.store.newest.remove(&newest_key(published_at, id));
        }
        // A revision has a key to give to its item, and none that leads to itself.
        if let Some(key) = item.key.as_ref().filter(|_| item.revises.is_none()) {
            self.store.keys.remove(key);
        }
        // Its jobs, if any, find no item when their turn comes, and end.
        self.store.items.remove(&id.0);
        match item.revises {
            Some(revised) => self.forget_revision(revised, id)?,
            None => self.give_back(&item.owner, HoldingRecord { items: 1, ..HoldingRecord::default() })?,
        }
        Ok(api::Freed { bytes })
    }

    /// Frees an asset of a draft, unless its bytes are those of the item that the draft is a revision of.
    pub(super) fn drop_asset(
        &mut self,
        owner: &[u8],
        draft: &mut Draft,
        asset: &AssetRecord,
    ) -> api::Result<()> {
        let before = draft.kept.len();
        draft.kept.retain(|kept| *kept != asset.name);
        if draft.kept.len() == before { self.free(owner, asset).map(|_| ()) } else { Ok(()) }
    }

    /// Frees an asset's bytes and gives them back to its owner; the session that filled it ends.
    pub(super) fn free(&mut self, owner: &[u8], asset: &AssetRecord) -> api::Result<u64> {
        if let Some(session) = asset.session {
            self.store.sessions.remove(&session_key(session));
        }
        if let Location::Chunks { blob, .. } = &asset.location {
            self.discard(*blob);
        }
        self.give_back(owner, HoldingRecord { bytes: asset.size, ..HoldingRecord::default() })?;
        Ok(asset.size)
    }

    /// Frees the chunks of a blob: as many as one message may, the others by a timer.
    pub(super) fn discard(&mut self, blob: BlobId) {
        if !self.store.chunks.remove_some(blob, FREED_AT_ONCE) {
            self.store.garbage.insert(blob.0, &());
        }
    }

    /// Frees more of what was discarded; true when there is more to do.
    pub(crate) fn collect_garbage(&mut self) -> bool {
        let next = self.store.garbage.keys(..).next();
        if let Some(blob) = next
            && self.store.chunks.remove_some(BlobId(blob), FREED_AT_ONCE)
        {
            self.store.garbage.remove(&blob);
        }
        self.has_garbage()
    }

    /// Whether anything that was discarded is still to be freed.
    pub(crate) fn has_garbage(&self) -> bool {
        self.store.garbage.len() > 0
    }

    /// Keeps the answer of a removal for calls that are repeated: as long as a session may rest, at most a day.
    pub(super) fn remember_gone(
        &mut self,
        what: Gone,
        owner: &[u8],
        bytes: u64,
        now: u64,
    ) -> api::Result<()> {
        let until = now.saturating_add(self.store.config().wire()?.session_nanos.min(LONGEST_MEMORY));
        let mut order = [0; 19];
        order[..8].copy_from_slice(&until.to_be_bytes());
        order[8..].copy_from_slice(&what.key());
        self.store.gone.insert(what.key(), &GoneRecord { owner: owner.to_vec(), bytes });
        self.store.gone_order.insert(order, &());
        Ok(())
    }

    /// The answer that a removal by this caller had.
    pub(super) fn gone(&self, caller: Caller, what: Gone) -> api::Result<Option<api::Freed>> {
        let gone = self.store.gone.get(&what.key()).wire()?;
        let own = gone.filter(|gone| caller.controller || gone.owner == caller.bytes());
        Ok(own.map(|gone| api::Freed { bytes: gone.bytes }))
    }

    /// Forgets up to `most` answers whose time is over; true when there may be more.
    pub(super) fn forget_gone(&mut self, now: u64, most: usize) -> bool {
        let mut end = [0xff; 19];
        end[..8].copy_from_slice(&now.to_be_bytes());
        let due: Vec<[u8; 19]> = self.store.gone_order.keys(..=end).take(most).collect();
        for order in &due {
            let mut key = [0; 11];
            key.copy_from_slice(&order[8..]);
            self.store.gone.remove(&key);
            self.store.gone_order.remove(order);
        }
        due.len() == most
    }
}

/// Whether a session's time is over, which it is not while the canister makes its item's derivatives.
pub(super) fn has_expired(record: &SessionRecord, item: Option<&ItemRecord>, now: u64) -> bool {
    record.session.expires_at <= now && !item.is_some_and(is_being_made)
}

/// Whether the canister still has stages of the item to run.
fn is_being_made(item: &ItemRecord) -> bool {
    let mut stages = item.draft.iter().flat_map(|draft| &draft.stages);
    stages.any(|stage| matches!(stage.state, StageState::Queued | StageState::Running))
}
