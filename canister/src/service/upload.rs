//! Uploading: chunks as they arrive, the end of a session, and giving up.

use darkroom_api as api;
use darkroom_core::asset::ORIGINAL;
use darkroom_core::id::{ItemId, SessionId};
use darkroom_core::pipeline::Plan;
use darkroom_core::session::Put;
use darkroom_core::{Digest, Error};
use ic_stable_structures::Memory;

use super::removal::Gone;
use super::{HASH_BUDGET, Service, Wire, digest, expiry_key, insert_asset, session_key, wire};
use crate::env::{Caller, Message};
use crate::store::{Draft, ItemRecord, SessionRecord, StageState};

/// Bytes of waiting chunks that one `put_chunk` hashes at most, or one chunk: what came early catches up in steps.
const CATCH_UP: u64 = 8 * 1024 * 1024;

impl<M: Memory + Clone> Service<M> {
    /// Takes a chunk, verified against the SHA-256 that came with it. The last one finishes the session where the
    /// SHA-256 of the whole was declared and little enough is left to hash.
    ///
    /// # Errors
    /// `forbidden`, `session_not_found`, `session_expired`, those of `Session::put_chunk`, and of the chunk that
    /// completes it `hash_mismatch`; the chunk is stored then.
    pub(crate) fn put_chunk(
        &mut self,
        message: Message,
        args: &api::PutChunk,
    ) -> api::Result<api::ChunkReceipt> {
        self.check_uploader(message.caller)?;
        let session = SessionId(args.session);
        self.put_bytes(message, session, args.index, &args.bytes, Some(digest(&args.sha256)))
    }

    /// Takes a chunk, of which a SHA-256 is `declared` unless the whole is in the message, which is finished then.
    pub(super) fn put_bytes(
        &mut self,
        message: Message,
        session: SessionId,
        index: u32,
        bytes: &[u8],
        declared: Option<Digest>,
    ) -> api::Result<api::ChunkReceipt> {
        let Message { caller, now, .. } = message;
        let mut record = self.own_session(caller, now, session)?;
        let put =
            record.session.put_chunk(&mut self.store.chunks, index, bytes, declared, CATCH_UP).wire()?;
        if put == Put::Stored {
            self.rest(&mut record, now)?;
            if record.asset.name.as_str() != ORIGINAL {
                let original = self.item(record.item)?.session;
                self.renew(original, now)?;
            }
        }
        let is_open = record.session.finished().is_none();
        let finishes = declared.is_none() || record.session.declared().is_some();
        let item = if is_open && finishes && record.session.coverage().is_complete() {
            self.complete(&mut record, now)?
        } else {
            if put == Put::Stored {
                self.store.sessions.insert(session_key(session), &record);
            }
            if is_open { None } else { Some((record.item, self.item(record.item)?)) }
        };
        let item = item.map(|(id, item)| wire::item(id, &item));
        Ok(wire::receipt(&record.session, put == Put::Repeated, item))
    }

    /// Completes a session; called again while it is not done. Publishes the item with its last asset.
    ///
    /// # Errors
    /// `forbidden`, `session_not_found`, `session_expired`, `incomplete`, `hash_mismatch`.
    pub(crate) fn finish_upload(
        &mut self,
        message: Message,
        session: SessionId,
    ) -> api::Result<api::FinishUpload> {
        self.check_uploader(message.caller)?;
        let mut record = self.own_session(message.caller, message.now, session)?;
        let is_open = record.session.finished().is_none();
        let completed = if is_open { self.complete(&mut record, message.now)? } else { None };
        let done = completed.is_some() || !is_open;
        let (id, item) = completed.map_or_else(|| Ok((record.item, self.item(record.item)?)), Ok)?;
        let item = wire::item(id, &item);
        Ok(api::FinishUpload { done, hashed: record.session.hashed_bytes(), item })
    }

    /// Hashes what one message may of a session that is not finished, and stores it; with the last of it makes the asset.
    /// Gives the item that has it when that is done.
    fn complete(
        &mut self,
        record: &mut SessionRecord,
        now: u64,
    ) -> api::Result<Option<(ItemId, ItemRecord)>> {
        let session = record.session.id;
        let (mut item, mut draft, plan) = match self.unfilled(record) {
            Ok(open) => open,
            Err(error) => {
                // The chunk is stored, and goes with its session.
                self.store.sessions.insert(session_key(session), record);
                return Err(error);
            }
        };
        let found = match record.session.finish(&self.store.chunks, HASH_BUDGET) {
            Ok(Some(found)) => found,
            unfinished => {
                // What was hashed is kept, also when the hash turns out to be another than was declared.
                self.store.sessions.insert(session_key(session), record);
                return unfinished.map(|_| None).wire();
            }
        };
        record.asset.sha256 = found;
        self.rest(record, now)?;
        self.store.sessions.insert(session_key(session), record);
        draft.sessions.retain(|open| *open != session);
        done(&mut draft, record.asset.name.as_str());
        insert_asset(&mut item, &plan, record.asset.clone());
        item.draft = Some(draft);
        // Its bytes stay reserved: they are the asset's now.
        self.close_session(&record.session.owner, 0)?;
        self.settle(record.item, item, now).map(Some)
    }

    /// The draft that a session fills an asset of, which is not there otherwise.
    fn unfilled(&self, record: &SessionRecord) -> api::Result<(ItemRecord, Draft, Plan)> {
        let (item, draft) = self.draft(record.item)?;
        let plan = self.plan(&draft)?;
        match item.asset(record.asset.name.as_str()) {
            None => Ok((item, draft, plan)),
            Some(asset) => {
                let message = format!("asset `{}` is stored with SHA-256 {}", asset.name, asset.sha256);
                Err(api::Error::new(api::code::ASSET_CONFLICT, message))
            }
        }
    }

    /// Lets a session rest from now on, for as long as sessions may now.
    pub(super) fn rest(&mut self, record: &mut SessionRecord, now: u64) -> api::Result<()> {
        let before = record.session.expires_at;
        record.session.expires_at = now + self.store.config().wire()?.session_nanos;
        if record.session.expires_at < before {
            // It would be looked at when it was to end before.
            self.store.expiries.insert(expiry_key(record), &());
        }
        Ok(())
    }

    /// The same of a session of which there is only the number, if it is there: its item is being worked on.
    pub(super) fn renew(&mut self, session: SessionId, now: u64) -> api::Result<()> {
        let key = session_key(session);
        if let Some(mut record) = self.store.sessions.get(&key).wire()? {
            self.rest(&mut record, now)?;
            self.store.sessions.insert(key, &record);
        }
        Ok(())
    }

    /// Gives up: of the original's session, the whole unpublished item; of a derivative's, that session. A repeated
    /// call gets the same answer.
    ///
    /// # Errors
    /// `session_not_found`, `item_published`, `session_finished` for a derivative's.
    pub(crate) fn abort_upload(
        &mut self,
        caller: Caller,
        now: u64,
        session: SessionId,
    ) -> api::Result<api::Freed> {
        let gone = Gone::Session(session);
        if let Some(freed) = self.gone(caller, gone)? {
            return Ok(freed);
        }
        let record = self.own_session(caller, 0, session)?;
        let (mut item, mut draft) = self.draft(record.item)?;
        if item.session == session {
            item.draft = Some(draft);
            let freed = self.drop_item(record.item, &item)?;
            self.remember_gone(gone, caller.bytes(), freed.bytes, now)?;
            return Ok(freed);
        }
        if record.session.finished().is_some() {
            return Err(Error::SessionFinished).wire();
        }
        draft.sessions.retain(|open| *open != session);
        item.draft = Some(draft);
        self.store.items.insert(record.item.0, &item);
        let bytes = self.end_session(&record)?;
        self.remember_gone(gone, caller.bytes(), bytes, now)?;
        Ok(api::Freed { bytes })
    }
}

/// Marks an asset's stage as done.
pub(super) fn done(draft: &mut Draft, asset: &str) {
    if let Some(stage) = draft.stages.iter_mut().find(|stage| stage.asset.as_str() == asset) {
        stage.state = StageState::Done;
    }
}
