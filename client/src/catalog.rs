//! The canister's pipelines, processors and limits, checked against the toolkit.

use std::collections::BTreeSet;

use darkroom_api as api;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::pipeline::Plan;
use darkroom_core::registry::Registry;

use crate::calls::Calls;
use crate::config::pipeline_from_wire;
use crate::error::{Error, Result};

/// What a canister offers.
#[derive(Debug)]
pub(crate) struct Catalog {
    pipelines: Vec<api::Pipeline>,
    processors: Vec<api::ProcessorInfo>,
    limits: api::Limits,
}

impl Catalog {
    pub(crate) async fn load(calls: &Calls) -> Result<Catalog> {
        let (pipelines, processors, limits) =
            tokio::try_join!(calls.list("pipelines"), calls.list("processors"), calls.list("limits"))?;
        Ok(Catalog { pipelines, processors, limits })
    }

    /// One that is made up.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn of(
        pipelines: Vec<api::Pipeline>,
        processors: Vec<api::ProcessorInfo>,
        limits: api::Limits,
    ) -> Catalog {
        Catalog { pipelines, processors, limits }
    }

    /// The canister's limits of images, to which derivatives made here keep too.
    pub(crate) fn images(&self) -> DecodeLimits {
        let standard = DecodeLimits::default();
        let Some(images) = &self.limits.images else { return standard };
        DecodeLimits {
            pixels: images.max_pixels.unwrap_or(standard.pixels),
            side: images.max_side.unwrap_or(standard.side),
            bytes: images.max_bytes.unwrap_or(standard.bytes),
            frames: images.max_frames.unwrap_or(standard.frames),
            output_pixels: images.max_output_pixels.unwrap_or(standard.output_pixels),
        }
    }

    /// The plan of a pipeline, or of the first one.
    pub(crate) fn plan(&self, name: Option<&str>, registry: &Registry) -> Result<Plan> {
        let found = match name {
            None => self.pipelines.first(),
            Some(name) => self.pipelines.iter().find(|pipeline| pipeline.name == name),
        };
        let pipeline = found.ok_or_else(|| Error::UnknownPipeline {
            name: name.unwrap_or_default().to_owned(),
            known: self
                .pipelines
                .iter()
                .map(|pipeline| pipeline.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        Ok(Plan::new(&pipeline_from_wire(pipeline)?, registry)?)
    }

    /// Refuses to make assets that the canister would not take: its processors must have the same versions.
    pub(crate) fn check_versions(&self, plan: &Plan, making: &BTreeSet<String>) -> Result<()> {
        for stage in plan.stages().iter().filter(|stage| making.contains(stage.asset.as_str())) {
            let (id, ours) = (stage.processor.id(), stage.processor.version());
            let theirs = self.processors.iter().find(|processor| processor.id == id);
            if theirs.is_none_or(|theirs| theirs.version != ours) {
                let theirs = theirs.map_or_else(|| "missing".to_owned(), |theirs| theirs.version.to_string());
                return Err(Error::ProcessorVersion { id: id.to_owned(), ours, theirs });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::to_wire;
    use crate::schedule::stages_to_make;
    use darkroom_core::pipeline::Config;

    fn registry() -> Registry {
        darkroom_processors::registry().unwrap()
    }

    fn catalog(thumbnail_version: u32) -> Catalog {
        let info = |descriptor: &darkroom_core::processor::Descriptor| api::ProcessorInfo {
            id: descriptor.id().to_owned(),
            version: if descriptor.id() == "thumbnail" { thumbnail_version } else { descriptor.version() },
            kind: descriptor.kind().0.to_owned(),
            accepts: Vec::new(),
            params: None,
        };
        Catalog {
            pipelines: to_wire(&Config::standard()),
            processors: registry().iter().map(info).collect(),
            limits: api::Limits::default(),
        }
    }

    #[test]
    fn unknown_pipelines_name_the_known_ones() {
        let error = catalog(1).plan(Some("film"), &registry()).unwrap_err();
        assert_eq!(error.to_string(), "the canister has no pipeline `film`; it has photo");
        assert_eq!(catalog(1).plan(None, &registry()).unwrap().name(), "photo");
    }

    #[test]
    fn versions_must_match_for_what_is_made_here() {
        let ours = registry().get("thumbnail").unwrap().version();
        let same = catalog(ours);
        let plan = same.plan(None, &registry()).unwrap();
        let making = stages_to_make(&plan, &BTreeSet::new());
        assert!(same.check_versions(&plan, &making).is_ok());
        let other = catalog(ours + 1);
        assert!(matches!(
            other.check_versions(&plan, &making),
            Err(Error::ProcessorVersion { id, .. }) if id == "thumbnail"
        ));
        assert!(other.check_versions(&plan, &BTreeSet::new()).is_ok(), "nothing is made here");
    }
}
