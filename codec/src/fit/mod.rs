//! Which part of a picture goes where: integer geometry that enlarges only when asked.

use darkroom_core::pixels::Size;
use darkroom_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a picture is brought into a box. What is said of smaller pictures holds unless enlarging is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Fills the box, cutting off what stands over; the gravity says where. Of a picture that does not cover
    /// the box, the largest part in the box's shape, at its own size.
    #[default]
    Cover,
    /// The whole picture inside the box, the rest filled with the background: always of exactly the box's
    /// size. The gravity says where the picture lies.
    Contain,
    /// The whole picture, stretched to the box, each side on its own. A side that is shorter stays so.
    Fill,
    /// The whole picture, at most as large as the box.
    Inside,
    /// The whole picture, as small as it can be with both sides at least those of the box. A picture that does
    /// not cover the box keeps its size.
    Outside,
}

/// Which part stays when something is cut off, or where the picture lies beside a background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gravity {
    /// The middle.
    #[default]
    Center,
    /// The top.
    North,
    /// The top right corner.
    NorthEast,
    /// The right.
    East,
    /// The bottom right corner.
    SouthEast,
    /// The bottom.
    South,
    /// The bottom left corner.
    SouthWest,
    /// The left.
    West,
    /// The top left corner.
    NorthWest,
    /// Where the picture has most to look at: see [`attention`](crate::attention). Beside a background, the
    /// middle.
    Attention,
}

impl Gravity {
    /// How much of what is left over lies to the left and above, in halves.
    fn halves(self) -> (u32, u32) {
        match self {
            Gravity::Center | Gravity::Attention => (1, 1),
            Gravity::North => (1, 0),
            Gravity::NorthEast => (2, 0),
            Gravity::East => (2, 1),
            Gravity::SouthEast => (2, 2),
            Gravity::South => (1, 2),
            Gravity::SouthWest => (0, 2),
            Gravity::West => (0, 1),
            Gravity::NorthWest => (0, 0),
        }
    }

    /// Left and top of something in a larger one.
    fn offset(self, inner: Size, outer: Size) -> (u32, u32) {
        let (across, down) = self.halves();
        let part = |slack: u32, halves: u32| if halves == 2 { slack } else { slack / 2 * halves };
        (part(outer.width - inner.width, across), part(outer.height - inner.height, down))
    }
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

/// What shape and size are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// How the picture comes into the box.
    pub fit: Fit,
    /// The box. Sides of 0 count as 1.
    pub bounds: Size,
    /// What stays, or where the picture lies.
    pub gravity: Gravity,
    /// Whether a smaller picture is enlarged.
    pub enlarge: bool,
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
    /// Where the picture lies on its canvas.
    pub gravity: Gravity,
}

impl Request {
    /// The whole picture, at most as large as `bounds`, never enlarged.
    pub const fn inside(bounds: Size) -> Request {
        Request { fit: Fit::Inside, bounds, gravity: Gravity::Center, enlarge: false }
    }

    /// How `source` comes into the box. Sides of 0 count as 1.
    pub fn place(self, source: Size) -> Placing {
        let Request { fit, bounds, gravity, enlarge } = self;
        let source = Size::new(source.width.max(1), source.height.max(1));
        let bounds = Size::new(bounds.width.max(1), bounds.height.max(1));
        let whole = Region { left: 0, top: 0, size: source };
        let placing = |region, picture, canvas| Placing { source, region, picture, canvas, gravity };
        match fit {
            Fit::Cover => {
                let size = part(source, bounds);
                let (left, top) = gravity.offset(size, source);
                let picture = if enlarge || size.covers(bounds) { bounds } else { size };
                placing(Region { left, top, size }, picture, picture)
            }
            Fit::Contain => placing(whole, inside(source, bounds, enlarge), bounds),
            Fit::Fill => {
                let side = |source: u32, bound: u32| if enlarge { bound } else { bound.min(source) };
                let picture = Size::new(side(source.width, bounds.width), side(source.height, bounds.height));
                placing(whole, picture, picture)
            }
            Fit::Inside => {
                let picture = inside(source, bounds, enlarge);
                placing(whole, picture, picture)
            }
            Fit::Outside => {
                let picture = outside(source, bounds, enlarge);
                placing(whole, picture, picture)
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
        self.gravity.offset(self.picture, self.canvas)
    }

    /// Whether the picture has at most half the region's width and height.
    pub fn reduces_strongly(&self) -> bool {
        let half = |from: u32, to: u32| u64::from(from) >= 2 * u64::from(to);
        half(self.region.size.width, self.picture.width) && half(self.region.size.height, self.picture.height)
    }

    /// Refuses results of more than `allowed` pixels, which enlarging a very long picture can ask for.
    ///
    /// # Errors
    /// [`Error::ImageTooLarge`].
    pub fn check(&self, allowed: u64) -> Result<()> {
        let found = self.picture.area().max(self.canvas.area());
        if found > allowed {
            return Err(Error::ImageTooLarge { what: "pixels of the result", found, allowed });
        }
        Ok(())
    }
}

/// The largest size in the shape of `source` that lies within `bounds`; not larger than `source` unless
/// `enlarge`.
fn inside(source: Size, bounds: Size, enlarge: bool) -> Size {
    if bounds.covers(source) && !enlarge {
        return source;
    }
    if wider(source, bounds) {
        Size::new(bounds.width, ratio(source.height, bounds.width, source.width).min(bounds.height))
    } else {
        Size::new(ratio(source.width, bounds.height, source.height).min(bounds.width), bounds.height)
    }
}

/// The smallest size in the shape of `source` that covers `bounds`; `source` itself where that is larger,
/// unless `enlarge`.
fn outside(source: Size, bounds: Size, enlarge: bool) -> Size {
    if !enlarge && !source.covers(bounds) {
        return source;
    }
    if wider(source, bounds) {
        Size::new(ratio(source.width, bounds.height, source.height).max(bounds.width), bounds.height)
    } else {
        Size::new(bounds.width, ratio(source.height, bounds.width, source.width).max(bounds.height))
    }
}

/// The largest size in the shape of `bounds` that lies within `source`.
fn part(source: Size, bounds: Size) -> Size {
    if wider(source, bounds) {
        Size::new(ratio(source.height, bounds.width, bounds.height).min(source.width), source.height)
    } else {
        Size::new(source.width, ratio(source.width, bounds.height, bounds.width).min(source.height))
    }
}

/// Whether `a` is at least as wide for its height as `b`.
fn wider(a: Size, b: Size) -> bool {
    u64::from(a.width) * u64::from(b.height) >= u64::from(a.height) * u64::from(b.width)
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
mod tests;
