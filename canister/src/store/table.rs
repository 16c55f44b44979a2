//! A stable map from keys to versioned records.

use std::marker::PhantomData;
use std::ops::RangeBounds;

use darkroom_core::Error;
use ic_stable_structures::memory_manager::VirtualMemory;
use ic_stable_structures::{Memory, StableBTreeMap, Storable};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::records::{decode, encode};

/// Records of one kind. Values are stored as bytes and read with an error, so that a damaged record fails its
/// call and not the canister.
pub(crate) struct Table<K: Storable + Ord + Clone, R, M: Memory> {
    what: &'static str,
    map: StableBTreeMap<K, Vec<u8>, VirtualMemory<M>>,
    records: PhantomData<R>,
}

impl<K: Storable + Ord + Clone, R: Serialize + DeserializeOwned, M: Memory> Table<K, R, M> {
    pub(super) fn open(what: &'static str, memory: VirtualMemory<M>) -> Self {
        Table { what, map: StableBTreeMap::init(memory), records: PhantomData }
    }

    /// The record under `key`, if there is one.
    pub(crate) fn get(&self, key: &K) -> Result<Option<R>, Error> {
        Ok(self.get_sized(key)?.map(|(record, _)| record))
    }

    /// The record under `key`, if there is one, and its bytes' number.
    pub(super) fn get_sized(&self, key: &K) -> Result<Option<(R, usize)>, Error> {
        let decoded = |bytes: Vec<u8>| Ok((decode(self.what, &bytes)?, bytes.len()));
        self.map.get(key).map(decoded).transpose()
    }

    /// Whether there is a record under `key`.
    pub(crate) fn contains(&self, key: &K) -> bool {
        self.map.contains_key(key)
    }

    /// Writes a record; gives its bytes' number.
    pub(crate) fn insert(&mut self, key: K, record: &R) -> usize {
        let bytes = encode(record);
        let len = bytes.len();
        self.map.insert(key, bytes);
        len
    }

    /// Removes a record; true if it was there.
    pub(crate) fn remove(&mut self, key: &K) -> bool {
        self.map.remove(key).is_some()
    }

    /// Puts bytes in the place of a record that cannot be read as one.
    #[cfg(test)]
    pub(crate) fn damage(&mut self, key: &K) {
        self.map.insert(key.clone(), vec![0]);
    }

    /// Keys in order.
    pub(crate) fn keys(&self, range: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = K> {
        self.map.keys_range(range)
    }

    /// Removes all records.
    pub(crate) fn clear(&mut self) {
        self.map.clear_new();
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> u64 {
        self.map.len()
    }
}
