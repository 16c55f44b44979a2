//! The system interface `ic0`: one file per group of functions, and the helpers they share. Each function states
//! the kinds of entry point that may call it and what it costs.

mod call;
mod cycles;
mod message;
mod stable;
mod system;

pub(crate) use stable::LIMIT as STABLE_LIMIT;

use super::Host;
use crate::reject::CanisterError;
use crate::wasm::code::Invalid;
use std::sync::OnceLock;
use wasmtime::{Caller, InstancePre, Linker, Module, Trap, WasmTy};

/// An address or a size in the canister's memory: 32 bits, or 64 in a 64-bit canister.
pub(super) trait Ptr: WasmTy + Copy + Into<u64> + Send + Sync + 'static {
    /// Whether the canister has the functions from before 64-bit memories.
    const NARROW: bool;

    /// From a size that fits by construction.
    fn of(n: usize) -> Self;
}

impl Ptr for u32 {
    const NARROW: bool = true;

    fn of(n: usize) -> u32 {
        u32::try_from(n).unwrap_or(u32::MAX)
    }
}

impl Ptr for u64 {
    const NARROW: bool = false;

    fn of(n: usize) -> u64 {
        n as u64
    }
}

/// A failure raised by a system function.
#[derive(Debug, thiserror::Error)]
#[error("{0:?}")]
pub(crate) struct HostTrap(pub(crate) CanisterError);

/// Result of a system function.
pub(super) type Sys<T> = wasmtime::Result<T>;

/// Defines one system function: name, who may call it, its cost, parameters and body.
macro_rules! sys {
    ($linker:ident, $name:literal, $kinds:expr, $cost:expr,
     |$c:ident $(, $arg:ident: $ty:ty)*| -> $ret:ty $body:block) => {
        $linker.func_wrap(
            "ic0",
            $name,
            move |mut $c: wasmtime::Caller<'_, $crate::exec::Host> $(, $arg: $ty)*| -> wasmtime::Result<$ret> {
                $crate::exec::ic0::enter(&mut $c, $name, $kinds, $cost)?;
                $body
            },
        )?;
    };
}
pub(super) use sys;

/// What a system function costs unless the table says otherwise.
pub(super) const COST: u64 = 500;

/// Checks that the function may be called here and charges for it.
pub(super) fn enter(caller: &mut Caller<'_, Host>, name: &str, kinds: u32, cost: u64) -> Sys<()> {
    let kind = caller.data().kind;
    if kinds & kind as u32 == 0 {
        return violation(format!("\"ic0_{name}\" cannot be executed in {} mode", kind.name()));
    }
    charge(caller, cost)
}

/// Takes `cost` instructions.
pub(super) fn charge(caller: &mut Caller<'_, Host>, cost: u64) -> Sys<()> {
    let fuel = caller.get_fuel()?;
    if fuel < cost {
        caller.set_fuel(0)?;
        return Err(Trap::OutOfFuel.into());
    }
    caller.set_fuel(fuel - cost)
}

/// Fails with an error of the canister.
pub(super) fn fail<T>(error: CanisterError) -> Sys<T> {
    Err(wasmtime::Error::new(HostTrap(error)))
}

/// Fails because the canister broke a rule of the interface.
pub(super) fn violation<T>(text: impl Into<String>) -> Sys<T> {
    fail(CanisterError::Contract(text.into()))
}

/// Instructions per byte of a payload that leaves the canister.
const PAYLOAD_BYTE: u64 = 50;

/// The canister's bytes `[src, src + len)`, charged one instruction each.
pub(super) fn read(caller: &mut Caller<'_, Host>, src: u64, len: u64) -> Sys<Vec<u8>> {
    charge(caller, len)?;
    bytes(caller, src, len)
}

/// Charges for a payload of `len` bytes; [`bytes`] then copies it.
pub(super) fn charge_payload(caller: &mut Caller<'_, Host>, len: u64) -> Sys<()> {
    charge(caller, len.saturating_mul(PAYLOAD_BYTE))
}

/// The canister's bytes `[src, src + len)`.
pub(super) fn bytes(caller: &mut Caller<'_, Host>, src: u64, len: u64) -> Sys<Vec<u8>> {
    let Some(memory) = caller.data().memory else { return fail(CanisterError::Trapped("no memory".into())) };
    match range(src, len, memory.data_size(&caller)) {
        Some(range) => Ok(memory.data(&caller)[range].to_vec()),
        None => out_of_bounds(src, len),
    }
}

/// Writes into the canister's memory, charged one instruction per byte.
pub(super) fn write(caller: &mut Caller<'_, Host>, dst: u64, bytes: &[u8]) -> Sys<()> {
    charge(caller, bytes.len() as u64)?;
    let Some(memory) = caller.data().memory else { return fail(CanisterError::Trapped("no memory".into())) };
    let Some(range) = range(dst, bytes.len() as u64, memory.data_size(&caller)) else {
        return out_of_bounds(dst, bytes.len() as u64);
    };
    if let Some(heap) = &caller.data().heap {
        heap.touch(range.clone());
    }
    memory.data_mut(caller)[range].copy_from_slice(bytes);
    Ok(())
}

/// Copies `[offset, offset + size)` of `data` to `dst`, as all `*_copy` functions do.
pub(super) fn copy(caller: &mut Caller<'_, Host>, data: &[u8], dst: u64, offset: u64, size: u64) -> Sys<()> {
    match range(offset, size, data.len()) {
        Some(range) => write(caller, dst, &data[range]),
        None => violation(format!(
            "cannot copy {size} bytes at offset {offset} out of {} bytes of data",
            data.len()
        )),
    }
}

/// `[start, start + len)` if it ends within `total`.
pub(super) fn range(start: u64, len: u64, total: usize) -> Option<std::ops::Range<usize>> {
    let end = start.checked_add(len)?;
    if end > total as u64 {
        return None;
    }
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

fn out_of_bounds<T>(at: u64, len: u64) -> Sys<T> {
    violation(format!("heap out of bounds: {len} bytes at {at}"))
}

fn linker<P: Ptr>() -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(super::engine());
    message::define::<P>(&mut linker)?;
    call::define::<P>(&mut linker)?;
    cycles::define::<P>(&mut linker)?;
    system::define::<P>(&mut linker)?;
    stable::define::<P>(&mut linker)?;
    Ok(linker)
}

/// Links a module's imports; an import that `ic0` does not have makes the module invalid.
pub(crate) fn link(module: &Module, memory64: bool) -> Result<InstancePre<Host>, Invalid> {
    static NARROW: OnceLock<Linker<Host>> = OnceLock::new();
    static WIDE: OnceLock<Linker<Host>> = OnceLock::new();
    let made =
        |linker: wasmtime::Result<_>| linker.unwrap_or_else(|e| unreachable!("names are unique: {e:#}"));
    let linker = if memory64 {
        WIDE.get_or_init(|| made(linker::<u64>()))
    } else {
        NARROW.get_or_init(|| made(linker::<u32>()))
    };
    linker
        .instantiate_pre(module)
        .map_err(|e| Invalid::new(format!("Wasm module has an invalid import section: {e:#}")))
}
