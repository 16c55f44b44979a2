//! Tokens, by which a private asset is given to whoever has them.
//!
//! A token has two halves of 128 bits each: the id, by which it is found and under which its answers are certified, and
//! the secret. Stable memory has no secret, only the hash by which one is known to be right: a token is shown once, to
//! who asked for it, and no record or listing of it gives access.

use std::fmt;
use std::str::FromStr;

use darkroom_core::asset::AssetName;
use darkroom_core::id::ItemId;
use ic_stable_structures::Memory;
use ic_stable_structures::memory_manager::VirtualMemory;
use serde::{Deserialize, Serialize};

use super::{AnswersRecord, Table};
use crate::certify::hash::Hash;
use crate::hex;
use crate::store::trie::Trie;

/// The tables of tokens.
pub(crate) struct Tokens<M: Memory> {
    /// By id.
    pub(crate) records: Table<[u8; 16], TokenRecord, M>,
    /// The order in which they are listed: [`owner_key`].
    pub(crate) by_owner: Table<Vec<u8>, (), M>,
    /// When they end: time (big-endian), then id.
    pub(crate) expiries: Table<[u8; 24], (), M>,
    /// Everything below `private`.
    pub(crate) paths: Trie<VirtualMemory<M>>,
}

/// The half of a token that is no secret; shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct TokenId(pub(crate) [u8; 16]);

/// A token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TokenRecord {
    /// The item that it opens.
    pub(crate) item: ItemId,
    /// The asset that it opens.
    pub(crate) asset: AssetName,
    /// What its secret is compared with: SHA-256 over id and secret.
    pub(crate) check: Hash,
    /// Nanoseconds since 1970.
    pub(crate) created_at: u64,
    /// Nanoseconds since 1970: from then on it opens nothing.
    pub(crate) expires_at: u64,
    /// Which of the trees beside the asset's chunks is that of its answers, where one is kept.
    pub(crate) tree: u32,
    /// Its answers.
    pub(crate) answers: AnswersRecord,
    /// The number of the origins that they are for.
    pub(crate) cors: u32,
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::text(&self.0))
    }
}

impl FromStr for TokenId {
    type Err = ();

    fn from_str(text: &str) -> Result<TokenId, ()> {
        hex::parse(text).map(TokenId).ok_or(())
    }
}

impl TokenId {
    /// Its place in the order of expiry.
    pub(crate) fn expiry_key(self, expires_at: u64) -> [u8; 24] {
        let mut key = [0; 24];
        key[..8].copy_from_slice(&expires_at.to_be_bytes());
        key[8..].copy_from_slice(&self.0);
        key
    }
}

/// The place of a token among all: how long the owner's principal is, so that none begins with another; the principal,
/// the item, the id. With less of these, where those begin that share it.
pub(crate) fn owner_key(owner: &[u8], item: Option<ItemId>, token: Option<TokenId>) -> Vec<u8> {
    let mut key = vec![u8::try_from(owner.len()).unwrap_or(u8::MAX)];
    key.extend_from_slice(owner);
    key.extend(item.iter().flat_map(|item| item.0));
    key.extend(token.iter().flat_map(|token| token.0));
    key
}

/// The id at the end of an [`owner_key`].
pub(crate) fn token_of(key: &[u8]) -> Option<TokenId> {
    key.last_chunk().copied().map(TokenId)
}
