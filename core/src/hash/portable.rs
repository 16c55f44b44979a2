//! SHA-256 by `sha2`, which knows the instructions of x86-64 and Arm for it.

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

/// Goes on over `bytes`.
pub(super) fn update(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(bytes);
}

/// Goes on over `bytes` with both.
pub(super) fn update_both(one: &mut Sha256, other: &mut Sha256, bytes: &[u8]) {
    // Piece by piece: what the first has read is still in the cache for the second.
    for piece in bytes.chunks(16 * 1024) {
        one.update(piece);
        other.update(piece);
    }
}

/// The SHA-256 of each message, in their order.
pub(super) fn digest_each(messages: &[&[u8]]) -> Vec<Digest> {
    messages.iter().map(|message| Digest(Sha256::digest(message).into())).collect()
}
