//! Items as JSON for scripts. The names are a contract.

use candid::Principal;
use darkroom_api as api;
use darkroom_client::{FailedStage, Outcome, Reprocessed, StoredAsset};
use serde::Serialize;

use crate::connection::Connection;
use crate::text::milliseconds;

/// A line of `run --json`.
#[derive(Debug, Serialize)]
pub(crate) struct RunLine {
    file: String,
    #[serde(flatten)]
    item: ItemBody,
    lanes: Vec<LaneLine>,
    ms: u64,
    /// Bytes of the file that this run added: less than its size where it continued an earlier one.
    sent: u64,
    /// Whether the item was there already, so that nothing was added.
    stored_before: bool,
}

/// A line of `ls --json`.
#[derive(Debug, Serialize)]
pub(crate) struct ItemLine {
    file: String,
    #[serde(flatten)]
    item: ItemBody,
    state: String,
    visibility: api::Visibility,
    owner: Principal,
    published_at: Option<u64>,
}

/// A line of `reprocess --json`.
#[derive(Debug, Serialize)]
pub(crate) struct ReprocessLine {
    #[serde(flatten)]
    item: ItemBody,
    /// The assets that are new, have other bytes, or are now verified.
    changed: Vec<String>,
    /// The assets that are gone.
    removed: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ItemBody {
    item: String,
    pipeline: String,
    canister: String,
    assets: Vec<AssetLine>,
    /// The optional stages that failed.
    failed: Vec<FailedLine>,
}

#[derive(Debug, Serialize)]
struct FailedLine {
    asset: String,
    code: String,
    message: String,
}

#[derive(Debug, Serialize)]
struct AssetLine {
    name: String,
    media_type: String,
    bytes: u64,
    sha256: String,
    width: Option<u32>,
    height: Option<u32>,
    placement: &'static str,
    processor: String,
    provenance: String,
    url: String,
}

#[derive(Debug, Serialize)]
struct LaneLine {
    name: String,
    ms: u64,
}

impl RunLine {
    pub(crate) fn new(connection: &Connection, file: &str, outcome: &Outcome) -> RunLine {
        let lanes = outcome.lanes.iter();
        let lane = |lane: &darkroom_client::LaneTime| LaneLine {
            name: lane.name.clone(),
            ms: milliseconds(lane.elapsed),
        };
        RunLine {
            file: file.to_owned(),
            item: body(connection, &outcome.item, &outcome.pipeline, &outcome.assets, &outcome.failed),
            lanes: lanes.map(lane).collect(),
            ms: milliseconds(outcome.elapsed),
            sent: outcome.sent,
            stored_before: outcome.already_stored,
        }
    }
}

impl ReprocessLine {
    pub(crate) fn new(connection: &Connection, result: &Reprocessed) -> ReprocessLine {
        ReprocessLine {
            item: body(connection, &result.item, &result.pipeline, &result.assets, &result.failed),
            changed: result.changed.clone(),
            removed: result.removed.clone(),
        }
    }
}

impl ItemLine {
    pub(crate) fn new(connection: &Connection, item: &api::Item) -> ItemLine {
        let assets: Vec<_> = item.assets.iter().map(StoredAsset::from).collect();
        ItemLine {
            file: item.file_name.clone(),
            item: body(connection, &item.id, &item.pipeline, &assets, &FailedStage::of(item)),
            state: item.state.clone(),
            visibility: item.visibility,
            owner: item.owner,
            published_at: item.published_at,
        }
    }
}

fn body(
    connection: &Connection,
    item: &str,
    pipeline: &str,
    assets: &[StoredAsset],
    failed: &[FailedStage],
) -> ItemBody {
    let asset = |asset: &StoredAsset| AssetLine {
        name: asset.name.clone(),
        media_type: asset.media_type.clone(),
        bytes: asset.bytes,
        sha256: asset.sha256.to_string(),
        width: asset.width,
        height: asset.height,
        placement: asset.placement.as_str(),
        processor: asset.processor.clone(),
        provenance: asset.provenance.clone(),
        url: connection.asset_url(item, &asset.name),
    };
    let failure = |failed: &FailedStage| FailedLine {
        asset: failed.asset.clone(),
        code: failed.code.clone(),
        message: failed.message.clone(),
    };
    ItemBody {
        item: item.to_owned(),
        pipeline: pipeline.to_owned(),
        canister: connection.darkroom.canister().to_text(),
        assets: assets.iter().map(asset).collect(),
        failed: failed.iter().map(failure).collect(),
    }
}
