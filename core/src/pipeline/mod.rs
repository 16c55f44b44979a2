//! Pipelines as configuration: which lanes an item goes through, and which stage makes which asset.
//!
//! [`Config`] is what people write (TOML, or Candid through the wire types) and holds anything; [`Plan`] is a
//! pipeline that has been checked against a registry and put in order.

mod place;
mod plan;

use serde::{Deserialize, Serialize};

pub use place::Place;
pub use plan::{Plan, PlannedStage};

use crate::error::{Error, Result};
use crate::processor::RawParams;
use crate::registry::Registry;

/// The id of the built-in passthrough that stands for the uploaded bytes.
pub const PASSTHROUGH: &str = "original";

/// The most bytes of an asset that is stored inline, in its item's record.
pub const MAX_INLINE: usize = 32 * 1024;

/// The most pipelines of one configuration, and lanes of a pipeline.
pub const MAX_PIPELINES: usize = 64;

/// The most stages of one pipeline.
pub const MAX_STAGES: usize = 64;

/// All pipelines of an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Pipelines by name; the first is the default.
    #[serde(rename = "pipeline")]
    pub pipelines: Vec<Pipeline>,
}

/// The lanes that an item goes through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Its name: 1 to 64 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// Independent paths, which run side by side.
    #[serde(rename = "lane", default)]
    pub lanes: Vec<LaneConfig>,
}

/// One independent path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaneConfig {
    /// Its name: 1 to 64 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// What it makes.
    #[serde(rename = "stage", default)]
    pub stages: Vec<Stage>,
}

/// One step: a processor that makes an asset from another asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The asset that it makes.
    pub asset: String,
    /// The id of the processor, or [`PASSTHROUGH`].
    pub processor: String,
    /// The asset that it reads; absent for the passthrough, `original` where absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where it runs.
    #[serde(default)]
    pub placement: Placement,
    /// Where the asset's bytes are kept.
    #[serde(default)]
    pub storage: Storage,
    /// Whether an item is complete without it where the stage fails. Nothing that is required may be made from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Whether the canister makes again what a client says that it made.
    #[serde(default, skip_serializing_if = "Verify::is_never")]
    pub verify: Verify,
    /// Parameters of the processor.
    #[serde(default, skip_serializing_if = "RawParams::is_empty")]
    pub params: RawParams,
}

/// Where a stage runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Placement {
    /// On the uploading client.
    #[default]
    Client,
    /// In the canister, after the upload.
    Canister,
}

impl Placement {
    /// `client` or `canister`.
    pub fn as_str(self) -> &'static str {
        match self {
            Placement::Client => "client",
            Placement::Canister => "canister",
        }
    }
}

/// Where an asset's bytes are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// As chunks in the store.
    #[default]
    Chunks,
    /// In the item's record, at most [`MAX_INLINE`] bytes.
    Inline,
}

/// Whether the canister makes again what a client says that it made, and refuses it where the bytes are others. What
/// the canister makes itself needs no such check, so a stage that is placed there may have either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    /// It is taken as it comes; its provenance is `claimed`.
    #[default]
    Never,
    /// It is made again before the item is published; its provenance is then `verified`.
    Always,
}

impl Verify {
    /// Whether it is the default.
    pub fn is_never(&self) -> bool {
        *self == Verify::Never
    }
}

impl Config {
    /// The pipelines that stand where nothing is configured: one, `photo`, with the lanes `original` and
    /// `derivatives` (preview, thumbnail and placeholder, made by the client).
    pub fn standard() -> Config {
        let params = |pairs: &[(&str, serde_json::Value)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<RawParams>()
        };
        let stage = |asset: &str, processor: &str, source: Option<&str>, storage, params| Stage {
            asset: asset.to_owned(),
            processor: processor.to_owned(),
            source: source.map(str::to_owned),
            placement: Placement::Client,
            storage,
            optional: false,
            verify: Verify::Never,
            params,
        };
        let original = stage("original", PASSTHROUGH, None, Storage::Chunks, RawParams::new());
        let preview = params(&[("max_edge", 2048.into()), ("quality", 82.into())]);
        let thumbnail = params(&[("width", 320.into()), ("height", 320.into()), ("fit", "cover".into())]);
        let placeholder = params(&[("kind", "thumbhash".into())]);
        let derivatives = vec![
            stage("preview", "preview", Some("original"), Storage::Chunks, preview),
            stage("thumbnail", "thumbnail", Some("preview"), Storage::Chunks, thumbnail),
            stage("placeholder", "placeholder", Some("thumbnail"), Storage::Inline, placeholder),
        ];
        Config {
            pipelines: vec![Pipeline {
                name: "photo".to_owned(),
                lanes: vec![
                    LaneConfig { name: "original".to_owned(), stages: vec![original] },
                    LaneConfig { name: "derivatives".to_owned(), stages: derivatives },
                ],
            }],
        }
    }

    /// Checks every pipeline against the registered processors.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], which names pipeline, lane, stage and field.
    pub fn validate(&self, registry: &Registry) -> Result<Vec<Plan>> {
        let count = self.pipelines.len();
        if !(1..=MAX_PIPELINES).contains(&count) {
            return Err(Error::InvalidConfig {
                place: Box::default(),
                found: format!("{count} pipelines"),
                allowed: format!("1 to {MAX_PIPELINES}"),
            });
        }
        for (index, pipeline) in self.pipelines.iter().enumerate() {
            if self.pipelines[..index].iter().any(|other| other.name == pipeline.name) {
                return Err(Error::InvalidConfig {
                    place: Box::default(),
                    found: format!("the name `{}` twice", pipeline.name),
                    allowed: "each name once".to_owned(),
                });
            }
        }
        self.pipelines.iter().map(|pipeline| Plan::new(pipeline, registry)).collect()
    }
}

#[cfg(test)]
mod tests;
