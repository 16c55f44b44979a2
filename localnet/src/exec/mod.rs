//! Running canister Wasm: the host state behind the system interface, and one execution from entry point to
//! effects. This module decides nothing about scheduling and commits nothing.

pub(crate) mod context;
mod host;
mod ic0;
mod runtime;

pub(crate) use context::Kind;
pub(crate) use host::{Certify, Effects, Host, LogLine, Message, OutCall, Response, View};
pub(crate) use ic0::link;
pub(crate) use runtime::{Entry, Finished, Globals, Job, THREAD_STACK, engine, run};
