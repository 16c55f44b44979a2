//! Raw bytes in stable memory: extents, each written once, found by offset and length.
//!
//! Free extents are kept twice, by offset (to join neighbours) and by length (to find the best fit), so that
//! taking and giving back cost the same however many there are. Free extents never touch each other or the end.

use darkroom_core::Error;
use ic_stable_structures::memory_manager::VirtualMemory;
use ic_stable_structures::{Memory, StableBTreeMap, StableCell};

const PAGE: u64 = 64 * 1024;

/// Pages by which the memory manager has stable memory grow.
const BUCKET: u64 = 128;

/// How many of these it knows.
const MAX_BUCKETS: u64 = 32_768;

/// A slice of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The first byte.
    pub(super) offset: u64,
    /// How many bytes; never 0.
    pub(super) len: u64,
}

impl Extent {
    /// How many bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }
}

/// The arena, with its free extents.
pub(super) struct Arena<M: Memory> {
    /// All of stable memory.
    raw: M,
    bytes: VirtualMemory<M>,
    end: StableCell<u64, VirtualMemory<M>>,
    used: StableCell<u64, VirtualMemory<M>>,
    by_offset: StableBTreeMap<u64, u64, VirtualMemory<M>>,
    by_size: StableBTreeMap<(u64, u64), (), VirtualMemory<M>>,
}

/// The memories of an arena: its bytes, their end, how many are in use, and free extents by offset and by length.
pub(super) type Parts<M> = [VirtualMemory<M>; 5];

impl<M: Memory> Arena<M> {
    pub(super) fn open(raw: M, [bytes, end, used, by_offset, by_size]: Parts<M>) -> Self {
        Arena {
            raw,
            bytes,
            end: StableCell::init(end, 0),
            used: StableCell::init(used, 0),
            by_offset: StableBTreeMap::init(by_offset),
            by_size: StableBTreeMap::init(by_size),
        }
    }

    /// Writes `bytes` (at least one) into the smallest free extent that holds them, or at the end.
    ///
    /// # Errors
    /// [`Error::StoreFull`]; nothing is written then.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<Extent, Error> {
        let extent = self.take(bytes.len() as u64)?;
        self.bytes.write(extent.offset, bytes);
        self.set_used(*self.used.get() + extent.len);
        Ok(extent)
    }

    /// Reads an extent.
    pub(super) fn read(&self, extent: Extent) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(extent.len).unwrap_or_default()];
        self.bytes.read(extent.offset, &mut bytes);
        bytes
    }

    /// Reads a part of an extent.
    pub(super) fn read_part(&self, extent: Extent, at: u64, bytes: &mut [u8]) {
        self.bytes.read(extent.offset + at, bytes);
    }

    fn take(&mut self, len: u64) -> Result<Extent, Error> {
        let best = self.by_size.keys_range((len, 0)..).next();
        if let Some((found, offset)) = best {
            self.forget(Extent { offset, len: found });
            if found > len {
                self.remember(Extent { offset: offset + len, len: found - len });
            }
            return Ok(Extent { offset, len });
        }
        let offset = *self.end.get();
        let end = offset.saturating_add(len);
        let pages = end.div_ceil(PAGE).saturating_sub(self.bytes.size());
        if !self.grow(pages) {
            let room = self.bytes.size().next_multiple_of(BUCKET) * PAGE;
            let available = room.saturating_sub(offset);
            return Err(Error::StoreFull { needed: len, available });
        }
        self.end.set(end);
        Ok(Extent { offset, len })
    }

    /// Makes room for so many pages more, if there is any. Where stable memory does not grow the memory manager panics:
    /// what it needs is asked for before, which it then finds there.
    fn grow(&self, pages: u64) -> bool {
        if pages == 0 {
            return true;
        }
        let before = self.bytes.size();
        let buckets = (before + pages).div_ceil(BUCKET) - before.div_ceil(BUCKET);
        // What the manager does not take would lie there for nothing.
        let taken = self.raw.size() / BUCKET;
        taken + buckets <= MAX_BUCKETS && self.raw.grow(buckets * BUCKET) >= 0 && self.bytes.grow(pages) >= 0
    }

    /// Gives an extent back and joins it with its free neighbours.
    pub(super) fn free(&mut self, extent: Extent) {
        self.set_used(self.used.get().saturating_sub(extent.len));
        let Extent { mut offset, mut len } = extent;
        if let Some(before) = self.by_offset.range(..offset).next_back().map(|entry| entry.into_pair())
            && before.0 + before.1 == offset
        {
            self.forget(Extent { offset: before.0, len: before.1 });
            offset = before.0;
            len += before.1;
        }
        if let Some(after) = self.by_offset.get(&(offset + len)) {
            self.forget(Extent { offset: offset + len, len: after });
            len += after;
        }
        if offset + len == *self.end.get() {
            self.end.set(offset);
        } else {
            self.remember(Extent { offset, len });
        }
    }

    /// Bytes of extents in use.
    pub(super) fn used(&self) -> u64 {
        *self.used.get()
    }

    /// Notes how many bytes are in use.
    pub(super) fn set_used(&mut self, bytes: u64) {
        self.used.set(bytes);
    }

    /// Bytes up to the end of the last extent in use.
    pub(super) fn end(&self) -> u64 {
        *self.end.get()
    }

    fn remember(&mut self, Extent { offset, len }: Extent) {
        self.by_offset.insert(offset, len);
        self.by_size.insert((len, offset), ());
    }

    fn forget(&mut self, Extent { offset, len }: Extent) {
        self.by_offset.remove(&offset);
        self.by_size.remove(&(len, offset));
    }

    /// How the extents in use, and what is free, fail to fill the arena to its end without gap and overlap.
    #[cfg(any(test, feature = "check"))]
    pub(super) fn check(&self, used: Vec<Extent>) -> Vec<String> {
        let mut found = Vec::new();
        let free = self.free_extents();
        let by_size: std::collections::BTreeSet<_> =
            self.by_size.iter().map(|entry| *entry.key()).map(|(len, offset)| (offset, len)).collect();
        if by_size != free.iter().map(|extent| (extent.offset, extent.len)).collect() {
            found.push(format!("free extents by size are not those by offset: {by_size:?}, {free:?}"));
        }
        for pair in free.windows(2).filter(|pair| pair[0].offset + pair[0].len >= pair[1].offset) {
            found.push(format!("free extents touch: {pair:?}"));
        }
        let bytes: u64 = used.iter().map(|extent| extent.len).sum();
        if bytes != self.used() {
            found.push(format!("{bytes} bytes are in use, and {} are counted", self.used()));
        }
        let mut all = [used, free].concat();
        all.sort_by_key(|extent| extent.offset);
        let mut at = 0;
        for extent in all {
            if extent.offset != at {
                found.push(format!("{extent:?} does not begin where the one before it ends, at {at}"));
            }
            at = extent.offset + extent.len;
        }
        if at != self.end() || at > self.bytes.size() * PAGE {
            found.push(format!("the last extent ends at {at}, the arena at {}", self.end()));
        }
        found
    }

    #[cfg(any(test, feature = "check"))]
    fn free_extents(&self) -> Vec<Extent> {
        self.by_offset.iter().map(|e| e.into_pair()).map(|(offset, len)| Extent { offset, len }).collect()
    }
}

#[cfg(test)]
mod tests {
    use ic_stable_structures::VectorMemory;
    use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
    use proptest::prelude::*;

    use super::*;
    use crate::store::Limited;

    fn arena_of<M: Memory + Clone>(raw: M) -> Arena<M> {
        let manager = MemoryManager::init(raw.clone());
        Arena::open(raw, [0, 1, 2, 3, 4].map(|id| manager.get(MemoryId::new(id))))
    }

    fn arena() -> Arena<VectorMemory> {
        arena_of(VectorMemory::default())
    }

    #[test]
    fn memory_that_does_not_grow_is_an_error_and_changes_nothing() {
        // The manager's page, a bucket for each of five memories.
        let memory = Limited::new(1 + 5 * BUCKET);
        let mut arena = arena_of(memory.clone());
        let chunk = vec![7; 1_900_032];
        let mut taken = Vec::new();
        let full = loop {
            match arena.write(&chunk) {
                Ok(extent) => taken.push(extent),
                Err(error) => break error,
            }
        };
        let available = BUCKET * PAGE % chunk.len() as u64;
        assert_eq!(full, Error::StoreFull { needed: chunk.len() as u64, available });
        assert_eq!((taken.len(), arena.used()), (4, 4 * chunk.len() as u64));
        // What is left is given to who needs no more; what is given back is there again.
        arena.write(&chunk[..1000]).unwrap();
        arena.free(taken[1]);
        assert_eq!(arena.write(&chunk).unwrap(), taken[1]);
        // More room: as many buckets as it takes at once.
        memory.allow(2 * BUCKET);
        let large = vec![1; 9 << 20];
        let extent = arena.write(&large).unwrap();
        assert_eq!(memory.left(), 0);
        drop(arena);
        assert_eq!(arena_of(memory).read(extent), large);
    }

    proptest! {
        /// Extents in use never overlap and keep their bytes; what is free is exactly the rest, in pieces that
        /// do not touch; after all is given back, nothing is left.
        #[test]
        fn takes_and_gives_back(operations in prop::collection::vec((any::<bool>(), 1usize..5000), 1..150)) {
            let mut arena = arena();
            let mut used: Vec<(Extent, Vec<u8>)> = Vec::new();
            for (number, (take, value)) in operations.into_iter().enumerate() {
                if take || used.is_empty() {
                    let bytes = vec![u8::try_from(number % 251).unwrap(); value];
                    used.push((arena.write(&bytes).unwrap(), bytes));
                } else {
                    let (extent, _) = used.swap_remove(value % used.len());
                    arena.free(extent);
                }
                let mut all: Vec<Extent> = used.iter().map(|(extent, _)| *extent).collect();
                let free = arena.free_extents();
                for pair in free.windows(2) {
                    prop_assert!(pair[0].offset + pair[0].len < pair[1].offset);
                }
                all.extend(&free);
                all.sort_by_key(|extent| extent.offset);
                let end = all.iter().try_fold(0, |at, extent| {
                    (extent.offset == at).then_some(extent.offset + extent.len)
                });
                prop_assert_eq!(end, Some(arena.end()));
                prop_assert_eq!(arena.used(), used.iter().map(|(extent, _)| extent.len).sum::<u64>());
                prop_assert_eq!(arena.by_size.len(), free.len() as u64);
                for (extent, bytes) in &used {
                    prop_assert_eq!(&arena.read(*extent), bytes);
                }
            }
            for (extent, _) in used {
                arena.free(extent);
            }
            prop_assert_eq!(arena.end(), 0);
            prop_assert!(arena.free_extents().is_empty());
        }
    }
}
