//! The chunk store in stable memory: an index of deterministic keys over the arena.

use std::borrow::Cow;

use darkroom_core::chunk::ChunkStore;
use darkroom_core::id::{BlobId, ChunkKey};
use darkroom_core::{Digest, Error};
use ic_stable_structures::memory_manager::VirtualMemory;
use ic_stable_structures::{Memory, StableBTreeMap};

use super::arena::{Arena, Extent, Parts};

/// Offset, length, SHA-256: 8, 8 and 32 bytes, numbers big-endian.
type Entry = [u8; 48];

/// The first index beyond those of chunks, for trees of answers: of a million numbers.
const TREES: u32 = u32::MAX - 1_000_000;

/// Chunks by key.
pub(crate) struct Chunks<M: Memory> {
    index: StableBTreeMap<[u8; ChunkKey::LEN], Entry, VirtualMemory<M>>,
    arena: Arena<M>,
}

impl<M: Memory> Chunks<M> {
    pub(super) fn open(raw: M, index: VirtualMemory<M>, arena: Parts<M>) -> Self {
        Chunks { index: StableBTreeMap::init(index), arena: Arena::open(raw, arena) }
    }

    /// Frees at most `most` chunks of a blob; true when none is left.
    pub(crate) fn remove_some(&mut self, blob: BlobId, most: usize) -> bool {
        // One more than may go tells whether any stays.
        let keys: Vec<_> = self.index.keys_range(keys_of(blob)).take(most + 1).collect();
        keys.iter().take(most).for_each(|key| {
            self.remove_one(key);
        });
        keys.len() <= most
    }

    /// Frees a chunk; gives its bytes.
    fn remove_one(&mut self, key: &[u8; ChunkKey::LEN]) -> u64 {
        let Some(entry) = self.index.remove(key) else { return 0 };
        let (extent, _) = parse(&entry);
        self.arena.free(extent);
        extent.len
    }

    /// The SHA-256 of each chunk of a blob, in order.
    pub(crate) fn digests(&self, blob: BlobId) -> impl Iterator<Item = Digest> {
        let last = ChunkKey { blob, index: TREES - 1 }.to_bytes();
        let chunks = ChunkKey { blob, index: 0 }.to_bytes()..=last;
        self.index.range(chunks).map(|entry| parse(&entry.value()).1)
    }

    /// Keeps a tree of answers of a blob's asset, which goes when the blob goes.
    ///
    /// # Errors
    /// [`Error::StoreFull`].
    pub(crate) fn put_tree(&mut self, blob: BlobId, number: u32, tree: &[u8]) -> Result<(), Error> {
        self.put(tree_key(blob, number), tree, Digest([0; 32]))
    }

    /// What reads from a tree of answers, if it is there and has so many bytes: from a place on, as many bytes as are asked
    /// for.
    pub(crate) fn tree(&self, blob: BlobId, number: u32, bytes: u64) -> Option<impl Fn(usize, &mut [u8])> {
        let (extent, _) = self.find(tree_key(blob, number)).filter(|(extent, _)| extent.len == bytes)?;
        Some(move |at: usize, bytes: &mut [u8]| self.arena.read_part(extent, at as u64, bytes))
    }

    /// Frees a tree of answers, if it is there.
    pub(crate) fn remove_tree(&mut self, blob: BlobId, number: u32) {
        self.remove_one(&tree_key(blob, number).to_bytes());
    }

    /// Counts the bytes in use from the index: layout 1 kept no count.
    pub(super) fn count_used(&mut self) {
        let used = self.index.values().map(|entry| parse(&entry).0.len).sum();
        self.arena.set_used(used);
    }

    /// Bytes of the arena up to the last chunk, and those of them that are free.
    pub(crate) fn arena_bytes(&self) -> (u64, u64) {
        (self.arena.end(), self.arena.end().saturating_sub(self.arena.used()))
    }

    /// Bytes of all chunks.
    pub(crate) fn used(&self) -> u64 {
        self.arena.used()
    }

    /// How many chunks are stored.
    pub(crate) fn len(&self) -> u64 {
        self.index.len()
    }

    /// Copies a chunk to the start of `out`, without a copy in between. Gives its length; `None` where there is no such
    /// chunk, or no room for it.
    pub(crate) fn read(&self, key: ChunkKey, out: &mut [u8]) -> Option<usize> {
        let (extent, _) = self.find(key)?;
        let len = usize::try_from(extent.len).ok()?;
        self.arena.read_part(extent, 0, out.get_mut(..len)?);
        Some(len)
    }

    /// Where a chunk is, if it is stored.
    pub(crate) fn locate(&self, key: ChunkKey) -> Option<Extent> {
        self.find(key).map(|(extent, _)| extent)
    }

    /// The bytes of a chunk.
    pub(crate) fn bytes(&self, extent: Extent) -> Vec<u8> {
        self.arena.read(extent)
    }

    /// Gives the bytes of a chunk in order, at most `most` at a time.
    pub(crate) fn read_pieces(&self, extent: Extent, most: usize, give: &mut dyn FnMut(&[u8])) {
        let mut piece = vec![0; usize::try_from(extent.len).unwrap_or(usize::MAX).min(most)];
        let mut at = 0;
        while at < extent.len {
            let left = usize::try_from(extent.len - at).unwrap_or(usize::MAX);
            let length = piece.len().min(left);
            let piece = &mut piece[..length];
            self.arena.read_part(extent, at, piece);
            give(piece);
            at += length as u64;
        }
    }

    /// Every chunk and tree of answers, where it is, and its SHA-256; a tree has none.
    #[cfg(any(test, feature = "check"))]
    pub(crate) fn entries(&self) -> impl Iterator<Item = (ChunkKey, Extent, Digest)> {
        self.index.iter().map(|entry| {
            let (extent, digest) = parse(&entry.value());
            (ChunkKey::from_bytes(*entry.key()), extent, digest)
        })
    }

    /// Whether a key is that of a tree of answers.
    #[cfg(any(test, feature = "check"))]
    pub(crate) fn is_tree(&self, key: ChunkKey) -> bool {
        key.index >= TREES
    }

    /// What is wrong with the arena, where these extents are in use.
    #[cfg(any(test, feature = "check"))]
    pub(crate) fn check_arena(&self, used: Vec<Extent>) -> Vec<String> {
        self.arena.check(used)
    }

    fn find(&self, key: ChunkKey) -> Option<(Extent, Digest)> {
        self.index.get(&key.to_bytes()).map(|entry| parse(&entry))
    }
}

/// Where a tree of answers is: 0 and 1 are those of an asset's public addresses and have the last two places, as they had
/// in layout 3; those of tokens stand before them.
pub(crate) fn tree_key(blob: BlobId, number: u32) -> ChunkKey {
    let index = match number {
        0 | 1 => u32::MAX - 1 + number,
        _ => (u32::MAX - number).max(TREES),
    };
    ChunkKey { blob, index }
}

fn keys_of(blob: BlobId) -> std::ops::RangeInclusive<[u8; ChunkKey::LEN]> {
    ChunkKey { blob, index: 0 }.to_bytes()..=ChunkKey { blob, index: u32::MAX }.to_bytes()
}

fn parse(entry: &Entry) -> (Extent, Digest) {
    let number = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&entry[at..at + 8]);
        u64::from_be_bytes(bytes)
    };
    let mut digest = [0; 32];
    digest.copy_from_slice(&entry[16..]);
    (Extent { offset: number(0), len: number(8) }, Digest(digest))
}

impl<M: Memory> ChunkStore for Chunks<M> {
    fn put(&mut self, key: ChunkKey, bytes: &[u8], digest: Digest) -> Result<(), Error> {
        let extent = self.arena.write(bytes)?;
        let mut entry = [0; 48];
        entry[..8].copy_from_slice(&extent.offset.to_be_bytes());
        entry[8..16].copy_from_slice(&extent.len.to_be_bytes());
        entry[16..].copy_from_slice(&digest.0);
        if let Some(old) = self.index.insert(key.to_bytes(), entry) {
            self.arena.free(parse(&old).0);
        }
        Ok(())
    }

    fn get(&self, key: ChunkKey) -> Option<Cow<'_, [u8]>> {
        self.find(key).map(|(extent, _)| Cow::Owned(self.arena.read(extent)))
    }

    fn digest(&self, key: ChunkKey) -> Option<Digest> {
        self.find(key).map(|(_, digest)| digest)
    }

    fn remove(&mut self, blob: BlobId) -> u64 {
        let keys: Vec<_> = self.index.keys_range(keys_of(blob)).collect();
        keys.iter().map(|key| self.remove_one(key)).sum()
    }
}
