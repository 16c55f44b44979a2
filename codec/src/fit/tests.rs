//! The geometry against its promises.

use proptest::prelude::*;

use super::*;

const FITS: [Fit; 5] = [Fit::Cover, Fit::Contain, Fit::Fill, Fit::Inside, Fit::Outside];

fn place(fit: Fit, source: Size, bounds: Size) -> Placing {
    Request { fit, ..Request::inside(bounds) }.place(source)
}

fn enlarging(fit: Fit, source: Size, bounds: Size) -> Placing {
    Request { fit, enlarge: true, ..Request::inside(bounds) }.place(source)
}

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
        for fit in FITS {
            let placing = place(fit, source, bounds);
            let Placing { region, picture, canvas, .. } = placing;
            prop_assert!(picture.width >= 1 && picture.height >= 1);
            prop_assert!(canvas.covers(picture), "{fit:?} {placing:?}");
            prop_assert!(fit == Fit::Outside || bounds.covers(canvas), "{fit:?} {placing:?}");
            prop_assert!(region.size.covers(picture), "{fit:?} {placing:?}");
            prop_assert!(region.left + region.size.width <= source.width);
            prop_assert!(region.top + region.size.height <= source.height);
            prop_assert!(fit == Fit::Fill || same_shape(region.size, picture), "{fit:?} {placing:?}");
            let decoded = placing.at_least();
            prop_assert!(source.covers(decoded) && decoded.covers(picture));
            // The region keeps enough pixels at that scale.
            prop_assert!(u64::from(decoded.width) * u64::from(region.size.width)
                >= u64::from(picture.width) * u64::from(source.width));
        }
    }

    #[test]
    fn each_fit_keeps_its_promise(source in size(), bounds in size()) {
        let cover = place(Fit::Cover, source, bounds);
        if source.covers(bounds) {
            prop_assert_eq!(cover.canvas, bounds);
        }
        let right = source.width - cover.region.left - cover.region.size.width;
        prop_assert!(right - cover.region.left <= 1, "the middle");
        prop_assert!(cover.region.size.width == source.width || cover.region.size.height == source.height);

        prop_assert_eq!(place(Fit::Contain, source, bounds).canvas, bounds);
        let inside = place(Fit::Inside, source, bounds);
        prop_assert_eq!(inside.region.size, source);
        prop_assert!(inside.canvas == source
            || inside.canvas.width == bounds.width
            || inside.canvas.height == bounds.height);
    }
}

#[test]
fn known_cases() {
    let place = |fit: Fit, w, h| place(fit, Size::new(w, h), Size::new(320, 320));
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
    assert_eq!(Request::inside(Size::new(0, 0)).place(Size::new(0, 0)).canvas, Size::new(1, 1));
}

proptest! {
    #[test]
    fn enlarging_reaches_the_box(source in size(), bounds in size()) {
        for fit in [Fit::Cover, Fit::Fill, Fit::Contain] {
            prop_assert_eq!(enlarging(fit, source, bounds).canvas, bounds);
        }
        let inside = enlarging(Fit::Inside, source, bounds).canvas;
        prop_assert!(bounds.covers(inside));
        prop_assert!(inside.width == bounds.width || inside.height == bounds.height);
        let outside = enlarging(Fit::Outside, source, bounds).canvas;
        prop_assert!(outside.covers(bounds));
        prop_assert!(outside.width == bounds.width || outside.height == bounds.height);
        prop_assert!(same_shape(source, inside) && same_shape(source, outside));
        for fit in FITS {
            let placing = enlarging(fit, source, bounds);
            prop_assert!(source.covers(placing.at_least()));
            // Where the picture covers the box, asking changes nothing.
            if source.covers(bounds) && fit != Fit::Outside {
                prop_assert_eq!(placing, place(fit, source, bounds));
            }
        }
    }
}

#[test]
fn gravity_says_what_stays() {
    let left_top = |gravity, w, h| {
        let request = Request { fit: Fit::Cover, gravity, ..Request::inside(Size::new(10, 10)) };
        let region = request.place(Size::new(w, h)).region;
        (region.left, region.top)
    };
    use Gravity::*;
    for (gravity, wide, tall) in [
        (Center, 45, 45),
        (Attention, 45, 45),
        (North, 45, 0),
        (NorthEast, 91, 0),
        (East, 91, 45),
        (SouthEast, 91, 91),
        (South, 45, 91),
        (SouthWest, 0, 91),
        (West, 0, 45),
        (NorthWest, 0, 0),
    ] {
        assert_eq!(left_top(gravity, 191, 100), (wide, 0), "{gravity:?}");
        assert_eq!(left_top(gravity, 100, 191), (0, tall), "{gravity:?}");
    }
    let contain = Request { fit: Fit::Contain, gravity: SouthEast, ..Request::inside(Size::new(10, 10)) };
    assert_eq!(contain.place(Size::new(20, 10)).offset(), (0, 5));
}

#[test]
fn what_is_too_large_is_refused() {
    let long = enlarging(Fit::Outside, Size::new(65_535, 1), Size::new(4096, 4096));
    assert_eq!(long.check(1 << 26).unwrap_err().code(), "image_too_large");
    assert_eq!(place(Fit::Outside, Size::new(65_535, 1), Size::new(4096, 4096)).canvas.height, 1);
    assert!(enlarging(Fit::Cover, Size::new(65_535, 1), Size::new(4096, 4096)).check(1 << 26).is_ok());
}

#[test]
fn outside_covers_with_as_little_as_can_be() {
    let size = |w, h| place(Fit::Outside, Size::new(w, h), Size::new(320, 240)).canvas;
    assert_eq!(size(6000, 4000), Size::new(360, 240));
    assert_eq!(size(4000, 6000), Size::new(320, 480));
    assert_eq!(size(319, 4000), Size::new(319, 4000));
    assert_eq!(place(Fit::Fill, Size::new(100, 4000), Size::new(320, 240)).canvas, Size::new(100, 240));
}
