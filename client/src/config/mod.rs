//! Pipelines as people write them (TOML) and as they travel (Candid).

mod error;
mod locate;
mod nearest;

use darkroom_api as api;
use darkroom_core::pipeline::{Config, LaneConfig, Pipeline, Placement, Plan, Stage, Storage, Verify};
use darkroom_core::processor::parse_params;
use darkroom_core::registry::Registry;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

pub use error::{ConfigError, Position};

/// What a file may have: pipelines, and a table for the command line, which is not for this library to read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "pipeline")]
    pipelines: Vec<Pipeline>,
    #[serde(default, rename = "cli")]
    _cli: Option<IgnoredAny>,
}

/// Reads a form of one's own from TOML.
///
/// # Errors
/// [`ConfigError`] with line and column for a text that is not TOML of that form.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::form(text, &error))
}

/// Reads pipelines from TOML. A table `[cli]` beside them, which the command line reads, may hold anything.
///
/// # Errors
/// [`ConfigError`] with line and column for a text that is not TOML of the right form. Whether it holds together is for
/// [`check`] to say.
///
/// ```
/// let config = darkroom_client::config::from_toml(
///     r#"
///     [[pipeline]]
///     name = "files"
///     [[pipeline.lane]]
///     name = "original"
///     [[pipeline.lane.stage]]
///     asset = "original"
///     processor = "original"
///     "#,
/// )?;
/// assert_eq!(config.pipelines[0].name, "files");
/// # Ok::<(), darkroom_client::config::ConfigError>(())
/// ```
pub fn from_toml(text: &str) -> Result<Config, ConfigError> {
    let File { pipelines, .. } = read(text)?;
    Ok(Config { pipelines })
}

/// Reads pipelines from TOML and checks them against the processors of `registry`.
///
/// # Errors
/// As [`from_toml`], and for what does not hold together, with the place of the field in question and, where a name is
/// not known, the known one that is nearest.
pub fn check(text: &str, registry: &Registry) -> Result<(Config, Vec<Plan>), ConfigError> {
    let config = from_toml(text)?;
    let plans = config.validate(registry).map_err(|error| ConfigError::content(text, &error))?;
    Ok((config, plans))
}

/// The form in which pipelines travel.
pub fn to_wire(config: &Config) -> Vec<api::Pipeline> {
    config.pipelines.iter().map(pipeline_to_wire).collect()
}

/// A pipeline in the form in which it travels.
pub fn pipeline_to_wire(pipeline: &Pipeline) -> api::Pipeline {
    let lane = |lane: &LaneConfig| api::Lane {
        name: lane.name.clone(),
        stages: lane.stages.iter().map(stage_to_wire).collect(),
    };
    api::Pipeline { name: pipeline.name.clone(), lanes: pipeline.lanes.iter().map(lane).collect() }
}

fn stage_to_wire(stage: &Stage) -> api::Stage {
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

/// A pipeline that has travelled.
///
/// # Errors
/// [`darkroom_core::Error::InvalidParams`] for params that are not a JSON object.
pub fn pipeline_from_wire(pipeline: &api::Pipeline) -> darkroom_core::Result<Pipeline> {
    let lane = |lane: &api::Lane| {
        let stages = lane.stages.iter().map(stage_from_wire).collect::<darkroom_core::Result<_>>()?;
        Ok(LaneConfig { name: lane.name.clone(), stages })
    };
    let lanes = pipeline.lanes.iter().map(lane).collect::<darkroom_core::Result<_>>()?;
    Ok(Pipeline { name: pipeline.name.clone(), lanes })
}

fn stage_from_wire(stage: &api::Stage) -> darkroom_core::Result<Stage> {
    Ok(Stage {
        asset: stage.asset.clone(),
        processor: stage.processor.clone(),
        source: stage.source.clone(),
        placement: stage.placement.map_or_else(Placement::default, placement_from_wire),
        storage: match stage.storage {
            None | Some(api::Storage::Chunks) => Storage::Chunks,
            Some(api::Storage::Inline) => Storage::Inline,
        },
        optional: stage.optional.unwrap_or_default(),
        verify: match stage.verify {
            None | Some(api::Verify::Never) => Verify::Never,
            Some(api::Verify::Always) => Verify::Always,
        },
        params: parse_params(&stage.processor, stage.params.as_deref())?,
    })
}

/// A placement that has travelled.
pub fn placement_from_wire(placement: api::Placement) -> Placement {
    match placement {
        api::Placement::Client => Placement::Client,
        api::Placement::Canister => Placement::Canister,
    }
}

#[cfg(test)]
mod mistakes;

#[cfg(test)]
mod tests {
    use super::*;

    const DESIGN: &str = r#"
        [[pipeline]]
        name = "photo"
        [[pipeline.lane]]
        name = "original"
        [[pipeline.lane.stage]]
        asset = "original"
        processor = "original"
        [[pipeline.lane]]
        name = "derivatives"
        [[pipeline.lane.stage]]
        asset = "preview"
        processor = "preview"
        source = "original"
        placement = "client"
        params = { max_edge = 2048, quality = 82 }
        [[pipeline.lane.stage]]
        asset = "thumbnail"
        processor = "thumbnail"
        source = "preview"
        params = { width = 320, height = 320, fit = "cover" }
        [[pipeline.lane.stage]]
        asset = "placeholder"
        processor = "placeholder"
        source = "thumbnail"
        storage = "inline"
        params = { kind = "thumbhash" }
    "#;

    #[test]
    fn the_documented_text_is_the_standard() {
        assert_eq!(from_toml(DESIGN).unwrap(), Config::standard());
    }

    #[test]
    fn pipelines_travel_unchanged() {
        let mut config = Config::standard();
        config.pipelines[0].lanes[1].stages[0].placement = Placement::Canister;
        let wire = to_wire(&config);
        assert_eq!(pipeline_from_wire(&wire[0]).unwrap(), config.pipelines[0]);
    }

    #[test]
    fn absent_fields_take_their_defaults() {
        let mut wire = to_wire(&Config::standard()).remove(0);
        for stage in wire.lanes.iter_mut().flat_map(|lane| &mut lane.stages) {
            (stage.placement, stage.storage, stage.params) = (None, None, None);
        }
        let back = pipeline_from_wire(&wire).unwrap();
        for stage in back.lanes.iter().flat_map(|lane| &lane.stages) {
            assert_eq!((stage.placement, stage.storage), (Placement::Client, Storage::Chunks));
            assert!(stage.params.is_empty());
        }
    }

    #[test]
    fn mistakes_are_shown_with_their_place() {
        let text = DESIGN.replace("max_edge", "max-edge = 1, max_edge").replace("source =", "sauce =");
        let error = from_toml(&text).unwrap_err().to_string();
        assert!(error.contains("line") && error.contains("sauce"), "{error}");
        let mut wire = to_wire(&Config::standard()).remove(0);
        wire.lanes[1].stages[0].params = Some("[1]".to_owned());
        assert_eq!(pipeline_from_wire(&wire).unwrap_err().code(), "invalid_params");
    }
}
