//! Items: their assets' bytes, what drafts wait for, and every table that leads to them.

use std::collections::{BTreeMap, BTreeSet};

use candid::Principal;
use darkroom_core::Digest;
use darkroom_core::asset::{AssetName, ORIGINAL};
use darkroom_core::chunk::ChunkStore as _;
use darkroom_core::hash::{RollingHash as _, RollingSha256};
use darkroom_core::id::{BlobId, ChunkKey, ItemId};
use darkroom_core::pipeline::Plan;
use ic_stable_structures::Memory;

use super::{Checker, all, own_assets};
use crate::service::{is_complete, newest_key};
use crate::store::{AssetRecord, Draft, ItemRecord, Location, StageState};

/// The most bytes of an asset that is kept in its item's record.
const MAX_INLINE: usize = 32 * 1024;

impl<M: Memory + Clone> Checker<'_, M> {
    pub(super) fn check_items(&mut self) {
        let jobs: BTreeSet<(ItemId, AssetName)> = all(&self.service.store.jobs, &mut self.found)
            .into_iter()
            .map(|(_, job)| (job.item, job.asset))
            .collect();
        for (id, item) in std::mem::take(&mut self.items) {
            let derived = ItemId::new(&item.owner, item.session);
            self.expect(derived == id, || {
                format!("item {id} is not the one of its session {}", item.session)
            });
            for asset in own_assets(&item) {
                self.check_bytes(id, asset);
                if let (Some(session), Location::Chunks { blob, .. }) = (asset.session, &asset.location) {
                    self.expect(*blob == BlobId::new(&item.owner, session), || {
                        format!("asset {id}/{} has other chunks than session {session} filled", asset.name)
                    });
                }
            }
            let anonymous = Principal::anonymous();
            self.expect(item.owner != anonymous.as_slice(), || {
                format!("item {id} is the anonymous principal's")
            });
            self.check_sources(id, &item);
            match &item.draft {
                Some(draft) => self.check_draft(id, &item, draft, &jobs),
                None => self.check_published(id, &item),
            }
            self.items.insert(id, item);
        }
        self.check_links();
        self.check_listing();
        self.check_keys();
        self.check_gone();
    }

    /// All bytes of an asset are there, and have the SHA-256 that it is said to have.
    fn check_bytes(&mut self, id: ItemId, asset: &AssetRecord) {
        let name = &asset.name;
        let (size, found) = match &asset.location {
            Location::Inline(bytes) => {
                self.expect(bytes.len() <= MAX_INLINE, || {
                    format!("asset {id}/{name} has {} bytes in its item's record", bytes.len())
                });
                (bytes.len() as u64, Digest::of(bytes))
            }
            Location::Chunks { blob, chunk_size, count } => {
                let (mut hash, mut size) = (RollingSha256::default(), 0);
                for index in 0..*count {
                    let key = ChunkKey { blob: *blob, index };
                    let Some(bytes) = self.service.store.chunks.get(key) else {
                        self.found.push(format!("asset {id}/{name} has lost chunk {index} of {count}"));
                        continue;
                    };
                    let is_last = index + 1 == *count;
                    let len = bytes.len() as u64;
                    let full = u64::from(*chunk_size);
                    let is_right = if is_last { len <= full } else { len == full };
                    size += len;
                    hash.update(&bytes);
                    self.expect(is_right, || {
                        format!(
                            "chunk {index} of asset {id}/{name} has {len} bytes, chunks have {chunk_size}"
                        )
                    });
                }
                (size, hash.finish())
            }
        };
        self.expect(size == asset.size, || {
            format!("asset {id}/{name} has {size} bytes and is said to have {}", asset.size)
        });
        self.expect(found == asset.sha256, || {
            format!("asset {id}/{name} has SHA-256 {found} and is said to have {}", asset.sha256)
        });
    }

    /// Each derivative was made from the source that is there.
    fn check_sources(&mut self, id: ItemId, item: &ItemRecord) {
        for asset in &item.assets {
            let Some(recipe) = asset.origin.recipe() else { continue };
            let source = item.asset(recipe.source.as_str());
            self.expect(source.is_some() || item.draft.is_some(), || {
                format!("asset {id}/{} was published without its source `{}`", asset.name, recipe.source)
            });
            if let Some(source) = source {
                self.expect(source.sha256 == recipe.source_sha256, || {
                    format!("asset {id}/{} was made from another `{}`", asset.name, recipe.source)
                });
            }
        }
    }

    fn check_draft(
        &mut self,
        id: ItemId,
        item: &ItemRecord,
        draft: &Draft,
        jobs: &BTreeSet<(ItemId, AssetName)>,
    ) {
        self.expect(item.published_at.is_none(), || format!("item {id} is published and a draft"));
        self.expect(item.failed.is_empty(), || format!("draft {id} has failures of a published item"));
        for session in draft.sessions.iter().chain([&item.session]) {
            let is_its = self.sessions.get(session).is_some_and(|record| record.item == id);
            self.expect(is_its, || format!("draft {id} waits for session {session}, which is not there"));
        }
        for stage in &draft.stages {
            let asset = item.asset(stage.asset.as_str());
            let holds = match &stage.state {
                StageState::Done => asset.is_some(),
                StageState::Queued | StageState::Running => jobs.contains(&(id, stage.asset.clone())),
                StageState::Waiting | StageState::Failed { .. } => asset.is_none(),
            };
            self.expect(holds, || {
                format!(
                    "stage {id}/{} is {:?}; its asset is there: {}; jobs: {jobs:?}",
                    stage.asset,
                    stage.state,
                    asset.is_some()
                )
            });
        }
        match Plan::new(&draft.pipeline, self.service.registry()) {
            Ok(plan) => self.expect(!is_complete(&plan, item, draft), || {
                format!("draft {id} has all that its pipeline asks for, and is not published")
            }),
            Err(error) => {
                self.found.push(format!("the pipeline of draft {id} does not hold together: {error}"))
            }
        }
        for asset in item.assets.iter().filter(|asset| asset.name.as_str() != ORIGINAL) {
            let is_planned = draft.stages.iter().any(|stage| stage.asset == asset.name);
            self.expect(is_planned, || format!("draft {id} has asset {}, which no stage makes", asset.name));
        }
    }

    /// A published item has its original and is complete: nothing of a draft is left.
    fn check_published(&mut self, id: ItemId, item: &ItemRecord) {
        self.expect(item.published_at.is_some(), || format!("item {id} was never published and is no draft"));
        self.expect(item.asset(ORIGINAL).is_some(), || format!("published item {id} has no original"));
        self.expect(item.revises.is_none(), || format!("revision {id} is published"));
        let names: BTreeSet<_> = item.assets.iter().map(|asset| &asset.name).collect();
        self.expect(names.len() == item.assets.len(), || format!("item {id} has an asset twice"));
    }

    /// Items and revisions lead to each other, and share what a revision keeps.
    fn check_links(&mut self) {
        for (id, item) in &self.items {
            if let Some(revision) = item.revision {
                let back = self.items.get(&revision).and_then(|revision| revision.revises);
                if back != Some(*id) {
                    self.found.push(format!("item {id} has revision {revision}, which is for {back:?}"));
                }
            }
            let Some(revised) = item.revises else { continue };
            let Some(original) = self.items.get(&revised).filter(|item| item.revision == Some(*id)) else {
                self.found.push(format!("revision {id} is for {revised}, which does not know it"));
                continue;
            };
            for name in item.draft.iter().flat_map(|draft| &draft.kept) {
                if item.asset(name.as_str()).is_none()
                    || item.asset(name.as_str()) != original.asset(name.as_str())
                {
                    self.found.push(format!("revision {id} keeps {name}, which is not what {revised} has"));
                }
            }
        }
    }

    /// What is listed is what is published.
    fn check_listing(&mut self) {
        let published = self.items.iter().filter_map(|(id, item)| Some(newest_key(item.published_at?, *id)));
        let expected: BTreeSet<_> = published.collect();
        let found: BTreeSet<_> = self.service.store.newest.keys(..).collect();
        self.same("listed items", &found, &expected);
    }

    fn check_keys(&mut self) {
        let keys: BTreeMap<[u8; 32], ItemId> =
            all(&self.service.store.keys, &mut self.found).into_iter().collect();
        let of_items = self.items.iter().filter(|(_, item)| item.revises.is_none());
        let expected = of_items.filter_map(|(id, item)| Some((item.key?, *id))).collect();
        self.same("idempotency keys", &keys, &expected);
    }

    /// What is remembered of removals is forgotten some day.
    fn check_gone(&mut self) {
        let store = &self.service.store;
        let due: BTreeSet<Vec<u8>> = store.gone_order.keys(..).map(|key| key[8..].to_vec()).collect();
        for (key, _) in all(&store.gone, &mut self.found) {
            if !due.contains(key.as_slice()) {
                self.found.push(format!("the removal {key:?} would never be forgotten"));
            }
        }
    }
}
