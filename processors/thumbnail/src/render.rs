//! From source to thumbnail.

use darkroom_codec::{alpha, encode, resize};
use darkroom_core::Result;
use darkroom_core::asset::Derivative;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::source::Source;

use crate::canvas;
use crate::params::ThumbnailParams;

pub(crate) fn render(source: &Source<'_>, params: &ThumbnailParams) -> Result<Derivative<Size>> {
    let placing = params.fit.place(source.size()?, Size::new(params.width, params.height));
    let pixels = alpha::flatten(source.pixels(placing.at_least())?, params.background)?;
    let picture = resize::place(&pixels, &placing)?;
    let picture = canvas::lay(picture, &placing, params.background)?;
    let bytes = encode::jpeg(&picture, params.quality)?;
    Ok(Derivative { media: MediaType::JPEG, bytes, meta: picture.size() })
}
