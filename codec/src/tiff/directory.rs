//! The numbers of a TIFF file and the entries of its directories.

use std::ops::Range;

use darkroom_core::Result;
use darkroom_core::decode::DecodeLimits;

use super::damaged;
use crate::limits;

/// The numbers of a file.
pub(super) struct File<'a> {
    bytes: &'a [u8],
    little: bool,
    /// BigTIFF: offsets of 8 bytes.
    big: bool,
    /// Where the first directory stands.
    pub(super) first: u64,
}

/// An entry of a directory.
pub(super) struct Entry {
    pub(super) tag: u16,
    kind: u16,
    count: u64,
    /// Where its values, or their offset, stand.
    at: usize,
}

impl<'a> File<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<File<'a>> {
        let mut file = File { bytes, little: bytes.starts_with(b"II"), big: false, first: 0 };
        file.big = file.number(2, 2)? == 43;
        file.first = if file.big { file.number(8, 8)? } else { file.number(4, 4)? };
        Ok(file)
    }

    /// An unsigned number of some bytes.
    fn number(&self, at: usize, length: usize) -> Result<u64> {
        let end = at.checked_add(length);
        let bytes = end.and_then(|end| self.bytes.get(at..end));
        let bytes = bytes.ok_or_else(|| damaged("the file ends before the image does"))?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Ok(if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    }

    /// The entries of a directory and the offset of the next.
    pub(super) fn directory(&self, at: u64) -> Result<(Vec<Entry>, u64)> {
        let at = usize::try_from(at).map_err(|_| damaged("a directory lies beyond the end of the file"))?;
        let (counted, length, wide) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.number(at, counted)?;
        let count = usize::try_from(count).ok().filter(|count| *count <= 4096);
        let count = count.ok_or_else(|| damaged("a directory has more than 4096 entries"))?;
        let from = at + counted;
        let entry = |index: usize| -> Result<Entry> {
            let at = from + index * length;
            let narrow = |at| Ok(u16::try_from(self.number(at, 2)?).unwrap_or_default());
            Ok(Entry {
                tag: narrow(at)?,
                kind: narrow(at + 2)?,
                count: self.number(at + 4, wide)?,
                at: at + 4 + wide,
            })
        };
        let entries: Vec<Entry> = (0..count).map(entry).collect::<Result<_>>()?;
        Ok((entries, self.number(from + count * length, wide)?))
    }

    /// Follows the chain of directories, as far as the limit goes.
    pub(super) fn count(&self, limits: DecodeLimits) -> Result<()> {
        let (mut at, mut frames) = (self.first, 0u64);
        while at != 0 {
            frames += 1;
            limits::check_frames(frames, limits)?;
            // What follows a picture that is whole may be damaged; it is not read.
            let Ok((_, next)) = self.directory(at) else { break };
            at = next;
        }
        Ok(())
    }

    /// The first `most` of an entry's values; only unsigned integers.
    pub(super) fn values(&self, entry: &Entry, most: usize) -> Result<Vec<u64>> {
        let length = match entry.kind {
            1 | 7 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            kind => return Err(damaged(&format!("tag {} is of kind {kind}", entry.tag))),
        };
        let count = usize::try_from(entry.count).unwrap_or(usize::MAX).min(most);
        let room = if self.big { 8 } else { 4 };
        let inside = entry.count.saturating_mul(length) <= room;
        let length = if length == 8 { 8 } else { usize::try_from(length).unwrap_or(1) };
        let at = if inside {
            entry.at
        } else {
            let offset = self.number(entry.at, if self.big { 8 } else { 4 })?;
            usize::try_from(offset).map_err(|_| damaged("a value lies beyond the end of the file"))?
        };
        (0..count).map(|index| self.number(at.saturating_add(index * length), length)).collect()
    }

    /// Where the bytes of an entry stand; `None` for entries that hold other things, and beyond the end.
    pub(super) fn range(&self, entry: &Entry) -> Option<Range<usize>> {
        let length = usize::try_from(entry.count).ok().filter(|_| matches!(entry.kind, 1 | 7))?;
        let room = if self.big { 8 } else { 4 };
        let from = if length <= room {
            entry.at
        } else {
            usize::try_from(self.number(entry.at, room).ok()?).ok()?
        };
        let range = from..from.checked_add(length)?;
        self.bytes.get(range.clone()).map(|_| range)
    }

    /// Overwrites an entry's value with a 16-bit number.
    pub(super) fn put_short(&self, bytes: &mut [u8], entry: &Entry, value: u16) -> Result<()> {
        if entry.kind != 3 || entry.count != 1 {
            return Err(damaged(&format!("tag {} is not one 16-bit number", entry.tag)));
        }
        let value = if self.little { value.to_le_bytes() } else { value.to_be_bytes() };
        bytes[entry.at..entry.at + 2].copy_from_slice(&value);
        Ok(())
    }
}
