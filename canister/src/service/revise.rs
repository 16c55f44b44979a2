//! Revisions: drafts in which derivatives of a published item are made again, beside the item that is served.
//!
//! A revision is an unpublished item of its own. It begins with those assets of its item that are still right, whose
//! bytes it shares, and when it is complete its assets become the item's in the same message.

use darkroom_api as api;
use darkroom_core::id::ItemId;
use ic_stable_structures::Memory;

use super::{Service, Wire, insert_asset, session_key};
use crate::store::{AssetRecord, Draft, ItemRecord};

impl<M: Memory + Clone> Service<M> {
    /// Gives a published item the assets of its revision, which is complete, and frees those whose place they take. An
    /// optional asset that could not be made anew stays as it is.
    pub(super) fn revise(
        &mut self,
        id: ItemId,
        revision: ItemId,
        revised: ItemRecord,
        draft: &Draft,
        now: u64,
    ) -> api::Result<ItemRecord> {
        let old = self.item(id)?;
        let plan = self.plan(draft)?;
        let mut new = ItemRecord {
            pipeline: revised.pipeline,
            assets: revised.assets,
            failed: revised.failed,
            key: revised.key,
            revision: None,
            ..old.clone()
        };
        let mut stay = draft.kept.clone();
        for asset in new.assets.iter_mut().filter(|asset| !stay.contains(&asset.name)) {
            asset.since = Some(now);
            self.move_session(asset, id)?;
        }
        // Sources stand before what is made of them.
        for asset in &old.assets {
            let has_failed = new.failed.iter().any(|failed| failed.asset == asset.name);
            if has_failed && !stay.contains(&asset.name) && has_source(&new, asset) {
                stay.push(asset.name.clone());
                insert_asset(&mut new, &plan, asset.clone());
            }
        }
        self.forget_certified(id, &old)?;
        self.store.items.remove(&revision.0);
        self.store.sessions.remove(&session_key(revised.session));
        self.end_sessions(draft)?;
        self.revise_tokens(id, &old, &new)?;
        for asset in old.assets.iter().filter(|asset| !stay.contains(&asset.name)) {
            self.free(&old.owner, asset)?;
        }
        self.rename(id, &old, &mut new)?;
        self.store.items.insert(id.0, &new);
        if self.certify(id, &new).is_err() {
            self.certify_later();
        }
        Ok(new)
    }

    /// Gives an item the idempotency key that an upload through its pipeline would have now, unless that leads elsewhere.
    fn rename(&mut self, id: ItemId, old: &ItemRecord, new: &mut ItemRecord) -> api::Result<()> {
        if let Some(key) = &old.key {
            self.store.keys.remove(key);
        }
        new.key = match new.key {
            Some(key) if self.store.keys.get(&key).wire()?.is_none() => Some(key),
            _ => None,
        };
        if let Some(key) = new.key {
            self.store.keys.insert(key, &id);
        }
        Ok(())
    }

    /// Has the session that filled an asset of a revision lead to the item that has it now.
    fn move_session(&mut self, asset: &AssetRecord, id: ItemId) -> api::Result<()> {
        if let Some(session) = asset.session
            && let Some(mut record) = self.store.sessions.get(&session_key(session)).wire()?
        {
            record.item = id;
            self.store.sessions.insert(session_key(session), &record);
        }
        Ok(())
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
}

/// Whether an item has the very bytes that an asset was made from.
fn has_source(item: &ItemRecord, asset: &AssetRecord) -> bool {
    asset.origin.recipe().is_some_and(|recipe| {
        item.asset(recipe.source.as_str()).is_some_and(|source| source.sha256 == recipe.source_sha256)
    })
}
