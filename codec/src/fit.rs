//! Which part of a picture goes where: integer geometry that never enlarges.

use darkroom_core::pixels::Size;
use serde::{Deserialize, Serialize};

/// How a picture is brought into a box. Nothing is ever enlarged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Fills the box, cutting off what stands over on both sides alike. Of a picture that does not cover the
    /// box, the largest middle part in the box's shape, at its own size.
    #[default]
    Cover,
    /// The whole picture inside the box, the rest filled with the background: always of exactly the box's size.
    Contain,
    /// The whole picture, at most as large as the box.
    Inside,
}

/// A part of a picture, in its full upright pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Columns left of it.
    pub left: u32,
    /// Rows above it.
    pub top: u32,
    /// Its own width and height.
    pub size: Size,
}

/// What to do to bring a picture into a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placing {
    /// The size of the whole source.
    pub source: Size,
    /// The part of the source that is shown.
    pub region: Region,
    /// The size that this part is resized to.
    pub picture: Size,
    /// The size of the result; larger than `picture` where a background shows.
    pub canvas: Size,
}

impl Fit {
    /// How `source` comes into `bounds`. Sides of 0 count as 1.
    pub fn place(self, source: Size, bounds: Size) -> Placing {
        let source = Size::new(source.width.max(1), source.height.max(1));
        let bounds = Size::new(bounds.width.max(1), bounds.height.max(1));
        let whole = Region { left: 0, top: 0, size: source };
        match self {
            Fit::Cover => {
                let size = middle(source, bounds);
                let left = (source.width - size.width) / 2;
                let top = (source.height - size.height) / 2;
                let picture = if size.covers(bounds) { bounds } else { size };
                Placing { source, region: Region { left, top, size }, picture, canvas: picture }
            }
            Fit::Contain => {
                Placing { source, region: whole, picture: inside(source, bounds), canvas: bounds }
            }
            Fit::Inside => {
                let picture = inside(source, bounds);
                Placing { source, region: whole, picture, canvas: picture }
            }
        }
    }
}

impl Placing {
    /// The size that the whole source has to be decoded at so that the region has the pixels for the picture.
    pub fn at_least(&self) -> Size {
        Size::new(
            scale_up(self.source.width, self.picture.width, self.region.size.width),
            scale_up(self.source.height, self.picture.height, self.region.size.height),
        )
    }

    /// Columns and rows of background left of and above the picture.
    pub fn offset(&self) -> (u32, u32) {
        ((self.canvas.width - self.picture.width) / 2, (self.canvas.height - self.picture.height) / 2)
    }
}

/// The largest size in the shape of `source` that lies within `bounds` and is not larger than `source`.
pub fn inside(source: Size, bounds: Size) -> Size {
    if bounds.covers(source) {
        return source;
    }
    let (sw, sh) = (u64::from(source.width), u64::from(source.height));
    let (bw, bh) = (u64::from(bounds.width), u64::from(bounds.height));
    if sw * bh >= sh * bw {
        Size::new(bounds.width, ratio(source.height, bounds.width, source.width).min(bounds.height))
    } else {
        Size::new(ratio(source.width, bounds.height, source.height).min(bounds.width), bounds.height)
    }
}

/// The largest size in the shape of `bounds` that lies within `source`.
fn middle(source: Size, bounds: Size) -> Size {
    let (sw, sh) = (u64::from(source.width), u64::from(source.height));
    let (bw, bh) = (u64::from(bounds.width), u64::from(bounds.height));
    if sw * bh >= sh * bw {
        Size::new(ratio(source.height, bounds.width, bounds.height).min(source.width), source.height)
    } else {
        Size::new(source.width, ratio(source.width, bounds.height, bounds.width).min(source.height))
    }
}

/// `value * numerator / denominator`, rounded to nearest, at least 1.
fn ratio(value: u32, numerator: u32, denominator: u32) -> u32 {
    let (value, numerator, denominator) = (u64::from(value), u64::from(numerator), u64::from(denominator));
    let rounded = (value * numerator + denominator / 2) / denominator;
    u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
}

/// `value * numerator / denominator`, rounded up, at most `value`.
fn scale_up(value: u32, numerator: u32, denominator: u32) -> u32 {
    let exact = (u64::from(value) * u64::from(numerator)).div_ceil(u64::from(denominator));
    u32::try_from(exact).map_or(value, |exact| exact.min(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size() -> impl Strategy<Value = Size> {
        let side = prop_oneof![1..40u32, 1..70_000u32, Just(1), Just(65_535)];
        (side.clone(), side).prop_map(|(width, height)| Size::new(width, height))
    }

    /// Whether two shapes agree up to the rounding of one side to whole pixels.
    fn same_shape(a: Size, b: Size) -> bool {
        let cross = u64::from(a.width) * u64::from(b.height);
        let other = u64::from(a.height) * u64::from(b.width);
        // One pixel more or less of either side of either.
        let slack = [a.width, a.height, b.width, b.height].map(u64::from).into_iter().max();
        cross.abs_diff(other) <= slack.unwrap()
    }

    proptest! {
        #[test]
        fn nothing_is_enlarged_or_cut_wrongly(source in size(), bounds in size()) {
            for fit in [Fit::Cover, Fit::Contain, Fit::Inside] {
                let placing = fit.place(source, bounds);
                let Placing { region, picture, canvas, .. } = placing;
                prop_assert!(picture.width >= 1 && picture.height >= 1);
                prop_assert!(bounds.covers(canvas) && canvas.covers(picture), "{fit:?} {placing:?}");
                prop_assert!(region.size.covers(picture), "{fit:?} {placing:?}");
                prop_assert!(region.left + region.size.width <= source.width);
                prop_assert!(region.top + region.size.height <= source.height);
                prop_assert!(same_shape(region.size, picture), "{fit:?} {placing:?}");
                let decoded = placing.at_least();
                prop_assert!(source.covers(decoded) && decoded.covers(picture));
                // The region keeps enough pixels at that scale.
                prop_assert!(u64::from(decoded.width) * u64::from(region.size.width)
                    >= u64::from(picture.width) * u64::from(source.width));
            }
        }

        #[test]
        fn each_fit_keeps_its_promise(source in size(), bounds in size()) {
            let cover = Fit::Cover.place(source, bounds);
            if source.covers(bounds) {
                prop_assert_eq!(cover.canvas, bounds);
            }
            let right = source.width - cover.region.left - cover.region.size.width;
            prop_assert!(right - cover.region.left <= 1, "the middle");
            prop_assert!(cover.region.size.width == source.width || cover.region.size.height == source.height);

            prop_assert_eq!(Fit::Contain.place(source, bounds).canvas, bounds);
            let inside = Fit::Inside.place(source, bounds);
            prop_assert_eq!(inside.region.size, source);
            prop_assert!(inside.canvas == source
                || inside.canvas.width == bounds.width
                || inside.canvas.height == bounds.height);
        }
    }

    #[test]
    fn known_cases() {
        let place = |fit: Fit, w, h| fit.place(Size::new(w, h), Size::new(320, 320));
        assert_eq!(place(Fit::Inside, 6000, 4000).canvas, Size::new(320, 213));
        assert_eq!(place(Fit::Inside, 65_000, 10).canvas, Size::new(320, 1));
        assert_eq!(place(Fit::Inside, 100, 50).canvas, Size::new(100, 50));
        let cover = place(Fit::Cover, 6000, 4000);
        assert_eq!(cover.region, Region { left: 1000, top: 0, size: Size::new(4000, 4000) });
        assert_eq!((cover.picture, cover.at_least()), (Size::new(320, 320), Size::new(480, 320)));
        assert_eq!(place(Fit::Cover, 200, 1000).canvas, Size::new(200, 200));
        let contain = place(Fit::Contain, 100, 50);
        assert_eq!((contain.canvas, contain.picture), (Size::new(320, 320), Size::new(100, 50)));
        assert_eq!(contain.offset(), (110, 135));
        assert_eq!(Fit::Cover.place(Size::new(0, 0), Size::new(0, 0)).canvas, Size::new(1, 1));
    }
}
