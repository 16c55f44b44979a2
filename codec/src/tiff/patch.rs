//! What is changed in a TIFF so that the decoder reads it.

use std::borrow::Cow;

use darkroom_core::Result;

use super::damaged;
use super::directory::{Entry, File};

/// Tags of offsets and lengths: of strips, and of tiles.
const CHUNKS: [(u16, u16); 2] = [(273, 279), (324, 325)];

/// The file, copied as soon as something of it is changed.
pub(super) struct Patched<'a>(Cow<'a, [u8]>);

impl AsRef<[u8]> for Patched<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<'a> Patched<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Patched(bytes.into())
    }

    /// Declares a palette's indices as shades of grey, which the decoder hands over as they are; it refuses
    /// palettes. `meaning` is the entry that says what samples stand for.
    pub(super) fn as_grey(&mut self, file: &File<'_>, meaning: &Entry) -> Result<()> {
        file.put_short(self.0.to_mut(), meaning, 1)
    }

    /// Turns the bits of every byte of strips and tiles, for files whose first bit is the lowest of a byte: the
    /// decoder does not look at the order.
    pub(super) fn turn_bits(&mut self, file: &File<'_>, entries: &[Entry]) -> Result<()> {
        let values = |tag: u16| match entries.iter().find(|entry| entry.tag == tag) {
            Some(entry) => file.values(entry, usize::MAX),
            None => Ok(Vec::new()),
        };
        let mut ranges = Vec::new();
        for (offsets, lengths) in CHUNKS {
            ranges.extend(values(offsets)?.into_iter().zip(values(lengths)?));
        }
        // No byte is turned twice, whatever the file says.
        ranges.sort_unstable();
        let mut done = 0;
        let bytes = self.0.to_mut();
        for (from, length) in ranges {
            let at = |at: u64| usize::try_from(at).ok().filter(|at| *at <= bytes.len());
            let range = at(from).zip(from.checked_add(length).and_then(at));
            let (from, to) = range.ok_or_else(|| damaged("the file ends before the image does"))?;
            if let Some(fresh) = bytes.get_mut(from.max(done)..to) {
                fresh.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
                done = to;
            }
        }
        Ok(())
    }
}
