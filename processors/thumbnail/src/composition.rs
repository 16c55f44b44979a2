//! What a thumbnail is composed of.

use darkroom_codec::compose::Composition;
use darkroom_codec::encode::Encoding;
use darkroom_codec::fit::Request;
use darkroom_codec::resize::Light;
use darkroom_core::pixels::Size;

use crate::params::ThumbnailParams;

pub(crate) fn composition(params: &ThumbnailParams) -> Composition {
    Composition {
        request: Request {
            fit: params.fit,
            bounds: Size::new(params.width, params.height),
            gravity: params.gravity,
            enlarge: params.enlarge,
        },
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
