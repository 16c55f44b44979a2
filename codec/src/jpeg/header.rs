//! The structure of a JPEG: markers, frame, scans and where the data ends, without decoding any of it.
//!
//! Besides sizes this finds damage: a file that is cut off, and headers that contradict each other, which
//! decoders handle in different ways or not at all. Bytes after the end of the image are left alone: phones
//! put previews and short films there.

use darkroom_core::pixels::Size;
use darkroom_core::{Error, Result};
use memchr::memchr;

use super::tables::Tables;
use crate::orientation::Orientation;

/// More scans than any encoder writes; each costs a pass over the picture.
const MAX_SCANS: usize = 100;
/// The longest side of a JPEG that is read, as in libjpeg.
const MAX_SIDE: u32 = 65_500;

/// One colour component as the frame header declares it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Component {
    pub(crate) id: u8,
    /// Horizontal and vertical sampling factors.
    pub(crate) sampling: (u8, u8),
    /// Which quantisation table it uses.
    table: u8,
    /// Whether a scan has brought its DC coefficients.
    seen: bool,
}

/// What the frame header says.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) size: Size,
    pub(crate) progressive: bool,
    pub(crate) components: Vec<Component>,
}

/// What is known of a JPEG without decoding it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header<'a> {
    pub(crate) frame: Option<Frame>,
    pub(crate) orientation: Option<Orientation>,
    pub(crate) jfif: bool,
    /// The colour transform of an Adobe segment.
    pub(crate) adobe: Option<u8>,
    /// Bytes that belong to nothing lie between segments.
    pub(crate) untidy: bool,
    /// For each scan the end of its data: the offset of the marker that follows.
    pub(crate) scans: Vec<usize>,
    /// The parts of an ICC profile: number from 1, count, bytes.
    parts: Vec<(u8, u8, &'a [u8])>,
}

/// How far to walk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// The first scan: sizes, orientation, colours.
    Data,
    /// The end of the image: damage too.
    End,
}

impl<'a> Header<'a> {
    /// Walks the file. With [`Until::End`], `Ok` means that the image ends where it says it does.
    pub(crate) fn read(bytes: &'a [u8], until: Until) -> Result<Header<'a>> {
        let mut walk = Walk { bytes, at: 2, header: Header::default(), tables: Tables::default() };
        if !bytes.starts_with(&[0xff, 0xd8]) {
            return damaged(0, "a JPEG starts with ff d8");
        }
        walk.run(until)?;
        Ok(walk.header)
    }

    /// The frame, which [`read`](Header::read) has made sure of.
    pub(crate) fn frame(&self) -> Result<&Frame> {
        self.frame.as_ref().map_or_else(|| damaged(2, "there is no frame header"), Ok)
    }

    /// The embedded ICC profile, put together from its parts in their order; none where one is missing or
    /// there twice, or where they do not agree on how many there are.
    pub(crate) fn profile(&self) -> Option<Vec<u8>> {
        let &(_, count, _) = self.parts.first()?;
        let mut parts = self.parts.clone();
        parts.sort_by_key(|(number, _, _)| *number);
        let whole = parts.len() == usize::from(count)
            && parts.iter().zip(1..=count).all(|(part, number)| (part.0, part.1) == (number, count));
        whole.then(|| parts.iter().flat_map(|(_, _, bytes)| *bytes).copied().collect())
    }
}

pub(crate) fn damaged<T>(at: usize, what: &str) -> Result<T> {
    Err(Error::Damaged { format: "JPEG", reason: format!("at byte {at}: {what}") })
}

fn unsupported<T>(what: &str) -> Result<T> {
    Err(Error::NotAnImage {
        reason: format!("a JPEG that is {what}; baseline and progressive with 8 bits per sample are read"),
    })
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    header: Header<'a>,
    tables: Tables,
}

impl<'a> Walk<'a> {
    fn run(&mut self, until: Until) -> Result<()> {
        loop {
            let marker = self.marker()?;
            let start = self.at - 2;
            match marker {
                0xd9 => return self.finish(start),
                0xd8 | 0xd0..=0xd7 | 0x01 => {
                    return damaged(start, &format!("marker ff {marker:02x} is out of place"));
                }
                _ => {}
            }
            let body = self.segment(start)?;
            match marker {
                0xc0..=0xc2 => self.frame(start, body, marker == 0xc2)?,
                0xc3 => return unsupported("lossless"),
                0xc5..=0xc7 | 0xde | 0xdf => return unsupported("hierarchical"),
                0xc9..=0xcc => return unsupported("arithmetic-coded"),
                0xcd..=0xcf => return unsupported("hierarchical and arithmetic-coded"),
                0xdc => return unsupported("of a height that is given after the picture"),
                0xc4 => self.tables.huffman(start, body)?,
                0xdb => self.tables.quantisation(start, body)?,
                0xdd if body.len() != 2 => return damaged(start, "the restart interval is not 2 bytes long"),
                0xe0 => self.header.jfif |= body.starts_with(b"JFIF\0"),
                0xe1 => self.exif(body),
                0xe2 => self.profile(body),
                0xee => self.adobe(body),
                0xda => {
                    if until == Until::Data {
                        self.header.frame()?;
                        return Ok(());
                    }
                    self.scan(start, body)?;
                }
                _ => {}
            }
        }
    }

    /// The next marker's code; `at` comes to lie behind it.
    fn marker(&mut self) -> Result<u8> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(skipped) = memchr(0xff, rest) else { return self.ends() };
            self.header.untidy |= skipped > 0;
            self.at += skipped + 1;
            // Any number of ff may stand before a marker.
            while self.bytes.get(self.at) == Some(&0xff) {
                self.at += 1;
            }
            let Some(&code) = self.bytes.get(self.at) else { return self.ends() };
            self.at += 1;
            if code != 0 {
                return Ok(code);
            }
            self.header.untidy = true;
        }
    }

    fn ends<T>(&self) -> Result<T> {
        damaged(self.bytes.len(), "the file ends before the image does (the marker ff d9 is missing)")
    }

    /// The body of the segment whose length stands at `at`.
    fn segment(&mut self, start: usize) -> Result<&'a [u8]> {
        let bytes = self.bytes;
        let Some(&[high, low]) = bytes.get(self.at..self.at + 2).and_then(|two| two.as_array()) else {
            return self.ends();
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 2 {
            return damaged(start, &format!("a segment of length {length}; at least 2 is needed"));
        }
        let Some(body) = bytes.get(self.at + 2..self.at + length) else {
            let beyond = self.at + length - bytes.len();
            return damaged(start, &format!("a segment runs {beyond} bytes past the end of the file"));
        };
        self.at += length;
        Ok(body)
    }

    fn frame(&mut self, start: usize, body: &[u8], progressive: bool) -> Result<()> {
        if self.header.frame.is_some() {
            return damaged(start, "a second frame header");
        }
        let (&[precision, h1, h0, w1, w0, count], rest) = match body.split_first_chunk::<6>() {
            Some(split) => split,
            None => return damaged(start, "the frame header is too short"),
        };
        if precision != 8 {
            return unsupported(&format!("of {precision} bits per sample"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return unsupported(&format!("of {count} colour components (1, 3 and 4 are read)"));
        }
        if rest.len() != usize::from(count) * 3 {
            return damaged(start, "the frame header has another length than its components need");
        }
        let size = Size::new(u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into());
        if size.height == 0 {
            return unsupported("of a height that is given after the picture");
        }
        if size.width == 0 {
            return damaged(start, "the width is 0");
        }
        for (what, side) in [("width", size.width), ("height", size.height)] {
            if side > MAX_SIDE {
                return Err(Error::ImageTooLarge { what, found: side.into(), allowed: MAX_SIDE.into() });
            }
        }
        let mut components: Vec<Component> = Vec::with_capacity(4);
        for &[id, sampling, table] in rest.as_chunks::<3>().0 {
            let sampling = (sampling >> 4, sampling & 15);
            if components.iter().any(|other| other.id == id) {
                return damaged(start, &format!("two components have the id {id}"));
            }
            if !(1..=4).contains(&sampling.0) || !(1..=4).contains(&sampling.1) {
                let (across, down) = sampling;
                return damaged(start, &format!("sampling factors {across}x{down}; 1 to 4 are allowed"));
            }
            if table > 3 {
                return damaged(start, &format!("quantisation table {table}; 0 to 3 are allowed"));
            }
            components.push(Component { id, sampling, table, seen: false });
        }
        self.header.frame = Some(Frame { size, progressive, components });
        Ok(())
    }

    /// A scan: its header, checked against frame and tables, and its data.
    fn scan(&mut self, start: usize, body: &[u8]) -> Result<()> {
        let Some(frame) = &mut self.header.frame else {
            return damaged(start, "a scan stands before the frame header");
        };
        if self.header.scans.len() == MAX_SCANS {
            return damaged(start, &format!("more than {MAX_SCANS} scans"));
        }
        let count = usize::from(body.first().copied().unwrap_or_default());
        let shape = body.get(1..).unwrap_or_default().split_at_checked(count * 2);
        let Some((selectors, &[first, last, approximation])) = shape else {
            return damaged(start, "the scan header has another length than its components need");
        };
        if !(1..=frame.components.len()).contains(&count) {
            return damaged(start, &format!("a scan of {count} of {} components", frame.components.len()));
        }
        let (high, low) = (approximation >> 4, approximation & 15);
        let progressive = frame.progressive;
        let legal = if progressive {
            let dc = first == 0 && last == 0;
            let ac = (1..=63).contains(&first) && (first..=63).contains(&last) && count == 1;
            (dc || ac) && low <= 13 && (high == 0 || high == low + 1)
        } else {
            // Some encoders leave the end of the spectrum at 0.
            first == 0 && (last == 63 || last == 0) && approximation == 0
        };
        if !legal {
            let found = format!("a scan of coefficients {first} to {last}, bits {high} to {low}");
            return damaged(start, &format!("{found}, of {count} components, which is not allowed"));
        }
        let mut blocks = 0;
        for (at, &[id, tables]) in selectors.as_chunks::<2>().0.iter().enumerate() {
            let repeated = selectors.as_chunks::<2>().0.iter().take(at).any(|other| other[0] == id);
            let Some(component) = frame.components.iter_mut().find(|c| c.id == id && !repeated) else {
                return damaged(start, &format!("a scan of component {id}, unknown or named twice"));
            };
            if component.seen && !progressive {
                return damaged(start, &format!("a second scan of component {id}"));
            }
            if first > 0 && !component.seen {
                return damaged(start, &format!("component {id} has a scan of details before its base"));
            }
            component.seen |= first == 0 && high == 0;
            blocks += u32::from(component.sampling.0) * u32::from(component.sampling.1);
            self.tables.need_quantisation(start, component.table)?;
            if first == 0 && high == 0 {
                self.tables.need_huffman(start, false, tables >> 4)?;
            }
            if !progressive || first > 0 {
                self.tables.need_huffman(start, true, tables & 15)?;
            }
        }
        if count > 1 && blocks > 10 {
            return damaged(start, &format!("{blocks} blocks in a unit of a scan; at most 10 are allowed"));
        }
        self.data(start)
    }

    /// Skips a scan's data: up to the first marker that is neither a restart nor a stuffed ff.
    fn data(&mut self, start: usize) -> Result<()> {
        let from = self.at;
        let mut at = from;
        loop {
            let Some(found) = self.bytes.get(at..).and_then(|rest| memchr(0xff, rest)) else {
                return self.ends();
            };
            at += found;
            match self.bytes.get(at + 1) {
                None => return self.ends(),
                Some(0x00 | 0xd0..=0xd7) => at += 2,
                Some(0xff) => at += 1,
                Some(_) => break,
            }
        }
        if at == from {
            return damaged(start, "a scan without data");
        }
        self.header.scans.push(at);
        self.at = at;
        Ok(())
    }

    /// The end of the image.
    fn finish(&self, start: usize) -> Result<()> {
        let frame = self.header.frame()?;
        match frame.components.iter().find(|component| !component.seen) {
            Some(missing) => damaged(start, &format!("the image ends without component {}", missing.id)),
            None => Ok(()),
        }
    }

    fn exif(&mut self, body: &[u8]) {
        if let Some(tiff) = body.strip_prefix(b"Exif\0\0")
            && self.header.orientation.is_none()
        {
            self.header.orientation = Some(Orientation::in_exif(tiff));
        }
    }

    fn profile(&mut self, body: &'a [u8]) {
        if let Some([number, count, bytes @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") {
            // More than there are numbers for cannot be whole; one too many is enough to tell.
            if self.header.parts.len() <= usize::from(u8::MAX) {
                self.header.parts.push((*number, *count, bytes));
            }
        }
    }

    fn adobe(&mut self, body: &[u8]) {
        if body.starts_with(b"Adobe") {
            self.header.adobe = body.get(11).copied().or(self.header.adobe);
        }
    }
}
