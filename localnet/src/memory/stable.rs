//! Stable memory: a page file mapped privately, read and written only through the host, which knows every page
//! it changed.

use super::mapping::Mapping;
use super::{DirtyRun, PAGE, PageFile, WASM_PAGE, address};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// A stable memory mapped for execution.
#[derive(Debug)]
pub(crate) struct StableMapping {
    file: Arc<PageFile>,
    mapping: Mapping,
    /// Wasm pages of the memory, including growth not committed yet.
    pages: u64,
    dirty: BTreeSet<u64>,
}

impl StableMapping {
    /// Maps the first `pages` Wasm pages of `file`.
    pub(crate) fn new(file: Arc<PageFile>, pages: u64) -> StableMapping {
        StableMapping { file, mapping: Mapping::empty(), pages, dirty: BTreeSet::new() }
    }

    /// The file behind it.
    pub(crate) fn file(&self) -> &Arc<PageFile> {
        &self.file
    }

    /// Wasm pages.
    pub(crate) fn pages(&self) -> u64 {
        self.pages
    }

    /// Sets the size, for growth and for starting over.
    pub(crate) fn set_pages(&mut self, pages: u64) {
        self.pages = pages;
    }

    /// The bytes of `[offset, offset + len)`, or `None` if they are out of bounds.
    pub(crate) fn read(&mut self, offset: u64, len: usize) -> Option<&[u8]> {
        let (start, _) = self.locate(offset, len)?;
        Some(self.mapping.bytes(start, len))
    }

    /// Writes `bytes` at `offset` and returns how many pages that made dirty, or `None` if out of bounds.
    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) -> Option<u64> {
        let (start, _) = self.locate(offset, bytes.len())?;
        if bytes.is_empty() {
            return Some(0);
        }
        self.mapping.bytes_mut(start, bytes.len()).copy_from_slice(bytes);
        let last = (offset + bytes.len() as u64 - 1) / PAGE;
        Some((offset / PAGE..=last).map(|page| u64::from(self.dirty.insert(page))).sum())
    }

    fn locate(&mut self, offset: u64, len: usize) -> Option<(usize, usize)> {
        let end = offset.checked_add(len as u64)?;
        if end > self.pages * WASM_PAGE {
            return None;
        }
        let (start, end) = (usize::try_from(offset).ok()?, usize::try_from(end).ok()?);
        if end > self.mapping.mapped() {
            // The mapping follows the file's own steps, so that it moves rarely.
            let len = self.file.ensure_len(end as u64).ok()?;
            self.mapping.regrow(&self.file, usize::try_from(len).ok()?).ok()?;
        }
        Some((start, end))
    }

    /// Pages written so far.
    pub(crate) fn dirty_pages(&self) -> u64 {
        self.dirty.len() as u64
    }

    /// Calls `f` with the changed bytes.
    pub(crate) fn with_dirty<R>(&self, f: impl FnOnce(&[DirtyRun<'_>]) -> R) -> R {
        let runs: Vec<DirtyRun<'_>> = self
            .runs()
            .into_iter()
            .map(|(first, count)| DirtyRun {
                offset: first * PAGE,
                bytes: self.mapping.bytes(address(first * PAGE), address(count * PAGE)),
            })
            .collect();
        f(&runs)
    }

    /// First pages and lengths of the changed runs.
    fn runs(&self) -> Vec<(u64, u64)> {
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for &page in &self.dirty {
            match runs.last_mut() {
                Some((first, count)) if *first + *count == page => *count += 1,
                _ => runs.push((page, 1)),
            }
        }
        runs
    }

    /// Drops the private pages and restores the committed size.
    pub(crate) fn reset(&mut self, committed_pages: u64) -> io::Result<()> {
        for (first, count) in self.runs() {
            self.mapping.discard(address(first * PAGE), address(count * PAGE))?;
        }
        self.dirty.clear();
        self.pages = committed_pages;
        Ok(())
    }
}
