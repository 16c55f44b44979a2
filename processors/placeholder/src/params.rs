//! What a placeholder can be asked to be.

use darkroom_codec::color::Color;
use darkroom_codec::params::{QUALITY, in_range};
use darkroom_core::processor::Params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The forms of placeholder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// ThumbHash: about 25 bytes, with transparency and aspect ratio, as `application/x-thumbhash`.
    #[default]
    Thumbhash,
    /// BlurHash: text of 6 to 166 characters, in JSON.
    Blurhash,
    /// The dominant colour as `#rrggbb`, in JSON.
    Color,
    /// A tiny JPEG as data URL, in JSON.
    Jpeg,
    /// A tiny PNG as data URL, with transparency, in JSON.
    Png,
}

/// Parameters of [`Placeholder`](crate::Placeholder).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlaceholderParams {
    /// Which form: `thumbhash`, `blurhash`, `color`, `jpeg` or `png`.
    pub kind: Kind,
    /// Of a `blurhash`: how many waves across, 1 to 9.
    #[schemars(range(min = 1, max = 9))]
    pub components_x: u32,
    /// Of a `blurhash`: how many waves down, 1 to 9.
    #[schemars(range(min = 1, max = 9))]
    pub components_y: u32,
    /// Of a `jpeg` or `png`: the longest edge in pixels, 4 to 64.
    #[schemars(range(min = 4, max = 64))]
    pub max_edge: u32,
    /// Of a `jpeg`: its quality, 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub quality: u32,
    /// What shows through transparency in a `blurhash` and a `jpeg`, and stands for a `color` where nothing is
    /// visible, as `#rrggbb`.
    pub background: Color,
}

impl Default for PlaceholderParams {
    fn default() -> Self {
        PlaceholderParams {
            kind: Kind::Thumbhash,
            components_x: 4,
            components_y: 3,
            max_edge: 20,
            quality: 40,
            background: Color::WHITE,
        }
    }
}

impl Params for PlaceholderParams {
    fn validate(&self) -> Result<(), String> {
        in_range("components_x", self.components_x, 1..=9)?;
        in_range("components_y", self.components_y, 1..=9)?;
        in_range("max_edge", self.max_edge, 4..=64)?;
        in_range("quality", self.quality, QUALITY)
    }
}
