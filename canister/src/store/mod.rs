//! Everything that the canister keeps, all of it in stable memory.
//!
//! Nothing is serialised at an upgrade: each message leaves stable memory complete. This module and those below
//! it know no clock and no caller; they run natively on any `Memory`.

mod arena;
mod cbor;
mod certified;
mod chunks;
mod gallery;
mod image_limits;
mod kept;
mod layout;
#[cfg(test)]
mod limited;
mod migrate;
mod recent;
mod records;
mod table;
mod tokens;
mod trie;

use std::rc::Rc;

use darkroom_core::id::{ItemId, SessionId};
use ic_stable_structures::memory_manager::{MemoryManager, VirtualMemory};
use ic_stable_structures::{Memory, StableCell};

pub(crate) use arena::Extent;
pub(crate) use certified::{
    After, AnswersRecord, Certified, CertifiedAsset, CertifiedContent, CertifiedItem, OriginsRecord, Walk,
    content_key, parse_content_key,
};
pub(crate) use chunks::Chunks;
#[cfg(any(test, feature = "check"))]
pub(crate) use chunks::tree_key;
pub(crate) use gallery::{EntryRecord, Gallery, PictureRecord, Place};
pub(crate) use image_limits::ImageLimitsRecord;
#[cfg(target_arch = "wasm32")]
pub(crate) use layout::DIGITS as LAYOUT_DIGITS;
pub(crate) use layout::{LayoutError, VERSION};
#[cfg(test)]
pub(crate) use limited::Limited;
pub(crate) use recent::Recent;
pub(crate) use records::{
    AssetRecord, ConfigRecord, Draft, FailedRecord, GoneRecord, HoldingRecord, ItemRecord, JobRecord,
    Location, Origin, QuotaRecord, RecipeRecord, SessionRecord, StageRecord, StageState, max_chunks,
    min_cycles,
};
pub(crate) use table::Table;
pub(crate) use tokens::{TokenId, TokenRecord, Tokens, owner_key, token_of};
pub(crate) use trie::Trie;

use darkroom_core::Error;
use kept::Kept;
use layout::memory_id;
use records::{decode, encode};

/// What the canister keeps.
pub(crate) struct Store<M: Memory> {
    config: Kept<ConfigRecord, M>,
    counters: StableCell<Counters, VirtualMemory<M>>,
    /// Uploads in flight, and finished ones until they expire.
    pub(crate) sessions: Recent<[u8; 8], SessionRecord, M>,
    /// When sessions are looked at for expiry: time, then session (both big-endian). A session that was used
    /// meanwhile is put back under its new time.
    pub(crate) expiries: Table<[u8; 16], (), M>,
    /// Idempotency keys: SHA-256 over owner, `#` and key, to item.
    pub(crate) keys: Table<[u8; 32], ItemId, M>,
    /// Items, published or not.
    pub(crate) items: Recent<[u8; 10], ItemRecord, M>,
    /// Published items, newest first: `u64::MAX` minus the time, big-endian, then the id.
    pub(crate) newest: Table<[u8; 18], (), M>,
    /// What each principal holds, by its bytes; under no bytes, what all hold together.
    pub(crate) holdings: Recent<Vec<u8>, HoldingRecord, M>,
    /// Stages that wait for the canister, in order.
    pub(crate) jobs: Table<[u8; 8], JobRecord, M>,
    /// What was deleted and aborted a short while ago, by kind and id, so that a repeated call gets its answer.
    pub(crate) gone: Table<[u8; 11], GoneRecord, M>,
    /// The order in which that is forgotten: time (big-endian), then kind and id.
    pub(crate) gone_order: Table<[u8; 19], (), M>,
    /// Blobs whose chunks are to be freed.
    pub(crate) garbage: Table<[u8; 32], (), M>,
    /// What is certified.
    pub(crate) certified: Certified<M>,
    walk: StableCell<Vec<u8>, VirtualMemory<M>>,
    origins: Kept<OriginsRecord, M>,
    /// What opens private items.
    pub(crate) tokens: Tokens<M>,
    /// What the gallery shows.
    pub(crate) gallery: Gallery<M>,
    /// The bytes of all chunks.
    pub(crate) chunks: Chunks<M>,
}

/// Makes the header say another layout.
#[cfg(test)]
pub(crate) fn pretend_layout<M: Memory + Clone>(memory: &M, version: u32) {
    MemoryManager::init(memory.clone()).get(memory_id::HEADER).write(8, &version.to_le_bytes());
}

/// Numbers that only go up: next session, next job; 8 bytes each, little-endian.
type Counters = [u8; 16];

impl<M: Memory + Clone> Store<M> {
    /// Opens the store, or lays it out in fresh memory with `config`.
    ///
    /// # Errors
    /// [`LayoutError`] for memory that holds anything else, or a newer layout.
    pub(crate) fn open(memory: M, config: impl FnOnce() -> ConfigRecord) -> Result<Store<M>, LayoutError> {
        let fresh = memory.size() == 0;
        layout::check_raw(&memory)?;
        let raw = memory.clone();
        let manager = MemoryManager::init(memory);
        let get = |id| manager.get(id);
        let header = get(memory_id::HEADER);
        let version = layout::check_header(&header, fresh)?;
        let arena = [
            memory_id::ARENA,
            memory_id::ARENA_END,
            memory_id::ARENA_USED,
            memory_id::FREE_BY_OFFSET,
            memory_id::FREE_BY_SIZE,
        ];
        let arena = arena.map(get);
        let mut store = Store {
            config: Kept::open("configuration", get(memory_id::CONFIG), config),
            counters: StableCell::init(get(memory_id::COUNTERS), [0; 16]),
            sessions: Recent::new(Table::open("session", get(memory_id::SESSIONS))),
            expiries: Table::open("expiry", get(memory_id::EXPIRIES)),
            keys: Table::open("idempotency key", get(memory_id::KEYS)),
            items: Recent::new(Table::open("item", get(memory_id::ITEMS))),
            newest: Table::open("item order", get(memory_id::NEWEST)),
            holdings: Recent::new(Table::open("holding", get(memory_id::HOLDINGS))),
            jobs: Table::open("job", get(memory_id::JOBS)),
            gone: Table::open("deleted", get(memory_id::GONE)),
            gone_order: Table::open("order of deletion", get(memory_id::GONE_ORDER)),
            garbage: Table::open("garbage", get(memory_id::GARBAGE)),
            certified: Certified {
                paths: Trie::open(get(memory_id::PATHS)),
                contents: Trie::open(get(memory_id::CONTENTS)),
                items: Table::open("certified item", get(memory_id::CERTIFIED_ITEMS)),
                places: Table::open("place of a content", get(memory_id::PLACES)),
                by_content: Table::open("content", get(memory_id::BY_CONTENT)),
            },
            walk: StableCell::init(get(memory_id::WALK), encode(&None::<Walk>)),
            origins: Kept::open("origins", get(memory_id::ORIGINS), OriginsRecord::default),
            tokens: Tokens {
                records: Table::open("token", get(memory_id::TOKENS)),
                by_owner: Table::open("order of tokens", get(memory_id::TOKENS_BY_OWNER)),
                expiries: Table::open("expiry of a token", get(memory_id::TOKEN_EXPIRIES)),
                paths: Trie::open(get(memory_id::TOKEN_PATHS)),
            },
            gallery: Gallery::open(
                get(memory_id::GALLERY),
                get(memory_id::GALLERY_PAGES),
                get(memory_id::GALLERY_PATHS),
            ),
            chunks: Chunks::open(raw, get(memory_id::CHUNKS), arena),
        };
        if version < layout::VERSION {
            migrate::run(&mut store, version).map_err(LayoutError::Damaged)?;
            layout::write_version(&header);
        }
        Ok(store)
    }

    /// Holds sessions, items and holdings, for a message that changes them more than once, until
    /// [`release`](Store::release).
    pub(crate) fn hold(&mut self) {
        self.sessions.hold();
        self.items.hold();
        self.holdings.hold();
    }

    /// Writes what was held.
    pub(crate) fn release(&mut self) {
        self.sessions.release();
        self.items.release();
        self.holdings.release();
    }

    /// The configuration.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(crate) fn config(&self) -> Result<Rc<ConfigRecord>, Error> {
        self.config.get()
    }

    /// Replaces the configuration.
    pub(crate) fn set_config(&mut self, config: &ConfigRecord) {
        self.config.set(config.clone());
    }

    /// How far everything is certified anew; nothing once it is. A record that cannot be read counts as the beginning,
    /// where nothing is lost but time.
    pub(crate) fn walk(&self) -> Option<Walk> {
        decode("certifying anew", self.walk.get()).unwrap_or(Some(Walk::new(false)))
    }

    /// Notes how far everything is certified anew.
    pub(crate) fn set_walk(&mut self, walk: Option<Walk>) {
        self.walk.set(encode(&walk));
    }

    /// The origins that answers are certified for.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(crate) fn origins(&self) -> Result<Rc<OriginsRecord>, Error> {
        self.origins.get()
    }

    /// Replaces the origins that answers are certified for.
    pub(crate) fn set_origins(&mut self, origins: &OriginsRecord) {
        self.origins.set(origins.clone());
    }

    /// A session number that was never used.
    pub(crate) fn next_session(&mut self) -> SessionId {
        SessionId(self.count(0))
    }

    /// How many session numbers were used: the next one is this.
    pub(crate) fn sessions_begun(&self) -> u64 {
        self.counter(0)
    }

    /// A place at the end of the queue of jobs.
    pub(crate) fn next_job(&mut self) -> u64 {
        self.count(8)
    }

    fn count(&mut self, at: usize) -> u64 {
        let next = self.counter(at);
        let mut counters = *self.counters.get();
        counters[at..at + 8].copy_from_slice(&(next + 1).to_le_bytes());
        self.counters.set(counters);
        next
    }

    fn counter(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.counters.get()[at..at + 8]);
        u64::from_le_bytes(bytes)
    }
}
