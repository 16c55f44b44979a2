//! What an average colour can be asked to be.

use darkroom_codec::color::Color;
use darkroom_codec::params::in_range;
use darkroom_core::processor::Params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of [`Example`](crate::Example).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExampleParams {
    /// The longest edge at which the picture is looked at, in pixels, 1 to 1024.
    #[schemars(range(min = 1, max = 1024))]
    pub max_edge: u32,
    /// The colour of a picture of which nothing is visible, as `#rrggbb`.
    pub background: Color,
}

impl Default for ExampleParams {
    fn default() -> Self {
        ExampleParams { max_edge: 64, background: Color::WHITE }
    }
}

impl Params for ExampleParams {
    fn validate(&self) -> Result<(), String> {
        in_range("max_edge", self.max_edge, 1..=1024)
    }
}
