//! One private mapping of a page file inside a reserved range of addresses. The only module, with `dirty` and
//! `heap`, that handles raw addresses.
#![allow(unsafe_code, reason = "memory mappings are raw addresses; every use is explained where it is")]

use super::PageFile;
use rustix::mm::{Advice, MapFlags, MprotectFlags, MremapFlags, ProtFlags};
use std::io;
use std::ptr;

/// A private (copy-on-write) mapping of the start of a page file; the rest of its reservation is inaccessible.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: *mut u8,
    reserved: usize,
    mapped: usize,
}

// SAFETY: the mapping is owned; the pointer is only an address, and access is synchronised by the owners.
unsafe impl Send for Mapping {}
// SAFETY: as above; shared references only hand out the address or do atomic system calls on it.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// A mapping of nothing.
    pub(crate) fn empty() -> Mapping {
        Mapping { base: ptr::NonNull::dangling().as_ptr(), reserved: 0, mapped: 0 }
    }

    /// Reserves `reserved` bytes of inaccessible addresses.
    pub(crate) fn reserve(reserved: usize) -> io::Result<Mapping> {
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice disturbs nothing.
        let base = unsafe {
            rustix::mm::mmap_anonymous(
                ptr::null_mut(),
                reserved,
                ProtFlags::empty(),
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )?
        };
        Ok(Mapping { base: base.cast(), reserved, mapped: 0 })
    }

    /// Maps the file's bytes from the end of what is mapped up to `len`, readable and, if so asked, writable.
    pub(crate) fn extend(&mut self, file: &PageFile, len: usize, writable: bool) -> io::Result<()> {
        if len <= self.mapped {
            return Ok(());
        }
        if len > self.reserved {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        file.ensure_len(len as u64)?;
        let prot = if writable { ProtFlags::READ | ProtFlags::WRITE } else { ProtFlags::READ };
        // SAFETY: the target range lies inside this mapping's own reservation and was not accessible before.
        unsafe {
            rustix::mm::mmap(
                self.base.add(self.mapped).cast(),
                len - self.mapped,
                prot,
                MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED,
                file.file(),
                self.mapped as u64,
            )?;
        }
        self.mapped = len;
        Ok(())
    }

    /// Grows a mapping that is all file (no reservation left over) to `len` bytes; its address may change and
    /// its private pages are kept.
    pub(crate) fn regrow(&mut self, file: &PageFile, len: usize) -> io::Result<()> {
        if len <= self.mapped {
            return Ok(());
        }
        if self.mapped == 0 {
            *self = Mapping::reserve(len)?;
            return self.extend(file, len, true);
        }
        file.ensure_len(len as u64)?;
        // SAFETY: the old range is this mapping's own; its users hold `&mut self` and re-read `base`.
        let base = unsafe { rustix::mm::mremap(self.base.cast(), self.mapped, len, MremapFlags::MAYMOVE)? };
        (self.base, self.reserved, self.mapped) = (base.cast(), len, len);
        Ok(())
    }

    /// Drops the private copies of `[offset, offset + len)`: it reads as the file again.
    pub(crate) fn discard(&self, offset: usize, len: usize) -> io::Result<()> {
        debug_assert!(offset + len <= self.mapped);
        // SAFETY: the range is mapped by `self`; nobody holds references into it between messages.
        unsafe { rustix::mm::madvise(self.base.add(offset).cast(), len, Advice::LinuxDontNeed)? };
        Ok(())
    }

    /// Allows or forbids writing to `[offset, offset + len)`. Async-signal-safe.
    pub(crate) fn set_writable(&self, offset: usize, len: usize, writable: bool) -> io::Result<()> {
        debug_assert!(offset + len <= self.mapped);
        let flags = if writable { MprotectFlags::READ | MprotectFlags::WRITE } else { MprotectFlags::READ };
        // SAFETY: the range is mapped by `self`.
        unsafe { rustix::mm::mprotect(self.base.add(offset).cast(), len, flags)? };
        Ok(())
    }

    /// The first address.
    pub(crate) fn base(&self) -> *mut u8 {
        self.base
    }

    /// Accessible bytes.
    pub(crate) fn mapped(&self) -> usize {
        self.mapped
    }

    /// The mapped bytes of `[offset, offset + len)`.
    pub(crate) fn bytes(&self, offset: usize, len: usize) -> &[u8] {
        assert!(offset.checked_add(len).is_some_and(|end| end <= self.mapped), "outside the mapping");
        // SAFETY: in bounds of readable memory; the executor that owns the mapping does not write meanwhile.
        unsafe { std::slice::from_raw_parts(self.base.add(offset), len) }
    }

    /// The mapped bytes of `[offset, offset + len)`, to write.
    pub(crate) fn bytes_mut(&mut self, offset: usize, len: usize) -> &mut [u8] {
        assert!(offset.checked_add(len).is_some_and(|end| end <= self.mapped), "outside the mapping");
        // SAFETY: in bounds, exclusively borrowed; callers only use it on writable mappings.
        unsafe { std::slice::from_raw_parts_mut(self.base.add(offset), len) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.reserved == 0 {
            return;
        }
        // SAFETY: the range is this mapping's own and nothing refers to it any more.
        let _ = unsafe { rustix::mm::munmap(self.base.cast(), self.reserved) };
    }
}
