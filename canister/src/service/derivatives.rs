//! Derivatives that a client made: whole in one call, or in chunks through a session of their own.

use darkroom_api as api;
use darkroom_core::asset::AssetName;
use darkroom_core::chunk::ChunkStore;
use darkroom_core::id::{BlobId, ChunkKey, ItemId, SessionId};
use darkroom_core::pipeline::{MAX_INLINE, Plan, Storage};
use darkroom_core::session::Declared;
use darkroom_core::{Digest, Error};
use ic_stable_structures::Memory;

use super::begin::asset_record;
use super::checks::{check_inline, checked_size};
use super::claim::Claim;
use super::upload::done;
use super::{Service, Wire, digest, insert_asset, session_key, wire};
use crate::env::Message;
use crate::store::{AssetRecord, Draft, HoldingRecord, ItemRecord, Location, Origin, SessionRecord};

impl<M: Memory + Clone> Service<M> {
    /// Opens the session of a derivative that is too large for `put_assets`, for the item's owner alone: a session is
    /// its owner's. For what is open or stored with the same SHA-256 it gives that session.
    ///
    /// # Errors
    /// Those of `put_assets`, `invalid_size`, `limit`, `low_cycles`.
    pub(crate) fn begin_asset(
        &mut self,
        message: Message,
        args: &api::BeginAsset,
    ) -> api::Result<api::Upload> {
        self.check_uploader(message.caller)?;
        let id: ItemId = args.item.parse().wire()?;
        let item = self.own_item(message.caller, id)?;
        if item.owner != message.caller.bytes() {
            let message =
                format!("item `{id}` is another principal's; only its owner can begin an asset of it");
            return Err(api::Error::new(api::code::FORBIDDEN, message));
        }
        let declared_digest = digest(&args.asset.sha256);
        if let Some(asset) = item.asset(&args.asset.name) {
            return match (&asset.location, asset.session) {
                (Location::Chunks { chunk_size, count, .. }, Some(session))
                    if asset.sha256 == declared_digest =>
                {
                    Ok(wire::complete_upload(id, session, *chunk_size, *count))
                }
                _ => Err(already_there(asset, declared_digest)),
            };
        }
        let (mut item, mut draft) = self.draft(id)?;
        let plan = self.plan(&draft)?;
        let claim = self.claim(&plan, &args.asset)?;
        let until = message.now + self.store.config().wire()?.session_nanos;
        if let Some(open) = self.filling(&draft, &claim.name)? {
            if open.session.expires_at <= message.now {
                draft.sessions.retain(|session| *session != open.session.id);
                // Stored with it: what follows may be refused.
                self.store.items.insert(id.0, &ItemRecord { draft: Some(draft.clone()), ..item.clone() });
                self.end_session(&open)?;
            } else if open.session.declared() == Some(declared_digest) && open.session.size() == args.size {
                self.renew(open.session.id, message.now)?;
                self.renew(item.session, message.now)?;
                return Ok(api::Upload { expires_at: until, ..wire::upload(id, &open.session) });
            } else {
                return Err(being_filled(&claim.name, open.session.id));
            }
        }
        if plan.stage(claim.name.as_str()).is_some_and(|stage| stage.storage == Storage::Inline) {
            let allowed = MAX_INLINE as u64;
            return Err(Error::InvalidSize { found: args.size, allowed }).wire();
        }
        let config = self.store.config().wire()?;
        let declared = Declared {
            size: checked_size(args.size, &config)?,
            chunk_size: config.chunk_size,
            sha256: Some(declared_digest),
        };
        let session = self.open_session(message, &config, declared, 0)?;
        let asset =
            asset_record(claim.name, claim.media, &session, claim.meta, Origin::Claimed(claim.recipe));
        let upload = wire::upload(id, &session);
        self.renew(item.session, message.now)?;
        draft.sessions.push(session.id);
        item.draft = Some(draft);
        self.store.items.insert(id.0, &item);
        self.keep_new_session(SessionRecord { session, item: id, asset });
        Ok(upload)
    }

    /// Takes whole derivatives: all of them or none.
    ///
    /// # Errors
    /// `item_not_found`, `forbidden`, `item_published`, `stage_not_yours`, `processor_version`, `chunk_hash`,
    /// `invalid_argument`, `invalid_size`, `limit`, `asset_conflict`, `store_full`.
    pub(crate) fn put_assets(&mut self, message: Message, args: &api::PutAssets) -> api::Result<api::Item> {
        let Message { caller, now, .. } = message;
        self.check_uploader(caller)?;
        let id: ItemId = args.item.parse().wire()?;
        let stored = self.own_item(caller, id)?;
        if stored.draft.is_none() && args.assets.iter().all(|asset| is_stored(&stored, asset)) {
            return Ok(wire::item(id, &stored));
        }
        let (mut item, mut draft) = self.draft(id)?;
        self.renew(item.session, now)?;
        let plan = self.plan(&draft)?;
        let mut new = Vec::new();
        for (index, asset) in args.assets.iter().enumerate() {
            let claim = self.claim(&plan, asset)?;
            let found = Digest::of(&asset.bytes);
            if found != digest(&asset.sha256) {
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                return Err(Error::ChunkHash { index, found, declared: digest(&asset.sha256) }).wire();
            }
            match item.asset(claim.name.as_str()) {
                Some(stored) if stored.sha256 == found => continue,
                Some(stored) => return Err(already_there(stored, found)),
                None => {}
            }
            if new.iter().any(|(other, _, _): &(Claim, _, _)| other.name == claim.name) {
                let message = format!("asset `{}` stands twice in this call", claim.name);
                return Err(api::Error::new(api::code::INVALID_ARGUMENT, message));
            }
            check_inline(&plan, claim.name.as_str(), asset.bytes.len())?;
            if let Some(session) = self.filling(&draft, &claim.name)? {
                return Err(being_filled(&claim.name, session.session.id));
            }
            new.push((claim, found, asset));
        }
        let add = new.iter().map(|(_, _, asset)| asset.bytes.len() as u64).sum();
        let add = HoldingRecord { bytes: add, ..HoldingRecord::default() };
        let config = self.store.config().wire()?;
        self.reserve(&item.owner, add, &config)?;
        let mut stored = Vec::new();
        for (claim, sha256, asset) in new {
            let location = match self.store_bytes(&item, &plan, claim.name.as_str(), &asset.bytes) {
                Ok(location) => location,
                Err(error) => {
                    for blob in stored {
                        self.store.chunks.remove(blob);
                    }
                    self.give_back(&item.owner, add)?;
                    return Err(error);
                }
            };
            if let Location::Chunks { blob, .. } = &location {
                stored.push(*blob);
            }
            done(&mut draft, claim.name.as_str());
            let record = AssetRecord {
                name: claim.name,
                media: claim.media,
                size: asset.bytes.len() as u64,
                sha256,
                meta: claim.meta,
                location,
                origin: Origin::Claimed(claim.recipe),
                session: None,
                since: None,
            };
            insert_asset(&mut item, &plan, record);
        }
        item.draft = Some(draft);
        let (id, item) = self.settle(id, item, now)?;
        Ok(wire::item(id, &item))
    }

    /// The open session that fills an asset of a draft.
    fn filling(&self, draft: &Draft, asset: &AssetName) -> api::Result<Option<SessionRecord>> {
        for session in &draft.sessions {
            let open = self.store.sessions.get(&session_key(*session)).wire()?;
            if let Some(open) = open.filter(|open| open.asset.name == *asset) {
                return Ok(Some(open));
            }
        }
        Ok(None)
    }

    /// Stores a complete asset where its stage says.
    pub(super) fn store_bytes(
        &mut self,
        item: &ItemRecord,
        plan: &Plan,
        asset: &str,
        bytes: &[u8],
    ) -> api::Result<Location> {
        if plan.stage(asset).is_some_and(|stage| stage.storage == Storage::Inline) {
            return Ok(Location::Inline(bytes.to_vec()));
        }
        let chunk_size = self.store.config().wire()?.chunk_size;
        let blob = BlobId::new(&item.owner, self.store.next_session());
        let mut count = 0;
        for chunk in bytes.chunks(chunk_size as usize) {
            let key = ChunkKey { blob, index: count };
            if let Err(error) = self.store.chunks.put(key, chunk, Digest::of(chunk)) {
                self.store.chunks.remove(blob);
                return Err(error).wire();
            }
            count += 1;
        }
        Ok(Location::Chunks { blob, chunk_size, count })
    }
}

fn is_stored(item: &ItemRecord, asset: &api::PutAsset) -> bool {
    item.asset(&asset.name).is_some_and(|stored| stored.sha256 == digest(&asset.sha256))
}

fn being_filled(asset: &AssetName, session: SessionId) -> api::Error {
    let message = format!("session {session} is filling asset `{asset}`; finish or abort it");
    api::Error::new(api::code::ASSET_CONFLICT, message)
}

fn already_there(asset: &AssetRecord, found: Digest) -> api::Error {
    let message = format!(
        "asset `{}` is stored with SHA-256 {}; different bytes with {found} are refused",
        asset.name, asset.sha256
    );
    api::Error::new(api::code::ASSET_CONFLICT, message)
}
