//! What a caller allows a file to cost.

/// Limits, checked from the headers before anything is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pixels at full size, whatever the scale is.
    pub pixels: u64,
    /// Bytes that a decoding may take, its result included: what [`crate::Header::memory`] and
    /// [`crate::Header::memory_many`] say.
    pub memory: u64,
    /// Scans. A progressive file of little size can have many, each of which costs a pass over the picture.
    pub scans: u64,
}

impl Default for Limits {
    /// 100 megapixels, 1 GiB and 500 scans.
    fn default() -> Self {
        Self { pixels: 100_000_000, memory: 1 << 30, scans: 500 }
    }
}
