//! Darkroom processor `dominant-colors`: a palette of the picture, as JSON.
//!
//! The picture is made to fit in 128 × 128 pixels, its colours are counted, and modified median cut brings them down
//! to at most `count` (see `cut.rs`). The JSON says how much of the picture each stands for:
//! `{"colors":[{"color":"#3a6ea5","share":417}],"width":600,"height":400}`, in thousandths, the most first. Width and
//! height are those of the source; they are the asset's metadata too.
//!
//! ```
//! use darkroom_codec::{CODECS, testing};
//! use darkroom_core::decode::DecodeLimits;
//! use darkroom_core::media::MediaType;
//! use darkroom_core::pixels::{PixelFormat, Pixels, Size};
//! use darkroom_core::processor::Processor;
//! use darkroom_core::source::Source;
//! use darkroom_dominant_colors::{DominantColors, DominantColorsParams};
//!
//! let data = [[200, 30, 30], [200, 30, 30], [200, 30, 30], [20, 40, 160]].concat();
//! let png = testing::png(&Pixels::new(Size::new(4, 1), PixelFormat::Rgb8, data)?)?;
//! let source = Source::new(&png, MediaType::PNG, &CODECS, DecodeLimits::default());
//! let palette = DominantColors.process(&source, &DominantColorsParams::default())?;
//! let expected =
//!     br##"{"colors":[{"color":"#c81e1e","share":750},{"color":"#1428a0","share":250}],"width":4,"height":1}"##;
//! assert_eq!(palette.bytes, expected);
//! # Ok::<(), darkroom_core::Error>(())
//! ```

#[cfg(feature = "testing")]
pub mod conformance;
mod cut;
mod histogram;
mod params;
mod render;

use darkroom_core::asset::{Asset, AssetKind, Derivative};
use darkroom_core::cost::Cost;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::processor::Processor;
use darkroom_core::source::Source;

pub use params::DominantColorsParams;

/// Some colours that stand for a picture. Its size is that of the picture.
#[derive(Debug)]
pub struct Palette;

impl Asset for Palette {
    const KIND: AssetKind = AssetKind("palette");
    type Meta = Size;
}

/// Makes palettes.
#[derive(Clone, Copy, Debug, Default)]
pub struct DominantColors;

impl Processor for DominantColors {
    type Params = DominantColorsParams;
    type Output = Palette;
    const ID: &'static str = "dominant-colors";
    const VERSION: u32 = 1;
    const ACCEPTS: &'static [MediaType] = darkroom_codec::READABLE;

    fn process(
        &self,
        source: &Source<'_>,
        params: &DominantColorsParams,
    ) -> darkroom_core::Result<Derivative<Size>> {
        render::render(source, params)
    }

    fn request(&self, full: Size, _: &DominantColorsParams) -> Option<Size> {
        Some(render::placing(full).at_least())
    }

    fn cost(&self, full: Size, decoded: Size, _: &DominantColorsParams) -> Option<Cost> {
        Some(render::cost(full, decoded))
    }
}

darkroom_core::register_processor!(DominantColors);
