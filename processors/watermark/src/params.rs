//! What a watermark can be asked to be.

use darkroom_codec::color::Color;
use darkroom_codec::encode::Format;
use darkroom_codec::fit::Gravity;
use darkroom_codec::params::{QUALITY, in_range};
use darkroom_core::processor::Params;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{font, mark};

/// The text where neither a text nor an image is set.
const DEFAULT_TEXT: &str = "©";
/// The most characters of a text.
const MAX_CHARS: usize = 100;

/// Parameters of [`Watermark`](crate::Watermark).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WatermarkParams {
    /// The text, 1 to 100 characters in Latin, Greek or Cyrillic; absent where there is an `image`, else for `©`.
    pub text: Option<String>,
    /// A PNG in base64 to lie on the picture instead of a text: at most 24 KiB and 1024 × 1024 pixels.
    pub image: Option<String>,
    /// Where it lies: `center`, `north`, `north-east` and so on around; `attention` is not for it.
    pub gravity: Gravity,
    /// Its width in percent of the picture's, 1 to 100; less where it would be too high.
    #[schemars(range(min = 1, max = 100))]
    pub size: u32,
    /// How far from the edges it lies, in percent of the picture's shorter side, 0 to 50.
    #[schemars(range(min = 0, max = 50))]
    pub margin: u32,
    /// How much it covers, 0 to 100 percent.
    #[schemars(range(min = 0, max = 100))]
    pub opacity: u32,
    /// The colour of a text, as `#rrggbb`.
    pub color: Color,
    /// Whether a text has an outline.
    pub outline: bool,
    /// The longest edge of the picture in pixels, 16 to 8192. Smaller pictures keep their size.
    #[schemars(range(min = 16, max = 8192))]
    pub max_edge: u32,
    /// The file format: `jpeg`, `png`, `webp` (lossless) or `auto`.
    pub format: Format,
    /// JPEG quality, 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub quality: u32,
    /// What shows through transparency in a JPEG, as `#rrggbb`.
    pub background: Color,
}

impl Default for WatermarkParams {
    fn default() -> Self {
        WatermarkParams {
            text: None,
            image: None,
            gravity: Gravity::SouthEast,
            size: 10,
            margin: 3,
            opacity: 70,
            color: Color::WHITE,
            outline: true,
            max_edge: 2048,
            format: Format::Jpeg,
            quality: 82,
            background: Color::WHITE,
        }
    }
}

impl WatermarkParams {
    /// The text, where there is no image.
    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or(DEFAULT_TEXT)
    }
}

impl Params for WatermarkParams {
    fn validate(&self) -> Result<(), String> {
        match (&self.text, &self.image) {
            (Some(_), Some(_)) => {
                return Err("text and image are both set; one of them is allowed".to_owned());
            }
            (Some(text), None) => check_text(text)?,
            (None, Some(image)) => mark::check_image(image)?,
            (None, None) => {}
        }
        if self.gravity == Gravity::Attention {
            return Err(
                "gravity is attention; center, north, north-east and so on around are allowed".to_owned()
            );
        }
        in_range("size", self.size, 1..=100)?;
        in_range("margin", self.margin, 0..=50)?;
        in_range("opacity", self.opacity, 0..=100)?;
        in_range("max_edge", self.max_edge, 16..=8192)?;
        in_range("quality", self.quality, QUALITY)
    }
}

fn check_text(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if !(1..=MAX_CHARS).contains(&length) {
        return Err(format!("text has {length} characters; 1 to {MAX_CHARS} are allowed"));
    }
    if let Some(missing) = font::missing(text) {
        let code = u32::from(missing);
        return Err(format!(
            "text has {missing:?} (U+{code:04X}), which the font lacks; it has Latin, Greek and Cyrillic"
        ));
    }
    if text.chars().all(char::is_whitespace) {
        return Err("text is blank; one visible character is needed".to_owned());
    }
    Ok(())
}
