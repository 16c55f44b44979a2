//! The file as a sequence of markers and segments (T.81 section B.1.1).

use crate::error::{Error, Result, damaged, invalid};

pub(crate) const SOI: u8 = 0xd8;
pub(crate) const EOI: u8 = 0xd9;
pub(crate) const SOS: u8 = 0xda;
pub(crate) const DQT: u8 = 0xdb;
pub(crate) const DNL: u8 = 0xdc;
pub(crate) const DRI: u8 = 0xdd;
pub(crate) const DHT: u8 = 0xc4;
pub(crate) const DAC: u8 = 0xcc;
pub(crate) const APP0: u8 = 0xe0;
pub(crate) const APP14: u8 = 0xee;

/// One marker with what belongs to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// The byte behind 0xff.
    pub(crate) marker: u8,
    /// Offset of the marker.
    pub(crate) at: usize,
    /// What follows the length, empty for a marker without one.
    pub(crate) body: &'a [u8],
}

/// Walks a file.
#[derive(Debug)]
pub(crate) struct Markers<'a> {
    bytes: &'a [u8],
    pos: usize,
}

impl<'a> Markers<'a> {
    /// At the first marker behind the start of the image.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() >= 2 && bytes[0] == 0xff && bytes[1] == SOI {
            return Ok(Self { bytes, pos: 2 });
        }
        let found = match bytes {
            [] => "no byte".to_owned(),
            [a] => format!("{a:02x}"),
            [a, b, ..] => format!("{a:02x} {b:02x}"),
        };
        Err(Error::NotJpeg { found })
    }

    /// Offset of what comes next.
    pub(crate) fn position(&self) -> usize {
        self.pos
    }

    /// The next segment, or `None` where the file ends. Bytes that belong to no segment are passed over.
    pub(crate) fn next(&mut self) -> Result<Option<Segment<'a>>> {
        loop {
            let Some(found) = self.bytes.get(self.pos..).and_then(|rest| memchr::memchr(0xff, rest)) else {
                return Ok(None);
            };
            let mut at = self.pos + found;
            // Any number of 0xff may stand before a marker as filling.
            while self.bytes.get(at + 1) == Some(&0xff) {
                at += 1;
            }
            let Some(&marker) = self.bytes.get(at + 1) else { return Ok(None) };
            self.pos = at + 2;
            match marker {
                // A stuffed byte, a reserved or lone marker or a restart outside a scan: nothing follows it.
                0x00..=0x01 | 0xd0..=0xd7 => continue,
                SOI | EOI => return Ok(Some(Segment { marker, at, body: &[] })),
                _ => {}
            }
            let Some(&[high, low]) = self.bytes.get(self.pos..self.pos + 2) else {
                return damaged("a segment without its length", at);
            };
            let length = usize::from(u16::from_be_bytes([high, low]));
            if length < 2 {
                return invalid("length of a segment", length, "at least 2, its own bytes", at);
            }
            let Some(body) = self.bytes.get(self.pos + 2..self.pos + length) else {
                return damaged("a segment that is cut off", at);
            };
            self.pos += length;
            return Ok(Some(Segment { marker, at, body }));
        }
    }

    /// Passes over entropy-coded data with its restart markers and returns it (T.81 section B.1.1.5).
    pub(crate) fn entropy_coded(&mut self) -> &'a [u8] {
        let start = self.pos;
        let rest = self.bytes.get(start..).unwrap_or(&[]);
        let end = memchr::memchr_iter(0xff, rest)
            .find(|&at| !matches!(rest.get(at + 1), Some(0x00 | 0xd0..=0xd7 | 0xff)))
            .unwrap_or(rest.len());
        self.pos = start + end;
        &rest[..end]
    }
}
