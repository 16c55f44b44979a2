//! From source to placeholder.

use darkroom_codec::fit::Fit;
use darkroom_codec::resize;
use darkroom_core::Result;
use darkroom_core::asset::Derivative;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::source::Source;

use crate::params::{Kind, PlaceholderParams};
use crate::thumbhash;

pub(crate) fn render(source: &Source<'_>, params: &PlaceholderParams) -> Result<Derivative<Size>> {
    let size = source.size()?;
    let placing = Fit::Inside.place(size, thumbhash::BOUNDS);
    let picture = resize::place(&*source.pixels(placing.at_least())?, &placing)?;
    let (media, bytes) = match params.kind {
        Kind::Thumbhash => (MediaType::THUMBHASH, thumbhash::encode(&picture)),
    };
    Ok(Derivative { media, bytes, meta: size })
}
