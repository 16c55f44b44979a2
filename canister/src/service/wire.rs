//! Records and errors in their wire form.

use candid::Principal;
use darkroom_api as api;
use darkroom_core::id::{ItemId, SessionId};
use darkroom_core::pipeline::{Placement, Stage};
use darkroom_core::session::{Coverage, Session};

use crate::store::{
    AssetRecord, Draft, FailedRecord, ItemRecord, Location, Origin, RecipeRecord, StageRecord, StageState,
};

/// Turns the errors of core into those of the wire.
pub(crate) trait Wire<T> {
    /// The same with a wire error.
    fn wire(self) -> api::Result<T>;
}

impl<T> Wire<T> for Result<T, darkroom_core::Error> {
    fn wire(self) -> api::Result<T> {
        self.map_err(|error| api::Error {
            code: error.code().to_owned(),
            message: error.to_string(),
            retryable: error.retryable(),
        })
    }
}

pub(super) fn ranges(ranges: Vec<std::ops::Range<u32>>) -> Vec<api::ChunkRange> {
    ranges.into_iter().map(|range| api::ChunkRange { start: range.start, end: range.end }).collect()
}

pub(super) fn upload(item: ItemId, session: &Session) -> api::Upload {
    api::Upload {
        item: item.to_string(),
        session: session.id.0,
        chunk_size: session.chunk_size(),
        coverage: ranges(session.coverage().ranges()),
        expires_at: session.expires_at,
    }
}

/// A session whose asset is complete, and whose record may be gone.
pub(super) fn complete_upload(item: ItemId, session: SessionId, chunk_size: u32, count: u32) -> api::Upload {
    api::Upload {
        item: item.to_string(),
        session: session.0,
        chunk_size,
        coverage: vec![api::ChunkRange { start: 0, end: count }],
        expires_at: 0,
    }
}

pub(super) fn receipt(session: &Session, repeated: bool, item: Option<api::Item>) -> api::ChunkReceipt {
    let coverage: &Coverage = session.coverage();
    api::ChunkReceipt {
        repeated,
        present: coverage.present(),
        total: coverage.total(),
        hashed: session.hashed_bytes(),
        item,
    }
}

pub(super) fn item(id: ItemId, record: &ItemRecord) -> api::Item {
    api::Item {
        id: id.to_string(),
        owner: Principal::from_slice(&record.owner),
        pipeline: record.pipeline.clone(),
        file_name: record.file_name.clone(),
        visibility: if record.private { api::Visibility::Private } else { api::Visibility::Public },
        state: state(record).to_owned(),
        created_at: record.created_at,
        published_at: record.published_at,
        assets: record.assets.iter().map(asset).collect(),
        stages: stages(record),
        revision: record.revision.map(|id| id.to_string()),
        revises: record.revises.map(|id| id.to_string()),
    }
}

fn state(record: &ItemRecord) -> &'static str {
    let Some(draft) = &record.draft else { return api::item_state::PUBLISHED };
    let any = |test: fn(&StageState) -> bool| draft.stages.iter().filter(move |stage| test(&stage.state));
    let is_required = |stage: &StageRecord| configured(draft, stage).is_none_or(|stage| !stage.optional);
    if any(|state| matches!(state, StageState::Failed { .. })).any(is_required) {
        api::item_state::FAILED
    } else if any(|state| matches!(state, StageState::Queued | StageState::Running)).next().is_some() {
        api::item_state::PROCESSING
    } else {
        api::item_state::OPEN
    }
}

fn stages(record: &ItemRecord) -> Vec<api::StageStatus> {
    let done = |asset: &AssetRecord| {
        let recipe = asset.origin.recipe()?;
        Some(api::StageStatus {
            asset: asset.name.to_string(),
            placement: placement(recipe.on_canister),
            state: api::stage_state::DONE.to_owned(),
            attempts: 0,
            error: None,
        })
    };
    match &record.draft {
        None => {
            record.assets.iter().filter_map(done).chain(record.failed.iter().map(failed_status)).collect()
        }
        Some(draft) => draft
            .stages
            .iter()
            .map(|stage| {
                let configured = configured(draft, stage);
                stage_status(stage, configured.is_some_and(|stage| stage.placement == Placement::Canister))
            })
            .collect(),
    }
}

/// A stage of a draft, as it was configured when the upload began.
fn configured<'a>(draft: &'a Draft, stage: &StageRecord) -> Option<&'a Stage> {
    let mut stages = draft.pipeline.lanes.iter().flat_map(|lane| &lane.stages);
    stages.find(|configured| configured.asset == stage.asset.as_str())
}

fn failed_status(failed: &FailedRecord) -> api::StageStatus {
    api::StageStatus {
        asset: failed.asset.to_string(),
        placement: placement(failed.on_canister),
        state: api::stage_state::FAILED.to_owned(),
        attempts: failed.attempts,
        error: Some(api::Error::new(&failed.code, failed.message.clone())),
    }
}

fn stage_status(stage: &StageRecord, on_canister: bool) -> api::StageStatus {
    let (state, error) = match &stage.state {
        StageState::Waiting => (api::stage_state::WAITING, None),
        StageState::Queued => (api::stage_state::QUEUED, None),
        StageState::Running => (api::stage_state::RUNNING, None),
        StageState::Done => (api::stage_state::DONE, None),
        StageState::Failed { code, message } => {
            (api::stage_state::FAILED, Some(api::Error::new(code, message.clone())))
        }
    };
    api::StageStatus {
        asset: stage.asset.to_string(),
        placement: placement(on_canister),
        state: state.to_owned(),
        attempts: stage.attempts,
        error,
    }
}

fn placement(on_canister: bool) -> api::Placement {
    if on_canister { api::Placement::Canister } else { api::Placement::Client }
}

fn asset(record: &AssetRecord) -> api::Asset {
    let (chunks, chunk_size) = match &record.location {
        Location::Inline(bytes) => (1, u32::try_from(bytes.len()).unwrap_or(u32::MAX)),
        Location::Chunks { chunk_size, count, .. } => (*count, *chunk_size),
    };
    api::Asset {
        name: record.name.to_string(),
        media_type: record.media.to_string(),
        size: record.size,
        sha256: record.sha256.0.into(),
        width: record.meta.size.map(|size| size.width),
        height: record.meta.size.map(|size| size.height),
        chunks,
        chunk_size,
        provenance: provenance(&record.origin).to_owned(),
        recipe: record.origin.recipe().map(recipe),
    }
}

/// Where the trust in an asset comes from.
pub(super) fn provenance(origin: &Origin) -> &'static str {
    match origin {
        Origin::Uploaded => api::provenance::UPLOADED,
        Origin::Claimed(_) => api::provenance::CLAIMED,
        Origin::Verified(_) => api::provenance::VERIFIED,
    }
}

fn recipe(record: &RecipeRecord) -> api::Recipe {
    api::Recipe {
        source: record.source.to_string(),
        source_sha256: record.source_sha256.0.into(),
        processor: record.processor.clone(),
        version: record.version,
        params: record.params.clone(),
        placement: placement(record.on_canister),
    }
}
