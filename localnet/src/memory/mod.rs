//! Canister memories: each heap and each stable memory is a file of pages, mapped privately, so that a message
//! costs what it touches. This module knows nothing of canisters, messages or Wasm.

pub(crate) mod dirty;
pub(crate) mod file;
pub(crate) mod heap;
pub(crate) mod mapping;
pub(crate) mod stable;

pub(crate) use file::PageFile;
pub(crate) use heap::{HeapCreator, HeapMapping};
pub(crate) use stable::StableMapping;

/// Bytes of an operating system page, the unit of dirty tracking and of write-back.
pub(crate) const PAGE: u64 = 4096;

/// The same, as a size.
pub(crate) const PAGE_SIZE: usize = 4096;

/// A size or an offset as an address.
#[allow(clippy::cast_possible_truncation, reason = "the crate is for 64-bit systems only, see lib.rs")]
pub(crate) const fn address(n: u64) -> usize {
    n as usize
}

/// Bytes of a Wasm page.
pub(crate) const WASM_PAGE: u64 = 65_536;

/// A run of changed bytes of one page file, borrowed from a private mapping until it is written back.
pub(crate) struct DirtyRun<'a> {
    /// Byte offset in the file.
    pub(crate) offset: u64,
    /// The new bytes, whole pages.
    pub(crate) bytes: &'a [u8],
}
