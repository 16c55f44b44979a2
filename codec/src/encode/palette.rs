//! The colours of a picture, where they are few.

use std::collections::HashSet;

use darkroom_core::pixels::{PixelFormat, Pixels};

/// The most colours that count as few, and that a palette holds.
pub const MAX_COLORS: usize = 256;

/// Colours in the order of a palette: those with transparency first, then by red, green, blue, alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    colors: Vec<[u8; 4]>,
}

impl Palette {
    /// The colours of a picture, if it has at most [`MAX_COLORS`].
    pub fn of(pixels: &Pixels) -> Option<Palette> {
        let mut colors: Vec<_> = distinct(pixels)?.into_iter().collect();
        colors.sort_by_key(|color| (color[3] == u8::MAX, *color));
        Some(Palette { colors })
    }

    /// At least one and at most [`MAX_COLORS`].
    pub fn colors(&self) -> &[[u8; 4]] {
        &self.colors
    }

    /// The index of each pixel; 0 for colours that are not in the palette.
    pub fn indices(&self, pixels: &Pixels) -> Vec<u8> {
        let place = |color: [u8; 4]| {
            let key = (color[3] == u8::MAX, color);
            let found = self.colors.binary_search_by_key(&key, |color| (color[3] == u8::MAX, *color));
            u8::try_from(found.unwrap_or_default()).unwrap_or_default()
        };
        let mut last = (self.colors[0], 0);
        straight(pixels)
            .map(|color| {
                if color != last.0 {
                    last = (color, place(color));
                }
                last.1
            })
            .collect()
    }
}

/// Whether a picture has at most [`MAX_COLORS`].
pub fn few_colors(pixels: &Pixels) -> bool {
    distinct(pixels).is_some()
}

fn distinct(pixels: &Pixels) -> Option<HashSet<[u8; 4]>> {
    let mut seen = HashSet::with_capacity(MAX_COLORS + 1);
    let mut last = None;
    for color in straight(pixels) {
        if last != Some(color) {
            last = Some(color);
            if seen.insert(color) && seen.len() > MAX_COLORS {
                return None;
            }
        }
    }
    Some(seen)
}

/// The pixels as red, green, blue, alpha.
pub(super) fn straight(pixels: &Pixels) -> impl Iterator<Item = [u8; 4]> + '_ {
    let channels = pixels.format().channels();
    let opaque = pixels.format() == PixelFormat::Rgb8;
    pixels
        .data()
        .chunks_exact(channels)
        .map(move |pixel| [pixel[0], pixel[1], pixel[2], if opaque { u8::MAX } else { pixel[channels - 1] }])
}
