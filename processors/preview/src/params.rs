//! What a preview can be asked to be.

use darkroom_codec::color::Color;
use darkroom_codec::params::{QUALITY, in_range};
use darkroom_core::processor::Params;
use serde::{Deserialize, Serialize};

/// Parameters of [`Preview`](crate::Preview).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PreviewParams {
    /// The longest edge in pixels, 16 to 8192. Smaller pictures keep their size.
    pub max_edge: u32,
    /// JPEG quality, 1 to 100.
    pub quality: u32,
    /// What shows through transparency, as `#rrggbb`.
    pub background: Color,
}

impl Default for PreviewParams {
    fn default() -> Self {
        PreviewParams { max_edge: 2048, quality: 82, background: Color::WHITE }
    }
}

impl Params for PreviewParams {
    fn validate(&self) -> Result<(), String> {
        in_range("max_edge", self.max_edge, 16..=8192)?;
        in_range("quality", self.quality, QUALITY)
    }
}
