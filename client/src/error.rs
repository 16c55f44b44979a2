//! What can go wrong, with enough to say what to do.

use std::path::PathBuf;

use darkroom_core::Digest;
use ic_agent::AgentError;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an upload or a read failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not what it was when its upload was prepared or begun.
    #[error("{path} has changed since its upload was prepared; upload it again")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A reader failed.
    #[error("cannot read what is to be uploaded: {0}")]
    Reader(#[source] std::io::Error),
    /// A reader gave fewer bytes than were announced, or more.
    #[error("{declared} bytes were announced; {}", came(*declared, *found))]
    Length {
        /// Bytes that were announced.
        declared: u64,
        /// Bytes that came; where more did, one more.
        found: u64,
    },
    /// A file without bytes.
    #[error("the file is empty")]
    Empty,
    /// The file is not what the pipeline takes, or a stage failed on it.
    #[error("{0}")]
    Processing(#[from] darkroom_core::Error),
    /// A stage that runs here failed.
    #[error("stage `{asset}`: {source}")]
    Stage {
        /// The asset that it makes.
        asset: String,
        /// Why.
        source: darkroom_core::Error,
    },
    /// A stage that runs on the canister failed.
    #[error("stage `{asset}` failed on the canister: {source}")]
    CanisterStage {
        /// The asset that it makes.
        asset: String,
        /// Why.
        source: darkroom_api::Error,
    },
    /// A URL that leads to no network.
    #[error("`{url}` is no URL of a network: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The canister has no such pipeline.
    #[error("the canister has no pipeline `{name}`; it has {known}")]
    UnknownPipeline {
        /// The name asked for.
        name: String,
        /// The names that there are, comma separated.
        known: String,
    },
    /// Client and canister have different versions of a processor, and would make different bytes.
    #[error("processor `{id}` is version {ours} here and {theirs} on the canister; use versions that match")]
    ProcessorVersion {
        /// The processor.
        id: String,
        /// Version in the toolkit.
        ours: u32,
        /// Version on the canister, or that it has none.
        theirs: String,
    },
    /// The canister refused a call.
    #[error("{call}: {source}")]
    Refused {
        /// The method.
        call: &'static str,
        /// Its reason.
        source: darkroom_api::Error,
    },
    /// A call did not get through, or what came back cannot be trusted.
    #[error("{call}: {source}")]
    Call {
        /// The method.
        call: &'static str,
        /// What the agent says.
        source: Box<AgentError>,
    },
    /// An answer is not of the form that this version understands.
    #[error("{call}: the answer cannot be read: {reason}; does the canister run a matching version?")]
    Answer {
        /// The method.
        call: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The item has no such asset.
    #[error("item {item} has no asset `{asset}`; it has {known}")]
    UnknownAsset {
        /// The item.
        item: String,
        /// The name asked for.
        asset: String,
        /// The names that there are, comma separated.
        known: String,
    },
    /// An asset is not what it should be.
    #[error("asset `{asset}` has SHA-256 {found}; expected {expected}")]
    Mismatch {
        /// The asset.
        asset: String,
        /// What it should have.
        expected: Digest,
        /// What the bytes at hand have, or those of the canister.
        found: Digest,
    },
    /// A part of an asset was asked for that it does not have.
    #[error("asset `{asset}` has {size} bytes; {start}..{end} is no part of them")]
    OutOfRange {
        /// The asset.
        asset: String,
        /// The first byte asked for.
        start: u64,
        /// The byte after the last.
        end: u64,
        /// Bytes of the asset.
        size: u64,
    },
    /// A file is there that was not to be overwritten.
    #[error("{path} exists; it is not overwritten")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A download was to replace what is not a file: a directory, a link, a device.
    #[error("{path} is no regular file; a download makes a file, or replaces one")]
    NotAFile {
        /// What is there.
        path: PathBuf,
    },
    /// Another download is writing the same file.
    #[error("another download is writing {path}")]
    Busy {
        /// The file that holds what has arrived.
        path: PathBuf,
    },
    /// The item did not become complete.
    #[error("item {item} is {state} after {seconds} s; `item` tells how far its stages are")]
    Unfinished {
        /// The item.
        item: String,
        /// Its state.
        state: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// An output cannot be written.
    #[error("cannot write: {0}")]
    Write(#[source] std::io::Error),
}

/// Kinds of errors, for programs that act on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file or its processing.
    Input,
    /// What was asked for does not exist.
    Usage,
    /// The network.
    Network,
    /// The canister said no.
    Refused,
    /// Bytes are not what they should be.
    Integrity,
}

impl Error {
    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Unreadable { .. }
            | Error::Changed { .. }
            | Error::Reader(_)
            | Error::Length { .. }
            | Error::Empty
            | Error::Processing(_)
            | Error::Stage { .. }
            | Error::CanisterStage { .. }
            | Error::Unfinished { .. }
            | Error::Write(_) => ErrorKind::Input,
            Error::Url { .. }
            | Error::UnknownPipeline { .. }
            | Error::UnknownAsset { .. }
            | Error::OutOfRange { .. }
            | Error::Exists { .. }
            | Error::NotAFile { .. }
            | Error::Busy { .. } => ErrorKind::Usage,
            Error::ProcessorVersion { .. } | Error::Refused { .. } => ErrorKind::Refused,
            Error::Call { source, .. } => {
                if crate::retry::is_definite(source) {
                    ErrorKind::Refused
                } else {
                    ErrorKind::Network
                }
            }
            Error::Answer { .. } => ErrorKind::Network,
            Error::Mismatch { .. } => ErrorKind::Integrity,
        }
    }

    /// The permanent code of what the canister or a processor said, where there is one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Error::Processing(source) | Error::Stage { source, .. } => Some(source.code()),
            Error::CanisterStage { source, .. } | Error::Refused { source, .. } => Some(&source.code),
            _ => None,
        }
    }
}

/// What came of what was announced.
fn came(declared: u64, found: u64) -> String {
    if found > declared { "more came".to_owned() } else { format!("{found} came") }
}
