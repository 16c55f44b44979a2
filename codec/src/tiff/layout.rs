//! The first directory of a TIFF, read before the decoder allocates anything by it.

use darkroom_core::Result;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::pixels::Size;

use super::{damaged, unsupported};
use crate::limits;
use crate::orientation::Orientation;

/// The longest side of a tile. A row of one is held at once, however little of it lies within the picture.
const MAX_TILE: u64 = 65_536;

/// What the samples stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Color {
    Grey { alpha: bool },
    Rgb { alpha: bool },
    Palette,
    Cmyk,
}

/// The first picture.
pub(super) struct Layout {
    pub(super) size: Size,
    pub(super) orientation: Orientation,
    pub(super) color: Color,
    /// Colours were multiplied with alpha.
    pub(super) premultiplied: bool,
    /// Bits of a sample.
    pub(super) bits: u16,
    /// Samples of a pixel in the file.
    pub(super) stored: usize,
    /// Samples of a pixel as the decoder hands them over.
    pub(super) decoded: usize,
    /// Samples of a pixel that count.
    pub(super) samples: usize,
    /// Each sample has a plane of its own.
    pub(super) planar: bool,
    pub(super) palette: Vec<[u8; 3]>,
}

/// The file with a palette's indices declared as shades of grey, which the decoder hands over as they are; it
/// refuses palettes.
pub(super) struct Patched<'a>(std::borrow::Cow<'a, [u8]>);

impl AsRef<[u8]> for Patched<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Layout {
    /// Reads what counts of the first directory.
    pub(super) fn read(bytes: &[u8], limits: DecodeLimits) -> Result<(Patched<'_>, Layout)> {
        let file = File::new(bytes)?;
        let (entries, _) = file.directory(file.first)?;
        // Readers differ in which of two they take; what is checked here has to be what the decoder reads.
        let mut tags: Vec<u16> = entries.iter().map(|entry| entry.tag).collect();
        tags.sort_unstable();
        if let Some(twice) = tags.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(damaged(&format!("tag {} is there twice", twice[0])));
        }
        let entry = |tag: u16| entries.iter().find(|entry| entry.tag == tag);
        let values = |tag: u16, most: usize| entry(tag).map(|entry| file.values(entry, most)).transpose();
        let value = |tag: u16, otherwise: u64| -> Result<u64> {
            Ok(values(tag, 1)?.and_then(|values| values.first().copied()).unwrap_or(otherwise))
        };
        let side = |tag: u16| Ok(u32::try_from(value(tag, 0)?).unwrap_or(u32::MAX));
        let size = Size::new(side(256)?, side(257)?);
        limits::check(size, limits)?;
        if size.area() == 0 {
            return Err(damaged(&format!("its size is {}x{}", size.width, size.height)));
        }
        file.count(limits)?;
        if value(254, 0)? & 1 != 0 {
            return Err(unsupported("its first picture is a preview of another, as in raw photos"));
        }
        let stored = value(277, 1)?;
        if !(1..=16).contains(&stored) {
            return Err(unsupported(&format!("{stored} samples per pixel; 1 to 16 are read")));
        }
        let stored = usize::try_from(stored).unwrap_or_default();
        let bits = values(258, 16)?.unwrap_or_else(|| vec![1]);
        let bits = match bits.first() {
            Some(&first @ (1 | 2 | 4 | 8 | 16)) if bits.iter().all(|other| *other == first) => first,
            _ => return Err(unsupported(&format!("{bits:?} bits per sample; 1, 2, 4, 8 and 16 are read"))),
        };
        let bits = u16::try_from(bits).unwrap_or_default();
        if values(339, 16)?.is_some_and(|formats| formats.iter().any(|format| *format != 1)) {
            return Err(unsupported("samples that are not unsigned integers"));
        }
        let extra = values(338, 16)?.unwrap_or_default();
        let own = stored.saturating_sub(extra.len());
        let has_alpha = matches!(extra.first(), Some(1 | 2));
        let meaning = value(262, u64::MAX)?;
        let color = match (meaning, own) {
            (0 | 1, 1) => Color::Grey { alpha: has_alpha },
            (2, 3) => Color::Rgb { alpha: has_alpha },
            // What a fourth sample is, is not said; all readers take it for alpha.
            (2, 4) if extra.is_empty() => Color::Rgb { alpha: true },
            (3, 1) if bits <= 8 => Color::Palette,
            (5, 4) => Color::Cmyk,
            (3, _) => return Err(unsupported("a palette of more than 8 bits")),
            _ => return Err(unsupported(&format!("colours of kind {meaning} in {own} samples"))),
        };
        if bits < 8 && (stored > 1 || !matches!(color, Color::Grey { .. } | Color::Palette)) {
            return Err(unsupported(&format!("{bits} bits per sample in more than one sample")));
        }
        let samples = match color {
            Color::Grey { alpha: false } | Color::Palette => 1,
            Color::Grey { alpha: true } => 2,
            Color::Rgb { alpha: false } => 3,
            Color::Rgb { alpha: true } | Color::Cmyk => 4,
        };
        // As the decoder counts them: for grey all, for the others what its colour type has.
        let decoded = match color {
            Color::Grey { .. } | Color::Palette => stored,
            Color::Cmyk if has_alpha => 5,
            _ => samples,
        };
        for (tag, side) in [(322, "width"), (323, "height")] {
            let found = value(tag, 1)?;
            if !(1..=MAX_TILE).contains(&found) {
                return Err(unsupported(&format!("tiles of {side} {found}; 1 to {MAX_TILE} are read")));
            }
        }
        // The decoder takes the samples that it leaves out for there when it takes differences back.
        if value(317, 1)? != 1 && value(284, 1)? != 2 && stored != decoded {
            return Err(unsupported("differences between more samples than count"));
        }
        let palette = match color {
            Color::Palette => {
                let count = 1 << bits;
                let map = values(320, 3 * count)?.unwrap_or_default();
                if map.len() != 3 * count {
                    return Err(damaged(&format!(
                        "its palette has {} numbers; {} are needed",
                        map.len(),
                        3 * count
                    )));
                }
                // Some writers give 8 bits where 16 are due.
                let shift = if map.iter().all(|v| *v < 256) { 0 } else { 8 };
                let byte = |v: u64| u8::try_from(v >> shift & 0xff).unwrap_or_default();
                (0..count).map(|at| [0, count, 2 * count].map(|plane| byte(map[at + plane]))).collect()
            }
            _ => Vec::new(),
        };
        let patched = match (color, entry(262)) {
            (Color::Palette, Some(entry)) => {
                let mut copy = bytes.to_vec();
                file.put_short(&mut copy, entry, 1)?;
                Patched(copy.into())
            }
            _ => Patched(bytes.into()),
        };
        let orientation = u32::try_from(value(274, 1)?).ok().and_then(Orientation::from_exif);
        let layout = Layout {
            size,
            orientation: orientation.unwrap_or_default(),
            color,
            premultiplied: extra.first() == Some(&1),
            bits,
            stored,
            decoded,
            samples,
            planar: value(284, 1)? == 2 && stored > 1,
            palette,
        };
        if meaning == 0 && stored > 1 {
            return Err(unsupported("grey with white as 0 and further samples"));
        }
        Ok((patched, layout))
    }

    /// A sample of grey as 0 to 255, black to white.
    pub(super) fn grey(&self, sample: u8) -> u8 {
        match self.bits {
            1 => sample * 255,
            2 => sample * 85,
            4 => sample * 17,
            _ => sample,
        }
    }
}

/// The numbers of a file.
struct File<'a> {
    bytes: &'a [u8],
    little: bool,
    /// BigTIFF: offsets of 8 bytes.
    big: bool,
    first: u64,
}

/// An entry of a directory.
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// Where its values, or their offset, stand.
    at: usize,
}

impl<'a> File<'a> {
    fn new(bytes: &'a [u8]) -> Result<File<'a>> {
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
    fn directory(&self, at: u64) -> Result<(Vec<Entry>, u64)> {
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
    fn count(&self, limits: DecodeLimits) -> Result<()> {
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
    fn values(&self, entry: &Entry, most: usize) -> Result<Vec<u64>> {
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

    /// Overwrites an entry's value with a 16-bit number.
    fn put_short(&self, bytes: &mut [u8], entry: &Entry, value: u16) -> Result<()> {
        if entry.kind != 3 || entry.count != 1 {
            return Err(damaged(&format!("tag {} is not one 16-bit number", entry.tag)));
        }
        let value = if self.little { value.to_le_bytes() } else { value.to_be_bytes() };
        bytes[entry.at..entry.at + 2].copy_from_slice(&value);
        Ok(())
    }
}
