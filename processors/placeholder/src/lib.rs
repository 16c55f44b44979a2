//! Darkroom processor `placeholder`: what a page shows until the picture is there.
//!
//! `kind` says which form it has. A [ThumbHash](https://evanw.github.io/thumbhash/) is about 25 bytes:
//! colours, shapes and the aspect ratio, as `application/x-thumbhash`. The other kinds are `application/json`:
//! `{"kind":"blurhash","value":"LEHV6n…","width":600,"height":400}`, the value being a
//! [BlurHash](https://blurha.sh), a dominant colour or a data URL. Width and height are those of the source, so
//! that a page can keep the space free; they are the asset's metadata too, for every kind.
//!
//! ```
//! use darkroom_codec::{CODECS, testing};
//! use darkroom_core::decode::DecodeLimits;
//! use darkroom_core::media::MediaType;
//! use darkroom_core::pixels::Size;
//! use darkroom_core::processor::Processor;
//! use darkroom_core::source::Source;
//! use darkroom_placeholder::{Placeholder, PlaceholderParams};
//!
//! let photo = testing::photo(600, 400, 80, 1);
//! let source = Source::new(&photo, MediaType::JPEG, &CODECS, DecodeLimits::default());
//! let placeholder = Placeholder.process(&source, &PlaceholderParams::default())?;
//! assert!(placeholder.bytes.len() <= 25);
//! assert_eq!(placeholder.meta, Size::new(600, 400));
//! # Ok::<(), darkroom_core::Error>(())
//! ```

mod blurhash;
#[cfg(feature = "testing")]
pub mod conformance;
mod dominant;
mod params;
mod render;
mod thumbhash;

use darkroom_core::asset::{self, Derivative};
use darkroom_core::cost::Cost;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::processor::Processor;
use darkroom_core::source::Source;

pub use params::{Kind, PlaceholderParams};

/// Makes placeholders.
#[derive(Clone, Copy, Debug, Default)]
pub struct Placeholder;

impl Processor for Placeholder {
    type Params = PlaceholderParams;
    type Output = asset::Placeholder;
    const ID: &'static str = "placeholder";
    const VERSION: u32 = 3;
    const ACCEPTS: &'static [MediaType] = darkroom_codec::READABLE;

    fn process(
        &self,
        source: &Source<'_>,
        params: &PlaceholderParams,
    ) -> darkroom_core::Result<Derivative<Size>> {
        render::render(source, params)
    }

    fn request(&self, full: Size, params: &PlaceholderParams) -> Option<Size> {
        Some(render::placing(full, params).at_least())
    }

    fn cost(&self, full: Size, decoded: Size, params: &PlaceholderParams) -> Option<Cost> {
        Some(render::cost(full, decoded, params))
    }
}

darkroom_core::register_processor!(Placeholder);
