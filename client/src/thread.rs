//! Work that must not hold up the tasks of a runtime.

use darkroom_core::Error as CoreError;

use crate::error::{Error, Result};

/// Runs work that keeps a processor busy, or waits for a disk, on a thread of its own.
pub(crate) async fn on_thread<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        let reason = "it panicked".to_owned();
        Error::Processing(CoreError::ProcessorFailed { processor: "reader".to_owned(), reason })
    })
}
