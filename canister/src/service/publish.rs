//! What follows when an asset is complete: the next stages, and publication.

use darkroom_api as api;
use darkroom_core::asset::{AssetName, ORIGINAL};
use darkroom_core::id::ItemId;
use darkroom_core::lane::{Derive, Progress};
use darkroom_core::pipeline::{Placement, Plan, PlannedStage, Verify};
use ic_stable_structures::Memory;

use super::Service;
use crate::store::{
    Draft, FailedRecord, ImageLimitsRecord, ItemRecord, JobRecord, Origin, StageRecord, StageState,
};

/// The stages of a plan that have jobs here, wherever they are placed: those of clients are made again.
pub(super) fn derive<'a>(plan: &'a Plan, images: &ImageLimitsRecord) -> Derive<'a> {
    Derive {
        plan,
        placement: None,
        decoder: &darkroom_codec::CODECS,
        limits: images.decode(),
        budget: Some(images.budget()),
    }
}

pub(super) fn progress(item: &ItemRecord) -> Progress {
    Progress::new(item.assets.iter().map(|asset| asset.name.clone()))
}

impl<M: Memory + Clone> Service<M> {
    /// Stores an unpublished item whose assets have changed: refuses derivatives of other sources, queues the
    /// stages that can run now, and publishes when all assets are there. Gives the item as it is stored: of a revision that
    /// is complete, the one that has its assets now.
    pub(super) fn settle(
        &mut self,
        id: ItemId,
        mut item: ItemRecord,
        now: u64,
    ) -> api::Result<(ItemId, ItemRecord)> {
        let Some(mut draft) = item.draft.take() else {
            self.store.items.insert(id.0, &item);
            return Ok((id, item));
        };
        let plan = self.plan(&draft)?;
        self.refuse_other_sources(&mut item, &mut draft)?;
        fail_dependents(&plan, &mut draft);
        for stage in progress(&item).ready(&plan, Some(Placement::Canister)) {
            self.queue(id, &mut draft, &stage.asset, StageState::Waiting);
        }
        for stage in plan.stages().iter().filter(|stage| is_unverified(&item, stage)) {
            if item.asset(stage.source.as_str()).is_some() {
                self.queue(id, &mut draft, &stage.asset, StageState::Done);
            }
        }
        let is_complete = is_complete(&plan, &item, &draft);
        if let Some(revised) = item.revises.filter(|_| is_complete) {
            item.failed = failures(&plan, &draft);
            return Ok((revised, self.revise(revised, id, item, &draft, now)?));
        }
        if is_complete {
            item.failed = failures(&plan, &draft);
            self.end_sessions(&draft)?;
            item.published_at = Some(now);
            self.store.newest.insert(newest_key(now, id), &());
        } else {
            item.draft = Some(draft);
        }
        self.store.items.insert(id.0, &item);
        if self.certify(id, &item).is_err() {
            // All is stored; a timer tries again what could not be certified.
            self.certify_later();
        }
        Ok((id, item))
    }

    /// Puts a stage at the end of the queue if its state is `from`, and so not if it is there or has failed.
    fn queue(&mut self, id: ItemId, draft: &mut Draft, asset: &AssetName, from: StageState) {
        let stage = draft.stages.iter_mut().find(|stage| stage.asset == *asset);
        if let Some(stage) = stage.filter(|stage| stage.state == from) {
            stage.state = StageState::Queued;
            let job = self.store.next_job();
            let record = JobRecord { item: id, asset: asset.clone(), attempts: 0, last: None, alone: false };
            self.store.jobs.insert(job.to_be_bytes(), &record);
        }
    }

    /// Drops derivatives that were made from other bytes than their source has, and what was made of them. What
    /// the canister made of a refused asset waits again for its source.
    fn refuse_other_sources(&mut self, item: &mut ItemRecord, draft: &mut Draft) -> api::Result<()> {
        let mut dropped: Vec<AssetName> = Vec::new();
        while let Some(at) = item.assets.iter().position(|asset| {
            asset.origin.recipe().is_some_and(|recipe| match item.asset(recipe.source.as_str()) {
                Some(source) => source.sha256 != recipe.source_sha256,
                None => dropped.contains(&recipe.source) || has_failed(draft, &recipe.source),
            })
        }) {
            let asset = item.assets.remove(at);
            self.drop_asset(&item.owner, draft, &asset)?;
            if let (Some(stage), Some(recipe)) =
                (draft.stages.iter_mut().find(|stage| stage.asset == asset.name), asset.origin.recipe())
            {
                stage.state = match &asset.origin {
                    Origin::Verified(_) => StageState::Waiting,
                    _ => StageState::Failed {
                        code: api::code::SOURCE_MISMATCH.to_owned(),
                        message: format!(
                            "asset `{}` was made from a `{}` with SHA-256 {}; that is not the one stored here",
                            asset.name, recipe.source, recipe.source_sha256
                        ),
                    },
                };
            }
            dropped.push(asset.name);
        }
        Ok(())
    }
}

/// Whether an asset is a client's that has to be made again and was not.
pub(super) fn is_unverified(item: &ItemRecord, stage: &PlannedStage) -> bool {
    let asset = item.asset(stage.asset.as_str());
    stage.verify == Verify::Always && asset.is_some_and(|asset| matches!(asset.origin, Origin::Claimed(_)))
}

/// Whether every asset is there, and verified where that is wanted; optional ones may have failed.
pub(crate) fn is_complete(plan: &Plan, item: &ItemRecord, draft: &Draft) -> bool {
    let is_settled = |stage: &PlannedStage| match item.asset(stage.asset.as_str()) {
        Some(_) => !is_unverified(item, stage),
        None => stage.optional && has_failed(draft, &stage.asset),
    };
    item.asset(ORIGINAL).is_some() && plan.stages().iter().all(is_settled)
}

fn has_failed(draft: &Draft, asset: &AssetName) -> bool {
    let is_failed = |stage: &StageRecord| matches!(stage.state, StageState::Failed { .. });
    draft.stages.iter().any(|stage| stage.asset == *asset && is_failed(stage))
}

/// Fails stages whose source failed, and lets them wait again once it did not.
fn fail_dependents(plan: &Plan, draft: &mut Draft) {
    for planned in plan.stages() {
        let source_failed = has_failed(draft, &planned.source);
        let Some(stage) = draft.stages.iter_mut().find(|stage| stage.asset == planned.asset) else {
            continue;
        };
        match &stage.state {
            StageState::Waiting | StageState::Queued if source_failed => {
                stage.state = StageState::Failed {
                    code: api::code::SOURCE_FAILED.to_owned(),
                    message: format!("its source `{}` was not made", planned.source),
                };
            }
            StageState::Failed { code, .. } if !source_failed && code == api::code::SOURCE_FAILED => {
                stage.state = StageState::Waiting;
            }
            _ => {}
        }
    }
}

/// What an item is complete without.
fn failures(plan: &Plan, draft: &Draft) -> Vec<FailedRecord> {
    let failure = |stage: &StageRecord| match &stage.state {
        StageState::Failed { code, message } => Some(FailedRecord {
            asset: stage.asset.clone(),
            on_canister: plan
                .stage(stage.asset.as_str())
                .is_some_and(|stage| stage.placement == Placement::Canister),
            attempts: stage.attempts,
            code: code.clone(),
            message: message.clone(),
        }),
        _ => None,
    };
    draft.stages.iter().filter_map(failure).collect()
}

/// The place of an item in the order by which items are listed.
pub(crate) fn newest_key(published_at: u64, id: ItemId) -> [u8; 18] {
    let mut key = [0; 18];
    key[..8].copy_from_slice(&(u64::MAX - published_at).to_be_bytes());
    key[8..].copy_from_slice(&id.0);
    key
}

/// A place in that order, as it is handed to a client to go on from.
pub(super) fn cursor(key: [u8; 18]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The reverse of [`cursor`].
pub(super) fn parse_cursor(text: &str) -> api::Result<[u8; 18]> {
    let mut key = [0; 18];
    let digits = text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    for (place, byte) in key.iter_mut().enumerate().filter(|_| digits) {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).unwrap_or_default();
    }
    if digits {
        return Ok(key);
    }
    let message = "`after` is not a place that a page of `items` gave in `next`";
    Err(api::Error::new(api::code::INVALID_ARGUMENT, message))
}
