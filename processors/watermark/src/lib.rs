//! Darkroom processor `watermark`: the picture with a text or a mark on it.
//!
//! The picture is made to fit `max_edge` and never enlarged. On it lies a `text`, set in the font that is carried
//! here, or an `image`, a PNG in the params; without either it is `©`. `gravity` and `margin` say where, `size` and
//! `opacity` how. A text has an outline of black or white, whichever its colour is far from, so that it can be read
//! on any ground. The output carries no metadata.
//!
//! The same bytes everywhere: outlines are read and filled in floating point, but only with operations that IEEE 754
//! fixes, addition to square root, which ttf-parser and ab_glyph_rasterizer (without its `std` feature, by which it
//! would choose among code for several processors) keep to; everything else is integers.
//!
//! ```
//! use darkroom_codec::{CODECS, testing};
//! use darkroom_core::decode::DecodeLimits;
//! use darkroom_core::media::MediaType;
//! use darkroom_core::pixels::Size;
//! use darkroom_core::processor::Processor;
//! use darkroom_core::source::Source;
//! use darkroom_watermark::{Watermark, WatermarkParams};
//!
//! let photo = testing::photo(600, 400, 80, 1);
//! let source = Source::new(&photo, MediaType::JPEG, &CODECS, DecodeLimits::default());
//! let params = WatermarkParams { text: Some("© Ana".to_owned()), max_edge: 300, ..Default::default() };
//! assert_eq!(Watermark.process(&source, &params)?.meta, Size::new(300, 200));
//! # Ok::<(), darkroom_core::Error>(())
//! ```

mod blend;
#[cfg(feature = "testing")]
pub mod conformance;
mod font;
mod layout;
mod mark;
mod outline;
mod params;
mod render;

use darkroom_core::asset::{Derivative, Image};
use darkroom_core::cost::Cost;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::processor::Processor;
use darkroom_core::source::Source;

pub use darkroom_codec::color::Color;
pub use darkroom_codec::encode::Format;
pub use darkroom_codec::fit::Gravity;
pub use params::WatermarkParams;

/// Puts marks on pictures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watermark;

impl Processor for Watermark {
    type Params = WatermarkParams;
    type Output = Image;
    const ID: &'static str = "watermark";
    const VERSION: u32 = 1;
    const ACCEPTS: &'static [MediaType] = darkroom_codec::READABLE;

    fn process(
        &self,
        source: &Source<'_>,
        params: &WatermarkParams,
    ) -> darkroom_core::Result<Derivative<Size>> {
        render::render(source, params)
    }

    fn request(&self, full: Size, params: &WatermarkParams) -> Option<Size> {
        Some(render::placing(full, params).at_least())
    }

    fn cost(&self, full: Size, decoded: Size, params: &WatermarkParams) -> Option<Cost> {
        Some(render::cost(full, decoded, params))
    }
}

darkroom_core::register_processor!(Watermark);
