//! The beginning of an upload: what is declared, the session of the original, and coming back to one.

use darkroom_api as api;
use darkroom_core::asset::{AssetName, Meta};
use darkroom_core::id::{ItemId, SessionId};
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::{Plan, PlannedStage};
use darkroom_core::session::{Declared, Session};
use darkroom_core::{Digest, Error};
use ic_stable_structures::Memory;

use super::checks::{checked_file_name, checked_key, checked_size, chosen_pipeline};
use super::removal::has_expired;
use super::{Service, Wire, digest, expiry_key, session_key, wire};
use crate::env::Message;
use crate::store::{
    AssetRecord, ConfigRecord, Draft, HoldingRecord, ItemRecord, Location, Origin, SessionRecord,
    StageRecord, StageState,
};

impl<M: Memory + Clone> Service<M> {
    /// Declares an item and opens the session of its original. With an idempotency key that is known, gives the
    /// session that it was first used for.
    ///
    /// # Errors
    /// `forbidden`, `invalid_argument`, `invalid_name`, `unknown_pipeline`, `invalid_size`, `limit`,
    /// `low_cycles`, `key_conflict`.
    pub(crate) fn begin_upload(
        &mut self,
        message: Message,
        args: &api::BeginUpload,
    ) -> api::Result<api::Upload> {
        let Message { caller, now, .. } = message;
        self.check_uploader(caller)?;
        let config = self.store.config().wire()?;
        let file_name = checked_file_name(&args.file_name)?;
        let media = MediaType::parse(&args.media_type).wire()?;
        let key = args.idempotency_key.as_deref().map(|key| checked_key(caller, key)).transpose()?;
        let known = key.map(|key| self.store.keys.get(&key)).transpose().wire()?.flatten();
        if let Some(id) = known
            && let Some(upload) = self.begun(now, id, args, &media)?
        {
            return Ok(upload);
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
            stages: waiting(&plan),
            sessions: Vec::new(),
            kept: Vec::new(),
        };
        let session = self.open_session(message, &config, declared, 1)?;
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
            revision: None,
            revises: None,
            failed: Vec::new(),
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

    /// The upload that was begun with the same key, its time begun anew unless it is published; `None` if its time
    /// was over. A SHA-256 that comes only now counts from now on.
    fn begun(
        &mut self,
        now: u64,
        id: ItemId,
        args: &api::BeginUpload,
        media: &MediaType,
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
            (Some(record), _) if item.draft.is_some() && has_expired(&record, Some(&item), now) => {
                self.drop_item(id, &item)?;
                return Ok(None);
            }
            (Some(mut record), _) => {
                if let (None, Some(declared)) = (record.session.finished(), declared) {
                    record.session.declare(declared);
                }
                if item.draft.is_some() {
                    self.rest(&mut record, now)?;
                    self.store.sessions.insert(session_key(record.session.id), &record);
                }
                wire::upload(id, &record.session)
            }
            (None, Some(Location::Chunks { chunk_size, count, .. })) => {
                wire::complete_upload(id, item.session, *chunk_size, *count)
            }
            (None, _) => {
                let error = Error::Corrupt { what: "item", reason: format!("`{id}` has no original") };
                return Err(error).wire();
            }
        }))
    }

    /// Opens a session and reserves what it takes, for an item that begins with it where `items` is 1.
    pub(super) fn open_session(
        &mut self,
        message: Message,
        config: &ConfigRecord,
        declared: Declared,
        items: u64,
    ) -> api::Result<Session> {
        let Message { caller, now, liquid_cycles } = message;
        // Checked before anything is counted: an error leaves no trace.
        Session::new(SessionId(0), caller.bytes(), declared, 0).wire()?;
        self.check_cycles(liquid_cycles, declared.size, config)?;
        let add = HoldingRecord { bytes: declared.size, items, open_sessions: 1 };
        self.reserve(caller.bytes(), add, config)?;
        let id = self.store.next_session();
        Session::new(id, caller.bytes(), declared, now + config.session_nanos).wire()
    }

    pub(super) fn keep_new_session(&mut self, record: SessionRecord) {
        self.store.expiries.insert(expiry_key(&record), &());
        self.store.sessions.insert(session_key(record.session.id), &record);
    }

    /// Removes a session's record; its entry among the expiries goes when it comes due.
    pub(super) fn forget_session(&mut self, record: &SessionRecord) {
        self.store.sessions.remove(&session_key(record.session.id));
    }
}

/// The stages of a plan, of which none has begun.
pub(super) fn waiting(plan: &Plan) -> Vec<StageRecord> {
    let stage = |stage: &PlannedStage| StageRecord {
        asset: stage.asset.clone(),
        state: StageState::Waiting,
        attempts: 0,
    };
    plan.stages().iter().map(stage).collect()
}

pub(super) fn asset_record(
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
        session: Some(session.id),
        since: None,
    }
}
