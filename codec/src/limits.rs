//! Decode limits, held against what a header says.

use darkroom_core::decode::DecodeLimits;
use darkroom_core::pixels::Size;
use darkroom_core::{Error, Result};

/// Refuses a file of too many bytes.
pub(crate) fn check_bytes(bytes: &[u8], limits: DecodeLimits) -> Result<()> {
    let found = bytes.len() as u64;
    if found > limits.bytes {
        return Err(Error::ImageTooLarge { what: "file size in bytes", found, allowed: limits.bytes });
    }
    Ok(())
}

/// Refuses a file of too many pictures.
pub(crate) fn check_frames(found: u64, limits: DecodeLimits) -> Result<()> {
    let allowed = limits.frames.into();
    if found > allowed {
        return Err(Error::ImageTooLarge { what: "number of frames", found, allowed });
    }
    Ok(())
}

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
        let limits =
            DecodeLimits { pixels: 1000, side: 100, bytes: 10, frames: 2, ..DecodeLimits::default() };
        let refused = |width, height| match check(Size::new(width, height), limits) {
            Ok(()) => "",
            Err(Error::ImageTooLarge { what, .. }) => what,
            Err(other) => panic!("{other}"),
        };
        assert_eq!(refused(100, 10), "");
        assert_eq!(refused(101, 1), "width");
        assert_eq!(refused(1, 101), "height");
        assert_eq!(refused(50, 21), "pixels");
        assert!(check_bytes(&[0; 10], limits).is_ok() && check_frames(2, limits).is_ok());
        let text = |result: Result<()>| result.unwrap_err().to_string();
        let bytes = text(check_bytes(&[0; 11], limits));
        assert_eq!(bytes, "image file size in bytes is 11; at most 10 is allowed");
        assert_eq!(text(check_frames(3, limits)), "image number of frames is 3; at most 2 is allowed");
    }
}
