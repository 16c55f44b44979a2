//! Darkroom processor `thumbnail`: the picture in a small box.
//!
//! `fit` says how it comes into the box of `width` × `height` (see [`Fit`]) and `gravity` what stays of it or
//! where it lies (see [`Gravity`]). Nothing is enlarged unless `enlarge` says so. `format` is JPEG, PNG,
//! lossless WebP or what suits the picture (see [`Format`]). The output carries no metadata.
//!
//! ```
//! use darkroom_codec::{CODECS, testing};
//! use darkroom_core::decode::DecodeLimits;
//! use darkroom_core::media::MediaType;
//! use darkroom_core::pixels::Size;
//! use darkroom_core::processor::Processor;
//! use darkroom_core::source::Source;
//! use darkroom_thumbnail::{Thumbnail, ThumbnailParams};
//!
//! let photo = testing::photo(600, 400, 80, 1);
//! let source = Source::new(&photo, MediaType::JPEG, &CODECS, DecodeLimits::default());
//! let params = ThumbnailParams { width: 100, height: 100, ..Default::default() };
//! assert_eq!(Thumbnail.process(&source, &params)?.meta, Size::new(100, 100));
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
pub use darkroom_codec::fit::{Fit, Gravity};
pub use params::ThumbnailParams;

use composition::composition;

/// Makes thumbnails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Thumbnail;

impl Processor for Thumbnail {
    type Params = ThumbnailParams;
    type Output = Image;
    const ID: &'static str = "thumbnail";
    const VERSION: u32 = 3;
    const ACCEPTS: &'static [MediaType] = darkroom_codec::READABLE;

    fn process(
        &self,
        source: &Source<'_>,
        params: &ThumbnailParams,
    ) -> darkroom_core::Result<Derivative<Size>> {
        compose(source, &composition(params))
    }

    fn request(&self, full: Size, params: &ThumbnailParams) -> Option<Size> {
        Some(composition(params).at_least(full))
    }

    fn cost(&self, full: Size, decoded: Size, params: &ThumbnailParams) -> Option<Cost> {
        Some(composition(params).cost(full, decoded))
    }
}

darkroom_core::register_processor!(Thumbnail);
