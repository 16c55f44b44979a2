//! Decode limits, held against a size from a header.

use darkroom_core::pixels::Size;
use darkroom_core::source::DecodeLimits;
use darkroom_core::{Error, Result};

/// Refuses a size that is over the limits, naming the measure.
pub(crate) fn check(size: Size, limits: DecodeLimits) -> Result<()> {
    let over = |what, found: u64, allowed: u64| Err(Error::ImageTooLarge { what, found, allowed });
    if size.width > limits.side {
        return over("width", size.width.into(), limits.side.into());
    }
    if size.height > limits.side {
        return over("height", size.height.into(), limits.side.into());
    }
    if size.area() > limits.pixels {
        return over("pixels", size.area(), limits.pixels);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_measure_is_named() {
        let limits = DecodeLimits { pixels: 1000, side: 100 };
        let refused = |width, height| match check(Size::new(width, height), limits) {
            Ok(()) => "",
            Err(Error::ImageTooLarge { what, .. }) => what,
            Err(other) => panic!("{other}"),
        };
        assert_eq!(refused(100, 10), "");
        assert_eq!(refused(101, 1), "width");
        assert_eq!(refused(1, 101), "height");
        assert_eq!(refused(50, 21), "pixels");
    }
}
