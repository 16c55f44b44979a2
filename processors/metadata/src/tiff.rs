//! The directories of an EXIF block (TIFF 6.0, section 2, and BigTIFF), searched in place.
//!
//! Nothing is copied or expanded, and no chain is followed: what a lookup looks at is bounded by the entries of one
//! directory, whatever counts and offsets say.

use crate::number::Ratio;

/// The most entries of a directory that are looked at.
const MAX_ENTRIES: usize = 4096;

/// A block.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    bytes: &'a [u8],
    little: bool,
    /// BigTIFF: counts and offsets of 8 bytes.
    big: bool,
}

/// A directory of a block.
#[derive(Clone, Copy)]
pub(crate) struct Directory<'a> {
    block: Block<'a>,
    entries: &'a [u8],
}

/// The value of an entry.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    block: Block<'a>,
    kind: u64,
    bytes: &'a [u8],
}

impl<'a> Block<'a> {
    /// The first directory of a block that starts with its TIFF header.
    pub(crate) fn first(bytes: &'a [u8]) -> Option<Directory<'a>> {
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

    /// As many of a directory's entries as are there.
    fn directory(self, at: u64) -> Option<Directory<'a>> {
        let at = usize::try_from(at).ok()?;
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
    pub(crate) fn find(self, tag: u16) -> Option<Value<'a>> {
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
    pub(crate) fn below(self, tag: u16) -> Option<Directory<'a>> {
        self.block.directory(self.find(tag)?.unsigned()?)
    }
}

impl<'a> Value<'a> {
    /// The first of unsigned integers.
    pub(crate) fn unsigned(self) -> Option<u64> {
        matches!(self.kind, 1 | 3 | 4 | 13 | 16 | 18).then_some(())?;
        Some(self.block.value_of(self.bytes.get(..unit(self.kind)?)?))
    }

    /// One of unsigned fractions.
    pub(crate) fn ratio(self, index: usize) -> Option<Ratio> {
        (self.kind == 5).then_some(())?;
        let bytes = self.bytes.get(index.checked_mul(8)?..)?.get(..8)?;
        let part = |bytes| u32::try_from(self.block.value_of(bytes)).ok();
        Some(Ratio { numerator: part(&bytes[..4])?, denominator: part(&bytes[4..])? })
    }

    /// The bytes of a text up to its end, in ASCII as EXIF 2 has it or in UTF-8 as cameras and EXIF 3 have it.
    pub(crate) fn text(self) -> Option<&'a [u8]> {
        matches!(self.kind, 2 | 129).then_some(())?;
        self.bytes.split(|byte| *byte == 0).next()
    }
}

/// Bytes of one value of a kind.
fn unit(kind: u64) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 | 129 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16..=18 => Some(8),
        _ => None,
    }
}
