//! What can be wrong with a file, and where.

use std::fmt;

/// Why a file was not decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes do not begin with the two of a JPEG.
    #[error("not a JPEG: it begins with {found}, a JPEG begins with ff d8")]
    NotJpeg {
        /// The first bytes, in hexadecimal.
        found: String,
    },
    /// A valid file of a kind that this decoder leaves out.
    #[error("unsupported JPEG: {what} is {found} at byte {at}; allowed is {allowed}")]
    Unsupported {
        /// Which property of the file.
        what: &'static str,
        /// What the file has.
        found: Found,
        /// What this decoder reads.
        allowed: &'static str,
        /// Offset of the marker that says so.
        at: usize,
    },
    /// A field holds what the standard does not allow.
    #[error("damaged JPEG: {what} is {found} at byte {at}; allowed is {allowed}")]
    Invalid {
        /// Which field.
        what: &'static str,
        /// What it holds.
        found: Found,
        /// What the standard allows.
        allowed: &'static str,
        /// Offset of the marker whose segment holds it.
        at: usize,
    },
    /// The file contradicts itself or the standard, or ends too early.
    #[error("damaged JPEG: {what} at byte {at}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
        /// Offset of the place, or for entropy-coded data of the place reached when it was noticed.
        at: usize,
    },
    /// The file asks for more than the caller allows.
    #[error("JPEG needs {found} {unit}, allowed are {allowed}")]
    Limit {
        /// What is counted: pixels, bytes of memory or scans.
        unit: &'static str,
        /// How many the file needs.
        found: u64,
        /// How many are allowed.
        allowed: u64,
    },
}

/// What a file has instead of what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// A number.
    Number(u64),
    /// What has a name.
    Name(&'static str),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl From<u8> for Found {
    fn from(number: u8) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Found {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<&'static str> for Found {
    fn from(name: &'static str) -> Self {
        Self::Name(name)
    }
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

pub(crate) fn damaged<T>(what: &'static str, at: usize) -> Result<T> {
    Err(Error::Damaged { what, at })
}

/// `what` is `found` at `at`, which this decoder does not read.
pub(crate) fn unsupported<T>(
    what: &'static str,
    found: impl Into<Found>,
    allowed: &'static str,
    at: usize,
) -> Result<T> {
    Err(Error::Unsupported { what, found: found.into(), allowed, at })
}

/// `what` is `found` at `at`, which the standard does not allow.
pub(crate) fn invalid<T>(
    what: &'static str,
    found: impl Into<Found>,
    allowed: &'static str,
    at: usize,
) -> Result<T> {
    Err(Error::Invalid { what, found: found.into(), allowed, at })
}
