//! A single record in stable memory that each message looks at, and that is read once.

use std::rc::Rc;

use darkroom_core::Error;
use ic_stable_structures::memory_manager::VirtualMemory;
use ic_stable_structures::{Memory, StableCell};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::records::{decode, encode};

/// A record, and what is read of it.
pub(super) struct Kept<R, M: Memory> {
    stored: StableCell<Vec<u8>, VirtualMemory<M>>,
    read: Result<Rc<R>, Error>,
}

impl<R: Serialize + DeserializeOwned, M: Memory> Kept<R, M> {
    /// Opens the record; in fresh memory writes what `first` gives.
    pub(super) fn open(what: &'static str, memory: VirtualMemory<M>, first: impl FnOnce() -> R) -> Self {
        let first = if memory.size() == 0 { encode(&first()) } else { Vec::new() };
        let stored = StableCell::init(memory, first);
        let read = decode(what, stored.get()).map(Rc::new);
        Kept { stored, read }
    }

    /// The record.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(super) fn get(&self) -> Result<Rc<R>, Error> {
        self.read.clone()
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.stored.get()
    }

    /// Replaces the record.
    pub(super) fn set(&mut self, record: R) {
        self.stored.set(encode(&record));
        self.read = Ok(Rc::new(record));
    }
}
