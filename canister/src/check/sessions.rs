//! Sessions: whose they are, what they lead to, and how far they are hashed.

use std::collections::BTreeMap;

use darkroom_core::chunk::ChunkStore as _;
use darkroom_core::hash::{RollingHash as _, RollingSha256};
use darkroom_core::id::{BlobId, ChunkKey, SessionId};
use ic_stable_structures::Memory;

use super::Checker;
use crate::store::SessionRecord;

impl<M: Memory + Clone> Checker<'_, M> {
    pub(super) fn check_sessions(&mut self) {
        let store = &self.service.store;
        let begun = store.sessions_begun();
        // When each is looked at first.
        let mut due = BTreeMap::new();
        for key in store.expiries.keys(..) {
            let ([at, id], _) = key.as_chunks() else { continue };
            due.entry(SessionId(u64::from_be_bytes(*id))).or_insert(u64::from_be_bytes(*at));
        }
        for (id, record) in std::mem::take(&mut self.sessions) {
            self.expect(id == record.session.id, || {
                format!("session {id} calls itself {}", record.session.id)
            });
            self.expect(id.0 < begun, || format!("session {id} was never begun: the next is {begun}"));
            let ends = due.get(&id).is_some_and(|at| *at <= record.session.expires_at);
            self.expect(ends, || format!("session {id} would never end, or not in time"));
            let blob = BlobId::new(&record.session.owner, id);
            self.expect(record.session.blob == blob, || format!("session {id} has the chunks of another"));
            match self.items.get(&record.item) {
                None => {
                    self.found.push(format!("session {id} is for item {}, which is not there", record.item))
                }
                Some(item) if item.owner != record.session.owner => {
                    self.found.push(format!("session {id} is another owner's than its item {}", record.item));
                }
                Some(item) => {
                    let is_open = record.session.finished().is_none();
                    let draft = item.draft.as_ref();
                    let is_named =
                        item.session == id || draft.is_some_and(|draft| draft.sessions.contains(&id));
                    self.expect(!is_open || (draft.is_some() && is_named), || {
                        format!("session {id} is open, and item {} does not wait for it", record.item)
                    });
                }
            }
            if record.session.finished().is_none() {
                self.check_coverage(id, &record);
            }
            self.sessions.insert(id, record);
        }
    }

    /// What was acknowledged is there, and the rolling hash is that of the prefix.
    fn check_coverage(&mut self, id: SessionId, record: &SessionRecord) {
        let session = &record.session;
        let chunks = &self.service.store.chunks;
        let (mut hash, mut violations) = (RollingSha256::default(), Vec::new());
        let mut hashed = session.hashed_bytes();
        for index in 0..session.coverage().total() {
            let start = u64::from(index) * u64::from(session.chunk_size());
            let expected = (session.size() - start).min(session.chunk_size().into());
            let bytes = chunks.get(ChunkKey { blob: session.blob, index });
            let len = bytes.as_ref().map(|bytes| bytes.len() as u64);
            match (session.coverage().contains(index), len) {
                (true, Some(found)) if found == expected => {}
                (false, None) => {}
                (is_acknowledged, found) => violations.push(format!(
                    "chunk {index} of session {id}: acknowledged: {is_acknowledged}, stored: {found:?} bytes of {expected}"
                )),
            }
            if hashed > 0 {
                hash.update(bytes.as_deref().unwrap_or_default());
                hashed -= expected.min(hashed);
            }
        }
        self.found.append(&mut violations);
        let is_right = hash.save() == session.rolling_hash().save();
        self.expect(is_right, || {
            format!(
                "session {id}: the rolling hash is not that of its first {} bytes",
                session.hashed_bytes()
            )
        });
    }
}
