//! A table with the records that were read or written last at hand, so that messages in a row read them once.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::RangeBounds;

use darkroom_core::Error;
use ic_stable_structures::{Memory, Storable};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Table;

/// Records at hand.
const RECENT: usize = 8;

/// Bytes of a record that is kept at hand: those of items with much inside are not.
const SMALL: usize = 16 * 1024;

/// A [`Table`] whose last records are at hand. What is written is in stable memory at once, unless it is
/// [held](Recent::hold).
pub(crate) struct Recent<K: Storable + Ord + Clone, R, M: Memory> {
    table: Table<K, R, M>,
    /// The last first.
    entries: RefCell<VecDeque<Entry<K, R>>>,
    is_held: bool,
}

struct Entry<K, R> {
    key: K,
    record: R,
    /// It is not in the table so.
    is_held: bool,
}

impl<K: Storable + Ord + Clone, R: Clone + Serialize + DeserializeOwned, M: Memory> Recent<K, R, M> {
    pub(super) fn new(table: Table<K, R, M>) -> Self {
        Recent { table, entries: RefCell::default(), is_held: false }
    }

    /// The record under `key`, if there is one.
    pub(crate) fn get(&self, key: &K) -> Result<Option<R>, Error> {
        if let Some(entry) = self.entries.borrow().iter().find(|entry| entry.key == *key) {
            return Ok(Some(entry.record.clone()));
        }
        let Some((record, len)) = self.table.get_sized(key)? else { return Ok(None) };
        if len <= SMALL && !self.is_held {
            self.remember(key.clone(), record.clone());
        }
        Ok(Some(record))
    }

    /// Writes a record.
    pub(crate) fn insert(&mut self, key: K, record: &R) {
        if self.is_held || self.table.insert(key.clone(), record) <= SMALL {
            self.remember(key, record.clone());
        } else {
            self.forget(&key);
        }
    }

    /// Removes a record; true if it was there.
    pub(crate) fn remove(&mut self, key: &K) -> bool {
        let was_held = self.forget(key).is_some_and(|entry| entry.is_held);
        self.table.remove(key) || was_held
    }

    /// Keeps what is written out of stable memory until [`release`](Recent::release), for records that are written more
    /// than once in a message. In between nobody may ask for [`keys`](Recent::keys) or [`len`](Recent::len).
    pub(crate) fn hold(&mut self) {
        self.is_held = true;
    }

    /// Writes what was held.
    pub(crate) fn release(&mut self) {
        self.is_held = false;
        let table = &mut self.table;
        self.entries.get_mut().retain_mut(|entry| {
            let was_held = std::mem::take(&mut entry.is_held);
            !was_held || table.insert(entry.key.clone(), &entry.record) <= SMALL
        });
        self.entries.get_mut().truncate(RECENT);
    }

    /// Puts bytes in the place of a record that cannot be read as one.
    #[cfg(test)]
    pub(crate) fn damage(&mut self, key: &K) {
        self.forget(key);
        self.table.damage(key);
    }

    /// Keys in order.
    pub(crate) fn keys(&self, range: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = K> {
        debug_assert!(!self.is_held, "records are held");
        self.table.keys(range)
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> u64 {
        debug_assert!(!self.is_held, "records are held");
        self.table.len()
    }

    fn forget(&self, key: &K) -> Option<Entry<K, R>> {
        let mut entries = self.entries.borrow_mut();
        let place = entries.iter().position(|entry| entry.key == *key)?;
        entries.remove(place)
    }

    fn remember(&self, key: K, record: R) {
        self.forget(&key);
        let mut entries = self.entries.borrow_mut();
        entries.push_front(Entry { key, record, is_held: self.is_held });
        if !self.is_held {
            entries.truncate(RECENT);
        }
    }
}

#[cfg(test)]
mod tests {
    use ic_stable_structures::VectorMemory;
    use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
    use proptest::prelude::*;
    use serde_bytes::ByteBuf;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8, Vec<u8>),
        Remove(u8),
        Get(u8),
        Hold,
        Release,
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = 0..20u8;
        let len = prop_oneof![0..4usize, SMALL - 20..SMALL + 20];
        let value = (any::<u8>(), len).prop_map(|(byte, len)| vec![byte; len]);
        prop_oneof![
            4 => (key.clone(), value).prop_map(|(key, value)| Step::Insert(key, value)),
            2 => key.clone().prop_map(Step::Remove),
            4 => key.prop_map(Step::Get),
            1 => Just(Step::Hold),
            1 => Just(Step::Release),
        ]
    }

    proptest! {
        #[test]
        fn is_as_a_map_and_all_is_stored_after_release(steps in prop::collection::vec(step(), 0..80)) {
            let memory = MemoryManager::init(VectorMemory::default());
            let open = || Table::<u8, ByteBuf, VectorMemory>::open("bytes", memory.get(MemoryId::new(0)));
            let mut recent = Recent::new(open());
            let (mut map, mut is_held) = (std::collections::BTreeMap::new(), false);
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        recent.insert(key, &ByteBuf::from(value.clone()));
                        map.insert(key, ByteBuf::from(value));
                    }
                    Step::Remove(key) => prop_assert_eq!(recent.remove(&key), map.remove(&key).is_some()),
                    Step::Get(key) => {
                        prop_assert_eq!(recent.get(&key).unwrap(), map.get(&key).cloned());
                    }
                    Step::Hold => {
                        recent.hold();
                        is_held = true;
                    }
                    Step::Release => {
                        recent.release();
                        is_held = false;
                    }
                }
                if !is_held {
                    let small = |entry: &Entry<u8, ByteBuf>| entry.record.len() < SMALL;
                    prop_assert!(recent.entries.borrow().iter().all(small));
                    let stored = open();
                    prop_assert_eq!(stored.len(), map.len() as u64);
                    for (key, value) in &map {
                        prop_assert_eq!(stored.get(key).unwrap(), Some(value.clone()));
                    }
                }
            }
        }
    }
}
