//! A small file with its derivatives in one call.

use darkroom_api as api;
use darkroom_core::asset::ORIGINAL;
use darkroom_core::id::{ItemId, SessionId};
use darkroom_core::{Digest, Error};
use ic_stable_structures::Memory;

use super::{Service, Wire, digest, wire};
use crate::env::Message;

impl<M: Memory + Clone> Service<M> {
    /// Begins, takes derivatives, and stores; the last chunk finishes by itself. With an idempotency key that is
    /// known it goes on with the item of that key, so that a repeated call has the same effect and the same answer.
    ///
    /// # Errors
    /// `invalid_argument` and `hash_mismatch` where `bytes` are not what is declared; those of `begin_upload`,
    /// `put_chunk`, `put_assets` and `finish_upload`. What this call began is gone then. A derivative of another
    /// source is no error of the call: its stage fails, as it does in `put_assets`.
    pub(crate) fn upload_whole(
        &mut self,
        message: Message,
        args: &api::UploadWhole,
    ) -> api::Result<api::Item> {
        // The session and the item are changed with each step.
        self.store.hold();
        let item = self.begin_and_fill(message, args);
        self.store.release();
        item
    }

    fn begin_and_fill(&mut self, message: Message, args: &api::UploadWhole) -> api::Result<api::Item> {
        // Before anything is hashed for somebody who may not.
        self.check_uploader(message.caller)?;
        if args.bytes.len() as u64 != args.upload.size {
            let message =
                format!("{} bytes came; {} are declared as `size`", args.bytes.len(), args.upload.size);
            return Err(api::Error::new(api::code::INVALID_ARGUMENT, message));
        }
        // With a key they are compared with those of the item that it may be known by; without, hashed as they are stored.
        let sha256 = match &args.upload.idempotency_key {
            Some(_) => {
                let found = Digest::of(&args.bytes);
                let declared = args.upload.sha256.as_ref().map(digest);
                if let Some(declared) = declared.filter(|declared| *declared != found) {
                    return Err(Error::HashMismatch { found, declared }).wire();
                }
                Some(found.0.into())
            }
            None => args.upload.sha256,
        };
        let declared = api::BeginUpload { sha256, ..args.upload.clone() };
        let next = self.store.sessions_begun();
        let upload = self.begin_upload(message, &declared)?;
        let is_new = upload.session >= next;
        self.fill(message, &upload, args).inspect_err(|_| {
            if is_new && let Ok(id) = upload.item.parse::<ItemId>() {
                // The error that led here says more than one of undoing could.
                let _undone = self.item(id).and_then(|item| self.drop_item(id, &item));
            }
        })
    }

    fn fill(
        &mut self,
        message: Message,
        upload: &api::Upload,
        args: &api::UploadWhole,
    ) -> api::Result<api::Item> {
        let id: ItemId = upload.item.parse().wire()?;
        let session = SessionId(upload.session);
        // Before the original, with which a pipeline may be complete.
        if !args.assets.is_empty() {
            let put = api::PutAssets { item: upload.item.clone(), assets: args.assets.clone() };
            self.put_assets(message, &put)?;
        }
        let item = self.item(id)?;
        if item.asset(ORIGINAL).is_some() {
            return Ok(wire::item(id, &item));
        }
        let mut done = None;
        // Those that are there too: other bytes under their index are refused.
        for (index, bytes) in (0u32..).zip(args.bytes.chunks(upload.chunk_size.max(1) as usize)) {
            done = self.put_bytes(message, session, index, bytes, None)?.item;
        }
        done.map_or_else(|| Ok(wire::item(id, &self.item(id)?)), Ok)
    }
}
