//! From source to JSON.

use std::cmp::Reverse;
use std::fmt::Write as _;

use darkroom_codec::fit::{Placing, Request};
use darkroom_codec::resize::{self, Light};
use darkroom_core::Result;
use darkroom_core::asset::Derivative;
use darkroom_core::cost::Cost;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::source::Source;

use crate::params::DominantColorsParams;
use crate::{cut, histogram};

/// How a source of this size comes into the small picture whose colours are counted.
pub(crate) fn placing(size: Size) -> Placing {
    Request::inside(Size::new(128, 128)).place(size)
}

/// What [`render`] takes at most, counted by hand: beside resizing, 16,384 pixels of some 80 instructions, 32,768
/// cells of some 40, and 15 cuts through as many cells as there are pixels, of some 80 each: 23 million.
pub(crate) fn cost(full: Size, decoded: Size) -> Cost {
    let counted = Cost { instructions: 40_000_000, memory: 4 << 20 };
    resize::cost(&placing(full), decoded, Light::Srgb).then(counted)
}

pub(crate) fn render(source: &Source<'_>, params: &DominantColorsParams) -> Result<Derivative<Size>> {
    let size = source.size()?;
    let placing = placing(size);
    let picture = resize::place(&*source.pixels(placing.at_least())?, &placing, Light::Srgb)?;
    let cells = histogram::cells(&picture, params.ignore_white);
    let total: u64 = cells.iter().map(|cell| cell.weight).sum();
    let palette = cut::palette(cells, usize::try_from(params.count).unwrap_or(usize::MAX));
    let share = |weight: u64| (weight * 1000 + total / 2).checked_div(total).unwrap_or_default();
    let shares = palette.into_iter().map(|(color, weight)| (Reverse(share(weight)), color));
    let mut shares: Vec<_> = shares.filter(|(share, _)| share.0 > 0).collect();
    shares.sort_unstable();
    let mut json = String::from(r#"{"colors":["#);
    for (at, (Reverse(share), [red, green, blue])) in shares.into_iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(json, r##"{comma}{{"color":"#{red:02x}{green:02x}{blue:02x}","share":{share}}}"##);
    }
    let _ = write!(json, r#"],"width":{},"height":{}}}"#, size.width, size.height);
    Ok(Derivative { media: MediaType::parse("application/json")?, bytes: json.into_bytes(), meta: size })
}
