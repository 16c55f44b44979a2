//! Darkroom processor `preview`: the picture at a size for screens.
//!
//! The longest edge is at most `max_edge`; smaller pictures keep their size. `format` is JPEG, PNG, lossless
//! WebP or what suits the picture (see [`Format`]). The output carries no metadata.
//!
//! ```
//! use darkroom_codec::{CODECS, testing};
//! use darkroom_core::decode::DecodeLimits;
//! use darkroom_core::media::MediaType;
//! use darkroom_core::pixels::Size;
//! use darkroom_core::processor::Processor;
//! use darkroom_core::source::Source;
//! use darkroom_preview::{Preview, PreviewParams};
//!
//! let photo = testing::photo(600, 400, 80, 1);
//! let source = Source::new(&photo, MediaType::JPEG, &CODECS, DecodeLimits::default());
//! let preview = Preview.process(&source, &PreviewParams { max_edge: 300, ..Default::default() })?;
//! assert_eq!(preview.meta, Size::new(300, 200));
//! # Ok::<(), darkroom_core::Error>(())
//! ```

mod composition;
#[cfg(feature = "testing")]
pub mod conformance;
mod params;

use darkroom_codec::compose::compose;
use darkroom_core::asset::{Derivative, Image};
use darkroom_core::cost::Cost;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::processor::Processor;
use darkroom_core::source::Source;

pub use darkroom_codec::color::Color;
pub use darkroom_codec::encode::{Chroma, Format};
pub use params::PreviewParams;

use composition::composition;

/// Makes previews.
#[derive(Clone, Copy, Debug, Default)]
pub struct Preview;

impl Processor for Preview {
    type Params = PreviewParams;
    type Output = Image;
    const ID: &'static str = "preview";
    const VERSION: u32 = 3;
    const ACCEPTS: &'static [MediaType] = darkroom_codec::READABLE;

    fn process(
        &self,
        source: &Source<'_>,
        params: &PreviewParams,
    ) -> darkroom_core::Result<Derivative<Size>> {
        compose(source, &composition(params))
    }

    fn request(&self, full: Size, params: &PreviewParams) -> Option<Size> {
        Some(composition(params).at_least(full))
    }

    fn cost(&self, full: Size, decoded: Size, params: &PreviewParams) -> Option<Cost> {
        Some(composition(params).cost(full, decoded))
    }
}

darkroom_core::register_processor!(Preview);
