//! From source to preview.

use darkroom_codec::compose::{Composition, compose};
use darkroom_codec::encode::Encoding;
use darkroom_codec::fit::Request;
use darkroom_codec::resize::Light;
use darkroom_core::Result;
use darkroom_core::asset::Derivative;
use darkroom_core::pixels::Size;
use darkroom_core::source::Source;

use crate::params::PreviewParams;

pub(crate) fn render(source: &Source<'_>, params: &PreviewParams) -> Result<Derivative<Size>> {
    let composition = Composition {
        request: Request::inside(Size::new(params.max_edge, params.max_edge)),
        light: if params.linear { Light::Linear } else { Light::Srgb },
        sharpen: params.sharpen,
        background: params.background,
        encoding: Encoding {
            format: params.format,
            quality: params.quality,
            max_bytes: params.max_bytes,
            progressive: params.progressive,
            trellis: params.trellis,
            chroma: params.chroma,
            background: params.background,
        },
    };
    compose(source, &composition)
}
