//! What to send and what to make, decided without I/O.

use std::collections::BTreeSet;

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::asset::ORIGINAL;
use darkroom_core::pipeline::{Placement, Plan, PlannedStage};
use darkroom_core::session::MAX_CHUNKS;

use crate::error::{Error, Result};

/// The chunks of an upload that are not covered yet, in order.
///
/// # Errors
/// [`Error::Answer`] for chunks as no canister has them: that many could neither be counted here nor sent.
pub(crate) fn missing_chunks(size: u64, chunk_size: u32, coverage: &[api::ChunkRange]) -> Result<Vec<u32>> {
    let total = size
        .checked_div(chunk_size.into())
        .and_then(|_| u32::try_from(size.div_ceil(chunk_size.into())).ok());
    let total = total.filter(|total| *total <= MAX_CHUNKS).ok_or_else(|| Error::Answer {
        call: "begin_upload",
        reason: format!("{size} bytes in chunks of {chunk_size}; at most {MAX_CHUNKS} chunks are allowed"),
    })?;
    let mut ranges = coverage.to_vec();
    ranges.sort_unstable_by_key(|range| range.start);
    let (mut missing, mut next) = (Vec::new(), 0);
    for range in ranges {
        let start = range.start.min(total);
        missing.extend(next..start);
        // A range that ends before it begins covers nothing.
        next = next.max(start).max(range.end.min(total));
    }
    missing.extend(next..total);
    Ok(missing)
}

/// The chunks that have arrived, as an answer says; it may say anything.
pub(crate) fn covered(coverage: &[api::ChunkRange]) -> u64 {
    coverage.iter().map(|range| u64::from(range.end.saturating_sub(range.start))).sum()
}

/// Where chunk `index` lies in the bytes.
pub(crate) fn chunk_range(size: u64, chunk_size: u32, index: u32) -> std::ops::Range<u64> {
    let start = u64::from(index).saturating_mul(chunk_size.into()).min(size);
    start..start.saturating_add(chunk_size.into()).min(size)
}

/// The stages to make here: those placed on the client whose asset the canister does not have, and whatever
/// they are made from. `stored` names the assets that the canister has.
pub(crate) fn stages_to_make(plan: &Plan, stored: &BTreeSet<String>) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    // Sources stand before what is made of them, so one pass backwards finds them all.
    for stage in plan.stages().iter().rev() {
        let asset = stage.asset.as_str();
        let to_send = stage.placement == Placement::Client && !stored.contains(asset);
        let is_source = plan
            .stages()
            .iter()
            .any(|other| needed.contains(other.asset.as_str()) && other.source.as_str() == asset);
        if to_send || is_source {
            needed.insert(asset.to_owned());
        }
    }
    needed
}

/// Whether any stage without which no item is complete reads the uploaded bytes as an image.
pub(crate) fn requires_image(plan: &Plan) -> bool {
    plan.stages().iter().any(|stage| stage.source.as_str() == ORIGINAL && !stage.optional)
}

/// Whether an upload needs all bytes of the file at once, to read them as an image.
pub(crate) fn needs_bytes(plan: &Plan) -> bool {
    requires_image(plan) || !stages_to_make(plan, &BTreeSet::new()).is_empty()
}

/// Whether an item has what a plan gives, but for optional stages that failed; where it must be `verified`, made by the
/// canister itself.
pub(crate) fn is_as_planned(plan: &Plan, item: &api::Item, verified: bool) -> bool {
    let is_right = |stage: &PlannedStage| {
        let asset = item.assets.iter().find(|asset| asset.name == stage.asset.as_str());
        let recipe = asset.and_then(|asset| Some((asset, asset.recipe.as_ref()?)));
        recipe.is_some_and(|(asset, recipe)| {
            recipe.source == stage.source.as_str()
                && recipe.processor == stage.processor.id()
                && recipe.version == stage.processor.version()
                && recipe.params == stage.canonical_params
                && (!verified || asset.provenance == api::provenance::VERIFIED)
        })
    };
    let mut stages = plan.stages().iter();
    item.pipeline == plan.name()
        && stages.all(|stage| is_right(stage) || has_failed(item, stage.asset.as_str()))
}

/// Whether the stage that makes an asset has failed.
pub(crate) fn has_failed(item: &api::Item, asset: &str) -> bool {
    item.stages.iter().any(|stage| stage.asset == asset && stage.state == api::stage_state::FAILED)
}

/// Groups sizes, in order, so that no group is larger than `limit`; what is larger by itself is not in any.
pub(crate) fn batches(sizes: &[usize], limit: usize) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut room = 0;
    for (index, &size) in sizes.iter().enumerate().filter(|(_, size)| **size <= limit) {
        match batches.last_mut() {
            Some(batch) if size <= room => batch.push(index),
            _ => {
                batches.push(vec![index]);
                room = limit;
            }
        }
        room -= size;
    }
    batches
}

/// The idempotency key of an upload: the same file, name, visibility and recipes give the same item, whoever
/// repeats the upload and whenever.
pub(crate) fn idempotency_key(
    sha256: Digest,
    file_name: &str,
    media_type: &str,
    private: bool,
    plan: &Plan,
) -> String {
    let stages: Vec<_> = plan
        .stages()
        .iter()
        .map(|stage| {
            serde_json::json!([
                stage.asset.as_str(),
                stage.source.as_str(),
                stage.processor.id(),
                stage.processor.version(),
                stage.canonical_params,
                stage.placement.as_str(),
                stage.storage,
            ])
        })
        .collect();
    let declared =
        serde_json::json!([sha256.to_string(), file_name, media_type, private, plan.name(), stages]);
    format!("darkroom-1:{}", Digest::of(declared.to_string().as_bytes()))
}

#[cfg(test)]
mod tests;
