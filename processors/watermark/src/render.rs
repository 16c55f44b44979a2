//! From source to a picture with a mark on it.

use darkroom_codec::alpha;
use darkroom_codec::compose::Composition;
use darkroom_codec::encode::{self, Encoded, Encoding, Format, palette};
use darkroom_codec::fit::{Fit, Placing, Request};
use darkroom_codec::resize::{self, Light};
use darkroom_core::Result;
use darkroom_core::asset::Derivative;
use darkroom_core::cost::Cost;
use darkroom_core::pixels::Size;
use darkroom_core::source::Source;

use crate::mark;
use crate::params::WatermarkParams;

fn request(params: &WatermarkParams) -> Request {
    Request::inside(Size::new(params.max_edge, params.max_edge))
}

fn encoding(params: &WatermarkParams) -> Encoding {
    let WatermarkParams { format, quality, background, .. } = *params;
    Encoding { format, quality, background, ..Encoding::default() }
}

/// How a source of this size is made to fit.
pub(crate) fn placing(size: Size, params: &WatermarkParams) -> Placing {
    request(params).place(size)
}

/// What [`render`] takes at most: what the codec says of the same picture without a mark, and the mark. That is
/// counted by hand. Of a text, whose glyphs are at most 100 outlines (10 million), for each pixel filling 40
/// instructions, the outline 200 and laying both on 100; of an image, decoding it, which is a full MiB of pixels at
/// most (of 150, and 40 million for a profile), resizing it, and laying it on 60.
pub(crate) fn cost(full: Size, decoded: Size, params: &WatermarkParams) -> Cost {
    let placing = placing(full, params);
    let plain = Composition {
        request: request(params),
        light: Light::Srgb,
        sharpen: 0,
        background: params.background,
        encoding: encoding(params),
    };
    let made = placing.picture.area();
    let mark = mark::most(placing.picture, params);
    let work = if params.image.is_some() {
        let whole = Size::new(mark::MAX_SIDE, mark::MAX_SIDE);
        let place = Request { fit: Fit::Fill, enlarge: true, ..Request::inside(mark) }.place(whole);
        let decoding =
            Cost { instructions: 50_000_000 + whole.area() * 200, memory: whole.area() * 12 + (16 << 20) };
        let laying = Cost { instructions: mark.area() * 100, memory: mark.area() * 8 };
        decoding.then(resize::cost(&place, whole, Light::Srgb)).then(laying)
    } else {
        // With what lies around it.
        let area = (u64::from(mark.width) + 40) * (u64::from(mark.height) + 40);
        Cost { instructions: 20_000_000 + area * 500, memory: area * 16 + (1 << 20) }
    };
    plain.cost(full, decoded).then(work.beside(made * 4))
}

pub(crate) fn render(source: &Source<'_>, params: &WatermarkParams) -> Result<Derivative<Size>> {
    let placing = placing(source.size()?, params);
    placing.check(source.limits().output_pixels)?;
    let decoded = source.pixels(placing.at_least())?;
    let few_colors = params.format == Format::Auto && palette::few_colors(&decoded);
    let pixels =
        if params.format.keeps_alpha() { decoded } else { alpha::flatten(decoded, params.background)? };
    let picture = resize::place(&pixels, &placing, Light::Srgb)?;
    drop(pixels);
    let picture = mark::lay(picture, params)?;
    let Encoded { media, bytes } = encode::encode(&picture, &encoding(params), few_colors)?;
    Ok(Derivative { media, bytes, meta: picture.size() })
}
