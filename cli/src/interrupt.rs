//! Work that Ctrl-C or a request to end stops in good order.

use std::future::Future;

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Error, Result};

/// A runtime for calls to networks.
pub(crate) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::io("cannot start the runtime"))
}

/// Resolves once the process is interrupted or asked to end.
pub(crate) async fn interrupted() -> Result<()> {
    let what = "cannot listen for signals";
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::io(what))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::io(what))?;
    tokio::select! {
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

/// Runs `work` unless it is interrupted before its end.
pub(crate) async fn or_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        result = interrupted() => result.and(Err(Error::Interrupted)),
        result = work => result,
    }
}
