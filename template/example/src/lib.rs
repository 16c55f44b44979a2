//! Darkroom processor `example`: the average colour of a picture, as `application/json`.
//!
//! ```
//! use darkroom_codec::{CODECS, testing};
//! use darkroom_core::decode::DecodeLimits;
//! use darkroom_core::media::MediaType;
//! use darkroom_core::processor::Processor;
//! use darkroom_core::source::Source;
//! use darkroom_example::{Example, ExampleParams};
//!
//! let photo = testing::photo(600, 400, 80, 1);
//! let source = Source::new(&photo, MediaType::JPEG, &CODECS, DecodeLimits::default());
//! let made = Example.process(&source, &ExampleParams::default())?;
//! assert!(made.bytes.ends_with(br#","width":600,"height":400}"#));
//! # Ok::<(), darkroom_core::Error>(())
//! ```

#[cfg(feature = "testing")]
pub mod conformance;
mod params;
mod render;

use darkroom_core::asset::{Asset, AssetKind, Derivative};
use darkroom_core::cost::Cost;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::processor::Processor;
use darkroom_core::source::Source;

pub use params::ExampleParams;

/// The sort of asset that is made: a colour, with the size of the picture that it was taken of.
#[derive(Clone, Copy, Debug)]
pub struct AverageColor;

impl Asset for AverageColor {
    const KIND: AssetKind = AssetKind("color");
    type Meta = Size;
}

/// Makes average colours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Example;

impl Processor for Example {
    type Params = ExampleParams;
    type Output = AverageColor;
    const ID: &'static str = "example";
    const VERSION: u32 = 1;
    const ACCEPTS: &'static [MediaType] = darkroom_codec::READABLE;

    fn process(
        &self,
        source: &Source<'_>,
        params: &ExampleParams,
    ) -> darkroom_core::Result<Derivative<Size>> {
        render::render(source, params)
    }

    fn request(&self, full: Size, params: &ExampleParams) -> Option<Size> {
        Some(render::placing(full, params).at_least())
    }

    fn cost(&self, full: Size, decoded: Size, params: &ExampleParams) -> Option<Cost> {
        Some(render::cost(full, decoded, params))
    }
}

darkroom_core::register_processor!(Example);
