//! What is said of a photo.

use darkroom_core::processor::Params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of [`Metadata`](crate::Metadata).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetadataParams {
    /// Whether camera, lens, software and exposure are said.
    pub camera: bool,
    /// Whether the time is said at which the photo was taken.
    pub time: bool,
    /// Whether the place is said at which the photo was taken: whoever can read the asset then knows it.
    pub location: bool,
}

impl Default for MetadataParams {
    fn default() -> Self {
        MetadataParams { camera: true, time: true, location: false }
    }
}

impl Params for MetadataParams {
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}
