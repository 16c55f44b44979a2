//! From source to preview.

use darkroom_codec::fit::Fit;
use darkroom_codec::{alpha, encode, resize};
use darkroom_core::Result;
use darkroom_core::asset::Derivative;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::source::Source;

use crate::params::PreviewParams;

pub(crate) fn render(source: &Source<'_>, params: &PreviewParams) -> Result<Derivative<Size>> {
    let edge = params.max_edge;
    let placing = Fit::Inside.place(source.size()?, Size::new(edge, edge));
    let pixels = alpha::flatten(source.pixels(placing.at_least())?, params.background)?;
    let picture = resize::place(&pixels, &placing)?;
    let bytes = encode::jpeg(&picture, params.quality)?;
    Ok(Derivative { media: MediaType::JPEG, bytes, meta: picture.size() })
}
