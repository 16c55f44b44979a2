//! The two lanes of an upload: A sends the original, B makes and sends the derivatives.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::asset::ORIGINAL;
use darkroom_core::pipeline::{Placement, PlannedStage};
use tokio::time::Instant;

use crate::derive::{Content, Derived, Deriver, LocalAsset};
use crate::error::{Error, Result};
use crate::schedule::stages_to_make;
use crate::upload::{Job, Original};

/// The waits between two looks at what the canister is doing.
const POLL: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(1500)];

impl Job<'_> {
    /// Runs both lanes, waits for what the canister makes, and checks every asset. Gives the published item and
    /// the bytes of the original that were sent. `made` are derivatives that have been made already.
    pub(super) async fn both_lanes(
        &self,
        upload: &api::Upload,
        known: Option<&api::Item>,
        made: Option<Derived>,
    ) -> Result<(api::Item, u64)> {
        let stored: BTreeSet<String> =
            known.iter().flat_map(|item| &item.assets).map(|asset| asset.name.clone()).collect();
        let ((sent, after_original), (local, after_derivatives)) =
            tokio::try_join!(self.lane_a(upload, &stored), self.lane_b(&upload.item, &stored, made))?;
        // Both are replies of update calls, so they are certified.
        let item = match later(after_original, after_derivatives).filter(is_published) {
            Some(item) => item,
            None => self.wait_for_canister(&upload.item).await?,
        };
        self.count_canister_stages(&item);
        self.check(&item, digests(&local.assets)).await?;
        Ok((item, sent))
    }

    /// Sends the chunks of the original that are missing, and has it finished.
    async fn lane_a(
        &self,
        upload: &api::Upload,
        stored: &BTreeSet<String>,
    ) -> Result<(u64, Option<api::Item>)> {
        if stored.contains(ORIGINAL) {
            self.tracker.stored_bytes(self.length);
            return Ok((0, None));
        }
        let sent = self.send_chunks(upload, &self.original, |bytes| self.tracker.stored_bytes(bytes));
        let (sent, item) = sent.await?;
        self.tracker.finished_original();
        Ok((sent, Some(item)))
    }

    /// Makes the derivatives that are placed here, and sends them.
    pub(crate) async fn lane_b(
        &self,
        item: &str,
        stored: &BTreeSet<String>,
        made: Option<Derived>,
    ) -> Result<(Derived, Option<api::Item>)> {
        let local = match made {
            Some(made) => made,
            None => self.make(stored).await?,
        };
        let to_send = self.to_send(stored, &local.assets);
        let sent = self.send_assets(item, &to_send);
        let failed = self.report_failures(item, stored, &local);
        let (sent, failed) = tokio::try_join!(sent, failed)?;
        let item = later(sent, failed);
        self.count_sent(&to_send);
        Ok((local, item))
    }

    /// Makes the derivatives that are placed here and not stored, and what they are made from.
    pub(super) async fn make(&self, stored: &BTreeSet<String>) -> Result<Derived> {
        let needed = stages_to_make(&self.plan, stored);
        let Original::Bytes(bytes) = &self.original else {
            // Only what nothing is made of stays in its file.
            return Ok(Derived::default());
        };
        let original = Content { bytes: bytes.clone(), media: self.media.clone() };
        let deriver = Deriver {
            plan: self.plan.clone(),
            decoder: self.darkroom.toolkit.decoder,
            limits: self.limits,
            threads: self.darkroom.shared.threads.clone(),
        };
        let lane_of = |asset: &str| self.plan.stage(asset).map_or(0, |stage| stage.lane);
        let made = |asset: &str| self.tracker.made(lane_of(asset), asset);
        deriver.derive(original, &needed, made).await
    }

    /// Those of the made assets that the canister is sent.
    pub(crate) fn to_send<'m>(
        &'m self,
        stored: &BTreeSet<String>,
        made: &'m BTreeMap<String, LocalAsset>,
    ) -> Vec<(&'m PlannedStage, &'m LocalAsset)> {
        self.plan
            .stages()
            .iter()
            .filter(|stage| stage.placement == Placement::Client && !stored.contains(stage.asset.as_str()))
            .filter_map(|stage| made.get(stage.asset.as_str()).map(|asset| (stage, asset)))
            .collect()
    }

    pub(super) fn count_sent(&self, sent: &[(&PlannedStage, &LocalAsset)]) {
        for (stage, _) in sent {
            self.tracker.stored(stage.lane, stage.asset.as_str(), true);
        }
    }

    /// Waits for the stages that run on the canister. Gives the published item from a certified answer.
    pub(crate) async fn wait_for_canister(&self, item: &str) -> Result<api::Item> {
        let begun = Instant::now();
        let mut wait = POLL[0];
        loop {
            let now = self.darkroom.item_that_is_there(item).await?;
            if now.state == api::item_state::PUBLISHED {
                return self.darkroom.certified_item(item).await;
            }
            if now.state == api::item_state::FAILED {
                // A node may be behind, so the network itself has to say it.
                let now = self.darkroom.certified_item(item).await?;
                if now.state == api::item_state::FAILED {
                    return Err(self.failed_stage(now));
                }
            }
            let seconds = begun.elapsed().as_secs();
            if begun.elapsed() > self.options.patience {
                return Err(Error::Unfinished { item: item.to_owned(), state: now.state, seconds });
            }
            tokio::time::sleep(wait).await;
            wait = wait.mul_f64(1.5).min(POLL[1]);
        }
    }

    /// The first required stage that failed.
    pub(crate) fn failed_stage(&self, item: api::Item) -> Error {
        let is_required = |asset: &str| self.plan.stage(asset).is_none_or(|stage| !stage.optional);
        let mut failed = item.stages.into_iter().filter_map(|stage| Some((stage.asset, stage.error?)));
        let (asset, source) = failed.find(|(asset, _)| is_required(asset)).unwrap_or_else(|| {
            let unknown = api::Error::new("unknown", "the canister gave no reason");
            ("unknown".to_owned(), unknown)
        });
        Error::CanisterStage { asset, source }
    }

    pub(super) fn count_canister_stages(&self, item: &api::Item) {
        for stage in self.plan.stages().iter().filter(|stage| stage.placement == Placement::Canister) {
            if item.assets.iter().any(|asset| asset.name == stage.asset.as_str()) {
                self.tracker.stored(stage.lane, stage.asset.as_str(), false);
            }
        }
    }
}

pub(super) fn is_published(item: &api::Item) -> bool {
    item.state == api::item_state::PUBLISHED
}

/// SHA-256 of the assets that were made here.
pub(super) fn digests(made: &BTreeMap<String, LocalAsset>) -> BTreeMap<String, Digest> {
    made.iter().map(|(name, asset)| (name.clone(), asset.sha256)).collect()
}

/// The item that is further on: of two replies that crossed, the published one; else the one that has more.
pub(super) fn later(one: Option<api::Item>, other: Option<api::Item>) -> Option<api::Item> {
    let rank = |item: &api::Item| (is_published(item), item.assets.len());
    match (one, other) {
        (Some(one), Some(other)) => Some(if rank(&other) > rank(&one) { other } else { one }),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(state: &str, assets: usize) -> Option<api::Item> {
        let asset = api::Asset {
            name: "a".to_owned(),
            media_type: "image/jpeg".to_owned(),
            size: 1,
            sha256: [0; 32].into(),
            width: None,
            height: None,
            chunks: 1,
            chunk_size: 1,
            provenance: "uploaded".to_owned(),
            recipe: None,
        };
        Some(api::Item {
            id: "i".to_owned(),
            owner: candid::Principal::anonymous(),
            pipeline: "photo".to_owned(),
            file_name: "f".to_owned(),
            visibility: api::Visibility::Public,
            state: state.to_owned(),
            created_at: 1,
            published_at: None,
            assets: vec![asset; assets],
            stages: Vec::new(),
            revision: None,
            revises: None,
        })
    }

    #[test]
    fn of_replies_that_crossed_the_one_that_is_further_on_counts() {
        let (open, more, published) = (item("open", 1), item("open", 3), item("published", 2));
        assert_eq!(later(open.clone(), more.clone()), more);
        assert_eq!(later(published.clone(), more.clone()), published);
        assert_eq!(later(more, published.clone()), published);
        assert_eq!(later(None, open.clone()), open);
        assert_eq!(later(open.clone(), None), open);
        assert_eq!(later(None, None), None);
    }
}
