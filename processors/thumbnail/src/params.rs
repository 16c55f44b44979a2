//! What a thumbnail can be asked to be.

use darkroom_codec::color::Color;
use darkroom_codec::fit::Fit;
use darkroom_codec::params::{QUALITY, in_range};
use darkroom_core::processor::Params;
use serde::{Deserialize, Serialize};

/// Parameters of [`Thumbnail`](crate::Thumbnail).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThumbnailParams {
    /// Width of the box in pixels, 1 to 4096.
    pub width: u32,
    /// Height of the box in pixels, 1 to 4096.
    pub height: u32,
    /// How the picture comes into the box: `cover`, `contain` or `inside`.
    pub fit: Fit,
    /// JPEG quality, 1 to 100.
    pub quality: u32,
    /// What shows through transparency, and beside the picture with `contain`, as `#rrggbb`.
    pub background: Color,
}

impl Default for ThumbnailParams {
    fn default() -> Self {
        ThumbnailParams { width: 320, height: 320, fit: Fit::Cover, quality: 80, background: Color::WHITE }
    }
}

impl Params for ThumbnailParams {
    fn validate(&self) -> Result<(), String> {
        in_range("width", self.width, 1..=4096)?;
        in_range("height", self.height, 1..=4096)?;
        in_range("quality", self.quality, QUALITY)
    }
}
