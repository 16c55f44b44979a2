//! What the journal knows, held against what the canister says.

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::asset::ORIGINAL;

use crate::clock::now;
use crate::darkroom::Darkroom;
use crate::error::{Error, Result};
use crate::journal::{Begun, FileStamp};
use crate::thread::on_thread;
use crate::upload::Job;
use crate::upload::attempt::Start;

impl Darkroom {
    /// SHA-256 of a file of which an upload was in flight, and which has not changed since.
    pub(super) async fn known_sha256(&self, file: Option<FileStamp>) -> Result<Option<Digest>> {
        let Some(journal) = self.journal.clone() else { return Ok(None) };
        on_thread(move || journal.sha256_of(file.as_ref(), now())).await
    }

    /// Forgets uploads that are published: a process may have ended between that and forgetting its record.
    pub(super) async fn forget_records(&self, keys: Vec<String>) {
        let Some(journal) = self.journal.clone().filter(|_| !keys.is_empty()) else { return };
        let canister = self.canister();
        let _ = on_thread(move || keys.iter().for_each(|key| journal.remove(canister, key))).await;
    }
}

impl Job<'_> {
    /// The session that the journal names, as the canister tells of it now. `None`, and the record is forgotten,
    /// where the canister does not know it, or knows it as something else.
    pub(super) async fn journalled(&self) -> Result<Option<Start>> {
        let Some(journal) = self.darkroom.journal.clone() else { return Ok(None) };
        let (canister, key) = self.name();
        let record = on_thread(move || journal.load(canister, &key, now())).await?;
        let Some(record) = record else { return Ok(None) };
        let calls = &self.darkroom.calls;
        let asked = tokio::try_join!(
            calls.query::<_, api::SessionStatus>("session_status", &record.session),
            self.darkroom.item(&record.item),
        );
        let (status, item) = match asked {
            Ok(told) => told,
            Err(Error::Refused { .. }) => {
                self.forget().await;
                return Ok(None);
            }
            // Without a network nothing is known of the session; it may well be there.
            Err(error) => return Err(error),
        };
        let same = status.item == record.item
            && item.id == record.item
            && status.asset == ORIGINAL
            && status.size == self.begin.size
            && record.size == self.begin.size
            && status.chunk_size == record.chunk_size;
        if !same {
            self.forget().await;
            return Ok(None);
        }
        let known = (!status.coverage.is_empty() || !item.assets.is_empty()).then_some(item);
        let upload = api::Upload {
            item: record.item,
            session: record.session,
            chunk_size: status.chunk_size,
            coverage: status.coverage,
            expires_at: status.expires_at,
        };
        Ok(Some(Start { upload, known, certified: false, from_journal: true }))
    }

    /// Keeps the session in the journal. What fails here costs a short cut later, nothing else.
    pub(super) async fn keep(&self, upload: &api::Upload) {
        let Some(journal) = self.darkroom.journal.clone() else { return };
        let (canister, key) = self.name();
        let (upload, size, sha256, file) = (upload.clone(), self.begin.size, self.sha256, self.file.clone());
        let save = move || {
            let begun = Begun { canister, idempotency_key: &key, upload: &upload, size, sha256, file };
            journal.save(begun, now())
        };
        let _ = on_thread(save).await;
    }

    /// Forgets the upload: it is published, or gone.
    pub(super) async fn forget(&self) {
        let Some(journal) = self.darkroom.journal.clone() else { return };
        let (canister, key) = self.name();
        let _ = on_thread(move || journal.remove(canister, &key)).await;
    }

    /// What the upload is called in the journal.
    fn name(&self) -> (candid::Principal, String) {
        let key = self.begin.idempotency_key.clone().unwrap_or_default();
        (self.darkroom.canister(), key)
    }
}
