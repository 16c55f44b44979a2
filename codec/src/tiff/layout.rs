//! The first directory of a TIFF, read before the decoder allocates anything by it.

use std::ops::Range;

use darkroom_core::decode::DecodeLimits;
use darkroom_core::pixels::Size;
use darkroom_core::{Error, Result};

use super::directory::File;
use super::patch::Patched;
use super::{damaged, unsupported};
use crate::limits;
use crate::orientation::Orientation;

/// The longest side of a tile. A row of one is held at once, however little of it lies within the picture.
const MAX_TILE: u32 = 65_536;

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
    /// Columns and rows of a tile; `None` where the picture is in strips.
    pub(super) tile: Option<Size>,
    /// Where the colour profile stands.
    pub(super) profile: Option<Range<usize>>,
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
        let tile_side = |tag: u16, side: &str| -> Result<u32> {
            let found = value(tag, 1)?;
            let allowed = u32::try_from(found).ok().filter(|found| (1..=MAX_TILE).contains(found));
            allowed.ok_or_else(|| unsupported(&format!("tiles of {side} {found}; 1 to {MAX_TILE} are read")))
        };
        let tile = Size::new(tile_side(322, "width")?, tile_side(323, "height")?);
        // What stands over at the right and below is decoded all the same. Tiles of small pictures may be larger.
        let padded = |side: u32, tile: u32| u64::from(side).next_multiple_of(tile.into());
        let found = padded(size.width, tile.width) * padded(size.height, tile.height);
        let allowed = limits.pixels.max(4 * size.area());
        if found > allowed {
            return Err(Error::ImageTooLarge { what: "pixels of its tiles", found, allowed });
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
        let mut patched = Patched::new(bytes);
        if let (Color::Palette, Some(entry)) = (color, entry(262)) {
            patched.as_grey(&file, entry)?;
        }
        if value(266, 1)? == 2 {
            patched.turn_bits(&file, &entries)?;
        }
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
            tile: entry(322).is_some().then_some(tile),
            profile: entry(34675).and_then(|entry| file.range(entry)),
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
