//! `ic0`: stable memory.

use super::{Ptr, charge, fail, range, sys};
use crate::exec::Host;
use crate::exec::context::ANY;
use crate::memory::WASM_PAGE;
use crate::reject::CanisterError;
use wasmtime::{Caller, Linker};

const COST: u64 = 20;
const GROW_COST: u64 = 100;
/// Instructions for each page that becomes dirty.
const DIRTY_PAGE: u64 = 1_000;

pub(super) fn define<P: Ptr>(l: &mut Linker<Host>) -> wasmtime::Result<()> {
    sys!(l, "stable64_size", ANY, COST, |c| -> u64 { Ok(c.data().stable.pages()) });
    sys!(l, "stable64_grow", ANY, GROW_COST, |c, pages: u64| -> u64 {
        Ok(grow(&mut c, pages)?.unwrap_or(u64::MAX))
    });
    sys!(l, "stable64_read", ANY, COST, |c, dst: u64, offset: u64, size: u64| -> () {
        load(&mut c, dst, offset, size)
    });
    sys!(l, "stable64_write", ANY, COST, |c, offset: u64, src: u64, size: u64| -> () {
        store(&mut c, offset, src, size)
    });
    if P::NARROW {
        narrow(l)?;
    }
    Ok(())
}

/// For 32-bit canisters only.
fn narrow(l: &mut Linker<Host>) -> wasmtime::Result<()> {
    sys!(l, "stable_size", ANY, COST, |c| -> u32 { small(c.data().stable.pages()) });
    sys!(l, "stable_grow", ANY, GROW_COST, |c, pages: u32| -> u32 {
        small(c.data().stable.pages())?;
        if c.data().stable.pages() + u64::from(pages) > 65_536 {
            return Ok(u32::MAX);
        }
        Ok(grow(&mut c, u64::from(pages))?.and_then(|old| u32::try_from(old).ok()).unwrap_or(u32::MAX))
    });
    sys!(l, "stable_read", ANY, COST, |c, dst: u32, offset: u32, size: u32| -> () {
        small(c.data().stable.pages())?;
        load(&mut c, dst.into(), offset.into(), size.into())
    });
    sys!(l, "stable_write", ANY, COST, |c, offset: u32, src: u32, size: u32| -> () {
        small(c.data().stable.pages())?;
        store(&mut c, offset.into(), src.into(), size.into())
    });
    Ok(())
}

/// The old functions trap once the memory is larger than they can address.
fn small(pages: u64) -> wasmtime::Result<u32> {
    match u32::try_from(pages) {
        Ok(pages) if pages <= 65_536 => Ok(pages),
        _ => fail(CanisterError::Trapped("32 bit stable memory api used on a memory larger than 4GB".into())),
    }
}

fn grow(c: &mut Caller<'_, Host>, pages: u64) -> wasmtime::Result<Option<u64>> {
    let host = c.data_mut();
    let old = host.stable.pages();
    let Some(new) = old.checked_add(pages).filter(|new| *new <= host.stable_limit) else { return Ok(None) };
    if let Err(error) = host.grow(pages * WASM_PAGE) {
        return fail(error);
    }
    host.stable.set_pages(new);
    Ok(Some(old))
}

fn load(c: &mut Caller<'_, Host>, dst: u64, offset: u64, size: u64) -> wasmtime::Result<()> {
    if size == 0 {
        return Ok(());
    }
    charge(c, size)?;
    let Some(memory) = c.data().memory else { return fail(CanisterError::Trapped("no memory".into())) };
    let (heap, host) = memory.data_and_store_mut(c);
    let Some(target) = range(dst, size, heap.len()) else {
        return fail(CanisterError::Trapped("heap out of bounds".into()));
    };
    let Some(bytes) = host.stable.read(offset, target.len()) else { return outside() };
    if let Some(tracked) = &host.heap {
        tracked.touch(target.clone());
    }
    heap[target].copy_from_slice(bytes);
    Ok(())
}

fn store(c: &mut Caller<'_, Host>, offset: u64, src: u64, size: u64) -> wasmtime::Result<()> {
    if size == 0 {
        return Ok(());
    }
    charge(c, size)?;
    let Some(memory) = c.data().memory else { return fail(CanisterError::Trapped("no memory".into())) };
    let (heap, host) = memory.data_and_store_mut(&mut *c);
    let Some(source) = range(src, size, heap.len()) else {
        return fail(CanisterError::Trapped("heap out of bounds".into()));
    };
    // Reading the heap page by page would be as slow as copying it: the bytes go straight from one to the other.
    let Some(pages) = host.stable.write(offset, &heap[source]) else { return outside() };
    if host.stable.dirty_pages() > host.stable_budget {
        return fail(CanisterError::MemoryAccessLimit(format!(
            "Canister exceeded memory access limits: it changed more than {} bytes of stable memory in one message",
            host.stable_budget * crate::memory::PAGE
        )));
    }
    charge(c, pages * DIRTY_PAGE)
}

fn outside<T>() -> wasmtime::Result<T> {
    fail(CanisterError::Trapped("stable memory out of bounds".into()))
}

/// Wasm pages of the largest stable memory, 500 GiB.
pub(crate) const LIMIT: u64 = (500 << 30) / WASM_PAGE;
