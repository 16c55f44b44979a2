//! What a preview is composed of.

use darkroom_codec::compose::Composition;
use darkroom_codec::encode::Encoding;
use darkroom_codec::fit::Request;
use darkroom_codec::resize::Light;
use darkroom_core::pixels::Size;

use crate::params::PreviewParams;

pub(crate) fn composition(params: &PreviewParams) -> Composition {
    Composition {
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
    }
}
