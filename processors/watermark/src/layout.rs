//! Where a mark lies and how large it is, in whole pixels.

use darkroom_codec::fit::{Gravity, Placing, Region, Request};
use darkroom_core::pixels::Size;

use crate::params::WatermarkParams;

/// What is left of the picture between its margins, and the width that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    picture: Size,
    /// Pixels from each edge.
    margin: u32,
    gravity: Gravity,
    /// The most that the mark may have: at least one pixel each.
    pub(crate) bounds: Size,
}

impl Room {
    pub(crate) fn of(picture: Size, params: &WatermarkParams) -> Room {
        let percent = |side: u32, of: u32| u64::from(side) * u64::from(of) / 100;
        let narrow = |side: u64| u32::try_from(side).unwrap_or(u32::MAX);
        let margin = narrow(percent(picture.width.min(picture.height), params.margin));
        let inner = |side: u32| side.saturating_sub(margin.saturating_mul(2)).max(1);
        let width = narrow(percent(picture.width, params.size)).clamp(1, inner(picture.width));
        Room { picture, margin, gravity: params.gravity, bounds: Size::new(width, inner(picture.height)) }
    }

    /// The largest size in the shape of `mark` that fits.
    pub(crate) fn fit(&self, mark: Size) -> Size {
        Request { enlarge: true, ..Request::inside(self.bounds) }.place(mark).picture
    }

    /// Left and top of a mark of this size, which may be no larger than the picture.
    pub(crate) fn place(&self, mark: Size) -> (u32, u32) {
        let inner = |side: u32, mark: u32| side.saturating_sub(self.margin * 2).max(mark);
        let canvas =
            Size::new(inner(self.picture.width, mark.width), inner(self.picture.height, mark.height));
        let region = Region { left: 0, top: 0, size: mark };
        let placing = Placing { source: mark, region, picture: mark, canvas, gravity: self.gravity };
        let (left, top) = placing.offset();
        let around = |side: u32, canvas: u32| side.saturating_sub(canvas) / 2;
        (around(self.picture.width, canvas.width) + left, around(self.picture.height, canvas.height) + top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(width: u32, height: u32, size: u32, margin: u32, gravity: Gravity) -> Room {
        Room::of(Size::new(width, height), &WatermarkParams { size, margin, gravity, ..Default::default() })
    }

    #[test]
    fn it_keeps_its_margin_on_every_side() {
        let mark = Size::new(100, 20);
        for (gravity, place) in [
            (Gravity::NorthWest, (20, 20)),
            (Gravity::North, (200, 20)),
            (Gravity::NorthEast, (380, 20)),
            (Gravity::West, (20, 190)),
            (Gravity::Center, (200, 190)),
            (Gravity::East, (380, 190)),
            (Gravity::SouthWest, (20, 360)),
            (Gravity::South, (200, 360)),
            (Gravity::SouthEast, (380, 360)),
        ] {
            assert_eq!(room(500, 400, 20, 5, gravity).place(mark), place, "{gravity:?}");
        }
    }

    #[test]
    fn it_is_as_wide_as_asked_for_unless_there_is_no_room() {
        let fit = |room: Room| room.fit(Size::new(1000, 100));
        assert_eq!(fit(room(500, 400, 20, 5, Gravity::Center)), Size::new(100, 10));
        assert_eq!(fit(room(500, 400, 100, 5, Gravity::Center)), Size::new(460, 46));
        assert_eq!(fit(room(500, 20, 100, 0, Gravity::Center)), Size::new(200, 20));
        for (width, height) in [(1, 1), (1, 3000), (1500, 3), (2, 2)] {
            let room = room(width, height, 10, 50, Gravity::SouthEast);
            let size = room.fit(Size::new(3, 2));
            let (left, top) = room.place(size);
            let inside = left + size.width <= width && top + size.height <= height;
            assert!(inside && size.area() > 0, "{width}x{height}: {size:?} at {left}, {top}");
        }
    }
}
