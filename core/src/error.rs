//! One error type for the crate: what was found, what is allowed, and a stable code for the wire.

use crate::digest::Digest;
use crate::pipeline::Place;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was refused or failed.
///
/// [`code`](Error::code) is permanent and meant for programs; the text is meant for people and may improve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A pipeline configuration does not hold together.
    #[error("invalid configuration: {place}: found {found}; allowed: {allowed}")]
    InvalidConfig {
        /// Pipeline, lane, stage and field, as far as they are known.
        place: Box<Place>,
        /// What stands there.
        found: String,
        /// What may stand there.
        allowed: String,
    },
    /// Two processors claim one id.
    #[error("two processors are registered as `{id}`; ids are unique")]
    DuplicateProcessor {
        /// The id in question.
        id: String,
    },
    /// No processor has this id.
    #[error("unknown processor `{id}`; registered: {known}")]
    UnknownProcessor {
        /// The id asked for.
        id: String,
        /// The registered ids, comma separated.
        known: String,
    },
    /// A processor's parameters are not what it takes.
    #[error("params of processor `{processor}`: {reason}")]
    InvalidParams {
        /// The processor's id.
        processor: String,
        /// What is wrong, with the known names or the allowed range.
        reason: String,
    },
    /// A processor does not take this media type.
    #[error("processor `{processor}` does not accept {found}; it accepts {allowed}")]
    UnsupportedMedia {
        /// The processor's id.
        processor: String,
        /// The source's media type.
        found: String,
        /// The accepted media types, comma separated.
        allowed: String,
    },
    /// The bytes are not of a format that can be read.
    #[error("not a readable image: {reason}")]
    NotAnImage {
        /// What was found instead.
        reason: String,
    },
    /// The bytes are of a known format but damaged or cut off.
    #[error("damaged {format}: {reason}")]
    Damaged {
        /// The format, such as `JPEG`.
        format: &'static str,
        /// Where it breaks.
        reason: String,
    },
    /// The image is larger than the limits allow.
    #[error("image {what} is {found}; at most {allowed} is allowed")]
    ImageTooLarge {
        /// The measure, such as `pixels`.
        what: &'static str,
        /// What the header says.
        found: u64,
        /// The limit.
        allowed: u64,
    },
    /// Work that would take more than it may; it was not begun.
    #[error("estimated at {found} {what}; at most {allowed} are allowed")]
    TooCostly {
        /// The measure, such as `instructions`.
        what: &'static str,
        /// The estimate.
        found: u64,
        /// The limit.
        allowed: u64,
    },
    /// A picture cannot be encoded in as few bytes as were asked for.
    #[error("{encoding} has {found} bytes at its smallest; at most {allowed} are allowed")]
    OverBudget {
        /// The format, and what was tried.
        encoding: String,
        /// The smallest number of bytes that was reached.
        found: u64,
        /// The budget.
        allowed: u64,
    },
    /// A derivative is not what its recipe gives.
    #[error("asset `{asset}` is {found}; its recipe gives {made}")]
    DerivativeMismatch {
        /// The asset.
        asset: String,
        /// What was sent: media type, size in pixels where it has one, SHA-256.
        found: String,
        /// The same of what the recipe gives.
        made: String,
    },
    /// A processor failed for a reason of its own.
    #[error("processor `{processor}` failed: {reason}")]
    ProcessorFailed {
        /// The processor's id.
        processor: String,
        /// What it said.
        reason: String,
    },
    /// A name is not well formed.
    #[error("invalid {what} `{found}`: {allowed}")]
    InvalidName {
        /// What is being named.
        what: &'static str,
        /// The text given.
        found: String,
        /// The rule.
        allowed: &'static str,
    },
    /// An upload was declared with a size that is not taken.
    #[error("size is {found} bytes; 1 to {allowed} are allowed")]
    InvalidSize {
        /// Declared bytes.
        found: u64,
        /// The limit in bytes.
        allowed: u64,
    },
    /// A chunk index outside the upload.
    #[error("chunk {index} is out of range; the upload has chunks 0 to {last}")]
    ChunkOutOfRange {
        /// The index given.
        index: u32,
        /// The last valid index.
        last: u32,
    },
    /// A chunk of a wrong length.
    #[error("chunk {index} has {found} bytes; {expected} are expected")]
    ChunkLength {
        /// The index given.
        index: u32,
        /// Its bytes.
        found: u64,
        /// The bytes that its place in the upload calls for.
        expected: u64,
    },
    /// The bytes of a chunk do not have the SHA-256 that came with them.
    #[error("chunk {index} has SHA-256 {found}; {declared} was declared")]
    ChunkHash {
        /// The index given.
        index: u32,
        /// Computed over the bytes received.
        found: Digest,
        /// What came with the bytes.
        declared: Digest,
    },
    /// Other bytes are already stored under this index.
    #[error("chunk {index} is stored with SHA-256 {stored}; different bytes with {found} are refused")]
    ChunkConflict {
        /// The index given.
        index: u32,
        /// Of the bytes stored.
        stored: Digest,
        /// Of the bytes received.
        found: Digest,
    },
    /// The session has already been finished.
    #[error("the session is finished; its bytes can no longer change")]
    SessionFinished,
    /// Chunks are missing.
    #[error("{missing} of {total} chunks are missing, first {first}")]
    Incomplete {
        /// How many are missing.
        missing: u32,
        /// How many there are.
        total: u32,
        /// The first missing index.
        first: u32,
    },
    /// The whole does not have the declared SHA-256.
    #[error("the upload has SHA-256 {found}; {declared} was declared")]
    HashMismatch {
        /// Computed over all bytes in order.
        found: Digest,
        /// What was declared at begin.
        declared: Digest,
    },
    /// A saved state cannot be read back.
    #[error("stored {what} is corrupt: {reason}")]
    Corrupt {
        /// What was being read.
        what: &'static str,
        /// Why it cannot be.
        reason: String,
    },
    /// The place where chunks are kept has no room.
    #[error("no room for {needed} bytes; {available} are available")]
    StoreFull {
        /// Bytes asked for.
        needed: u64,
        /// Bytes left.
        available: u64,
    },
}

impl Error {
    /// The permanent code of this error, in `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Error::InvalidConfig { .. } => "invalid_config",
            Error::DuplicateProcessor { .. } => "duplicate_processor",
            Error::UnknownProcessor { .. } => "unknown_processor",
            Error::InvalidParams { .. } => "invalid_params",
            Error::UnsupportedMedia { .. } => "unsupported_media",
            Error::NotAnImage { .. } => "not_an_image",
            Error::Damaged { .. } => "damaged",
            Error::ImageTooLarge { .. } => "image_too_large",
            Error::TooCostly { .. } => "too_costly",
            Error::OverBudget { .. } => "over_budget",
            Error::DerivativeMismatch { .. } => "derivative_mismatch",
            Error::ProcessorFailed { .. } => "processor_failed",
            Error::InvalidName { .. } => "invalid_name",
            Error::InvalidSize { .. } => "invalid_size",
            Error::ChunkOutOfRange { .. } => "chunk_out_of_range",
            Error::ChunkLength { .. } => "chunk_length",
            Error::ChunkHash { .. } => "chunk_hash",
            Error::ChunkConflict { .. } => "chunk_conflict",
            Error::SessionFinished => "session_finished",
            Error::Incomplete { .. } => "incomplete",
            Error::HashMismatch { .. } => "hash_mismatch",
            Error::Corrupt { .. } => "corrupt",
            Error::StoreFull { .. } => "store_full",
        }
    }

    /// Whether the same call may succeed when it is made again unchanged: damage on the way
    /// ([`ChunkHash`](Error::ChunkHash)), missing chunks, or room that may be freed.
    pub fn retryable(&self) -> bool {
        matches!(self, Error::ChunkHash { .. } | Error::Incomplete { .. } | Error::StoreFull { .. })
    }
}
