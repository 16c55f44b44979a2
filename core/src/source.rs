//! What a processor reads: the source asset's bytes, and its pixels decoded on demand.
//!
//! Formats are read by a [`Decode`] implementation that the application passes in; this crate has none.

use std::sync::{Arc, Mutex, PoisonError};

use crate::digest::Digest;
use crate::error::Result;
use crate::media::MediaType;
use crate::pixels::{Pixels, Size};

/// The largest images that are decoded. All are checked from the header, before anything is allocated; what is
/// over one of them is [`ImageTooLarge`](crate::Error::ImageTooLarge), which names the measure, what was found
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
}

impl Default for DecodeLimits {
    fn default() -> Self {
        DecodeLimits { pixels: 100_000_000, side: 65_535, bytes: 1 << 30, frames: 10_000 }
    }
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
}

/// A source asset on its way into a processor.
pub struct Source<'a> {
    bytes: &'a [u8],
    media: MediaType,
    decoder: &'a dyn Decode,
    limits: DecodeLimits,
    decoded: Mutex<Option<(Size, Arc<Pixels>)>>,
}

impl<'a> Source<'a> {
    /// A source of the given bytes and media type, read by `decoder`.
    pub fn new(bytes: &'a [u8], media: MediaType, decoder: &'a dyn Decode, limits: DecodeLimits) -> Self {
        Source { bytes, media, decoder, limits, decoded: Mutex::new(None) }
    }

    /// The bytes as they are stored.
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// What the bytes are.
    pub fn media(&self) -> &MediaType {
        &self.media
    }

    /// The SHA-256 of the bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(self.bytes)
    }

    /// The upright size, from the header.
    ///
    /// # Errors
    /// As [`Decode::size`].
    pub fn size(&self) -> Result<Size> {
        self.decoder.size(&self.media, self.bytes, self.limits)
    }

    /// Upright sRGB pixels of at least `at_least`, or of full size where the image is smaller.
    ///
    /// What is returned depends on the bytes and `at_least` alone, never on what was asked before: that is
    /// what makes a processor's output the same in every placement.
    ///
    /// # Errors
    /// As [`Decode::decode`].
    pub fn pixels(&self, at_least: Size) -> Result<Arc<Pixels>> {
        let mut decoded = self.decoded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((request, pixels)) = decoded.as_ref()
            && *request == at_least
        {
            return Ok(pixels.clone());
        }
        let pixels = Arc::new(self.decoder.decode(&self.media, self.bytes, at_least, self.limits)?);
        *decoded = Some((at_least, pixels.clone()));
        Ok(pixels)
    }
}
