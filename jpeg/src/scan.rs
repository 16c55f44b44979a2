//! The scans of a file, each with the tables in force (T.81 section B.2.3).

use std::sync::Arc;

use crate::error::{Error, Result, damaged};
use crate::header::{Builder, Header, check_pixels, restart_interval};
use crate::huffman::Spec;
use crate::limits::Limits;
use crate::marker::{self, Markers, Segment};

/// A component in a scan.
#[derive(Clone, Debug)]
pub(crate) struct ScanComponent {
    /// Which component of the frame.
    pub(crate) index: usize,
    pub(crate) dc: Option<Arc<Spec>>,
    pub(crate) ac: Option<Arc<Spec>>,
    pub(crate) quantization: Option<Arc<[u16; 64]>>,
}

/// A scan.
#[derive(Clone, Debug)]
pub(crate) struct Scan<'a> {
    pub(crate) components: Vec<ScanComponent>,
    /// The first and last coefficient that it has.
    pub(crate) start: u8,
    pub(crate) end: u8,
    /// The bit that it refines plus one, 0 for the first scan of its coefficients.
    pub(crate) high: u8,
    /// The lowest bit that it has.
    pub(crate) low: u8,
    pub(crate) restart_interval: u16,
    /// Entropy-coded data.
    pub(crate) data: &'a [u8],
    /// Where that begins in the file.
    pub(crate) offset: usize,
    /// Where the scan's marker stands.
    pub(crate) at: usize,
}

/// All of a file but the coefficients.
#[derive(Clone, Debug)]
pub(crate) struct File<'a> {
    pub(crate) header: Header,
    pub(crate) scans: Vec<Scan<'a>>,
    /// Whether the marker for the end of the image is there.
    pub(crate) ended: bool,
}

/// Tables in force.
#[derive(Debug, Default)]
struct Tables {
    dc: [Option<Arc<Spec>>; 4],
    ac: [Option<Arc<Spec>>; 4],
    quantization: [Option<Arc<[u16; 64]>>; 4],
}

impl<'a> File<'a> {
    /// Walks the file. It may end without the marker for it, and anything may follow that marker.
    pub(crate) fn read(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let mut markers = Markers::new(bytes)?;
        let mut builder = Builder::default();
        let mut tables = Tables::default();
        let mut header: Option<Header> = None;
        let mut scans: Vec<Scan<'a>> = Vec::new();
        let mut ended = false;
        while let Some(segment) = markers.next()? {
            match segment.marker {
                marker::EOI => {
                    ended = true;
                    break;
                }
                marker::DQT => tables.quantization(segment)?,
                marker::DHT => tables.huffman(segment)?,
                marker::DRI => builder.restart_interval = restart_interval(segment)?,
                marker::SOS => {
                    let header = match &mut header {
                        Some(header) => header,
                        none => {
                            let read = builder.header(segment.at)?;
                            check_pixels(&read, limits.pixels)?;
                            none.insert(read)
                        }
                    };
                    let found = scans.len() as u64 + 1;
                    if found > limits.scans {
                        return Err(Error::Limit { unit: "scans", found, allowed: limits.scans });
                    }
                    let mut scan = tables.scan(segment, header)?;
                    // A component keeps the quantisation table of its first scan.
                    for component in &mut scan.components {
                        let earlier = scans.iter().flat_map(|scan| &scan.components);
                        let same = earlier.clone().find(|earlier| earlier.index == component.index);
                        if let Some(same) = same {
                            if !header.progressive {
                                return damaged("a second scan of a component", segment.at);
                            }
                            component.quantization.clone_from(&same.quantization);
                        }
                    }
                    scan.restart_interval = builder.restart_interval;
                    scan.offset = markers.position();
                    scan.data = markers.entropy_coded();
                    scans.push(scan);
                }
                _ => builder.segment(segment)?,
            }
        }
        let end = markers.position();
        let Some(header) = header else { return damaged("the file ends before its first scan", end) };
        let missing = |index| !scans.iter().flat_map(|scan| &scan.components).any(|c| c.index == index);
        if (0..header.components.len()).any(missing) {
            return damaged("the file ends before the scans of all components", end);
        }
        Ok(Self { header, scans, ended })
    }
}

impl Tables {
    /// Takes quantisation tables (T.81 section B.2.4.1).
    fn quantization(&mut self, segment: Segment<'_>) -> Result<()> {
        let mut rest = segment.body;
        while let Some((&head, tail)) = rest.split_first() {
            let mut table = [0u16; 64];
            let wide = match head >> 4 {
                0 => false,
                1 => true,
                _ => return damaged("a quantisation table of other than 8 or 16 bits", segment.at),
            };
            let Some((entries, tail)) = tail.split_at_checked(if wide { 128 } else { 64 }) else {
                return damaged("a quantisation table that is cut off", segment.at);
            };
            if wide {
                for (entry, &pair) in table.iter_mut().zip(entries.as_chunks::<2>().0) {
                    *entry = u16::from_be_bytes(pair);
                }
            } else {
                for (entry, &byte) in table.iter_mut().zip(entries) {
                    *entry = u16::from(byte);
                }
            }
            if table.contains(&0) {
                return damaged("a quantisation table with a zero", segment.at);
            }
            let Some(slot) = self.quantization.get_mut(usize::from(head & 15)) else {
                return damaged("a quantisation table outside of 0 to 3", segment.at);
            };
            *slot = Some(Arc::new(table));
            rest = tail;
        }
        Ok(())
    }

    /// Takes Huffman tables.
    fn huffman(&mut self, segment: Segment<'_>) -> Result<()> {
        let mut rest = segment.body;
        while let Some((&head, tail)) = rest.split_first() {
            let (spec, tail) = Spec::read(tail, segment.at)?;
            let class = match head >> 4 {
                0 if !spec.fits_dc() => return damaged("a DC table with a size over 15", segment.at),
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return damaged("a Huffman table of neither class", segment.at),
            };
            let Some(slot) = class.get_mut(usize::from(head & 15)) else {
                return damaged("a Huffman table outside of 0 to 3", segment.at);
            };
            *slot = Some(Arc::new(spec));
            rest = tail;
        }
        Ok(())
    }

    /// Reads the header of a scan; its data is still to be filled in.
    fn scan<'a>(&self, segment: Segment<'a>, header: &Header) -> Result<Scan<'a>> {
        let Segment { at, body, .. } = segment;
        let wrong = || damaged("a scan header that is not valid", at);
        let Some((&count, rest)) = body.split_first() else { return wrong() };
        let count = usize::from(count);
        if !(1..=4).contains(&count) || rest.len() != 2 * count + 3 {
            return wrong();
        }
        let (names, rest) = rest.split_at(2 * count);
        let mut components: Vec<ScanComponent> = Vec::with_capacity(count);
        for &[id, selectors] in names.as_chunks::<2>().0 {
            let Some(index) = header.components.iter().position(|component| component.id == id) else {
                return damaged("a scan of a component that the frame does not have", at);
            };
            if components.iter().any(|component| component.index == index) {
                return damaged("a scan with a component twice", at);
            }
            let (dc, ac) = (usize::from(selectors >> 4), usize::from(selectors & 15));
            let (Some(dc), Some(ac)) = (self.dc.get(dc), self.ac.get(ac)) else { return wrong() };
            let quantization = usize::from(header.components[index].quantization);
            components.push(ScanComponent {
                index,
                dc: dc.clone(),
                ac: ac.clone(),
                quantization: self.quantization[quantization].clone(),
            });
        }
        let &[start, end, approximation] = rest else { return wrong() };
        let (high, low) = (approximation >> 4, approximation & 15);
        if header.progressive {
            let band = if start == 0 { end == 0 } else { start <= end && end < 64 && count == 1 };
            let bits = low <= 13 && (high == 0 || high == low + 1);
            if !band || !bits {
                return damaged("a scan whose coefficients or bits are not allowed", at);
            }
        }
        // Ten blocks are the most in an MCU (T.81 section B.2.3).
        let blocks = |c: &ScanComponent| {
            u32::from(header.components[c.index].horizontal) * u32::from(header.components[c.index].vertical)
        };
        if count > 1 && components.iter().map(blocks).sum::<u32>() > 10 {
            return damaged("a scan of more than 10 blocks in an MCU", at);
        }
        Ok(Scan { components, start, end, high, low, restart_interval: 0, data: &[], offset: 0, at })
    }
}
