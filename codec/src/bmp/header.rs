//! The headers of a BMP.

use darkroom_core::decode::DecodeLimits;
use darkroom_core::pixels::Size;
use darkroom_core::{Error, Result};

use super::{cut, damaged};
use crate::limits;

/// How pixels are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Runs8,
    Runs4,
    Fields,
}

/// What the headers say.
pub(super) struct Header {
    pub(super) size: Size,
    /// Whether the first row is the top one.
    pub(super) from_top: bool,
    pub(super) bits: u16,
    pub(super) coding: Coding,
    /// Of red, green, blue and alpha.
    pub(super) masks: Option<[u32; 4]>,
    palette: Vec<[u8; 3]>,
    /// The offset of the pixels.
    pub(super) pixels: usize,
}

impl Header {
    pub(super) fn read(bytes: &[u8], limits: DecodeLimits) -> Result<Header> {
        let long = |at: usize| {
            let four = bytes.get(at..at + 4).and_then(|four| four.as_array());
            four.map(|four| u32::from_le_bytes(*four)).ok_or_else(cut)
        };
        let short = |at: usize| {
            let two = bytes.get(at..at + 2).and_then(|two| two.as_array());
            two.map(|two| u16::from_le_bytes(*two)).ok_or_else(cut)
        };
        let length = long(14)?;
        let old = length == 12;
        if !old && !(16..=124).contains(&length) {
            return Err(unsupported(&format!("with a header of {length} bytes; 12 and 16 to 124 are read")));
        }
        let (width, height) = if old {
            (i64::from(short(18)?), i64::from(short(20)?))
        } else {
            (i64::from(long(18)?.cast_signed()), i64::from(long(22)?.cast_signed()))
        };
        let bits = short(if old { 24 } else { 28 })?;
        let code = if length >= 20 { long(30)? } else { 0 };
        let from_top = height < 0;
        let side = |side: i64| u32::try_from(side).ok().filter(|side| *side > 0);
        let (Some(width), Some(height)) = (side(width), side(height.abs())) else {
            return Err(damaged(&format!("its size is {width}x{height}")));
        };
        let size = Size::new(width, height);
        limits::check(size, limits)?;
        // The 64-byte header of OS/2 and its shorter forms number their codings otherwise.
        let windows = matches!(length, 40 | 52 | 56 | 108 | 124);
        let coding = match (code, bits) {
            (0, 1 | 2 | 4 | 8 | 16 | 24 | 32) => Coding::Plain,
            (1, 8) => Coding::Runs8,
            (2, 4) => Coding::Runs4,
            (3 | 6, 16 | 32) if windows => Coding::Fields,
            (4, _) if windows => return Err(unsupported("that holds a JPEG")),
            (5, _) if windows => return Err(unsupported("that holds a PNG")),
            _ => return Err(unsupported(&format!("of coding {code} with {bits} bits per pixel"))),
        };
        if from_top && !matches!(coding, Coding::Plain | Coding::Fields) {
            return Err(damaged("it has run lengths from the top, which is not allowed"));
        }
        let end = 14 + length as usize;
        // Masks stand in the longer headers, behind the shortest.
        let masks = match (coding, bits) {
            (Coding::Fields, _) => {
                let alpha = if length >= 56 || code == 6 { long(66)? } else { 0 };
                Some([long(54)?, long(58)?, long(62)?, alpha])
            }
            (Coding::Plain, 16) => Some([0x7c00, 0x03e0, 0x001f, 0]),
            _ => None,
        };
        let behind = match (coding, length, code) {
            (Coding::Fields, 40, 6) => end + 16,
            (Coding::Fields, 40, _) => end + 12,
            _ => end,
        };
        let pixels = usize::try_from(long(10)?).map_err(|_| cut())?;
        let palette = if bits > 8 {
            Vec::new()
        } else {
            let entry = if old { 3 } else { 4 };
            let most = 1usize << bits;
            let declared = if length >= 36 { long(46)? as usize } else { 0 };
            let count = if declared == 0 { most } else { declared.min(most) };
            // Old files leave out what they do not use, and start the pixels there.
            let room = pixels.min(bytes.len()).saturating_sub(behind) / entry;
            let entries = bytes.get(behind..behind + count.min(room) * entry).ok_or_else(cut)?;
            entries.chunks_exact(entry).map(|bgr| [bgr[2], bgr[1], bgr[0]]).collect()
        };
        if pixels < behind {
            return Err(damaged(&format!("its pixels start at byte {pixels}, within its headers")));
        }
        if bits <= 8 && palette.is_empty() {
            return Err(damaged("its palette is empty"));
        }
        Ok(Header { size, from_top, bits, coding, masks, palette, pixels })
    }

    /// A colour of the palette; black beyond it.
    pub(super) fn color(&self, index: usize) -> [u8; 3] {
        self.palette.get(index).copied().unwrap_or_default()
    }
}

fn unsupported(what: &str) -> Error {
    Error::NotAnImage { reason: format!("a BMP {what}") }
}
