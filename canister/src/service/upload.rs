//! Uploading: sessions, chunks, whole derivatives, and giving up.

use darkroom_api as api;
use darkroom_core::asset::{AssetName, Meta};
use darkroom_core::chunk::ChunkStore;
use darkroom_core::id::{BlobId, ChunkKey, ItemId, SessionId};
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::{MAX_INLINE, Plan, Storage};
use darkroom_core::session::{Declared, Put, Session};
use darkroom_core::{Digest, Error};
use ic_stable_structures::Memory;

use super::checks::{check_inline, checked_file_name, checked_key, checked_size, chosen_pipeline};
use super::claim::Claim;
use super::{HASH_BUDGET, Service, Wire, digest, expiry_key, insert_asset, session_key, wire};
use crate::env::Caller;
use crate::store::{
    AssetRecord, ConfigRecord, Draft, ItemRecord, Location, Origin, SessionRecord, StageRecord, StageState,
};

impl<M: Memory + Clone> Service<M> {
    /// Declares an item and opens the session of its original. With an idempotency key that is known, gives the
    /// session that it was first used for.
    ///
    /// # Errors
    /// `forbidden`, `invalid_argument`, `invalid_name`, `unknown_pipeline`, `invalid_size`, `limit`,
    /// `key_conflict`.
    pub(crate) fn begin_upload(
        &mut self,
        caller: Caller,
        now: u64,
        args: &api::BeginUpload,
    ) -> api::Result<api::Upload> {
        self.check_uploader(caller)?;
        let config = self.store.config().wire()?;
        let file_name = checked_file_name(&args.file_name)?;
        let media = MediaType::parse(&args.media_type).wire()?;
        let key = args.idempotency_key.as_deref().map(|key| checked_key(caller, key)).transpose()?;
        let known = key.map(|key| self.store.keys.get(&key)).transpose().wire()?.flatten();
        if let Some(id) = known {
            if let Some(upload) = self.begun(now, id, args, &media, &config)? {
                return Ok(upload);
            }
        }
        let pipeline = chosen_pipeline(&config, args.pipeline.as_deref())?;
        let plan = Plan::new(pipeline, self.registry()).wire()?;
        let declared = Declared {
            size: checked_size(args.size, &config)?,
            chunk_size: config.chunk_size,
            sha256: args.sha256.as_ref().map(digest),
        };
        let draft = Draft {
            pipeline: pipeline.clone(),
            stages: plan
                .stages()
                .iter()
                .map(|stage| StageRecord {
                    asset: stage.asset.clone(),
                    state: StageState::Waiting,
                    attempts: 0,
                })
                .collect(),
            sessions: Vec::new(),
        };
        let session = self.open_session(caller, now, &config, declared)?;
        let id = ItemId::new(caller.bytes(), session.id);
        let item = ItemRecord {
            owner: caller.bytes().to_vec(),
            pipeline: pipeline.name.clone(),
            file_name,
            private: args.visibility == Some(api::Visibility::Private),
            key,
            session: session.id,
            created_at: now,
            published_at: None,
            assets: Vec::new(),
            draft: Some(draft),
        };
        let asset = asset_record(AssetName::original(), media, &session, Meta::default(), Origin::Uploaded);
        let upload = wire::upload(id, &session);
        self.keep_new_session(SessionRecord { session, item: id, asset });
        self.store.items.insert(id.0, &item);
        if let Some(key) = key {
            self.store.keys.insert(key, &id);
        }
        Ok(upload)
    }

    /// The upload that was begun with the same key, its time begun anew; `None` if its time was over.
    fn begun(
        &mut self,
        now: u64,
        id: ItemId,
        args: &api::BeginUpload,
        media: &MediaType,
        config: &ConfigRecord,
    ) -> api::Result<Option<api::Upload>> {
        let item = self.item(id)?;
        let session = self.store.sessions.get(&session_key(item.session)).wire()?;
        let (size, sha256, stored_media) = match (&session, item.asset("original")) {
            (_, Some(asset)) => (asset.size, Some(asset.sha256), asset.media.clone()),
            (Some(record), None) => {
                (record.session.size(), record.session.declared(), record.asset.media.clone())
            }
            (None, None) => {
                let error = Error::Corrupt { what: "item", reason: format!("`{id}` has lost its session") };
                return Err(error).wire();
            }
        };
        let declared = args.sha256.as_ref().map(digest);
        let same_hash = sha256.is_none() || declared.is_none() || sha256 == declared;
        let same_pipeline = args.pipeline.as_ref().is_none_or(|name| *name == item.pipeline);
        let private = args.visibility == Some(api::Visibility::Private);
        let same_file = size == args.size && same_hash && stored_media == *media;
        if !same_file || !same_pipeline || item.private != private || item.file_name != args.file_name {
            let message = format!(
                "this key was used for `{}`, {size} bytes of {stored_media}, {}, in pipeline `{}`; \
                 another declaration needs another key",
                item.file_name,
                if item.private { "private" } else { "public" },
                item.pipeline
            );
            return Err(api::Error::new(api::code::KEY_CONFLICT, message));
        }
        Ok(Some(match (session, item.asset("original").map(|asset| &asset.location)) {
            (Some(record), _) if item.draft.is_some() && record.session.expires_at <= now => {
                self.drop_item(id, &item)?;
                return Ok(None);
            }
            (Some(mut record), _) => {
                if record.session.finished().is_none() {
                    record.session.expires_at = now + config.session_nanos;
                    self.store.sessions.insert(session_key(record.session.id), &record);
                }
                wire::upload(id, &record.session)
            }
            (None, Some(Location::Chunks { chunk_size, count, .. })) => api::Upload {
                item: id.to_string(),
                session: item.session.0,
                chunk_size: *chunk_size,
                coverage: vec![api::ChunkRange { start: 0, end: *count }],
                expires_at: 0,
            },
            (None, _) => {
                let error = Error::Corrupt { what: "item", reason: format!("`{id}` has no original") };
                return Err(error).wire();
            }
        }))
    }

    /// Opens the session of a derivative that is too large for `put_assets`.
    ///
    /// # Errors
    /// Those of `put_assets`, `invalid_size`, `limit`.
    pub(crate) fn begin_asset(
        &mut self,
        caller: Caller,
        now: u64,
        args: &api::BeginAsset,
    ) -> api::Result<api::Upload> {
        let id: ItemId = args.item.parse().wire()?;
        self.own_item(caller, id)?;
        let (mut item, mut draft) = self.draft(id)?;
        let plan = self.plan(&draft)?;
        let claim = self.claim(&plan, &args.asset)?;
        let declared_digest = digest(&args.asset.sha256);
        if let Some(asset) = item.asset(claim.name.as_str()) {
            return Err(already_there(asset, declared_digest));
        }
        if let Some(open) = self.filling(&draft, &claim.name)? {
            if open.session.declared() == Some(declared_digest) && open.session.size() == args.size {
                return Ok(wire::upload(id, &open.session));
            }
            return Err(being_filled(&claim.name, open.session.id));
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
        let session = self.open_session(caller, now, &config, declared)?;
        let asset =
            asset_record(claim.name, claim.media, &session, claim.meta, Origin::Claimed(claim.recipe));
        let upload = wire::upload(id, &session);
        draft.sessions.push(session.id);
        item.draft = Some(draft);
        self.store.items.insert(id.0, &item);
        self.keep_new_session(SessionRecord { session, item: id, asset });
        Ok(upload)
    }

    /// Takes a chunk, verified against the SHA-256 that came with it.
    ///
    /// # Errors
    /// `session_not_found`, `session_expired`, and those of `Session::put_chunk`.
    pub(crate) fn put_chunk(
        &mut self,
        caller: Caller,
        now: u64,
        args: &api::PutChunk,
    ) -> api::Result<api::ChunkReceipt> {
        let mut record = self.own_session(caller, now, SessionId(args.session))?;
        let session = &mut record.session;
        let declared = digest(&args.sha256);
        // Beside itself, a chunk has at most one more hashed of those that waited behind it; finish does the rest.
        let put = session
            .put_chunk(&mut self.store.chunks, args.index, &args.bytes, declared, session.chunk_size().into())
            .wire()?;
        if put == Put::Stored {
            record.session.expires_at = now + self.store.config().wire()?.session_nanos;
            self.store.sessions.insert(session_key(record.session.id), &record);
        }
        Ok(wire::receipt(&record.session, put == Put::Repeated))
    }

    /// Completes a session; called again while it is not done. Publishes the item with its last asset.
    ///
    /// # Errors
    /// `session_not_found`, `session_expired`, `incomplete`, `hash_mismatch`.
    pub(crate) fn finish_upload(
        &mut self,
        caller: Caller,
        now: u64,
        session: SessionId,
    ) -> api::Result<api::FinishUpload> {
        let mut record = self.own_session(caller, now, session)?;
        let before = record.session.finished();
        let found = record.session.finish(&self.store.chunks, HASH_BUDGET).wire()?;
        let hashed = record.session.hashed_bytes();
        let done = found.is_some();
        if let (None, Some(found)) = (before, found) {
            record.asset.sha256 = found;
            record.session.expires_at = now + self.store.config().wire()?.session_nanos;
            let (mut item, mut draft) = self.draft(record.item)?;
            let plan = self.plan(&draft)?;
            draft.sessions.retain(|open| *open != session);
            complete(&mut draft, record.asset.name.as_str());
            insert_asset(&mut item, &plan, record.asset.clone());
            item.draft = Some(draft);
            self.close_sessions(caller.bytes(), 1)?;
            self.settle(record.item, item, now)?;
        }
        if before.is_none() {
            self.store.sessions.insert(session_key(session), &record);
        }
        let item = wire::item(record.item, &self.item(record.item)?);
        Ok(api::FinishUpload { done, hashed, item })
    }

    /// Takes whole derivatives: all of them or none.
    ///
    /// # Errors
    /// `item_not_found`, `forbidden`, `item_published`, `stage_not_yours`, `processor_version`, `chunk_hash`,
    /// `invalid_argument`, `invalid_size`, `asset_conflict`, `store_full`.
    pub(crate) fn put_assets(
        &mut self,
        caller: Caller,
        now: u64,
        args: &api::PutAssets,
    ) -> api::Result<api::Item> {
        let id: ItemId = args.item.parse().wire()?;
        let stored = self.own_item(caller, id)?;
        if stored.draft.is_none() && args.assets.iter().all(|asset| is_stored(&stored, asset)) {
            return Ok(wire::item(id, &stored));
        }
        let (mut item, mut draft) = self.draft(id)?;
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
        let mut stored = Vec::new();
        for (claim, sha256, asset) in new {
            let location = match self.store_bytes(&item, &plan, claim.name.as_str(), &asset.bytes) {
                Ok(location) => location,
                Err(error) => {
                    for blob in stored {
                        self.store.chunks.remove(blob);
                    }
                    return Err(error);
                }
            };
            if let Location::Chunks { blob, .. } = &location {
                stored.push(*blob);
            }
            complete(&mut draft, claim.name.as_str());
            let record = AssetRecord {
                name: claim.name,
                media: claim.media,
                size: asset.bytes.len() as u64,
                sha256,
                meta: claim.meta,
                location,
                origin: Origin::Claimed(claim.recipe),
            };
            insert_asset(&mut item, &plan, record);
        }
        item.draft = Some(draft);
        self.settle(id, item, now)?;
        Ok(wire::item(id, &self.item(id)?))
    }

    /// Gives up: of the original's session, the whole unpublished item; of a derivative's, that session.
    ///
    /// # Errors
    /// `session_not_found`, `item_published`.
    pub(crate) fn abort_upload(&mut self, caller: Caller, session: SessionId) -> api::Result<api::Freed> {
        let record = self.own_session(caller, 0, session)?;
        let (mut item, mut draft) = self.draft(record.item)?;
        if item.session == session {
            item.draft = Some(draft);
            return self.drop_item(record.item, &item);
        }
        if record.session.finished().is_some() {
            return Err(Error::SessionFinished).wire();
        }
        draft.sessions.retain(|open| *open != session);
        item.draft = Some(draft);
        self.store.items.insert(record.item.0, &item);
        self.forget_session(&record);
        self.close_sessions(caller.bytes(), 1)?;
        Ok(api::Freed { bytes: self.store.chunks.remove(record.session.blob) })
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

    fn open_session(
        &mut self,
        caller: Caller,
        now: u64,
        config: &ConfigRecord,
        declared: Declared,
    ) -> api::Result<Session> {
        let mut owner = self.store.owners.get(&caller.bytes().to_vec()).wire()?.unwrap_or_default();
        if owner.open_sessions >= config.max_open_sessions {
            let message = format!(
                "{} has {} open sessions; at most {} are allowed: finish or abort some",
                caller.principal, owner.open_sessions, config.max_open_sessions
            );
            return Err(api::Error { retryable: true, ..api::Error::new(api::code::LIMIT, message) });
        }
        // Checked before anything is counted: an error leaves no trace.
        Session::new(SessionId(0), caller.bytes(), declared, 0).wire()?;
        let id = self.store.next_session();
        let session = Session::new(id, caller.bytes(), declared, now + config.session_nanos).wire()?;
        owner.open_sessions += 1;
        self.store.owners.insert(caller.bytes().to_vec(), &owner);
        Ok(session)
    }

    fn keep_new_session(&mut self, record: SessionRecord) {
        self.store.expiries.insert(expiry_key(&record), &());
        self.store.sessions.insert(session_key(record.session.id), &record);
    }

    /// Removes a session's record; its entry among the expiries goes when it comes due.
    pub(super) fn forget_session(&mut self, record: &SessionRecord) {
        self.store.sessions.remove(&session_key(record.session.id));
    }

    /// Counts `closed` sessions of an owner as no longer open.
    pub(super) fn close_sessions(&mut self, owner: &[u8], closed: u32) -> api::Result<()> {
        let key = owner.to_vec();
        let mut record = self.store.owners.get(&key).wire()?.unwrap_or_default();
        record.open_sessions = record.open_sessions.saturating_sub(closed);
        if record.open_sessions == 0 {
            self.store.owners.remove(&key);
        } else {
            self.store.owners.insert(key, &record);
        }
        Ok(())
    }
}

fn asset_record(
    name: AssetName,
    media: MediaType,
    session: &Session,
    meta: Meta,
    origin: Origin,
) -> AssetRecord {
    AssetRecord {
        name,
        media,
        size: session.size(),
        sha256: session.declared().unwrap_or(Digest([0; 32])),
        meta,
        location: Location::Chunks {
            blob: session.blob,
            chunk_size: session.chunk_size(),
            count: session.coverage().total(),
        },
        origin,
    }
}

fn complete(draft: &mut Draft, asset: &str) {
    if let Some(stage) = draft.stages.iter_mut().find(|stage| stage.asset.as_str() == asset) {
        stage.state = StageState::Done;
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
