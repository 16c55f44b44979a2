//! Optional stages that failed here: the canister is told, so that the item is complete without them.

use std::collections::BTreeSet;

use darkroom_api as api;
use darkroom_core::pipeline::{Placement, PlannedStage};

use crate::derive::Derived;
use crate::error::Result;
use crate::schedule::stages_to_make;
use crate::upload::Job;

/// The most bytes of a reason that the canister takes.
const MAX_MESSAGE: usize = 1000;

impl Job<'_> {
    /// Says which stages of this side made nothing, if any. Gives the item after that.
    pub(super) async fn report_failures(
        &self,
        item: &str,
        stored: &BTreeSet<String>,
        derived: &Derived,
    ) -> Result<Option<api::Item>> {
        let needed = stages_to_make(&self.plan, stored);
        let is_missing = |stage: &&PlannedStage| {
            let asset = stage.asset.as_str();
            stage.placement == Placement::Client
                && !stored.contains(asset)
                && needed.contains(asset)
                && !derived.assets.contains_key(asset)
        };
        let missing = self.plan.stages().iter().filter(is_missing);
        let stages: Vec<_> = missing.map(|stage| failure(stage, derived)).collect();
        if stages.is_empty() {
            return Ok(None);
        }
        let args = api::FailStages { item: item.to_owned(), stages };
        self.darkroom.calls.update("fail_stages", &args).await.map(Some)
    }
}

fn failure(stage: &PlannedStage, derived: &Derived) -> api::FailedStage {
    let error = match derived.failed.get(stage.asset.as_str()) {
        Some(error) => {
            let message = error.to_string();
            let end = message.floor_char_boundary(MAX_MESSAGE);
            api::Error::new(error.code(), message[..end].to_owned())
        }
        None => {
            let message = format!("its source `{}` was not made", stage.source);
            api::Error::new(api::code::SOURCE_FAILED, message)
        }
    };
    api::FailedStage { asset: stage.asset.to_string(), error }
}
