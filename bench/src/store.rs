//! What both canisters do with files, as it is measured.

use std::ops::Range;

use anyhow::Result;

use crate::meter::{Measured, Meter};

/// A file to upload.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl File {
    /// Bytes that nothing compresses, the same for a number on every machine.
    pub(crate) fn new(number: u64, size: usize) -> File {
        let mut state = number;
        let mut word = || {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        };
        let mut bytes = Vec::with_capacity(size + 8);
        while bytes.len() < size {
            bytes.extend(word().to_le_bytes());
        }
        bytes.truncate(size);
        File { name: format!("file-{number}.bin"), bytes }
    }

    /// Its SHA-256.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        sha256(&self.bytes)
    }
}

/// SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

/// A canister that stores files. Each operation gives the instructions of its messages.
pub(crate) trait Store {
    /// An upload in flight.
    type Session;

    /// The canister.
    fn meter(&self) -> &Meter;

    /// Begins an upload.
    fn begin(&mut self, file: &File) -> Result<Measured<Self::Session>>;

    /// Sends a chunk.
    fn put(&mut self, session: &mut Self::Session, index: u32, bytes: &[u8]) -> Result<u64>;

    /// Ends an upload; gives what the file is now called.
    fn finish(&mut self, session: Self::Session) -> Result<Measured<String>>;

    /// Reads the first chunk of a file, which must have `size` bytes.
    fn get(&self, id: &str, size: usize) -> Result<u64>;

    /// Stores a file, smaller than a chunk, in one message; gives what it is now called.
    fn store(&mut self, file: &File) -> Result<Measured<String>>;

    /// Where a file is served.
    fn path(&self, id: &str) -> String;

    /// Deletes a file.
    fn delete(&mut self, id: &str) -> Result<u64>;

    /// Stores the files with these numbers, each smaller than a chunk, as fast as it goes. Gives the last one's id.
    fn fill(&mut self, numbers: Range<u64>, size: usize) -> Result<String>;
}
