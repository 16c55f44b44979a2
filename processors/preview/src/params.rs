//! What a preview can be asked to be.

use darkroom_codec::color::Color;
use darkroom_codec::encode::{Chroma, Format};
use darkroom_codec::params::{MAX_BYTES, QUALITY, SHARPEN, in_range, in_range_if_set};
use darkroom_core::processor::Params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of [`Preview`](crate::Preview).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PreviewParams {
    /// The longest edge in pixels, 16 to 8192. Smaller pictures keep their size.
    #[schemars(range(min = 16, max = 8192))]
    pub max_edge: u32,
    /// The file format: `jpeg`, `png`, `webp` (lossless) or `auto`.
    pub format: Format,
    /// JPEG quality, 1 to 100; the highest to be tried where there is a budget.
    #[schemars(range(min = 1, max = 100))]
    pub quality: u32,
    /// The most bytes that the file may have, 256 to 2^30; absent for no limit.
    #[schemars(range(min = 256, max = 1 << 30))]
    pub max_bytes: Option<u32>,
    /// JPEG in several passes, coarse to fine.
    pub progressive: bool,
    /// JPEG with trellis quantisation: smaller by an eighth to a fifth, nine times as expensive to write.
    pub trellis: bool,
    /// At which resolution a JPEG keeps colour: `auto`, `420` or `444`.
    pub chroma: Chroma,
    /// Whether pixels are averaged in linear light.
    pub linear: bool,
    /// How strongly to sharpen after a reduction to half or less, 0 to 300 percent.
    #[schemars(range(min = 0, max = 300))]
    pub sharpen: u32,
    /// What shows through transparency in a JPEG, as `#rrggbb`.
    pub background: Color,
}

impl Default for PreviewParams {
    fn default() -> Self {
        PreviewParams {
            max_edge: 2048,
            format: Format::Jpeg,
            quality: 82,
            max_bytes: None,
            progressive: false,
            trellis: false,
            chroma: Chroma::Auto,
            linear: false,
            sharpen: 0,
            background: Color::WHITE,
        }
    }
}

impl Params for PreviewParams {
    fn validate(&self) -> Result<(), String> {
        in_range("max_edge", self.max_edge, 16..=8192)?;
        in_range("quality", self.quality, QUALITY)?;
        in_range_if_set("max_bytes", self.max_bytes, MAX_BYTES)?;
        in_range("sharpen", self.sharpen, SHARPEN)
    }
}
