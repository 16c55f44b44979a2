//! Chunks: each is what arrived, each belongs to something, and the arena is theirs without gap or overlap.

use std::collections::{BTreeMap, BTreeSet};

use darkroom_core::Digest;
use darkroom_core::id::BlobId;
use ic_stable_structures::Memory;

use super::{Checker, chunks_of, own_assets};

impl<M: Memory + Clone> Checker<'_, M> {
    pub(super) fn check_chunks(&mut self) {
        let owners = self.blobs();
        let garbage: BTreeSet<BlobId> = self.service.store.garbage.keys(..).map(BlobId).collect();
        for blob in garbage.iter().filter(|blob| owners.contains_key(blob)) {
            self.found.push(format!("what is to be freed is in use: {:?}", owners.get(blob)));
        }
        let chunks = &self.service.store.chunks;
        let (mut used, mut violations) = (Vec::new(), Vec::new());
        for (key, extent, digest) in chunks.entries() {
            used.push(extent);
            let is_tree = chunks.is_tree(key);
            if !is_tree && Digest::of(&chunks.bytes(extent)) != digest {
                violations.push(format!(
                    "chunk {} of {:?} is not what arrived",
                    key.index,
                    owners.get(&key.blob)
                ));
            }
            let is_owned = match owners.get(&key.blob) {
                // Trees of answers are of what is published, and of tokens.
                Some((_, count)) => is_tree || key.index < *count,
                None => garbage.contains(&key.blob),
            };
            if !is_owned {
                violations.push(format!(
                    "chunk {} of {:?} belongs to nothing",
                    key.index,
                    owners.get(&key.blob)
                ));
            }
        }
        violations.extend(chunks.check_arena(used));
        self.found.append(&mut violations);
    }

    /// Every blob that somebody may read or fill: whose it is, and how many chunks it has.
    fn blobs(&mut self) -> BTreeMap<BlobId, (String, u32)> {
        let mut owners: BTreeMap<BlobId, (String, u32)> = BTreeMap::new();
        for (id, record) in self.sessions.iter().filter(|(_, record)| record.session.finished().is_none()) {
            let count = record.session.coverage().total();
            owners.insert(record.session.blob, (format!("session {id}"), count));
        }
        for (id, item) in &self.items {
            for asset in own_assets(item) {
                let Some((blob, count)) = chunks_of(asset) else { continue };
                let whose = format!("asset {id}/{}", asset.name);
                if let Some((other, _)) = owners.insert(blob, (whose.clone(), count)) {
                    self.found.push(format!("{whose} shares its bytes with {other}"));
                }
            }
        }
        owners
    }
}
