//! Decoded images: sizes and pixel buffers.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Size {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// `width` × `height`.
    pub const fn new(width: u32, height: u32) -> Size {
        Size { width, height }
    }

    /// The number of pixels.
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Whether both sides are at least those of `other`.
    pub const fn covers(self, other: Size) -> bool {
        self.width >= other.width && self.height >= other.height
    }
}

/// How the samples of a pixel lie in memory; 8 bits each, sRGB, alpha not premultiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelFormat {
    /// Red, green, blue.
    Rgb8,
    /// Red, green, blue, alpha.
    Rgba8,
}

impl PixelFormat {
    /// Bytes of one pixel.
    pub const fn channels(self) -> usize {
        match self {
            PixelFormat::Rgb8 => 3,
            PixelFormat::Rgba8 => 4,
        }
    }
}

/// An upright image in sRGB: rows from the top, pixels from the left, no padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    size: Size,
    format: PixelFormat,
    data: Vec<u8>,
}

impl Pixels {
    /// Takes a buffer of exactly `width * height * channels` bytes.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a side is 0 or the buffer has another length.
    pub fn new(size: Size, format: PixelFormat, data: Vec<u8>) -> Result<Pixels> {
        let expected = size.area().checked_mul(format.channels() as u64);
        if size.area() == 0 || expected != Some(data.len() as u64) {
            return Err(Error::Damaged {
                format: "pixel buffer",
                reason: format!("{} bytes for {}x{} {format:?}", data.len(), size.width, size.height),
            });
        }
        Ok(Pixels { size, format, data })
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// How the samples lie.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// The samples.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Gives the samples away.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }
}
