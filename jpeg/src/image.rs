//! Decoded pixels.

/// What the samples of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PixelFormat {
    /// One byte: grey.
    Grey8,
    /// Three bytes: red, green, blue.
    Rgb8,
    /// Four bytes: cyan, magenta, yellow, black as they stand in the file.
    ///
    /// Files with an Adobe marker hold them inverted, 255 being no ink ([`crate::Header::inverted`]).
    Cmyk8,
}

impl PixelFormat {
    /// Bytes of one pixel.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Grey8 => 1,
            Self::Rgb8 => 3,
            Self::Cmyk8 => 4,
        }
    }
}

/// A decoded picture, rows from top to bottom without gaps between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What the bytes of a pixel mean.
    pub format: PixelFormat,
    /// `width * height * format.bytes()` bytes.
    pub pixels: Vec<u8>,
}
