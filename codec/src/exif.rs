//! The directories of an EXIF block (TIFF 6.0, section 2, and BigTIFF), searched in place.
//!
//! Blocks come from strangers, and their offsets may say anything: directories that lie over each other in 64 KB can
//! have millions of entries. So nothing is copied or expanded, and no chain is followed: what a lookup looks at is
//! bounded by the entries of one directory, at most 4,096, whatever counts and offsets say, and it allocates nothing.
//!
//! ```
//! use darkroom_codec::{exif, testing};
//!
//! let block = testing::orientation_block(6);
//! let directory = exif::directory(&block).unwrap();
//! assert_eq!(directory.find(0x0112).and_then(|value| value.unsigned()), Some(6));
//! ```

/// The most entries of a directory that are looked at.
const MAX_ENTRIES: usize = 4096;

/// The first directory of a block that starts with its TIFF header; `None` where there is none.
pub fn directory(block: &[u8]) -> Option<Directory<'_>> {
    Block::first(block)
}

/// A block.
#[derive(Clone, Copy, Debug)]
struct Block<'a> {
    bytes: &'a [u8],
    little: bool,
    /// BigTIFF: counts and offsets of 8 bytes.
    big: bool,
}

/// A directory of a block.
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a> {
    block: Block<'a>,
    entries: &'a [u8],
}

/// The value of an entry.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    block: Block<'a>,
    kind: u64,
    bytes: &'a [u8],
}

impl<'a> Block<'a> {
    fn first(bytes: &'a [u8]) -> Option<Directory<'a>> {
        let little = match bytes.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let mut block = Block { bytes, little, big: false };
        let at = match block.number(2, 2)? {
            42 => block.number(4, 4)?,
            43 => {
                block.big = true;
                block.number(8, 8)?
            }
            _ => return None,
        };
        block.directory(at)
    }

    /// As many of a directory's entries as are there; an offset of 0 says that there is none.
    fn directory(self, at: u64) -> Option<Directory<'a>> {
        let at = usize::try_from(at).ok().filter(|at| *at > 0)?;
        let counted = if self.big { 8 } else { 2 };
        let count = usize::try_from(self.number(at, counted)?).unwrap_or(usize::MAX).min(MAX_ENTRIES);
        let rest = self.bytes.get(at.checked_add(counted)?..)?;
        Some(Directory { block: self, entries: &rest[..rest.len().min(count * self.entry())] })
    }

    /// Bytes of an entry.
    fn entry(self) -> usize {
        if self.big { 20 } else { 12 }
    }

    fn number(self, at: usize, length: usize) -> Option<u64> {
        Some(self.value_of(self.bytes.get(at..at.checked_add(length)?)?))
    }

    /// An unsigned number of at most 8 bytes.
    fn value_of(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) }
    }
}

impl<'a> Directory<'a> {
    /// The first entry with this tag; `None` where its value does not lie in the block.
    pub fn find(self, tag: u16) -> Option<Value<'a>> {
        let Directory { block, entries } = self;
        let mut entries = entries.chunks_exact(block.entry());
        let entry = entries.find(|entry| block.value_of(&entry[..2]) == u64::from(tag))?;
        let (kind, rest) = (block.value_of(&entry[2..4]), &entry[4..]);
        let (count, inside) = rest.split_at(rest.len() / 2);
        let length = usize::try_from(block.value_of(count)).ok()?.checked_mul(unit(kind)?)?;
        let bytes = match inside.get(..length) {
            Some(bytes) => bytes,
            None => {
                let at = usize::try_from(block.value_of(inside)).ok()?;
                block.bytes.get(at..at.checked_add(length)?)?
            }
        };
        Some(Value { block, kind, bytes })
    }

    /// The directory that an entry points at.
    pub fn below(self, tag: u16) -> Option<Directory<'a>> {
        let value = self.find(tag)?;
        matches!(value.kind, LONG | DIRECTORY | LONG_8 | DIRECTORY_8).then_some(())?;
        self.block.directory(value.first()?)
    }
}

impl<'a> Value<'a> {
    /// The first of unsigned integers; `None` for values of another kind, and for none.
    pub fn unsigned(self) -> Option<u64> {
        matches!(self.kind, BYTE | SHORT | LONG | LONG_8).then_some(())?;
        self.first()
    }

    fn first(self) -> Option<u64> {
        Some(self.block.value_of(self.bytes.get(..unit(self.kind)?)?))
    }

    /// One of unsigned fractions, from 0 on: numerator and denominator, which may be 0.
    pub fn ratio(self, index: usize) -> Option<[u32; 2]> {
        (self.kind == RATIONAL).then_some(())?;
        let bytes = self.bytes.get(index.checked_mul(8)?..)?.get(..8)?;
        let part = |bytes| u32::try_from(self.block.value_of(bytes)).ok();
        Some([part(&bytes[..4])?, part(&bytes[4..])?])
    }

    /// The bytes of a text up to its end, in ASCII as EXIF 2 has it or in UTF-8 as cameras and EXIF 3 have it.
    pub fn text(self) -> Option<&'a [u8]> {
        matches!(self.kind, ASCII | UTF_8).then_some(())?;
        self.bytes.split(|byte| *byte == 0).next()
    }
}

// Kinds of values, those that are looked for: TIFF 6.0, its supplement 1, BigTIFF and EXIF 3.
const BYTE: u64 = 1;
const ASCII: u64 = 2;
const SHORT: u64 = 3;
const LONG: u64 = 4;
const RATIONAL: u64 = 5;
const DIRECTORY: u64 = 13;
const LONG_8: u64 = 16;
const DIRECTORY_8: u64 = 18;
const UTF_8: u64 = 129;

/// Bytes of one value of a kind.
fn unit(kind: u64) -> Option<usize> {
    match kind {
        BYTE | ASCII | 6 | 7 | UTF_8 => Some(1),
        SHORT | 8 => Some(2),
        LONG | 9 | 11 | DIRECTORY => Some(4),
        RATIONAL | 10 | 12 | LONG_8..=DIRECTORY_8 => Some(8),
        _ => None,
    }
}
