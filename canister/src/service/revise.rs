//! Revisions: drafts in which derivatives of a published item are made again, beside the item that is served.
//!
//! A revision is an unpublished item of its own. It begins with those assets of its item that are still right, whose
//! bytes it shares, and when it is complete its assets become the item's in the same message.

use darkroom_api as api;
use darkroom_core::id::ItemId;
use ic_stable_structures::Memory;

use super::{Service, Wire, session_key, wire};
use crate::store::{AssetRecord, Draft, ItemRecord};

impl<M: Memory + Clone> Service<M> {
    /// Gives a published item the assets of its revision, which is complete, and frees those whose place they take.
    pub(super) fn revise(
        &mut self,
        id: ItemId,
        revision: ItemId,
        revised: ItemRecord,
        draft: &Draft,
        now: u64,
    ) -> api::Result<()> {
        let old = self.item(id)?;
        let is_kept = |asset: &AssetRecord| draft.kept.contains(&asset.name);
        let mut new = ItemRecord {
            pipeline: revised.pipeline,
            assets: revised.assets,
            failed: revised.failed,
            revision: None,
            ..old.clone()
        };
        for asset in new.assets.iter_mut().filter(|asset| !is_kept(asset)) {
            asset.since = Some(now);
        }
        self.forget_certified(id, &old)?;
        self.store.items.remove(&revision.0);
        self.store.sessions.remove(&session_key(revised.session));
        for session in &draft.sessions {
            if let Some(record) = self.store.sessions.get(&session_key(*session)).wire()? {
                self.end_session(&record)?;
            }
        }
        self.revise_tokens(id, &old, &new)?;
        for asset in
            old.assets.iter().filter(|asset| new.asset(asset.name.as_str()).is_none_or(|_| !is_kept(asset)))
        {
            self.free(&old.owner, asset)?;
        }
        self.store.items.insert(id.0, &new);
        self.certify(id, &new)
    }

    /// Lets an item know that its revision has gone.
    pub(super) fn forget_revision(&mut self, id: ItemId, revision: ItemId) -> api::Result<()> {
        if let Some(mut item) = self.store.items.get(&id.0).wire()?
            && item.revision == Some(revision)
        {
            item.revision = None;
            self.store.items.insert(id.0, &item);
        }
        Ok(())
    }

    /// An item after it was settled: of a revision that is complete, the item that has its assets now.
    pub(super) fn settled(&self, id: ItemId, revises: Option<ItemId>) -> api::Result<api::Item> {
        match (self.store.items.get(&id.0).wire()?, revises) {
            (None, Some(revised)) => Ok(wire::item(revised, &self.item(revised)?)),
            _ => Ok(wire::item(id, &self.item(id)?)),
        }
    }
}
