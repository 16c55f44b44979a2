//! The two lanes of an upload: A sends the original, B makes and sends the derivatives.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use darkroom_api as api;
use darkroom_core::asset::ORIGINAL;
use darkroom_core::pipeline::{Placement, PlannedStage};
use tokio::time::Instant;

use crate::derive::{Deriver, LocalAsset};
use crate::error::{Error, Result};
use crate::schedule::stages_to_make;
use crate::upload::Job;

/// The waits between two looks at what the canister is doing.
const POLL: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(1500)];

impl Job<'_> {
    /// Runs both lanes, waits for what the canister makes, and checks every asset. Gives the published item and
    /// the bytes of the original that were sent.
    pub(super) async fn both_lanes(
        &self,
        upload: &api::Upload,
        known: Option<&api::Item>,
    ) -> Result<(api::Item, u64)> {
        let stored: BTreeSet<String> =
            known.iter().flat_map(|item| &item.assets).map(|asset| asset.name.clone()).collect();
        let needed = stages_to_make(&self.plan, &stored);
        let ((sent, after_original), (local, after_derivatives)) =
            tokio::try_join!(self.lane_a(upload, &stored), self.lane_b(upload, &stored, &needed))?;
        let published = [after_derivatives, after_original].into_iter().flatten().find(is_published);
        let item = match published {
            // The reply of an update call, so it is certified.
            Some(item) => item,
            None => self.wait_for_canister(&upload.item).await?,
        };
        self.count_canister_stages(&item);
        let digests = local.iter().map(|(name, asset)| (name.clone(), asset.sha256)).collect();
        self.check(&item, digests).await?;
        Ok((item, sent))
    }

    /// Sends the chunks of the original that are missing, then has it finished.
    async fn lane_a(
        &self,
        upload: &api::Upload,
        stored: &BTreeSet<String>,
    ) -> Result<(u64, Option<api::Item>)> {
        let size = self.original.bytes.len() as u64;
        if stored.contains(ORIGINAL) {
            self.tracker.stored_bytes(size);
            return Ok((0, None));
        }
        let sent = self.send_chunks(upload, &self.original.bytes, |bytes| self.tracker.stored_bytes(bytes));
        let sent = sent.await?;
        let item = self.finish(upload.session).await?;
        self.tracker.finished_original();
        Ok((sent, Some(item)))
    }

    /// Makes the derivatives that are placed here, and sends them.
    async fn lane_b(
        &self,
        upload: &api::Upload,
        stored: &BTreeSet<String>,
        needed: &BTreeSet<String>,
    ) -> Result<(BTreeMap<String, LocalAsset>, Option<api::Item>)> {
        let deriver = Deriver {
            plan: self.plan.clone(),
            decoder: self.darkroom.toolkit.decoder,
            threads: self.darkroom.shared.threads.clone(),
        };
        let lane_of = |asset: &str| self.plan.stage(asset).map_or(0, |stage| stage.lane);
        let made = |asset: &str| self.tracker.made(lane_of(asset), asset);
        let local = deriver.derive(self.original.clone(), needed, made).await?;
        let to_send: Vec<(&PlannedStage, &LocalAsset)> = self
            .plan
            .stages()
            .iter()
            .filter(|stage| stage.placement == Placement::Client && !stored.contains(stage.asset.as_str()))
            .filter_map(|stage| local.get(stage.asset.as_str()).map(|asset| (stage, asset)))
            .collect();
        let item = self.send_assets(&upload.item, &to_send).await?;
        for (stage, _) in &to_send {
            self.tracker.stored(stage.lane, stage.asset.as_str(), true);
        }
        Ok((local, item))
    }

    /// Waits for the stages that run on the canister. Gives the published item from a certified answer.
    async fn wait_for_canister(&self, item: &str) -> Result<api::Item> {
        let begun = Instant::now();
        let mut wait = POLL[0];
        loop {
            let now: api::Item = self.darkroom.item(item).await?;
            if now.state == api::item_state::PUBLISHED {
                return self.darkroom.certified_item(item).await;
            }
            if now.state == api::item_state::FAILED {
                let failed = now.stages.into_iter().find_map(|stage| Some((stage.asset, stage.error?)));
                let (asset, source) = failed.unwrap_or_else(|| {
                    let unknown = api::Error::new("unknown", "the canister gave no reason");
                    ("unknown".to_owned(), unknown)
                });
                return Err(Error::CanisterStage { asset, source });
            }
            let seconds = begun.elapsed().as_secs();
            if begun.elapsed() > self.options.patience {
                return Err(Error::Unfinished { item: item.to_owned(), state: now.state, seconds });
            }
            tokio::time::sleep(wait).await;
            wait = wait.mul_f64(1.5).min(POLL[1]);
        }
    }

    fn count_canister_stages(&self, item: &api::Item) {
        for stage in self.plan.stages().iter().filter(|stage| stage.placement == Placement::Canister) {
            if item.assets.iter().any(|asset| asset.name == stage.asset.as_str()) {
                self.tracker.stored(stage.lane, stage.asset.as_str(), false);
            }
        }
    }
}

fn is_published(item: &api::Item) -> bool {
    item.state == api::item_state::PUBLISHED
}
