//! What can be wrong with a file, and where.

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
    #[error(
        "JPEG with {what} at byte {at}: allowed is 8-bit Huffman-coded, baseline, extended or progressive"
    )]
    Unsupported {
        /// What the file uses.
        what: &'static str,
        /// Offset of the marker that says so.
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

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

pub(crate) fn damaged<T>(what: &'static str, at: usize) -> Result<T> {
    Err(Error::Damaged { what, at })
}

pub(crate) fn unsupported<T>(what: &'static str, at: usize) -> Result<T> {
    Err(Error::Unsupported { what, at })
}
