//! From source to picture file: the steps that every processor of pictures takes, in their order.

use std::borrow::Cow;
use std::sync::Arc;

use darkroom_core::Result;
use darkroom_core::asset::Derivative;
use darkroom_core::cost::Cost;
use darkroom_core::pixels::Size;
use darkroom_core::source::Source;

use crate::color::Color;
use crate::encode::{self, Encoded, Encoding, Format, palette};
use crate::fit::{Gravity, Request};
use crate::resize::{self, Light};
use crate::{alpha, attention, canvas, estimate, sharpen};

/// What a picture is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Composition {
    /// Shape and size.
    pub request: Request,
    /// What is added up when it is resized.
    pub light: Light,
    /// How strongly it is sharpened, in percent, where it was reduced to half or less; 0 for not at all.
    pub sharpen: u32,
    /// What shows beside the picture, and through it where the format has no alpha.
    pub background: Color,
    /// How it is written; its background is not used.
    pub encoding: Encoding,
}

impl Composition {
    /// The pixels that [`compose`] asks a source of this upright size for.
    pub fn at_least(&self, full: Size) -> Size {
        self.request.place(full).at_least()
    }

    /// What [`compose`] takes at most beside decoding, for a source of the upright size `full` that is decoded at the
    /// size `decoded`.
    pub fn cost(&self, full: Size, decoded: Size) -> Cost {
        estimate::compose(self, full, decoded)
    }
}

/// Decodes, cuts, resizes, sharpens, lays on the background and encodes.
///
/// # Errors
/// As [`Source::pixels`] and [`encode::encode`], and
/// [`Error::ImageTooLarge`](darkroom_core::Error::ImageTooLarge) for a result of more pixels than
/// [`DecodeLimits`](darkroom_core::decode::DecodeLimits) allow.
pub fn compose(source: &Source<'_>, composition: &Composition) -> Result<Derivative<Size>> {
    let Composition { request, light, sharpen: amount, background, encoding } = *composition;
    let mut placing = request.place(source.size()?);
    placing.check(source.limits().output_pixels)?;
    let decoded = source.pixels(placing.at_least())?;
    let few_colors = encoding.format == Format::Auto && palette::few_colors(&decoded);
    let keeps_alpha = encoding.format.keeps_alpha();
    let background = if keeps_alpha { background } else { Color { alpha: u8::MAX, ..background } };
    let pixels = if keeps_alpha {
        match alpha::opaque(&decoded) {
            Cow::Borrowed(_) => decoded,
            Cow::Owned(opaque) => Arc::new(opaque),
        }
    } else {
        alpha::flatten(decoded, background)?
    };
    if request.gravity == Gravity::Attention {
        placing = attention::aim(&pixels, placing);
    }
    let mut picture = resize::place(&pixels, &placing, light)?;
    drop(pixels);
    if placing.reduces_strongly() {
        picture = sharpen::sharpen(picture, amount)?;
    }
    let picture = canvas::lay(picture, &placing, background)?;
    let encoding = Encoding { background, ..encoding };
    let Encoded { media, bytes } = encode::encode(&picture, &encoding, few_colors)?;
    Ok(Derivative { media, bytes, meta: picture.size() })
}
