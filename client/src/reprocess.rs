//! Derivatives of a stored item made again, where they are missing or outdated.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::asset::ORIGINAL;
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::Plan;

use crate::config::pipeline_from_wire;
use crate::darkroom::Darkroom;
use crate::derive::Derived;
use crate::download::IN_FLIGHT;
use crate::error::{Error, Result};
use crate::schedule::{has_failed, idempotency_key, is_as_planned, stages_to_make};
use crate::upload::{FailedStage, Job, Original, StoredAsset, Tracker, UploadOptions};

/// The waits between two looks at what the canister is doing.
const POLL: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(1500)];

/// How derivatives are made again.
#[derive(Clone, Debug)]
pub struct ReprocessOptions {
    /// The pipeline to go through; absent for the item's own, as it is configured now.
    pub pipeline: Option<String>,
    /// Whether the canister is to make again what it has of clients, and to refuse what differs.
    pub verify: bool,
    /// How long to wait for the stages that the canister runs: 15 minutes by default.
    pub patience: Duration,
}

impl Default for ReprocessOptions {
    fn default() -> Self {
        ReprocessOptions { pipeline: None, verify: false, patience: UploadOptions::default().patience }
    }
}

/// What became of an item.
#[derive(Clone, Debug)]
pub struct Reprocessed {
    /// The item's id.
    pub item: String,
    /// The pipeline that it has gone through.
    pub pipeline: String,
    /// Its assets as they are served now, in pipeline order.
    pub assets: Vec<StoredAsset>,
    /// The assets that are new, have other bytes, or are now `verified`.
    pub changed: Vec<String>,
    /// The assets that are gone.
    pub removed: Vec<String>,
    /// The optional stages that failed, without which it is complete.
    pub failed: Vec<FailedStage>,
}

impl Reprocessed {
    /// Whether everything was as it should be.
    pub fn is_unchanged(&self) -> bool {
        self.changed.is_empty() && self.removed.is_empty()
    }
}

impl Darkroom {
    /// Makes the derivatives of an item again that are missing or not what its pipeline gives now: another processor,
    /// version, source or params. What is placed on the client is made here from the stored original. The item is
    /// served as it is until all of them are stored, and then changes at once. Of an item that is not published, the
    /// stages that failed are tried again.
    ///
    /// # Errors
    /// [`Error::Refused`] where there is no such item of the caller's or no such pipeline, [`Error::Stage`] and
    /// [`Error::CanisterStage`] for required stages that fail, after which the item is as before, and
    /// [`Error::Unfinished`] when `patience` is over; the canister goes on then.
    pub async fn reprocess(&self, item: &str, options: &ReprocessOptions) -> Result<Reprocessed> {
        let before = self.item(item).await?;
        let args = api::Reprocess {
            item: item.to_owned(),
            pipeline: options.pipeline.clone(),
            verify: options.verify.then_some(true),
            idempotency_key: self.key_of(&before, options).await?,
        };
        let begun: api::Reprocessed = self.calls.update("reprocess", &args).await?;
        let draft = match begun.revision {
            Some(revision) => revision,
            None if begun.item.state == api::item_state::PUBLISHED => {
                return Ok(compared(&before, &begun.item));
            }
            None => begun.item,
        };
        let pipeline = begun.pipeline.ok_or_else(|| Error::Answer {
            call: "reprocess",
            reason: "an item that is not published has no pipeline".to_owned(),
        })?;
        let plan = Plan::new(&pipeline_from_wire(&pipeline)?, &self.toolkit.registry)?;
        let after = self.make_again(draft, Arc::new(plan), options).await?;
        Ok(compared(&before, &after))
    }

    /// The key that an upload of an item's file has with the pipeline that it is to go through; `None` where that is not
    /// known, which the canister then says.
    async fn key_of(&self, item: &api::Item, options: &ReprocessOptions) -> Result<Option<String>> {
        // The pipeline may have been configured anew since it was asked for last.
        self.forget_catalog();
        let name = options.pipeline.as_ref().unwrap_or(&item.pipeline);
        let plan = self.catalog().await?.plan(Some(name), &self.toolkit.registry);
        let original = item.assets.iter().find(|asset| asset.name == ORIGINAL);
        let (Ok(plan), Some(original)) = (plan, original) else { return Ok(None) };
        let private = item.visibility == api::Visibility::Private;
        let sha256 = Digest(*original.sha256);
        Ok(Some(idempotency_key(sha256, &item.file_name, &original.media_type, private, &plan)))
    }

    /// Fills a draft whose original is stored. Gives the published item from a certified answer.
    async fn make_again(
        &self,
        draft: api::Item,
        plan: Arc<Plan>,
        options: &ReprocessOptions,
    ) -> Result<api::Item> {
        let catalog = self.catalog().await?;
        let stored: BTreeSet<String> = draft.assets.iter().map(|asset| asset.name.clone()).collect();
        let needed = stages_to_make(&plan, &stored);
        catalog.check_versions(&plan, &needed)?;
        let upload = UploadOptions { patience: options.patience, ..Default::default() };
        let report = |_| ();
        let job = self.job(&draft, plan, catalog.images(), !needed.is_empty(), &upload, &report).await?;
        let derived = if needed.is_empty() {
            Derived::default()
        } else {
            match job.lane_b(&draft.id, &stored, None).await {
                Ok((derived, _)) => derived,
                // A repeated call finds a revision gone that its first has completed.
                Err(Error::Refused { source, .. })
                    if source.code == api::code::ITEM_NOT_FOUND && draft.revises.is_some() =>
                {
                    Derived::default()
                }
                Err(error) => return Err(error),
            }
        };
        let item = match &draft.revises {
            Some(revised) => {
                let item = self.wait_for_revision(&job, &draft.id, revised).await?;
                if !is_as_planned(&job.plan, &item, options.verify) {
                    // It is gone, and not because it was complete: deleted, expired, or replaced by another one.
                    let state = "replaced by another call or removed".to_owned();
                    return Err(Error::Unfinished { item: draft.id, state, seconds: 0 });
                }
                item
            }
            None => job.wait_for_canister(&draft.id).await?,
        };
        for (stage, made) in job.to_send(&stored, &derived.assets) {
            let name = stage.asset.as_str();
            if has_failed(&item, name) {
                continue;
            }
            let found = Digest(*self.asset_of(&item, name)?.sha256);
            if found != made.sha256 {
                return Err(Error::Mismatch { asset: name.to_owned(), expected: made.sha256, found });
            }
        }
        Ok(item)
    }

    /// The work on a draft, with its original where something is to be made here.
    async fn job<'a>(
        &'a self,
        draft: &api::Item,
        plan: Arc<Plan>,
        limits: darkroom_core::decode::DecodeLimits,
        fetches: bool,
        options: &'a UploadOptions,
        report: &'a (dyn Fn(crate::upload::Event) + Send + Sync),
    ) -> Result<Job<'a>> {
        let original = self.asset_of(draft, ORIGINAL)?;
        let bytes = if fetches { self.fetch(draft, original, IN_FLIGHT).await? } else { Default::default() };
        let media = MediaType::parse(&original.media_type)?;
        let begin = api::BeginUpload {
            pipeline: Some(draft.pipeline.clone()),
            file_name: draft.file_name.clone(),
            media_type: original.media_type.clone(),
            size: original.size,
            sha256: Some(original.sha256),
            visibility: Some(draft.visibility),
            idempotency_key: None,
        };
        Ok(Job {
            darkroom: self,
            tracker: Tracker::new(&plan, original.size, report),
            plan,
            limits,
            original: Original::Bytes(bytes),
            media,
            length: original.size,
            size: None,
            sha256: Digest(*original.sha256),
            trusted: false,
            asks: false,
            file: None,
            options,
            begin,
        })
    }

    /// Waits until a revision has become its item.
    async fn wait_for_revision(&self, job: &Job<'_>, revision: &str, revised: &str) -> Result<api::Item> {
        let begun = Instant::now();
        let mut wait = POLL[0];
        loop {
            let state = match self.item(revision).await {
                Ok(draft) if draft.state == api::item_state::FAILED => {
                    match self.certified_item(revision).await? {
                        draft if draft.state == api::item_state::FAILED => {
                            return Err(job.failed_stage(draft));
                        }
                        draft => draft.state,
                    }
                }
                Ok(draft) => draft.state,
                Err(Error::Refused { source, .. }) if source.code == api::code::ITEM_NOT_FOUND => {
                    let item = self.certified_item(revised).await?;
                    if item.revision.as_deref() != Some(revision) {
                        return Ok(item);
                    }
                    api::item_state::PROCESSING.to_owned()
                }
                Err(error) => return Err(error),
            };
            let seconds = begun.elapsed().as_secs();
            if begun.elapsed() > job.options.patience {
                return Err(Error::Unfinished { item: revision.to_owned(), state, seconds });
            }
            tokio::time::sleep(wait).await;
            wait = wait.mul_f64(1.5).min(POLL[1]);
        }
    }
}

fn compared(before: &api::Item, after: &api::Item) -> Reprocessed {
    let same = |asset: &api::Asset, other: &api::Asset| {
        asset.name == other.name && asset.sha256 == other.sha256 && asset.provenance == other.provenance
    };
    let is_changed = |asset: &&api::Asset| !before.assets.iter().any(|other| same(asset, other));
    let is_gone = |asset: &&api::Asset| !after.assets.iter().any(|other| other.name == asset.name);
    let names = |assets: Vec<&api::Asset>| assets.into_iter().map(|asset| asset.name.clone()).collect();
    Reprocessed {
        item: after.id.clone(),
        pipeline: after.pipeline.clone(),
        assets: after.assets.iter().map(StoredAsset::from).collect(),
        changed: names(after.assets.iter().filter(is_changed).collect()),
        removed: names(before.assets.iter().filter(is_gone).collect()),
        failed: FailedStage::of(after),
    }
}
