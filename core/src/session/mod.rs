//! One asset's upload in flight: owner, coverage, rolling hash, expiry.
//!
//! Chunks arrive in any order. Each is verified against the SHA-256 that came with it and written once. The
//! rolling hash moves over the contiguous prefix: a chunk that continues it is hashed from the bytes at hand;
//! one that came early waits in the store and is hashed when the gap closes, a bounded amount per message.

mod coverage;

use serde::{Deserialize, Serialize};

pub use coverage::Coverage;

use crate::chunk::ChunkStore;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::hash::{RollingHash, RollingSha256};
use crate::id::{BlobId, ChunkKey, SessionId};
use crate::lane::Step;

/// The largest number of chunks of one upload: 190 GB at the default chunk size, 200 GB at the largest.
pub const MAX_CHUNKS: u32 = 100_000;

/// What is declared at begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Bytes in all, from 1.
    pub size: u64,
    /// Bytes of each chunk but the last.
    pub chunk_size: u32,
    /// SHA-256 of the whole, where the client knows it.
    pub sha256: Option<Digest>,
}

/// An upload in flight. A plain value: it is loaded, advanced and stored by its keeper.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Where its chunks are.
    pub blob: BlobId,
    /// Who may go on with it (a principal's bytes).
    pub owner: Vec<u8>,
    /// When it may be reaped, in nanoseconds since 1970.
    pub expires_at: u64,
    size: u64,
    chunk_size: u32,
    declared: Option<Digest>,
    coverage: Coverage,
    hash: RollingSha256,
    /// Chunks that the rolling hash has gone over.
    hashed: u32,
    finished: Option<Digest>,
}

/// What became of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was written.
    Stored,
    /// The same bytes were there already; nothing changed.
    Repeated,
}

impl Session {
    /// A session that waits for the first chunk.
    ///
    /// # Errors
    /// [`Error::InvalidSize`] for size 0, or for more than [`MAX_CHUNKS`] chunks.
    pub fn new(id: SessionId, owner: &[u8], declared: Declared, expires_at: u64) -> Result<Session> {
        let chunk_size = declared.chunk_size.max(1);
        let allowed = u64::from(chunk_size) * u64::from(MAX_CHUNKS);
        let chunks = declared.size.div_ceil(u64::from(chunk_size));
        let chunks = u32::try_from(chunks).ok().filter(|chunks| (1..=MAX_CHUNKS).contains(chunks));
        let Some(chunks) = chunks else {
            return Err(Error::InvalidSize { found: declared.size, allowed });
        };
        Ok(Session {
            id,
            blob: BlobId::new(owner, id),
            owner: owner.to_vec(),
            expires_at,
            size: declared.size,
            chunk_size,
            declared: declared.sha256,
            coverage: Coverage::new(chunks),
            hash: RollingSha256::default(),
            hashed: 0,
            finished: None,
        })
    }

    /// A finished session that takes no bytes: it gives a time to work on an asset that is stored already, of this
    /// SHA-256.
    ///
    /// # Errors
    /// None that this declaration could have.
    pub fn of_stored(id: SessionId, owner: &[u8], sha256: Digest, expires_at: u64) -> Result<Session> {
        let declared = Declared { size: 1, chunk_size: 1, sha256: Some(sha256) };
        let mut session = Session::new(id, owner, declared, expires_at)?;
        session.coverage.insert(0);
        session.hashed = 1;
        session.finished = Some(sha256);
        Ok(session)
    }

    /// Declared bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of each chunk but the last.
    pub fn chunk_size(&self) -> u32 {
        self.chunk_size
    }

    /// SHA-256 declared at begin.
    pub fn declared(&self) -> Option<Digest> {
        self.declared
    }

    /// Adds what was not declared at begin: the SHA-256 of the whole. One that was declared stays.
    pub fn declare(&mut self, sha256: Digest) {
        self.declared = self.declared.or(Some(sha256));
    }

    /// What has arrived.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Bytes of the prefix that the rolling hash has gone over.
    pub fn hashed_bytes(&self) -> u64 {
        (u64::from(self.hashed) * u64::from(self.chunk_size)).min(self.size)
    }

    /// Bytes of the chunks that have arrived.
    pub fn stored_bytes(&self) -> u64 {
        let last = self.coverage.total() - 1;
        let short = u64::from(self.chunk_size) - self.chunk_len(last);
        let full = u64::from(self.coverage.present()) * u64::from(self.chunk_size);
        if self.coverage.contains(last) { full - short } else { full }
    }

    /// The rolling hash as it stands, over [`hashed_bytes`](Session::hashed_bytes).
    pub fn rolling_hash(&self) -> &RollingSha256 {
        &self.hash
    }

    /// The SHA-256 of the whole, once finished.
    pub fn finished(&self) -> Option<Digest> {
        self.finished
    }

    /// Whether the upload has such a chunk, of so many bytes; that does not change.
    ///
    /// # Errors
    /// [`Error::ChunkOutOfRange`], [`Error::ChunkLength`].
    pub fn check_chunk(&self, index: u32, len: u64) -> Result<()> {
        let total = self.coverage.total();
        if index >= total {
            return Err(Error::ChunkOutOfRange { index, last: total - 1 });
        }
        match self.chunk_len(index) {
            expected if expected == len => Ok(()),
            expected => Err(Error::ChunkLength { index, found: len, expected }),
        }
    }

    /// Takes a chunk, verified against what is `declared` of it, if anything is, and hashes at most `budget` bytes of
    /// chunks that wait behind the prefix, but at least one chunk. The same bytes again change nothing and are not an error, finished or not.
    ///
    /// # Errors
    /// [`Error::ChunkOutOfRange`], [`Error::ChunkLength`], [`Error::ChunkHash`], [`Error::ChunkConflict`] for
    /// other bytes under a stored index, [`Error::SessionFinished`], [`Error::StoreFull`]. The session stays
    /// usable after each.
    pub fn put_chunk(
        &mut self,
        store: &mut impl ChunkStore,
        index: u32,
        bytes: &[u8],
        declared: impl Into<Option<Digest>>,
        budget: u64,
    ) -> Result<Put> {
        self.check_chunk(index, bytes.len() as u64)?;
        // The rolling hash goes along in a copy, which counts only once the chunk is verified and stored.
        let continues = index == self.hashed && !self.coverage.contains(index);
        let mut hash = self.hash.clone();
        let found = if continues { hash.digest_and_update(bytes) } else { Digest::of(bytes) };
        if let Some(declared) = declared.into().filter(|declared| *declared != found) {
            return Err(Error::ChunkHash { index, found, declared });
        }
        let key = self.key(index);
        if self.coverage.contains(index) {
            return match store.digest(key) {
                Some(stored) if stored == found => Ok(Put::Repeated),
                Some(_) if self.finished.is_some() => Err(Error::SessionFinished),
                Some(stored) => Err(Error::ChunkConflict { index, stored, found }),
                None => Err(lost(index)),
            };
        }
        store.put(key, bytes, found)?;
        self.coverage.insert(index);
        if continues {
            self.hash = hash;
            self.hashed += 1;
        }
        // Also when this chunk does not continue the prefix: one that closed a gap may have left a backlog.
        self.advance(store, budget)?;
        Ok(Put::Stored)
    }

    /// Moves the rolling hash over stored chunks that continue the prefix, at most `budget` bytes of them but
    /// at least one chunk.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the store has lost a chunk.
    pub fn advance(&mut self, store: &impl ChunkStore, budget: u64) -> Result<Step<()>> {
        let mut spent = 0;
        while self.hashed < self.coverage.total() && self.coverage.contains(self.hashed) {
            if spent > 0 && spent + self.chunk_len(self.hashed) > budget {
                return Ok(Step::Pending(()));
            }
            let bytes = store.get(self.key(self.hashed)).ok_or_else(|| lost(self.hashed))?;
            self.hash.update(&bytes);
            self.hashed += 1;
            spent += bytes.len() as u64;
        }
        Ok(Step::Done)
    }

    /// Completes the upload: all chunks there, hashed, and of the declared SHA-256. Called again until it gives
    /// a digest instead of `None`; each call hashes at most `budget` bytes. Called after that, it gives the same.
    ///
    /// # Errors
    /// [`Error::Incomplete`], [`Error::HashMismatch`], [`Error::Corrupt`].
    pub fn finish(&mut self, store: &impl ChunkStore, budget: u64) -> Result<Option<Digest>> {
        if let Some(digest) = self.finished {
            return Ok(Some(digest));
        }
        if let Some(first) = self.coverage.missing().first() {
            let total = self.coverage.total();
            let missing = total - self.coverage.present();
            return Err(Error::Incomplete { missing, total, first: first.start });
        }
        if matches!(self.advance(store, budget)?, Step::Pending(())) {
            return Ok(None);
        }
        let found = self.hash.clone().finish();
        if let Some(declared) = self.declared
            && declared != found
        {
            return Err(Error::HashMismatch { found, declared });
        }
        self.finished = Some(found);
        Ok(Some(found))
    }

    fn key(&self, index: u32) -> ChunkKey {
        ChunkKey { blob: self.blob, index }
    }

    /// Bytes that chunk `index` must have.
    fn chunk_len(&self, index: u32) -> u64 {
        let start = u64::from(index) * u64::from(self.chunk_size);
        (self.size - start).min(u64::from(self.chunk_size))
    }
}

fn lost(index: u32) -> Error {
    Error::Corrupt {
        what: "chunk",
        reason: format!("chunk {index} was acknowledged and is not in the store"),
    }
}

#[cfg(test)]
mod tests;
