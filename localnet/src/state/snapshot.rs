//! Snapshots of canisters: what of them is kept in the canister's record, and the files and code behind it.

use super::Hash;
use super::subnets::canister_number;
use crate::exec::Globals;
use crate::memory::PageFile;
use crate::wasm::Code;
use candid::Principal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A canister's state at the time that the snapshot was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) time: u64,
    /// The canister's version then.
    pub(crate) version: u64,
    pub(crate) module: Hash,
    pub(crate) globals: Arc<Globals>,
    pub(crate) heap_size: u64,
    pub(crate) stable_pages: u64,
    pub(crate) certified_data: Vec<u8>,
    pub(crate) chunks: BTreeSet<Hash>,
    /// Bytes that it occupies.
    pub(crate) size: u64,
}

/// Code and memories of a snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) code: Arc<Code>,
    pub(crate) heap: Arc<PageFile>,
    pub(crate) stable: Arc<PageFile>,
}

/// The name of a snapshot: its number in its canister and that canister.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotId {
    pub(crate) number: u64,
    pub(crate) canister: Principal,
}

impl SnapshotId {
    /// Reads an id back; `None` if these bytes are none.
    pub(crate) fn parse(bytes: &[u8]) -> Option<SnapshotId> {
        let (number, canister) = bytes.split_first_chunk::<8>()?;
        let canister = Principal::try_from_slice(canister).ok()?;
        canister_number(canister)?;
        Some(SnapshotId { number: u64::from_be_bytes(*number), canister })
    }

    /// The id as clients see it: the number, big-endian, then the canister's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [&self.number.to_be_bytes(), self.canister.as_slice()].concat()
    }
}

impl std::fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.bytes()))
    }
}
