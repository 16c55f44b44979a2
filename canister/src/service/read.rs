//! Reading and listing.

use darkroom_api as api;
use darkroom_core::Error;
use darkroom_core::id::{ChunkKey, ItemId, SessionId};
use ic_stable_structures::Memory;

use super::access::may_read;
use super::checks::checked_key;
use super::{Service, Wire, publish, wire};
use crate::env::Caller;
use crate::store::{AssetRecord, Extent, ItemRecord, Location};

const MAX_PAGE: u32 = 100;
/// Items that one listing looks at, those that the caller may not read included.
const MAX_SCAN: usize = 1000;
/// Idempotency keys that are looked up in one call.
const MAX_KEYS: usize = 100;
/// Bytes of items that are given for them; a reply holds 2 MiB.
const MAX_FOUND: usize = 1_500_000;

impl<M: Memory + Clone> Service<M> {
    /// A session of the caller's.
    ///
    /// # Errors
    /// `session_not_found`, `session_expired`.
    pub(crate) fn session_status(
        &self,
        caller: Caller,
        now: u64,
        session: SessionId,
    ) -> api::Result<api::SessionStatus> {
        let record = self.own_session(caller, now, session)?;
        let session = &record.session;
        Ok(api::SessionStatus {
            item: record.item.to_string(),
            asset: record.asset.name.to_string(),
            size: session.size(),
            chunk_size: session.chunk_size(),
            coverage: wire::ranges(session.coverage().ranges()),
            missing: wire::ranges(session.coverage().missing()),
            hashed: session.hashed_bytes(),
            sha256: session.finished().map(|digest| digest.0.into()),
            expires_at: session.expires_at,
        })
    }

    /// An item that the caller may read.
    ///
    /// # Errors
    /// `invalid_name`, `item_not_found`.
    pub(crate) fn describe(&self, caller: Caller, item: &str) -> api::Result<api::Item> {
        let id: ItemId = item.parse().wire()?;
        Ok(wire::item(id, &self.readable_item(caller, id)?))
    }

    /// Published items that the caller may read, newest first: fewer than asked for where more do not fit into a reply.
    ///
    /// # Errors
    /// `invalid_argument` for `after`.
    pub(crate) fn list(&self, caller: Caller, args: &api::ListItems) -> api::Result<api::ItemPage> {
        let limit = args.limit.unwrap_or(50).clamp(1, MAX_PAGE) as usize;
        let start = match &args.after {
            None => std::ops::Bound::Unbounded,
            Some(after) => std::ops::Bound::Excluded(publish::parse_cursor(after)?),
        };
        let mut page = api::ItemPage { items: Vec::new(), next: None };
        let mut room = MAX_FOUND;
        let mut last = None;
        for (scanned, key) in self.store.newest.keys((start, std::ops::Bound::Unbounded)).enumerate() {
            if page.items.len() == limit || scanned == MAX_SCAN {
                page.next = last.map(publish::cursor);
                break;
            }
            let mut id = [0; 10];
            id.copy_from_slice(&key[8..]);
            // A record that is damaged holds up no other.
            let item = self.item(ItemId(id)).ok();
            if let Some(item) = item.filter(|item| may_read(item, caller)) {
                let item = wire::item(ItemId(id), &item);
                let weight = weight(&item);
                if weight > room && !page.items.is_empty() {
                    page.next = last.map(publish::cursor);
                    break;
                }
                room = room.saturating_sub(weight);
                page.items.push(item);
            }
            last = Some(key);
        }
        Ok(page)
    }

    /// The published items that the caller's own uploads with these idempotency keys have led to, in the order of the
    /// keys. Nothing for a key that it has not used, or whose item is not published or gone; so never what another
    /// caller has.
    ///
    /// # Errors
    /// `limit` for more than 100 keys, and where so many items with their recipes do not fit into a reply: then fewer
    /// keys do; one always does. `invalid_argument` for a key that no upload can have.
    pub(crate) fn find_uploads(
        &self,
        caller: Caller,
        keys: &[String],
    ) -> api::Result<Vec<Option<api::Item>>> {
        if keys.len() > MAX_KEYS {
            let message = format!("{} idempotency keys; {MAX_KEYS} are allowed in a call", keys.len());
            return Err(api::Error::new(api::code::LIMIT, message));
        }
        let mut room = MAX_FOUND;
        let find = |key: &String| {
            let key = checked_key(caller, key)?;
            // A record that cannot be read holds up no other; who uploads that file hears of it.
            let Ok(Some(id)) = self.store.keys.get(&key) else { return Ok(None) };
            let Ok(item) = self.item(id) else { return Ok(None) };
            if item.draft.is_some() || item.owner != caller.bytes() {
                return Ok(None);
            }
            let item = wire::item(id, &item);
            match room.checked_sub(weight(&item)) {
                Some(left) => room = left,
                None if keys.len() == 1 => {}
                None => {
                    let message = format!(
                        "the items of {} idempotency keys take more than {MAX_FOUND} bytes; ask for fewer",
                        keys.len()
                    );
                    return Err(api::Error::new(api::code::LIMIT, message));
                }
            }
            Ok(Some(item))
        };
        keys.iter().map(find).collect()
    }

    /// One chunk of an asset that the caller may read.
    ///
    /// # Errors
    /// `invalid_name`, `item_not_found`, `asset_not_found`, `chunk_out_of_range`.
    pub(crate) fn get_chunk(&self, caller: Caller, args: &api::GetChunk) -> api::Result<Vec<u8>> {
        let id: ItemId = args.item.parse().wire()?;
        let item = self.readable_item(caller, id)?;
        self.chunk(known_asset(id, &item, &args.asset)?, args.index).wire()
    }

    /// One chunk of an asset.
    pub(crate) fn chunk(&self, asset: &AssetRecord, index: u32) -> Result<Vec<u8>, Error> {
        Ok(match self.locate(asset, index)? {
            Chunk::Inline(bytes) => bytes,
            Chunk::Stored(extent) => self.store.chunks.bytes(extent),
        })
    }

    /// Where one chunk of an asset is.
    pub(crate) fn locate(&self, asset: &AssetRecord, index: u32) -> Result<Chunk, Error> {
        let (blob, count) = match &asset.location {
            Location::Inline(bytes) if index == 0 => return Ok(Chunk::Inline(bytes.clone())),
            Location::Inline(_) => return Err(Error::ChunkOutOfRange { index, last: 0 }),
            Location::Chunks { blob, count, .. } => (*blob, *count),
        };
        if index >= count {
            return Err(Error::ChunkOutOfRange { index, last: count.saturating_sub(1) });
        }
        let chunk = self.store.chunks.locate(ChunkKey { blob, index });
        chunk.map(Chunk::Stored).ok_or_else(|| Error::Corrupt {
            what: "asset",
            reason: format!("chunk {index} of `{}` is not in the store", asset.name),
        })
    }

    /// How many records of each kind there are.
    #[cfg(test)]
    pub(super) fn counts(&self) -> Counts {
        let store = &self.store;
        Counts {
            items: store.items.len(),
            sessions: store.sessions.len(),
            keys: store.keys.len(),
            newest: store.newest.len(),
            holdings: store.holdings.len(),
            gone: store.gone.len() + store.gone_order.len(),
            expiries: store.expiries.len(),
            chunks: store.chunks.len(),
            used: store.chunks.used(),
            arena: store.chunks.arena_bytes(),
        }
    }
}

/// About how many bytes an item takes in a reply, rather more than less.
fn weight(item: &api::Item) -> usize {
    let recipe =
        |recipe: &api::Recipe| 100 + recipe.source.len() + recipe.processor.len() + recipe.params.len();
    let asset = |asset: &api::Asset| {
        150 + asset.name.len() + asset.media_type.len() + asset.recipe.as_ref().map_or(0, recipe)
    };
    let error = |error: &api::Error| 20 + error.code.len() + error.message.len();
    let stage = |stage: &api::StageStatus| 50 + stage.asset.len() + stage.error.as_ref().map_or(0, error);
    let assets: usize = item.assets.iter().map(asset).sum();
    let stages: usize = item.stages.iter().map(stage).sum();
    200 + item.file_name.len() + item.pipeline.len() + assets + stages
}

/// A chunk of an asset.
pub(crate) enum Chunk {
    /// These bytes.
    Inline(Vec<u8>),
    /// Bytes in the store.
    Stored(Extent),
}

/// The asset of this name.
pub(super) fn known_asset<'a>(id: ItemId, item: &'a ItemRecord, name: &str) -> api::Result<&'a AssetRecord> {
    item.asset(name).ok_or_else(|| {
        let known: Vec<_> = item.assets.iter().map(|asset| asset.name.as_str()).collect();
        let name: String = name.chars().take(64).collect();
        let message = format!("item `{id}` has no asset `{name}`; it has: {}", known.join(", "));
        api::Error::new(api::code::ASSET_NOT_FOUND, message)
    })
}

/// How many records of each kind there are, and bytes of the arena in use.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) items: u64,
    pub(super) sessions: u64,
    pub(super) keys: u64,
    pub(super) newest: u64,
    pub(super) holdings: u64,
    pub(super) gone: u64,
    pub(super) expiries: u64,
    pub(super) chunks: u64,
    pub(super) used: u64,
    pub(super) arena: (u64, u64),
}
