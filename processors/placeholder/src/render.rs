//! From source to placeholder.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use darkroom_codec::alpha;
use darkroom_codec::encode::{self, Encoded, Encoding, Format};
use darkroom_codec::fit::{Placing, Request};
use darkroom_codec::resize::{self, Light};
use darkroom_core::Result;
use darkroom_core::asset::Derivative;
use darkroom_core::cost::Cost;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{Pixels, Size};
use darkroom_core::source::Source;

use crate::params::{Kind, PlaceholderParams};
use crate::{blurhash, dominant, thumbhash};

/// How a source of this size comes into the small picture that the placeholder is made of.
pub(crate) fn placing(size: Size, params: &PlaceholderParams) -> Placing {
    let bounds = match params.kind {
        Kind::Jpeg | Kind::Png => Size::new(params.max_edge, params.max_edge),
        _ => thumbhash::BOUNDS,
    };
    Request::inside(bounds).place(size)
}

/// What [`render`] takes, measured as the codec's estimates are: beside resizing, at most 81 waves over at most
/// 100 × 100 pixels.
pub(crate) fn cost(full: Size, decoded: Size, params: &PlaceholderParams) -> Cost {
    let waves = match params.kind {
        Kind::Blurhash => u64::from(params.components_x * params.components_y),
        _ => 30,
    };
    let placing = placing(full, params);
    let hash = Cost { instructions: 10_000_000 + waves * placing.picture.area() * 80, memory: 1 << 20 };
    resize::cost(&placing, decoded, Light::Srgb).then(hash)
}

pub(crate) fn render(source: &Source<'_>, params: &PlaceholderParams) -> Result<Derivative<Size>> {
    let size = source.size()?;
    let placing = placing(size, params);
    let picture = resize::place(&*source.pixels(placing.at_least())?, &placing, Light::Srgb)?;
    let flat = |picture: Pixels| alpha::flatten(Arc::new(picture), params.background);
    let (kind, value) = match params.kind {
        Kind::Thumbhash => {
            let bytes = thumbhash::encode(&picture);
            return Ok(Derivative { media: MediaType::THUMBHASH, bytes, meta: size });
        }
        Kind::Blurhash => {
            let hash = blurhash::encode(&*flat(picture)?, params.components_x, params.components_y);
            ("blurhash", hash)
        }
        Kind::Color => {
            let color = dominant::color(&picture).unwrap_or(params.background);
            let [red, green, blue] = color.rgb();
            ("color", format!("#{red:02x}{green:02x}{blue:02x}"))
        }
        Kind::Jpeg => ("jpeg", data_url(&*flat(picture)?, Format::Jpeg, params.quality)?),
        Kind::Png => ("png", data_url(&picture, Format::Png, params.quality)?),
    };
    // No value has a character that JSON would escape.
    let Size { width, height } = size;
    let json = format!(r#"{{"kind":"{kind}","value":"{value}","width":{width},"height":{height}}}"#);
    Ok(Derivative { media: MediaType::parse("application/json")?, bytes: json.into_bytes(), meta: size })
}

fn data_url(picture: &Pixels, format: Format, quality: u32) -> Result<String> {
    let encoding = Encoding { format, quality, trellis: true, ..Encoding::default() };
    let Encoded { media, bytes } = encode::encode(picture, &encoding, false)?;
    Ok(format!("data:{media};base64,{}", STANDARD.encode(bytes)))
}
