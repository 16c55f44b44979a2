//! One execution: a fresh store, the canister's memories and globals in place, one entry point, and what came of
//! it. The caller keeps or drops the changes.
#![allow(unsafe_code, reason = "installs the fault handler that tracks heap writes")]

use super::context::Kind;
use super::host::{Effects, Host};
use crate::memory::{HeapCreator, HeapMapping, dirty, heap};
use crate::reject::CanisterError;
use crate::wasm::{Code, names, operator_cost};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};
use wasmtime::unix::StoreExt;
use wasmtime::{Config, Engine, Func, Instance, Ref, Store, Trap, Val};

/// The stack that Wasm may use; threads that execute need more than this.
const WASM_STACK: usize = 5 << 20;

/// The stack of a thread that executes Wasm.
pub(crate) const THREAD_STACK: usize = 16 << 20;

/// The engine of the process.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .operator_cost(operator_cost())
            .cranelift_nan_canonicalization(true)
            .wasm_bulk_memory(true)
            .wasm_simd(true)
            .wasm_multi_value(true)
            .wasm_tail_call(true)
            .wasm_memory64(true)
            .wasm_relaxed_simd(false)
            .wasm_multi_memory(false)
            .wasm_extended_const(false)
            .async_stack_size(WASM_STACK)
            .max_wasm_stack(WASM_STACK)
            .memory_init_cow(false)
            .memory_reservation(heap::RESERVED)
            .memory_guard_size(heap::GUARD)
            .memory_may_move(false)
            .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(30))
            .with_host_memory(Arc::new(HeapCreator));
        Engine::new(&config).unwrap_or_else(|e| unreachable!("the engine's settings are constant: {e:#}"))
    })
}

/// Values of a module's mutable globals, in order.
pub(crate) type Globals = Vec<Global>;

/// The value of one mutable global; references are not kept between messages.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Global {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
    Reference,
}

/// What to run.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// Copy the data segments, run the start function, then this export if the module has it.
    Install(&'static str),
    /// The same on a heap that is kept: without the data segments.
    Keep(&'static str),
    /// An exported function.
    Export(String),
    /// A function of table 0 with its environment.
    Callback(u32, u64),
}

/// One execution to do.
pub(crate) struct Job<'a> {
    pub(crate) code: &'a Code,
    /// None for an instance that starts afresh.
    pub(crate) globals: Option<&'a Globals>,
    pub(crate) heap: Arc<HeapMapping>,
    pub(crate) host: Host,
    pub(crate) entry: Entry,
    pub(crate) limit: u64,
}

/// What came of it.
pub(crate) struct Finished {
    pub(crate) result: Result<(), CanisterError>,
    pub(crate) globals: Globals,
    pub(crate) host: Host,
    pub(crate) instructions: u64,
}

impl Finished {
    /// The effects, taken out.
    pub(crate) fn effects(&mut self) -> Effects {
        std::mem::take(&mut self.host.effects)
    }
}

/// Runs `job` to its end.
pub(crate) fn run(job: Job<'_>) -> Finished {
    let Job { code, globals, heap, mut host, entry, limit } = job;
    host.heap = Some(heap.clone());
    host.fuel_limit = limit;
    let kind = host.kind;
    let mut store = Store::new(engine(), host);
    store.limiter(|host| host);
    let tracked = heap.clone();
    // SAFETY: the handler reads atomics and calls mprotect, both async-signal-safe; it claims only faults at
    // write-protected pages of this store's heap.
    unsafe {
        store.set_signal_handler(move |signal, info, _| {
            signal == libc::SIGSEGV && tracked.fault(dirty::fault_address(info))
        });
    }
    // A fault of the network's own fails the message; what it changed is undone as after a trap.
    let attempt = || execute(&mut store, code, globals, &heap, kind, &entry, limit);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(attempt)).unwrap_or_else(|panic| {
        heap::lend(None);
        let why = crate::error::panic_text(&*panic);
        Err(wasmtime::Error::msg(format!("the network failed at this message: {why}")))
    });
    let (result, globals) = match result {
        Ok(globals) => (Ok(()), globals),
        Err(error) => (Err(classify(&mut store, error, limit)), Globals::new()),
    };
    // The pages of the data segments are the module's, no message has changed them.
    let free = store.data().free_pages;
    let heap_pages =
        if heap.tracked() && result.is_ok() { heap.dirty_pages().saturating_sub(free) } else { 0 };
    let used = limit - store.get_fuel().unwrap_or(0).min(limit);
    let result = match used.saturating_add(heap_pages * DIRTY_PAGE) {
        total if result.is_ok() && total > limit => Err(CanisterError::InstructionLimit(limit)),
        _ => result,
    };
    let instructions = used.saturating_add(heap_pages * DIRTY_PAGE).min(limit);
    Finished { result, globals, host: store.into_data(), instructions }
}

/// Instructions for each page of the heap that a message made dirty.
const DIRTY_PAGE: u64 = 1_000;

fn execute(
    store: &mut Store<Host>,
    code: &Code,
    globals: Option<&Globals>,
    heap: &Arc<HeapMapping>,
    kind: Kind,
    entry: &Entry,
    limit: u64,
) -> wasmtime::Result<Globals> {
    store.set_fuel(u64::MAX)?;
    let size = heap.size();
    heap::lend(Some(heap.clone()));
    let instance = code.pre.instantiate(&mut *store);
    heap::lend(None);
    let instance = instance?;
    debug_assert!(heap.size() >= size);
    store.data_mut().memory = instance.get_memory(&mut *store, names::MEMORY);
    if let Some(globals) = globals {
        restore(store, &instance, code, globals)?;
    }
    match entry {
        Entry::Install(name) | Entry::Keep(name) => {
            if matches!(entry, Entry::Install(_)) {
                call(store, &instance, names::DATA)?;
            }
            store.data_mut().free_pages = heap.dirty_pages();
            store.set_fuel(limit)?;
            if code.info.start.is_some() {
                store.data_mut().kind = Kind::Start;
                call(store, &instance, names::START)?;
                store.data_mut().kind = kind;
            }
            if code.info.has(name) {
                call(store, &instance, name)?;
            }
        }
        Entry::Export(name) => {
            store.set_fuel(limit)?;
            call(store, &instance, name)?;
        }
        Entry::Callback(index, env) => {
            store.set_fuel(limit)?;
            callback(store, &instance, *index, *env)?;
        }
    }
    Ok(save(store, &instance, code))
}

fn call(store: &mut Store<Host>, instance: &Instance, name: &str) -> wasmtime::Result<()> {
    instance.get_typed_func::<(), ()>(&mut *store, name)?.call(store, ())
}

fn callback(store: &mut Store<Host>, instance: &Instance, index: u32, env: u64) -> wasmtime::Result<()> {
    let fail = |error| wasmtime::Error::new(super::ic0::HostTrap(error));
    let violation = |text: &str| fail(CanisterError::Contract(text.to_owned()));
    let table = instance.get_table(&mut *store, names::TABLE).ok_or_else(|| violation("table not found"))?;
    let entry = table.get(&mut *store, u64::from(index));
    let Ref::Func(func) = entry.ok_or_else(|| fail(CanisterError::NoFunction(index)))? else {
        return Err(violation("not a function reference"));
    };
    let func: Func = func.ok_or_else(|| violation("unexpected null function reference"))?;
    if let Ok(func) = func.typed::<u32, ()>(&*store) {
        func.call(&mut *store, u32::try_from(env).unwrap_or_default())
    } else {
        let other = |_| violation("function invocation does not match its signature");
        let func = func.typed::<u64, ()>(&*store).map_err(other)?;
        func.call(&mut *store, env)
    }
}

fn restore(
    store: &mut Store<Host>,
    instance: &Instance,
    code: &Code,
    values: &Globals,
) -> wasmtime::Result<()> {
    for ((index, _), value) in code.info.mutable_globals.iter().zip(values) {
        let Some(global) = instance.get_global(&mut *store, &names::global(*index)) else { continue };
        let value = match *value {
            Global::I32(v) => Val::I32(v),
            Global::I64(v) => Val::I64(v),
            Global::F32(v) => Val::F32(v),
            Global::F64(v) => Val::F64(v),
            Global::V128(v) => Val::V128(v.into()),
            Global::Reference => continue,
        };
        global.set(&mut *store, value)?;
    }
    Ok(())
}

fn save(store: &mut Store<Host>, instance: &Instance, code: &Code) -> Globals {
    let mut values = Globals::with_capacity(code.info.mutable_globals.len());
    for (index, _) in &code.info.mutable_globals {
        let value = instance.get_global(&mut *store, &names::global(*index)).map(|g| g.get(&mut *store));
        values.push(match value {
            Some(Val::I32(v)) => Global::I32(v),
            Some(Val::I64(v)) => Global::I64(v),
            Some(Val::F32(v)) => Global::F32(v),
            Some(Val::F64(v)) => Global::F64(v),
            Some(Val::V128(v)) => Global::V128(v.as_u128()),
            _ => Global::Reference,
        });
    }
    values
}

fn classify(store: &mut Store<Host>, error: wasmtime::Error, limit: u64) -> CanisterError {
    if let Some(hit) = store.data_mut().limit_hit.take() {
        return hit;
    }
    if let Some(error) = error.downcast_ref::<super::ic0::HostTrap>() {
        return error.0.clone();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => CanisterError::InstructionLimit(limit),
        Some(trap) => CanisterError::Trapped(trap_name(*trap).into()),
        None => CanisterError::Trapped(format!("{error:#}")),
    }
}

fn trap_name(trap: Trap) -> &'static str {
    match trap {
        Trap::StackOverflow => "stack overflow",
        Trap::MemoryOutOfBounds => "heap out of bounds",
        Trap::TableOutOfBounds => "table out of bounds",
        Trap::IndirectCallToNull => "null function call",
        Trap::BadSignature => "function signature mismatch",
        Trap::IntegerOverflow => "integer overflow",
        Trap::IntegerDivisionByZero => "integer division by 0",
        Trap::BadConversionToInteger => "invalid conversion to integer",
        Trap::UnreachableCodeReached => "unreachable",
        _ => "unknown trap code",
    }
}
