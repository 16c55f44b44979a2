//! Where chunks are kept: the trait, and an implementation on the heap for tests and tools.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::id::{BlobId, ChunkKey};

/// Keeps chunks by key. What is written stays as it is until it is removed: publishing copies no bytes.
pub trait ChunkStore {
    /// Writes a chunk under a key that is free, with its SHA-256.
    ///
    /// # Errors
    /// [`Error::StoreFull`]; nothing is written then.
    fn put(&mut self, key: ChunkKey, bytes: &[u8], digest: Digest) -> Result<()>;

    /// A chunk's bytes, if it is there.
    fn get(&self, key: ChunkKey) -> Option<Cow<'_, [u8]>>;

    /// A chunk's SHA-256, if it is there.
    fn digest(&self, key: ChunkKey) -> Option<Digest>;

    /// Frees all chunks of a blob; gives the bytes freed.
    fn remove(&mut self, blob: BlobId) -> u64;
}

/// Chunks on the heap, with an optional limit in bytes.
#[derive(Debug, Clone, Default)]
pub struct HeapChunkStore {
    chunks: BTreeMap<ChunkKey, (Vec<u8>, Digest)>,
    used: u64,
    limit: Option<u64>,
}

impl HeapChunkStore {
    /// A store that holds at most `limit` bytes.
    pub fn with_limit(limit: u64) -> Self {
        HeapChunkStore { limit: Some(limit), ..Default::default() }
    }

    /// Bytes held.
    pub fn used(&self) -> u64 {
        self.used
    }
}

impl ChunkStore for HeapChunkStore {
    fn put(&mut self, key: ChunkKey, bytes: &[u8], digest: Digest) -> Result<()> {
        let needed = bytes.len() as u64;
        let available = self.limit.map_or(u64::MAX, |limit| limit - self.used);
        if needed > available {
            return Err(Error::StoreFull { needed, available });
        }
        if let Some((old, _)) = self.chunks.insert(key, (bytes.to_vec(), digest)) {
            self.used -= old.len() as u64;
        }
        self.used += needed;
        Ok(())
    }

    fn get(&self, key: ChunkKey) -> Option<Cow<'_, [u8]>> {
        self.chunks.get(&key).map(|(bytes, _)| Cow::Borrowed(bytes.as_slice()))
    }

    fn digest(&self, key: ChunkKey) -> Option<Digest> {
        self.chunks.get(&key).map(|(_, digest)| *digest)
    }

    fn remove(&mut self, blob: BlobId) -> u64 {
        let range = ChunkKey { blob, index: 0 }..=ChunkKey { blob, index: u32::MAX };
        let keys: Vec<_> = self.chunks.range(range).map(|(key, _)| *key).collect();
        let freed =
            keys.iter().filter_map(|key| self.chunks.remove(key)).map(|(bytes, _)| bytes.len() as u64).sum();
        self.used -= freed;
        freed
    }
}
