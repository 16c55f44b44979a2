//! What can go wrong when a network starts or stops.

use std::path::PathBuf;

/// Why a network could not start or stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process uses the state directory.
    #[error(
        "the state directory {dir} is in use by process {pid}; stop that process or choose another directory"
    )]
    StateInUse {
        /// The state directory.
        dir: PathBuf,
        /// The process that holds it, 0 if it is not known.
        pid: u32,
    },
    /// The state was written by another version of the program.
    #[error("the state in {dir} has layout version {found}; this program reads version {expected}")]
    StateVersion {
        /// The state directory.
        dir: PathBuf,
        /// What is stamped on the state.
        found: String,
        /// What this program reads and writes.
        expected: u32,
    },
    /// The state is damaged or incomplete.
    #[error("the state in {dir} cannot be read: {reason}")]
    StateUnreadable {
        /// The state directory.
        dir: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The port is taken, or may not be used.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// The system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".into())
}
