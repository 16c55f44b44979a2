//! What a palette can be asked to be.

use darkroom_codec::params::in_range;
use darkroom_core::processor::Params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of [`DominantColors`](crate::DominantColors).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DominantColorsParams {
    /// The most colours, 1 to 16. A picture of fewer gives fewer.
    #[schemars(range(min = 1, max = 16))]
    pub count: u32,
    /// Whether white is not counted, as the ground of a product's photo: red, green and blue of 250 and more.
    pub ignore_white: bool,
}

impl Default for DominantColorsParams {
    fn default() -> Self {
        DominantColorsParams { count: 5, ignore_white: false }
    }
}

impl Params for DominantColorsParams {
    fn validate(&self) -> Result<(), String> {
        in_range("count", self.count, 1..=16)
    }
}
