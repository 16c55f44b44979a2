//! The error that every endpoint returns.

use candid::{CandidType, Deserialize};
use serde::Serialize;

/// Why a call was refused or failed. A record, so that new codes break no client.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Error {
    /// Permanent, for programs: `docs/errors.md` has all of them.
    pub code: String,
    /// For people: what was found and what is allowed.
    pub message: String,
    /// Whether the same call may succeed later, unchanged.
    pub retryable: bool,
}

impl Error {
    /// A definite refusal.
    pub fn new(code: &str, message: impl Into<String>) -> Error {
        Error { code: code.to_owned(), message: message.into(), retryable: false }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Error {}
