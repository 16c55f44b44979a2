//! The configuration: defaults, arguments on top of them, and its wire form.

use darkroom_api as api;
use darkroom_core::pipeline::{Config, LaneConfig, Pipeline, Placement, Stage, Storage, Verify};
use darkroom_core::processor::parse_params;
use darkroom_core::registry::Registry;
use darkroom_core::session::MAX_CHUNKS;
use ic_stable_structures::Memory;

use super::{Service, Wire, limits};
use crate::certify::cors::{Cors, is_origin};
use crate::env::Caller;
use crate::store::{self, ConfigRecord, ImageLimitsRecord, QuotaRecord};

/// The most bytes of a chunk: a message holds 2 MiB, and its other fields take some of it.
const MAX_CHUNK_SIZE: u32 = 2_000_000;
/// Whole blocks of SHA-256: each chunk then starts where the rolling hash is at a block's edge, and both hashes take
/// one pass. Other sizes are right, and dearer.
const CHUNK_SIZE: u32 = 29_688 * 64;
/// Origins that may be listed: each answer is certified for each.
const MAX_ORIGINS: usize = 8;
const MIN_CHUNK_SIZE: u32 = 64 * 1024;
pub(super) const NANOS: u64 = 1_000_000_000;

/// What stands where nothing is configured.
pub(super) fn standard() -> ConfigRecord {
    ConfigRecord {
        pipelines: Config::standard(),
        uploaders: Some(Vec::new()),
        chunk_size: CHUNK_SIZE,
        max_file_size: 2_000_000_000,
        max_chunks: store::max_chunks(),
        session_nanos: 24 * 60 * 60 * NANOS,
        per_principal: QuotaRecord::per_principal(),
        total: QuotaRecord::total(),
        min_cycles: store::min_cycles(),
        images: ImageLimitsRecord::default(),
        cors: Cors::Any,
        gallery: false,
    }
}

/// `config` with what `args` gives in its place, checked.
pub(super) fn merge(
    mut config: ConfigRecord,
    args: &api::InitArgs,
    registry: &Registry,
) -> api::Result<ConfigRecord> {
    if let Some(pipelines) = &args.pipelines {
        let pipelines = pipelines.iter().map(pipeline).collect::<api::Result<Vec<_>>>()?;
        config.pipelines = Config { pipelines };
    }
    config.pipelines.validate(registry).wire()?;
    match &args.access {
        None => {}
        Some(api::Access::Controllers) => config.uploaders = Some(Vec::new()),
        Some(api::Access::Authenticated) => config.uploaders = None,
        Some(api::Access::Principals(granted)) => {
            config.uploaders =
                Some(granted.iter().map(|granted| granted.as_slice().to_vec().into()).collect());
        }
    }
    let given = args.limits.clone().unwrap_or_default();
    if let Some(found) = given.chunk_size {
        let range = u64::from(MIN_CHUNK_SIZE)..=u64::from(MAX_CHUNK_SIZE);
        config.chunk_size = u32::try_from(check("chunk_size", found.into(), range)?).unwrap_or(found);
    }
    if let Some(found) = given.max_file_size {
        config.max_file_size = check("max_file_size", found, 1..=200_000_000_000)?;
    }
    if let Some(found) = given.session_seconds {
        config.session_nanos = check("session_seconds", found, 60..=366 * 24 * 60 * 60)? * NANOS;
    }
    if let Some(found) = given.max_chunks {
        check("max_chunks", found.into(), 1..=u64::from(MAX_CHUNKS))?;
        config.max_chunks = found;
    }
    config.per_principal = quota(config.per_principal, given.per_principal.as_ref());
    config.total = quota(config.total, given.total.as_ref());
    config.min_cycles = given.min_cycles.unwrap_or(config.min_cycles);
    if let Some(args) = &given.images {
        config.images = limits::images(config.images, args)?;
    }
    match &args.cors {
        None => {}
        Some(api::Cors::Any) => config.cors = Cors::Any,
        Some(api::Cors::Origins(origins)) => config.cors = Cors::Origins(checked_origins(origins)?),
    }
    config.gallery = args.gallery.unwrap_or(config.gallery);
    Ok(config)
}

/// Any number will do: nothing may be held where it is 0.
fn quota(quota: QuotaRecord, args: Option<&api::Quota>) -> QuotaRecord {
    let Some(args) = args else { return quota };
    QuotaRecord {
        bytes: args.bytes.unwrap_or(quota.bytes),
        items: args.items.unwrap_or(quota.items),
        open_sessions: args.open_sessions.unwrap_or(quota.open_sessions),
    }
}

fn checked_origins(origins: &[String]) -> api::Result<Vec<String>> {
    let invalid = |message: String| {
        Err(api::Error::new("invalid_config", format!("invalid configuration: cors.origins {message}")))
    };
    if origins.len() > MAX_ORIGINS {
        return invalid(format!("has {}; at most {MAX_ORIGINS} are allowed", origins.len()));
    }
    for (at, origin) in origins.iter().enumerate() {
        let shown: String = origin.chars().take(100).flat_map(char::escape_default).collect();
        if !is_origin(origin) {
            return invalid(format!(
                "has `{shown}`; allowed are http or https, a host in lower case, and a port unless it is the scheme's: \
                 https://example.org, http://localhost:8080"
            ));
        }
        if origins[..at].contains(origin) {
            return invalid(format!("has `{shown}` twice; once is allowed"));
        }
    }
    Ok(origins.to_vec())
}

pub(super) fn check(field: &str, found: u64, allowed: std::ops::RangeInclusive<u64>) -> api::Result<u64> {
    if allowed.contains(&found) {
        return Ok(found);
    }
    let message = format!(
        "invalid configuration: limits.{field} is {found}; {} to {} are allowed",
        allowed.start(),
        allowed.end()
    );
    Err(api::Error::new("invalid_config", message))
}

fn pipeline(pipeline: &api::Pipeline) -> api::Result<Pipeline> {
    let lanes = pipeline.lanes.iter().map(lane).collect::<api::Result<_>>()?;
    Ok(Pipeline { name: pipeline.name.clone(), lanes })
}

fn lane(lane: &api::Lane) -> api::Result<LaneConfig> {
    let stages = lane.stages.iter().map(stage).collect::<api::Result<_>>()?;
    Ok(LaneConfig { name: lane.name.clone(), stages })
}

fn stage(stage: &api::Stage) -> api::Result<Stage> {
    Ok(Stage {
        asset: stage.asset.clone(),
        processor: stage.processor.clone(),
        source: stage.source.clone(),
        placement: match stage.placement {
            None | Some(api::Placement::Client) => Placement::Client,
            Some(api::Placement::Canister) => Placement::Canister,
        },
        storage: match stage.storage {
            None | Some(api::Storage::Chunks) => Storage::Chunks,
            Some(api::Storage::Inline) => Storage::Inline,
        },
        optional: stage.optional.unwrap_or_default(),
        verify: match stage.verify {
            None | Some(api::Verify::Never) => Verify::Never,
            Some(api::Verify::Always) => Verify::Always,
        },
        params: parse_params(&stage.processor, stage.params.as_deref()).wire()?,
    })
}

/// A pipeline in its wire form.
pub(super) fn wire_pipeline(pipeline: &Pipeline) -> api::Pipeline {
    let lane = |lane: &LaneConfig| api::Lane {
        name: lane.name.clone(),
        stages: lane.stages.iter().map(wire_stage).collect(),
    };
    api::Pipeline { name: pipeline.name.clone(), lanes: pipeline.lanes.iter().map(lane).collect() }
}

fn wire_stage(stage: &Stage) -> api::Stage {
    api::Stage {
        asset: stage.asset.clone(),
        processor: stage.processor.clone(),
        source: stage.source.clone(),
        placement: Some(match stage.placement {
            Placement::Client => api::Placement::Client,
            Placement::Canister => api::Placement::Canister,
        }),
        storage: Some(match stage.storage {
            Storage::Chunks => api::Storage::Chunks,
            Storage::Inline => api::Storage::Inline,
        }),
        optional: Some(stage.optional),
        verify: Some(match stage.verify {
            Verify::Never => api::Verify::Never,
            Verify::Always => api::Verify::Always,
        }),
        params: (!stage.params.is_empty())
            .then(|| serde_json::Value::Object(stage.params.clone()).to_string()),
    }
}

impl<M: Memory + Clone> Service<M> {
    /// Replaces what `args` gives. Items in flight keep the pipeline that they began with.
    ///
    /// # Errors
    /// `forbidden`, `invalid_config`.
    pub(crate) fn configure(&mut self, caller: Caller, args: &api::InitArgs) -> api::Result<()> {
        self.check_controller(caller)?;
        let config = merge((*self.store.config().wire()?).clone(), args, &self.registry)?;
        self.store.set_config(&config);
        self.switch_gallery(config.gallery);
        self.certify_for(config.cors)
    }

    /// The configured pipelines.
    pub(crate) fn pipelines(&self) -> api::Result<Vec<api::Pipeline>> {
        let config = self.store.config().wire()?;
        Ok(config.pipelines.pipelines.iter().map(wire_pipeline).collect())
    }

    /// The registered processors.
    pub(crate) fn processors(&self) -> Vec<api::ProcessorInfo> {
        let info = |descriptor: &'static darkroom_core::processor::Descriptor| api::ProcessorInfo {
            id: descriptor.id().to_owned(),
            version: descriptor.version(),
            kind: descriptor.kind().0.to_owned(),
            accepts: descriptor.accepted().iter().map(ToString::to_string).collect(),
            params: Some(descriptor.schema().to_string()),
        };
        self.registry().iter().map(info).collect()
    }
}
