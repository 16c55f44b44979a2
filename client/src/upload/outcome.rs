//! What an upload led to.

use std::time::Duration;

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::asset::ORIGINAL;
use darkroom_core::pipeline::{PASSTHROUGH, Placement};
use darkroom_core::pixels::Size;

use crate::config::placement_from_wire;

/// A stored item; every asset was checked against a certified answer of the canister.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The item's id.
    pub item: String,
    /// The pipeline that it went through.
    pub pipeline: String,
    /// Its assets, in pipeline order.
    pub assets: Vec<StoredAsset>,
    /// The optional stages that failed, without which it is complete.
    pub failed: Vec<FailedStage>,
    /// How long each lane took, in pipeline order.
    pub lanes: Vec<LaneTime>,
    /// How long it took in all.
    pub elapsed: Duration,
    /// Whether the item had been stored before, so that nothing was added. A small file that is sent without asking
    /// goes in one call, which does not tell: an item that was stored less than five minutes before counts as new then.
    pub already_stored: bool,
    /// Bytes of the file that were added, less than its size where an earlier upload was continued.
    pub sent: u64,
}

/// An optional stage that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedStage {
    /// The asset that it was to make.
    pub asset: String,
    /// A permanent code.
    pub code: String,
    /// For people.
    pub message: String,
}

/// An asset of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAsset {
    /// Its name.
    pub name: String,
    /// What its bytes are.
    pub media_type: String,
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: Digest,
    /// Upright width, where known.
    pub width: Option<u32>,
    /// Upright height, where known.
    pub height: Option<u32>,
    /// Where it was made.
    pub placement: Placement,
    /// The id of the processor that made it.
    pub processor: String,
    /// One of [`provenance`](darkroom_api::provenance).
    pub provenance: String,
}

/// How long a lane took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneTime {
    /// Its name.
    pub name: String,
    /// From the beginning of the upload until its last asset was stored.
    pub elapsed: Duration,
}

impl Outcome {
    /// What a published item shows of it; the original has such a size, where that is known.
    pub(crate) fn of(item: &api::Item, size: Option<Size>) -> Outcome {
        let mut assets: Vec<_> = item.assets.iter().map(StoredAsset::from).collect();
        if let (Some(original), Some(size)) = (assets.iter_mut().find(|asset| asset.name == ORIGINAL), size) {
            (original.width, original.height) = (Some(size.width), Some(size.height));
        }
        Outcome {
            item: item.id.clone(),
            pipeline: item.pipeline.clone(),
            assets,
            failed: FailedStage::of(item),
            lanes: Vec::new(),
            elapsed: Duration::ZERO,
            already_stored: false,
            sent: 0,
        }
    }
}

impl From<&api::Asset> for StoredAsset {
    fn from(asset: &api::Asset) -> StoredAsset {
        let recipe = asset.recipe.as_ref();
        StoredAsset {
            name: asset.name.clone(),
            media_type: asset.media_type.clone(),
            bytes: asset.size,
            sha256: Digest(*asset.sha256),
            width: asset.width,
            height: asset.height,
            placement: recipe.map_or(Placement::Client, |recipe| placement_from_wire(recipe.placement)),
            processor: recipe.map_or(PASSTHROUGH, |recipe| &recipe.processor).to_owned(),
            provenance: asset.provenance.clone(),
        }
    }
}

impl FailedStage {
    /// Those of an item, in pipeline order.
    pub fn of(item: &api::Item) -> Vec<FailedStage> {
        let failed = |stage: &api::StageStatus| {
            let api::Error { code, message, .. } = stage.error.clone()?;
            Some(FailedStage { asset: stage.asset.clone(), code, message })
        };
        item.stages.iter().filter_map(failed).collect()
    }
}
