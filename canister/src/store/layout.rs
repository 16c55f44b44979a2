//! The layout of stable memory: one place that names every memory, and the header that says which layout it is.
//!
//! ```text
//! page 0...         MemoryManager ("MGR"), buckets of 8 MiB
//!   memory 0        header: magic "DRKROOM\0" (8 bytes), layout version (u32, little-endian)
//!   memory 1        configuration        versioned CBOR
//!   memory 2        counters             next session, next job (2 x u64, little-endian)
//!   memory 3        sessions             u64 -> versioned CBOR
//!   memory 4        expiries             time, session -> ()
//!   memory 5        idempotency keys     SHA-256 -> versioned CBOR
//!   memory 6        items                item id -> versioned CBOR
//!   memory 7        item order           inverted time, item id -> ()
//!   memory 8        holdings             principal, or nothing for all together -> versioned CBOR
//!   memory 9        jobs                 u64 -> versioned CBOR
//!   memory 10       chunk index          blob id, index -> offset, length, SHA-256
//!   memory 11       arena                bytes
//!   memory 12       arena end            u64
//!   memory 13       free extents         offset -> length
//!   memory 14       free extents         length, offset -> ()
//!   memory 15       arena use            bytes in use (u64)                            from layout 2
//!   memory 16       gone                 kind, id -> versioned CBOR                    from layout 2
//!   memory 17       order of the gone    time, kind, id -> ()                          from layout 2
//!   memory 18       garbage              blob id -> (): chunks that are to be freed    from layout 2
//!   memory 19       certified paths      trie: `trie/slots.rs` draws it                from layout 3
//!   memory 20       certified contents   trie                                          from layout 3
//!   memory 21       certified items      item id -> versioned CBOR                     from layout 3
//!   memory 22       places of contents   SHA-256, time, item id, asset name -> ()      from layout 3
//!   memory 23       contents             SHA-256 -> versioned CBOR                     from layout 3
//!   memory 24       tokens               token id -> versioned CBOR                    from layout 4
//!   memory 25       order of tokens      owner, item id, token id -> ()                from layout 4
//!   memory 26       expiry of tokens     time, token id -> ()                          from layout 4
//!   memory 27       certified tokens     trie                                          from layout 4
//!   memory 28       certifying anew      versioned CBOR: how far it is                 from layout 4
//!   memory 29       origins              versioned CBOR: whom answers are for          from layout 4
//!   memory 30       gallery              time, item id -> versioned CBOR               from layout 4
//!   memory 31       gallery's pages      time, item id -> ()                           from layout 4
//!   memory 32       certified pages      trie                                          from layout 4
//! ```
//!
//! | layout | what changed | migration |
//! |---|---|---|
//! | 1 | | |
//! | 2 | quotas: holdings of bytes and items, arena use; answers kept for repeated calls; removal in steps | `migrate` counts what is stored |
//! | 3 | certification of what is served; with the chunks of a blob, under indices that no chunk has, the answers to many of them | certified after the upgrade (`service/anew.rs`) |
//! | 4 | tokens for private items; certifying anew in pieces; origins; descriptions of items, and the gallery | certified after the upgrade |

use darkroom_core::Error;
use ic_stable_structures::Memory;

/// The layout that this code writes.
pub(crate) const VERSION: u32 = 4;

/// [`VERSION`] as text, for the module's metadata: two digits.
#[cfg(target_arch = "wasm32")]
pub(crate) const DIGITS: [u8; 2] = {
    assert!(VERSION < 100, "a third digit is needed");
    [b'0' + (VERSION / 10).to_le_bytes()[0], b'0' + (VERSION % 10).to_le_bytes()[0]]
};

const MAGIC: &[u8; 8] = b"DRKROOM\0";
const MANAGER_MAGIC: &[u8; 3] = b"MGR";

/// Memories by what is in them. Ids are permanent; a memory whose key type changes gets a new id and a migration.
pub(super) mod memory_id {
    use ic_stable_structures::memory_manager::MemoryId;

    pub(crate) const HEADER: MemoryId = MemoryId::new(0);
    pub(crate) const CONFIG: MemoryId = MemoryId::new(1);
    pub(crate) const COUNTERS: MemoryId = MemoryId::new(2);
    pub(crate) const SESSIONS: MemoryId = MemoryId::new(3);
    pub(crate) const EXPIRIES: MemoryId = MemoryId::new(4);
    pub(crate) const KEYS: MemoryId = MemoryId::new(5);
    pub(crate) const ITEMS: MemoryId = MemoryId::new(6);
    pub(crate) const NEWEST: MemoryId = MemoryId::new(7);
    pub(crate) const HOLDINGS: MemoryId = MemoryId::new(8);
    pub(crate) const JOBS: MemoryId = MemoryId::new(9);
    pub(crate) const CHUNKS: MemoryId = MemoryId::new(10);
    pub(crate) const ARENA: MemoryId = MemoryId::new(11);
    pub(crate) const ARENA_END: MemoryId = MemoryId::new(12);
    pub(crate) const FREE_BY_OFFSET: MemoryId = MemoryId::new(13);
    pub(crate) const FREE_BY_SIZE: MemoryId = MemoryId::new(14);
    pub(crate) const ARENA_USED: MemoryId = MemoryId::new(15);
    pub(crate) const GONE: MemoryId = MemoryId::new(16);
    pub(crate) const GONE_ORDER: MemoryId = MemoryId::new(17);
    pub(crate) const GARBAGE: MemoryId = MemoryId::new(18);
    pub(crate) const PATHS: MemoryId = MemoryId::new(19);
    pub(crate) const CONTENTS: MemoryId = MemoryId::new(20);
    pub(crate) const CERTIFIED_ITEMS: MemoryId = MemoryId::new(21);
    pub(crate) const PLACES: MemoryId = MemoryId::new(22);
    pub(crate) const BY_CONTENT: MemoryId = MemoryId::new(23);
    pub(crate) const TOKENS: MemoryId = MemoryId::new(24);
    pub(crate) const TOKENS_BY_OWNER: MemoryId = MemoryId::new(25);
    pub(crate) const TOKEN_EXPIRIES: MemoryId = MemoryId::new(26);
    pub(crate) const TOKEN_PATHS: MemoryId = MemoryId::new(27);
    pub(crate) const WALK: MemoryId = MemoryId::new(28);
    pub(crate) const ORIGINS: MemoryId = MemoryId::new(29);
    pub(crate) const GALLERY: MemoryId = MemoryId::new(30);
    pub(crate) const GALLERY_PAGES: MemoryId = MemoryId::new(31);
    pub(crate) const GALLERY_PATHS: MemoryId = MemoryId::new(32);
}

/// Stable memory that this code cannot work with. An upgrade that meets one traps, which rolls it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LayoutError {
    /// Not written by Darkroom.
    Foreign,
    /// Written by a newer Darkroom.
    Newer {
        /// Its layout version.
        found: u32,
    },
    /// There is no room for the header.
    NoRoom,
    /// A record of an older layout cannot be read.
    Damaged(Error),
}

impl std::fmt::Display for LayoutError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LayoutError::Foreign => f.write_str("stable memory holds something that Darkroom did not write"),
            LayoutError::Newer { found } => write!(
                f,
                "stable memory has layout version {found}; this Wasm knows versions up to {VERSION}: \
                 install a Wasm at least as new as the one that ran before"
            ),
            LayoutError::Damaged(error) => write!(f, "stable memory cannot be migrated: {error}"),
            LayoutError::NoRoom => f.write_str("stable memory cannot grow"),
        }
    }
}

/// Refuses memory that is in use by something other than a `MemoryManager`, which would overwrite it.
pub(super) fn check_raw(memory: &impl Memory) -> Result<(), LayoutError> {
    if memory.size() == 0 {
        return Ok(());
    }
    let mut magic = [0; 3];
    memory.read(0, &mut magic);
    if &magic == MANAGER_MAGIC { Ok(()) } else { Err(LayoutError::Foreign) }
}

/// Checks the header, or writes it where all of stable memory is `fresh`: a memory manager without a header is
/// somebody else's. Gives the layout's version, which may be an older one.
pub(super) fn check_header(memory: &impl Memory, fresh: bool) -> Result<u32, LayoutError> {
    if memory.size() == 0 {
        if !fresh {
            return Err(LayoutError::Foreign);
        }
        if memory.grow(1) < 0 {
            return Err(LayoutError::NoRoom);
        }
        memory.write(0, MAGIC);
        write_version(memory);
        return Ok(VERSION);
    }
    let (mut magic, mut version) = ([0; 8], [0; 4]);
    memory.read(0, &mut magic);
    memory.read(8, &mut version);
    match u32::from_le_bytes(version) {
        _ if &magic != MAGIC => Err(LayoutError::Foreign),
        0 => Err(LayoutError::Foreign),
        found @ 1..=VERSION => Ok(found),
        found => Err(LayoutError::Newer { found }),
    }
}

/// Notes that everything is in the present layout.
pub(super) fn write_version(header: &impl Memory) {
    header.write(8, &VERSION.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use ic_stable_structures::VectorMemory;

    use super::*;

    #[test]
    fn fresh_known_newer_and_foreign_memory() {
        let memory = VectorMemory::default();
        assert_eq!(check_header(&memory, false), Err(LayoutError::Foreign));
        assert_eq!(check_header(&memory, true), Ok(VERSION));
        assert_eq!(check_header(&memory, false), Ok(VERSION));
        memory.write(8, &1u32.to_le_bytes());
        assert_eq!(check_header(&memory, false), Ok(1));
        write_version(&memory);
        assert_eq!(check_header(&memory, false), Ok(VERSION));
        let newer = VERSION + 1;
        memory.write(8, &newer.to_le_bytes());
        assert_eq!(check_header(&memory, false), Err(LayoutError::Newer { found: newer }));
        memory.write(8, &0u32.to_le_bytes());
        assert_eq!(check_header(&memory, false), Err(LayoutError::Foreign));
        memory.write(0, b"SOMEBODY");
        assert_eq!(check_header(&memory, false), Err(LayoutError::Foreign));
        assert_eq!(check_raw(&memory), Err(LayoutError::Foreign));
        assert_eq!(check_raw(&VectorMemory::default()), Ok(()));
    }
}
