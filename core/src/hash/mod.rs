//! The rolling hash: an incremental digest of the contiguous prefix received so far.
//!
//! Not rsync's windowed hash. Its state is saved with the session after each message, so that an upload
//! survives an upgrade at any point and no stored byte is read twice.
//!
//! The SHA-256 of a chunk and the rolling hash are two states over the same bytes: where both are at a block's
//! edge, [`RollingSha256::digest_and_update`] has them in one pass that costs little more than one hash. On wasm32
//! with SIMD128 a kernel of this crate does it; elsewhere, and for all that is not bulk, `sha2`.

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod portable;
#[cfg(any(test, all(target_arch = "wasm32", target_feature = "simd128")))]
mod state;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm32;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use portable as bulk;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use wasm32 as bulk;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};

use crate::digest::Digest;
use crate::error::{Error, Result};

/// An incremental digest whose state can be saved between messages.
pub trait RollingHash: Default {
    /// The algorithm's usual name.
    const ALGORITHM: &'static str;
    /// What [`finish`](RollingHash::finish) gives.
    type Digest: AsRef<[u8]> + Copy + Eq;

    /// Goes on over `bytes`, which follow what came before.
    fn update(&mut self, bytes: &[u8]);

    /// The state, to be stored.
    fn save(&self) -> Vec<u8>;

    /// The reverse of [`save`](RollingHash::save).
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    fn restore(saved: &[u8]) -> Result<Self>;

    /// The digest of all that came.
    fn finish(self) -> Self::Digest;
}

/// SHA-256 (FIPS 180-4), of at most 2^61 bytes. A saved state is 104 bytes, laid out as `sha2` does: 32 of chaining
/// value, 8 of block count, 64 of buffered bytes and their number.
///
/// ```
/// use darkroom_core::Digest;
/// use darkroom_core::hash::{RollingHash, RollingSha256};
/// let mut hash = RollingSha256::default();
/// hash.update(b"dark");
/// let mut hash = RollingSha256::restore(&hash.save())?;
/// hash.update(b"room");
/// assert_eq!(hash.finish(), Digest::of(b"darkroom"));
/// # Ok::<(), darkroom_core::Error>(())
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct RollingSha256(sha2::Sha256);

impl RollingSha256 {
    /// Goes on over `bytes`, as [`update`](RollingHash::update) does, and gives the SHA-256 of these bytes alone.
    ///
    /// One hash where nothing came before, one pass for both where a multiple of 64 bytes did; otherwise right, and
    /// about twice as dear.
    ///
    /// ```
    /// use darkroom_core::Digest;
    /// use darkroom_core::hash::{RollingHash, RollingSha256};
    /// let mut hash = RollingSha256::default();
    /// assert_eq!(hash.digest_and_update(b"dark"), Digest::of(b"dark"));
    /// assert_eq!(hash.digest_and_update(b"room"), Digest::of(b"room"));
    /// assert_eq!(hash.finish(), Digest::of(b"darkroom"));
    /// ```
    #[must_use = "`update` does not make the digest"]
    pub fn digest_and_update(&mut self, bytes: &[u8]) -> Digest {
        if self.0.serialize() == sha2::Sha256::default().serialize() {
            // Nothing came before: they are the same.
            self.update(bytes);
            return self.clone().finish();
        }
        let mut alone = RollingSha256::default();
        bulk::update_both(&mut alone.0, &mut self.0, bytes);
        alone.finish()
    }
}

/// The SHA-256 of each message, in their order. In a canister many messages of about one length, up to a few KiB each,
/// take less than half of what they take one by one.
///
/// ```
/// use darkroom_core::{Digest, hash};
/// assert_eq!(hash::digest_each(&[b"dark", b"room"]), [Digest::of(b"dark"), Digest::of(b"room")]);
/// ```
pub fn digest_each(messages: &[&[u8]]) -> Vec<Digest> {
    bulk::digest_each(messages)
}

impl RollingHash for RollingSha256 {
    const ALGORITHM: &'static str = "SHA-256";
    type Digest = Digest;

    fn update(&mut self, bytes: &[u8]) {
        bulk::update(&mut self.0, bytes);
    }

    fn save(&self) -> Vec<u8> {
        self.0.serialize().to_vec()
    }

    fn restore(saved: &[u8]) -> Result<Self> {
        let corrupt = |reason: String| Error::Corrupt { what: "hash state", reason };
        let state = SerializedState::<sha2::Sha256>::try_from(saved)
            .map_err(|_| corrupt(format!("{} bytes", saved.len())))?;
        let hash = sha2::Sha256::deserialize(&state).map_err(|error| corrupt(error.to_string()))?;
        Ok(RollingSha256(hash))
    }

    fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl std::fmt::Debug for RollingSha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RollingSha256")
    }
}

impl From<RollingSha256> for Vec<u8> {
    fn from(hash: RollingSha256) -> Vec<u8> {
        hash.save()
    }
}

impl TryFrom<Vec<u8>> for RollingSha256 {
    type Error = Error;

    fn try_from(saved: Vec<u8>) -> Result<Self> {
        RollingSha256::restore(&saved)
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests;
