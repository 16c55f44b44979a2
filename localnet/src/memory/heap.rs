//! The Wasm heap: a page file mapped privately, lent to wasmtime as its linear memory.
#![allow(unsafe_code, reason = "implements wasmtime's memory traits, which are unsafe to implement")]

use super::dirty::{self, DirtyMap};
use super::mapping::Mapping;
use super::{DirtyRun, PAGE, PageFile, address};
use parking_lot::RwLock;
use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// Addresses reserved for a heap: what a 64-bit canister may use, and more than a 32-bit one can.
pub(crate) const RESERVED: u64 = 6 << 30;

/// Inaccessible addresses after it.
pub(crate) const GUARD: u64 = 64 << 20;

/// A heap mapped for execution. The executor's own is tracked (changes can be written back); those of queries
/// are not and are thrown away.
#[derive(Debug)]
pub(crate) struct HeapMapping {
    file: Arc<PageFile>,
    // Written only by `grow`, on the thread that runs the Wasm; the fault handler on that same thread never
    // takes the lock but goes through `raw`.
    mapping: RwLock<Box<Mapping>>,
    raw: *const Mapping,
    size: AtomicUsize,
    dirty: Option<DirtyMap>,
}

// SAFETY: `raw` points into the box that `mapping` owns and never replaces.
unsafe impl Send for HeapMapping {}
// SAFETY: as above; concurrent use is limited to one executing thread.
unsafe impl Sync for HeapMapping {}

impl HeapMapping {
    /// Maps the first `size` bytes of `file`.
    pub(crate) fn new(file: Arc<PageFile>, size: u64, tracked: bool) -> io::Result<HeapMapping> {
        let size = to_usize(size)?;
        let mut mapping = Box::new(Mapping::reserve(to_usize(RESERVED + GUARD)?)?);
        mapping.extend(&file, size, !tracked)?;
        let raw = &raw const *mapping;
        let dirty = tracked.then(|| DirtyMap::new(address(RESERVED)));
        Ok(HeapMapping { file, mapping: RwLock::new(mapping), raw, size: AtomicUsize::new(size), dirty })
    }

    /// The file behind it.
    pub(crate) fn file(&self) -> &Arc<PageFile> {
        &self.file
    }

    /// Whether changes are tracked, to be written back.
    pub(crate) fn tracked(&self) -> bool {
        self.dirty.is_some()
    }

    /// Current bytes of the memory.
    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Relaxed) as u64
    }

    /// Announces that the host is about to write to `range`.
    pub(crate) fn touch(&self, range: Range<usize>) {
        if let Some(dirty) = &self.dirty {
            dirty.touch(&self.mapping.read(), range);
        }
    }

    /// Handles a fault while Wasm runs on this heap. Async-signal-safe; takes no lock.
    pub(crate) fn fault(&self, address: usize) -> bool {
        // SAFETY: the box lives as long as `self` and only `grow` changes what is in it, on this very thread.
        let mapping = unsafe { &*self.raw };
        self.dirty.as_ref().is_some_and(|dirty| dirty.fault(mapping, address))
    }

    /// How many pages were written, and `f` with them.
    pub(crate) fn with_dirty<R>(&self, f: impl FnOnce(&[DirtyRun<'_>]) -> R) -> R {
        let mapping = self.mapping.read();
        let size = self.size.load(Ordering::Relaxed);
        let granules = self.dirty.as_ref().map(|d| d.granules(&mapping)).unwrap_or_default();
        let runs: Vec<DirtyRun<'_>> = granules
            .into_iter()
            .flat_map(|g| dirty::written(&mapping, g))
            .filter(|r| r.start < size)
            .map(|r| DirtyRun { offset: r.start as u64, bytes: mapping.bytes(r.start, r.len()) })
            .collect();
        f(&runs)
    }

    /// Pages written so far.
    pub(crate) fn dirty_pages(&self) -> u64 {
        self.with_dirty(|runs| runs.iter().map(|r| r.bytes.len() as u64 / PAGE).sum())
    }

    /// Drops all private pages: the heap reads as its file again.
    pub(crate) fn reset(&self) -> io::Result<()> {
        match &self.dirty {
            Some(dirty) => dirty.reset(&self.mapping.read()),
            None => Ok(()),
        }
    }

    fn grow(&self, size: usize) -> io::Result<()> {
        self.mapping.write().extend(&self.file, size, self.dirty.is_none())?;
        self.size.store(size, Ordering::Relaxed);
        Ok(())
    }
}

fn to_usize(n: u64) -> io::Result<usize> {
    usize::try_from(n).map_err(|_| io::ErrorKind::OutOfMemory.into())
}

thread_local! {
    static NEXT: RefCell<Option<Arc<HeapMapping>>> = const { RefCell::new(None) };
}

/// Hands `heap` to the next instantiation on this thread.
pub(crate) fn lend(heap: Option<Arc<HeapMapping>>) {
    NEXT.with(|next| *next.borrow_mut() = heap);
}

/// Gives wasmtime the heap that was lent to it.
#[derive(Debug)]
pub(crate) struct HeapCreator;

// SAFETY: the reservation (6 GiB and a guard of 64 MiB, never moved) is what the engine's configuration
// promises to compiled code, and fresh bytes of a page file are zero.
unsafe impl MemoryCreator for HeapCreator {
    fn new_memory(
        &self,
        _ty: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        _reserved: Option<usize>,
        _guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let heap = NEXT.with(|next| next.borrow_mut().take()).ok_or("no heap was prepared")?;
        if heap.size.load(Ordering::Relaxed) < minimum {
            heap.grow(minimum).map_err(|e| e.to_string())?;
        }
        Ok(Box::new(Lent(heap)))
    }
}

struct Lent(Arc<HeapMapping>);

// SAFETY: size and address are those of the mapping, which outlives this; growth never moves it.
unsafe impl LinearMemory for Lent {
    fn byte_size(&self) -> usize {
        self.0.size.load(Ordering::Relaxed)
    }

    fn byte_capacity(&self) -> usize {
        address(RESERVED)
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        self.0.grow(new_size).map_err(wasmtime::Error::new)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.0.mapping.read().base()
    }
}
