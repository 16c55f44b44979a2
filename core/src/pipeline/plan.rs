//! A pipeline that has been checked and put in order.

use crate::asset::{AssetName, KEBAB_RULE, ORIGINAL, is_kebab};
use crate::error::{Error, Result};
use crate::pipeline::{
    LaneConfig, MAX_STAGES, PASSTHROUGH, Pipeline, Place, Placement, Stage, Storage, Verify,
};
use crate::processor::{Descriptor, RawParams};
use crate::registry::Registry;

/// A checked pipeline: sources stand before what is made of them.
#[derive(Clone, Debug)]
pub struct Plan {
    name: String,
    lanes: Vec<String>,
    original_lane: usize,
    stages: Vec<PlannedStage>,
}

/// A checked stage that makes a derivative.
#[derive(Clone, Debug)]
pub struct PlannedStage {
    /// The asset that it makes.
    pub asset: AssetName,
    /// The asset that it reads.
    pub source: AssetName,
    /// Its lane, as an index into [`Plan::lanes`].
    pub lane: usize,
    /// What makes it.
    pub processor: &'static Descriptor,
    /// Parameters as configured.
    pub params: RawParams,
    /// Parameters in canonical form, for the recipe.
    pub canonical_params: String,
    /// Where it runs.
    pub placement: Placement,
    /// Where its bytes are kept.
    pub storage: Storage,
    /// Whether an item is complete without it where it fails.
    pub optional: bool,
    /// Whether the canister makes again what a client says that it made.
    pub verify: Verify,
}

impl Plan {
    /// Checks a pipeline.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], which names pipeline, lane, stage and field, what was found and what is
    /// allowed.
    pub fn new(pipeline: &Pipeline, registry: &Registry) -> Result<Plan> {
        Checker { pipeline, registry }.plan()
    }

    /// The pipeline's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its lanes, in order of configuration.
    pub fn lanes(&self) -> &[String] {
        &self.lanes
    }

    /// The lane that stores the original, as an index into [`lanes`](Plan::lanes).
    pub fn original_lane(&self) -> usize {
        self.original_lane
    }

    /// The stages that make derivatives, sources first.
    pub fn stages(&self) -> &[PlannedStage] {
        &self.stages
    }

    /// The stage that makes `asset`; `None` for `original` and for unknown names.
    pub fn stage(&self, asset: &str) -> Option<&PlannedStage> {
        self.stages.iter().find(|stage| stage.asset.as_str() == asset)
    }

    /// The names of all assets of an item, `original` first.
    pub fn assets(&self) -> impl Iterator<Item = &str> {
        std::iter::once(ORIGINAL).chain(self.stages.iter().map(|stage| stage.asset.as_str()))
    }
}

struct Checker<'a> {
    pipeline: &'a Pipeline,
    registry: &'a Registry,
}

impl Checker<'_> {
    fn plan(&self) -> Result<Plan> {
        let lanes = &self.pipeline.lanes;
        self.name("pipeline", "name", &self.pipeline.name, None)?;
        let all: Vec<(usize, &LaneConfig, &Stage)> = lanes
            .iter()
            .enumerate()
            .flat_map(|(index, lane)| lane.stages.iter().map(move |stage| (index, lane, stage)))
            .collect();
        if all.len() > MAX_STAGES {
            let found = format!("{} stages", all.len());
            return Err(self.wrong(None, "lane", found, format!("at most {MAX_STAGES}")));
        }
        for (index, lane) in lanes.iter().enumerate() {
            self.name("lane", "name", &lane.name, Some((lane, None)))?;
            if lanes[..index].iter().any(|other| other.name == lane.name) {
                let found = format!("the lane `{}` twice", lane.name);
                return Err(self.wrong(None, "lane", found, "each lane once".to_owned()));
            }
            if lane.stages.is_empty() {
                let allowed = "at least one stage".to_owned();
                return Err(self.wrong(Some((lane, None)), "stage", "none".to_owned(), allowed));
            }
        }
        let original_lane = self.original(&all)?;
        for (index, (_, lane, stage)) in all.iter().enumerate() {
            self.name("stage", "asset", &stage.asset, Some((lane, Some(stage))))?;
            if all[..index].iter().any(|(_, _, other)| other.asset == stage.asset) {
                let (found, allowed) = (format!("`{}` twice", stage.asset), "each asset once".to_owned());
                return Err(self.wrong(Some((lane, Some(stage))), "asset", found, allowed));
            }
        }
        let stages = all
            .iter()
            .filter(|(_, _, stage)| stage.processor != PASSTHROUGH)
            .map(|(index, lane, stage)| self.stage(*index, lane, stage, &all))
            .collect::<Result<Vec<_>>>()?;
        Ok(Plan {
            name: self.pipeline.name.clone(),
            lanes: lanes.iter().map(|lane| lane.name.clone()).collect(),
            original_lane,
            stages: self.sort(stages)?,
        })
    }

    /// Finds the one passthrough stage.
    fn original(&self, all: &[(usize, &LaneConfig, &Stage)]) -> Result<usize> {
        let passthroughs: Vec<_> =
            all.iter().filter(|(_, _, stage)| stage.processor == PASSTHROUGH).collect();
        let [(lane_index, lane, stage)] = passthroughs.as_slice() else {
            let found = format!("{} stages with processor `{PASSTHROUGH}`", passthroughs.len());
            return Err(self.wrong(None, "stage", found, "exactly one".to_owned()));
        };
        let place = Some((*lane, Some(*stage)));
        let refuse =
            |field, found: String, allowed: &str| self.wrong(place, field, found, allowed.to_owned());
        if stage.asset != ORIGINAL {
            return Err(refuse("asset", format!("`{}`", stage.asset), "`original` for this processor"));
        }
        if let Some(source) = &stage.source {
            return Err(refuse("source", format!("`{source}`"), "none for this processor"));
        }
        if stage.placement != Placement::Client {
            return Err(refuse("placement", "`canister`".to_owned(), "`client` for this processor"));
        }
        if stage.storage != Storage::Chunks {
            return Err(refuse("storage", "`inline`".to_owned(), "`chunks` for this processor"));
        }
        if stage.optional {
            return Err(refuse("optional", "`true`".to_owned(), "`false` for this processor"));
        }
        if stage.verify != Verify::Never {
            return Err(refuse("verify", "`always`".to_owned(), "`never` for this processor"));
        }
        if !stage.params.is_empty() {
            let names: Vec<_> = stage.params.keys().map(String::as_str).collect();
            return Err(refuse("params", names.join(", "), "none for this processor"));
        }
        Ok(*lane_index)
    }

    fn stage(
        &self,
        lane_index: usize,
        lane: &LaneConfig,
        stage: &Stage,
        all: &[(usize, &LaneConfig, &Stage)],
    ) -> Result<PlannedStage> {
        let place = Some((lane, Some(stage)));
        let processor = self.registry.get(&stage.processor).map_err(|_| {
            let known: Vec<_> = std::iter::once(PASSTHROUGH).chain(self.registry.ids()).collect();
            self.wrong(place, "processor", format!("`{}`", stage.processor), known.join(", "))
        })?;
        let source = stage.source.as_deref().unwrap_or(ORIGINAL);
        if !all.iter().any(|(_, _, other)| other.asset == source) {
            let known: Vec<_> = all.iter().map(|(_, _, other)| other.asset.as_str()).collect();
            return Err(self.wrong(place, "source", format!("`{source}`"), known.join(", ")));
        }
        let is_optional =
            |(_, _, other): &&(usize, &LaneConfig, &Stage)| other.asset == source && other.optional;
        if !stage.optional && all.iter().any(|other| is_optional(&other)) {
            let found = format!("`false` with the optional source `{source}`");
            let allowed = "`true`, or a source that is required".to_owned();
            return Err(self.wrong(place, "optional", found, allowed));
        }
        let canonical_params = processor.canonical_params(&stage.params).map_err(|error| match error {
            Error::InvalidParams { reason, .. } => {
                let given = serde_json::Value::Object(stage.params.clone()).to_string();
                self.wrong(place, "params", given, reason)
            }
            other => other,
        })?;
        Ok(PlannedStage {
            asset: AssetName::new(&stage.asset)?,
            source: AssetName::new(source)?,
            lane: lane_index,
            processor,
            params: stage.params.clone(),
            canonical_params,
            placement: stage.placement,
            storage: stage.storage,
            optional: stage.optional,
            verify: stage.verify,
        })
    }

    /// Sources first, otherwise in order of configuration.
    fn sort(&self, mut rest: Vec<PlannedStage>) -> Result<Vec<PlannedStage>> {
        let mut sorted: Vec<PlannedStage> = Vec::with_capacity(rest.len());
        while !rest.is_empty() {
            let ready = rest.iter().position(|stage| {
                stage.source.as_str() == ORIGINAL || sorted.iter().any(|done| done.asset == stage.source)
            });
            match ready {
                Some(index) => sorted.push(rest.remove(index)),
                None => {
                    let names: Vec<_> = rest.iter().map(|stage| stage.asset.as_str()).collect();
                    let found = format!("a cycle through {}", names.join(", "));
                    return Err(self.wrong(
                        None,
                        "source",
                        found,
                        "chains that begin at `original`".to_owned(),
                    ));
                }
            }
        }
        Ok(sorted)
    }

    fn name(
        &self,
        what: &str,
        field: &str,
        name: &str,
        place: Option<(&LaneConfig, Option<&Stage>)>,
    ) -> Result<()> {
        if is_kebab(name) {
            return Ok(());
        }
        let found = format!("the {what} name `{}`", name.chars().take(64).collect::<String>());
        Err(self.wrong(place, field, found, KEBAB_RULE.to_owned()))
    }

    fn wrong(
        &self,
        place: Option<(&LaneConfig, Option<&Stage>)>,
        field: &str,
        found: String,
        allowed: String,
    ) -> Error {
        let place = Place {
            pipeline: Some(self.pipeline.name.clone()),
            lane: place.map(|(lane, _)| lane.name.clone()),
            stage: place.and_then(|(_, stage)| stage).map(|stage| stage.asset.clone()),
            field: Some(field.to_owned()),
        };
        Error::InvalidConfig { place: Box::new(place), found, allowed }
    }
}
