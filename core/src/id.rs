//! Identifiers. Ids are derived, not drawn: the same owner and session give the same ids.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::error::{Error, Result};

/// One upload in flight; counts up within a canister.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where an asset's chunks are kept: SHA-256 over owner, `#` and session id (64 bits, little-endian), so that
/// parallel uploads never share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlobId(pub [u8; 32]);

impl BlobId {
    /// The blob that `session` of `owner` fills.
    pub fn new(owner: &[u8], session: SessionId) -> BlobId {
        BlobId(session_hash(owner, session))
    }
}

fn session_hash(owner: &[u8], session: SessionId) -> [u8; 32] {
    let mut hash = sha2::Sha256::new();
    hash.update(owner);
    hash.update(b"#");
    hash.update(session.0.to_le_bytes());
    hash.finalize().into()
}

/// The key of one stored chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkKey {
    /// Whose chunk.
    pub blob: BlobId,
    /// Which one, from 0.
    pub index: u32,
}

impl ChunkKey {
    /// Bytes of a stored key.
    pub const LEN: usize = 36;

    /// Blob id, then index big-endian, so that a blob's chunks are adjacent and in order.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..32].copy_from_slice(&self.blob.0);
        bytes[32..].copy_from_slice(&self.index.to_be_bytes());
        bytes
    }

    /// The reverse of [`to_bytes`](ChunkKey::to_bytes).
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> ChunkKey {
        let mut blob = [0; 32];
        let mut index = [0; 4];
        blob.copy_from_slice(&bytes[..32]);
        index.copy_from_slice(&bytes[32..]);
        ChunkKey { blob: BlobId(blob), index: u32::from_be_bytes(index) }
    }
}

/// An item: the first 80 bits of the SHA-256 of its owner and first session; shown as 16 characters of
/// lowercase base32 (RFC 4648, no padding).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ItemId(pub [u8; 10]);

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl ItemId {
    /// The item that `session` of `owner` begins.
    pub fn new(owner: &[u8], session: SessionId) -> ItemId {
        let mut hash = sha2::Sha256::new();
        hash.update(b"darkroom-item:");
        hash.update(session_hash(owner, session));
        let digest: [u8; 32] = hash.finalize().into();
        let mut id = [0; 10];
        id.copy_from_slice(&digest[..10]);
        ItemId(id)
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(16);
        for group in self.0.chunks(5) {
            let bits = group.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
            for shift in (0..8).rev() {
                text.push(char::from(BASE32[(bits >> (shift * 5) & 31) as usize]));
            }
        }
        f.pad(&text)
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemId({self})")
    }
}

impl FromStr for ItemId {
    type Err = Error;

    fn from_str(text: &str) -> Result<ItemId> {
        let invalid = || Error::InvalidName {
            what: "item id",
            found: text.chars().take(64).collect(),
            allowed: "16 characters of a-z and 2-7",
        };
        if text.len() != 16 {
            return Err(invalid());
        }
        let mut id = [0; 10];
        for (group, bytes) in text.as_bytes().chunks(8).zip(id.chunks_mut(5)) {
            let mut bits = 0u64;
            for character in group {
                let value = BASE32.iter().position(|c| c == character).ok_or_else(invalid)?;
                bits = bits << 5 | value as u64;
            }
            bytes.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        Ok(ItemId(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sessions_and_owners_never_share_a_blob() {
        let blob = |owner: &[u8], session| BlobId::new(owner, SessionId(session));
        assert_eq!(blob(b"a", 1), blob(b"a", 1));
        assert_ne!(blob(b"a", 1), blob(b"a", 2));
        assert_ne!(blob(b"a", 1), blob(b"b", 1));
    }

    #[test]
    fn keys_sort_by_index() {
        let blob = BlobId([7; 32]);
        let key = |index| ChunkKey { blob, index }.to_bytes();
        assert!(key(255) < key(256));
        assert_eq!(ChunkKey::from_bytes(key(77)), ChunkKey { blob, index: 77 });
    }

    proptest! {
        #[test]
        fn item_ids_read_back(bytes: [u8; 10]) {
            let id = ItemId(bytes);
            prop_assert_eq!(id.to_string().parse::<ItemId>().unwrap(), id);
        }

        #[test]
        fn other_texts_are_refused(text in "\\PC{0,20}") {
            if let Ok(id) = text.parse::<ItemId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
