//! The font, and texts laid out in its units: one line, glyph after glyph, without kerning.

use darkroom_core::pixels::Size;
use ttf_parser::{Face, GlyphId, OutlineBuilder, Rect};

/// Where it is from stands in the README.
static ROBOTO: &[u8] = include_bytes!("../font/Roboto-Medium-subset.ttf");

/// A line of text, in font units: x to the right, y up from the base line.
pub(crate) struct Line {
    face: Face<'static>,
    /// Each glyph with where it starts.
    glyphs: Vec<(GlyphId, i32)>,
    /// The outermost points.
    pub(crate) ink: Ink,
    /// The size of the font.
    pub(crate) em: u32,
}

/// A rectangle in font units; the right and upper ends lie outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ink {
    pub(crate) left: i32,
    pub(crate) bottom: i32,
    pub(crate) right: i32,
    pub(crate) top: i32,
}

fn face() -> Option<Face<'static>> {
    Face::parse(ROBOTO, 0).ok()
}

/// The first character that the font lacks.
pub(crate) fn missing(text: &str) -> Option<char> {
    let face = face();
    text.chars().find(|c| face.as_ref().is_none_or(|face| face.glyph_index(*c).is_none()))
}

impl Line {
    /// `None` where nothing is visible. What the font lacks is left out.
    pub(crate) fn of(text: &str) -> Option<Line> {
        let face = face()?;
        let (mut at, mut glyphs, mut ink) = (0i32, Vec::new(), None);
        for glyph in text.chars().filter_map(|c| face.glyph_index(c)) {
            if let Some(bounds) = face.glyph_bounding_box(glyph) {
                ink = Some(Ink::with(ink, bounds, at));
                glyphs.push((glyph, at));
            }
            at += i32::from(face.glyph_hor_advance(glyph).unwrap_or_default());
        }
        let em = u32::from(face.units_per_em()).max(1);
        let ink = ink.filter(|ink| ink.left < ink.right && ink.bottom < ink.top)?;
        Some(Line { face, glyphs, ink, em })
    }

    /// Of its ink.
    pub(crate) fn size(&self) -> Size {
        Size::new(self.ink.width(), self.ink.height())
    }

    /// Its visible glyphs, and where on the base line each starts.
    pub(crate) fn glyphs(&self) -> impl Iterator<Item = (GlyphId, i32)> {
        self.glyphs.iter().copied()
    }

    /// Tells `pen` the outline of a glyph, from its start.
    pub(crate) fn outline(&self, glyph: GlyphId, pen: &mut dyn OutlineBuilder) {
        // It has an outline, since it has bounds.
        let _: Option<Rect> = self.face.outline_glyph(glyph, pen);
    }
}

impl Ink {
    fn with(ink: Option<Ink>, bounds: Rect, at: i32) -> Ink {
        let one = Ink {
            left: at + i32::from(bounds.x_min),
            bottom: bounds.y_min.into(),
            right: at + i32::from(bounds.x_max),
            top: bounds.y_max.into(),
        };
        ink.map_or(one, |ink| Ink {
            left: ink.left.min(one.left),
            bottom: ink.bottom.min(one.bottom),
            right: ink.right.max(one.right),
            top: ink.top.max(one.top),
        })
    }

    pub(crate) fn width(self) -> u32 {
        self.right.abs_diff(self.left)
    }

    pub(crate) fn height(self) -> u32 {
        self.top.abs_diff(self.bottom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_what_is_promised_and_nothing_that_is_not() {
        for text in ["© Ana Gómez 2024", "Łódź · Škoda · œuvre", "Φωτογραφία", "Фотография, ґ", "€ “„” – — …"]
        {
            assert_eq!(missing(text), None, "{text}");
            assert!(Line::of(text).is_some());
        }
        for (text, c) in
            [("a😀", '😀'), ("日", '日'), ("a\nb", '\n'), ("a\u{ad}", '\u{ad}'), ("\u{202e}a", '\u{202e}')]
        {
            assert_eq!(missing(text), Some(c));
        }
        assert!(Line::of("  \u{a0}").is_none());
    }

    #[test]
    fn a_line_is_as_wide_as_its_glyphs() {
        let ink = |text: &str| Line::of(text).unwrap().ink;
        assert_eq!(ink("II").width(), ink("I").width() + advance('I'));
        assert_eq!(ink(" I").left, ink("I").left + advance(' ').cast_signed());
        assert!(ink("Ág").height() > ink("a").height());
    }

    fn advance(c: char) -> u32 {
        let face = face().unwrap();
        face.glyph_hor_advance(face.glyph_index(c).unwrap()).unwrap().into()
    }
}
