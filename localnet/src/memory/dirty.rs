//! Which pages of a private mapping were written: granules are write-protected until the first write to them
//! faults, and inside the touched granules the kernel's page map tells the pages apart.
#![allow(unsafe_code, reason = "reads the address of a fault and the process's page map")]

use super::PAGE_SIZE;
use super::mapping::Mapping;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Bytes of a granule.
const GRANULE: usize = 64 << 10;

/// With this many granules touched the whole mapping becomes writable: kernels limit the number of areas with
/// different protection, and the page map tells the rest.
const MANY: usize = 4096;

/// The touched granules of one mapping. All methods are async-signal-safe, except `take`.
#[derive(Debug)]
pub(crate) struct DirtyMap {
    bits: Box<[AtomicU64]>,
    touched: AtomicUsize,
    all: AtomicBool,
}

impl DirtyMap {
    /// A clean map for up to `bytes` bytes.
    pub(crate) fn new(bytes: usize) -> DirtyMap {
        let words = bytes.div_ceil(GRANULE).div_ceil(64);
        DirtyMap {
            bits: (0..words).map(|_| AtomicU64::new(0)).collect(),
            touched: AtomicUsize::new(0),
            all: AtomicBool::new(false),
        }
    }

    /// Makes `range` writable and remembers it. False if it does not lie in the mapping.
    pub(crate) fn touch(&self, mapping: &Mapping, range: Range<usize>) -> bool {
        if range.end > mapping.mapped() {
            return false;
        }
        if range.is_empty() || self.all.load(Ordering::Relaxed) {
            return true;
        }
        for granule in range.start / GRANULE..=(range.end - 1) / GRANULE {
            let (word, bit) = (granule / 64, 1u64 << (granule % 64));
            let Some(slot) = self.bits.get(word) else { return false };
            if slot.load(Ordering::Relaxed) & bit != 0 {
                continue;
            }
            let start = granule * GRANULE;
            let len = GRANULE.min(mapping.mapped() - start);
            let many = self.touched.fetch_add(1, Ordering::Relaxed) >= MANY;
            if many || mapping.set_writable(start, len, true).is_err() {
                self.all.store(true, Ordering::Relaxed);
                return mapping.set_writable(0, mapping.mapped(), true).is_ok();
            }
            slot.fetch_or(bit, Ordering::Relaxed);
        }
        true
    }

    /// Handles a write fault at `address`; false if it is none of this mapping's granules.
    pub(crate) fn fault(&self, mapping: &Mapping, address: usize) -> bool {
        let base = mapping.base() as usize;
        let Some(offset) = address.checked_sub(base) else { return false };
        if offset >= mapping.mapped() {
            return false;
        }
        let (granule, all) = (offset / GRANULE, self.all.load(Ordering::Relaxed));
        let seen =
            self.bits.get(granule / 64).is_some_and(|w| w.load(Ordering::Relaxed) >> (granule % 64) & 1 == 1);
        // A fault in memory that is writable already is not about protection.
        !all && !seen && self.touch(mapping, offset..offset + 1)
    }

    /// The touched ranges, in order.
    pub(crate) fn granules(&self, mapping: &Mapping) -> Vec<Range<usize>> {
        if self.all.load(Ordering::Relaxed) {
            return std::iter::once(0..mapping.mapped()).collect();
        }
        if self.touched.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (word, slot) in self.bits.iter().enumerate() {
            let mut bits = slot.load(Ordering::Relaxed);
            while bits != 0 {
                let start = (word * 64 + bits.trailing_zeros() as usize) * GRANULE;
                bits &= bits - 1;
                let end = (start + GRANULE).min(mapping.mapped());
                match ranges.last_mut() {
                    Some(last) if last.end == start => last.end = end,
                    _ => ranges.push(start..end),
                }
            }
        }
        ranges
    }

    /// Forgets everything and drops the private pages: the mapping reads as its file, write-protected.
    pub(crate) fn reset(&self, mapping: &Mapping) -> std::io::Result<()> {
        for range in self.granules(mapping) {
            mapping.discard(range.start, range.len())?;
            mapping.set_writable(range.start, range.len(), false)?;
        }
        if self.touched.swap(0, Ordering::Relaxed) != 0 {
            for slot in &self.bits {
                slot.store(0, Ordering::Relaxed);
            }
        }
        self.all.store(false, Ordering::Relaxed);
        Ok(())
    }
}

/// The page ranges inside `range` of which the mapping holds private copies, joined where they touch.
pub(crate) fn written(mapping: &Mapping, range: Range<usize>) -> Vec<Range<usize>> {
    let page = PAGE_SIZE;
    let Some(entries) = page_map(mapping.base() as usize + range.start, range.len() / page) else {
        return vec![range]; // no page map on this system: take the granule as a whole
    };
    let mut out: Vec<Range<usize>> = Vec::new();
    for (i, entry) in entries.iter().enumerate() {
        // Bit 63: present; 62: swapped; 61: still the file's page, not a private copy.
        if entry >> 62 == 0 || entry >> 61 & 1 == 1 {
            continue;
        }
        let start = range.start + i * page;
        match out.last_mut() {
            Some(last) if last.end == start => last.end += page,
            _ => out.push(start..start + page),
        }
    }
    out
}

fn page_map(address: usize, pages: usize) -> Option<Vec<u64>> {
    static PAGE_MAP: OnceLock<Option<File>> = OnceLock::new();
    let file = PAGE_MAP.get_or_init(|| File::open("/proc/self/pagemap").ok().filter(works)).as_ref()?;
    read_page_map(file, address, pages)
}

fn read_page_map(file: &File, address: usize, pages: usize) -> Option<Vec<u64>> {
    let mut bytes = vec![0; pages * 8];
    file.read_exact_at(&mut bytes, (address / PAGE_SIZE * 8) as u64).ok()?;
    Some(bytes.chunks_exact(8).map(|c| u64::from_ne_bytes(c.try_into().unwrap_or_default())).collect())
}

/// Whether the page map tells a private page from a page of the file; some sandboxes offer an empty one.
fn works(file: &File) -> bool {
    let probe = || -> std::io::Result<bool> {
        let page = PAGE_SIZE;
        let backing = super::PageFile::anonymous()?;
        backing.write_at(0, &[1; 2 * 4096])?;
        let mut mapping = Mapping::reserve(2 * page)?;
        mapping.extend(&backing, 2 * page, true)?;
        let sum = mapping.bytes(page, 1)[0];
        mapping.bytes_mut(0, 1)[0] = sum + 1;
        let entries = read_page_map(file, mapping.base() as usize, 2).unwrap_or_default();
        let private = |e: &u64| e >> 62 != 0 && e >> 61 & 1 == 0;
        Ok(entries.len() == 2 && private(&entries[0]) && !private(&entries[1]))
    };
    probe().unwrap_or(false)
}

/// The address at which a `SIGSEGV` happened.
///
/// # Safety
///
/// `info` must be what the kernel handed to a signal handler for `SIGSEGV` or `SIGBUS`.
pub(crate) unsafe fn fault_address(info: *const libc::siginfo_t) -> usize {
    // SAFETY: promised by the caller.
    unsafe { (*info).si_addr() as usize }
}
