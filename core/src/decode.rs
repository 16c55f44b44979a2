//! Reading of image formats, as an application brings it: this crate has none.

use std::sync::Arc;

use crate::cost::Cost;
use crate::error::Result;
use crate::media::MediaType;
use crate::pixels::{Pixels, Size};

/// The largest images that are decoded and made. All are checked from the header, before anything is allocated; what
/// is over one of them is [`ImageTooLarge`](crate::Error::ImageTooLarge), which names the measure, what was found
/// and what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Width times height.
    pub pixels: u64,
    /// Width, and height.
    pub side: u32,
    /// Bytes of the file.
    pub bytes: u64,
    /// Pictures in the file: frames of an animation, pages of a TIFF. Only the first is decoded.
    pub frames: u32,
    /// Width times height of what a processor makes.
    pub output_pixels: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        DecodeLimits {
            pixels: 100_000_000,
            side: 65_535,
            bytes: 1 << 30,
            frames: 10_000,
            output_pixels: 1 << 26,
        }
    }
}

/// Decoded pixels with the requests that they answer.
pub type Decoded = Vec<(Size, Arc<Pixels>)>;

/// What decoding will give and take, as far as the header tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodePlan {
    /// The upright size of the whole image.
    pub size: Size,
    /// For each request the upright size that it is decoded at.
    pub decoded: Vec<Size>,
    /// Bytes of all that is decoded.
    pub kept: u64,
    /// An estimate from above; its memory includes what is kept.
    pub cost: Cost,
}

/// Reads image formats.
///
/// Implementations are deterministic: same bytes, same `at_least`: same pixels, on every machine.
pub trait Decode: Send + Sync {
    /// The upright size of the image, read from its header.
    ///
    /// # Errors
    /// [`NotAnImage`](crate::Error::NotAnImage), [`Damaged`](crate::Error::Damaged),
    /// [`ImageTooLarge`](crate::Error::ImageTooLarge).
    fn size(&self, media: &MediaType, bytes: &[u8], limits: DecodeLimits) -> Result<Size>;

    /// The upright image in sRGB, at the smallest scale that the format offers for little and that still
    /// covers `at_least` (in upright orientation); at full size where none does.
    ///
    /// # Errors
    /// As [`size`](Decode::size), and for bytes that end early.
    fn decode(&self, media: &MediaType, bytes: &[u8], at_least: Size, limits: DecodeLimits)
    -> Result<Pixels>;

    /// What [`decode`](Decode::decode) gives for each of the requests, in their order, reading the bytes once where
    /// the format allows it.
    ///
    /// # Errors
    /// As [`decode`](Decode::decode), for any of them.
    fn decode_many(
        &self,
        media: &MediaType,
        bytes: &[u8],
        requests: &[Size],
        limits: DecodeLimits,
    ) -> Result<Vec<Arc<Pixels>>> {
        requests.iter().map(|request| self.decode(media, bytes, *request, limits).map(Arc::new)).collect()
    }

    /// What [`decode_many`](Decode::decode_many) will give and take, read from the header.
    ///
    /// # Errors
    /// As [`size`](Decode::size).
    fn plan(
        &self,
        media: &MediaType,
        bytes: &[u8],
        requests: &[Size],
        limits: DecodeLimits,
    ) -> Result<DecodePlan>;
}
