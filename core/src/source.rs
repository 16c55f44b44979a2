//! What a processor reads: the source asset's bytes, and its pixels decoded on demand.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::decode::{Decode, DecodeLimits, DecodePlan, Decoded};
use crate::digest::Digest;
use crate::error::Result;
use crate::media::MediaType;
use crate::pixels::{Pixels, Size};

/// A source asset on its way into a processor.
pub struct Source<'a> {
    bytes: &'a [u8],
    media: MediaType,
    decoder: &'a dyn Decode,
    limits: DecodeLimits,
    digest: OnceLock<Digest>,
    /// What will be asked for, and is decoded together.
    requests: Vec<Size>,
    decoded: Mutex<Decoded>,
    /// Whether decoding for all requests at once was tried.
    tried: AtomicBool,
}

impl<'a> Source<'a> {
    /// A source of the given bytes and media type, read by `decoder`.
    pub fn new(bytes: &'a [u8], media: MediaType, decoder: &'a dyn Decode, limits: DecodeLimits) -> Self {
        Source {
            bytes,
            media,
            decoder,
            limits,
            digest: OnceLock::new(),
            requests: Vec::new(),
            decoded: Mutex::default(),
            tried: AtomicBool::new(false),
        }
    }

    /// With the SHA-256 of its bytes where it is known, so that it is not computed again.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.digest = OnceLock::from(digest);
        self
    }

    /// With what its processors will ask for: the first of these requests decodes for all of them.
    #[must_use]
    pub fn with_requests(mut self, requests: impl IntoIterator<Item = Size>) -> Self {
        self.requests.clear();
        for request in requests {
            if !self.requests.contains(&request) {
                self.requests.push(request);
            }
        }
        self
    }

    /// With what [`decode`](Self::decode) gave for the same bytes.
    #[must_use]
    pub fn with_decoded(mut self, decoded: Decoded) -> Self {
        self.decoded = Mutex::new(decoded);
        self
    }

    /// The bytes as they are stored.
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// What the bytes are.
    pub fn media(&self) -> &MediaType {
        &self.media
    }

    /// What is decoded at most, and what may be made of it.
    pub fn limits(&self) -> DecodeLimits {
        self.limits
    }

    /// What its processors will ask for, each once.
    pub fn requests(&self) -> &[Size] {
        &self.requests
    }

    /// The SHA-256 of the bytes.
    pub fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| Digest::of(self.bytes))
    }

    /// The upright size, from the header.
    ///
    /// # Errors
    /// As [`Decode::size`].
    pub fn size(&self) -> Result<Size> {
        self.decoder.size(&self.media, self.bytes, self.limits)
    }

    /// What decoding for the requests will give and take, from the header.
    ///
    /// # Errors
    /// As [`Decode::plan`].
    pub fn plan(&self) -> Result<DecodePlan> {
        self.decoder.plan(&self.media, self.bytes, &self.requests, self.limits)
    }

    /// Decodes for all requests at once. Where that fails, nothing: each is then decoded alone and has an error of
    /// its own.
    pub fn decode(&self) -> Decoded {
        let decoded = self.decoder.decode_many(&self.media, self.bytes, &self.requests, self.limits);
        decoded.map_or_else(|_| Decoded::new(), |pixels| self.requests.iter().copied().zip(pixels).collect())
    }

    /// Upright sRGB pixels of at least `at_least`, or of full size where the image is smaller.
    ///
    /// What is returned depends on the bytes and `at_least` alone, never on what else is asked: that is what makes a
    /// processor's output the same in every placement and in every company.
    ///
    /// # Errors
    /// As [`Decode::decode`].
    pub fn pixels(&self, at_least: Size) -> Result<Arc<Pixels>> {
        let mut decoded = self.decoded.lock().unwrap_or_else(PoisonError::into_inner);
        let found = |decoded: &Decoded| {
            let found = decoded.iter().find(|(request, _)| *request == at_least);
            found.map(|(_, pixels)| pixels.clone())
        };
        if let Some(pixels) = found(&decoded) {
            return Ok(pixels);
        }
        let shared = self.requests.len() > 1 && self.requests.contains(&at_least);
        if shared && !self.tried.swap(true, Ordering::Relaxed) {
            // What was decoded before makes room first.
            decoded.clear();
            *decoded = self.decode();
            if let Some(pixels) = found(&decoded) {
                return Ok(pixels);
            }
        }
        let pixels = Arc::new(self.decoder.decode(&self.media, self.bytes, at_least, self.limits)?);
        *decoded = vec![(at_least, pixels.clone())];
        Ok(pixels)
    }
}

#[cfg(test)]
pub(crate) mod tests;
