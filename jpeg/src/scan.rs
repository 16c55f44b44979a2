//! The scans of a file, each with the tables in force (T.81 section B.2.3).

use std::sync::Arc;

use crate::error::{Error, Result, damaged, invalid};
use crate::header::{Builder, Component, Header, check_pixels, restart_interval};
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

impl Scan<'_> {
    /// A bit for each coefficient that a progressive scan has.
    pub(crate) fn band(&self) -> u64 {
        (u64::MAX >> (63 - self.end)) & (u64::MAX << self.start)
    }
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
                other => {
                    let what = "precision of a quantisation table";
                    return invalid(what, other, "0 for 8 bits or 1 for 16", segment.at);
                }
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
                return invalid("entry of a quantisation table", 0u8, "1 to 65535", segment.at);
            }
            let Some(slot) = self.quantization.get_mut(usize::from(head & 15)) else {
                return invalid("number of a quantisation table", head & 15, "0 to 3", segment.at);
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
                0 => {
                    spec.check_dc(segment.at)?;
                    &mut self.dc
                }
                1 => &mut self.ac,
                other => return invalid("class of a Huffman table", other, "0 or 1", segment.at),
            };
            let Some(slot) = class.get_mut(usize::from(head & 15)) else {
                return invalid("number of a Huffman table", head & 15, "0 to 3", segment.at);
            };
            *slot = Some(Arc::new(spec));
            rest = tail;
        }
        Ok(())
    }

    /// Reads the header of a scan; its data is still to be filled in.
    fn scan<'a>(&self, segment: Segment<'a>, header: &Header) -> Result<Scan<'a>> {
        let Segment { at, body, .. } = segment;
        let count = body.first().map_or(0, |&count| usize::from(count));
        if !(1..=4).contains(&count) {
            return invalid("number of components in a scan", count, "1 to 4", at);
        }
        let names = body.get(1..=2 * count);
        let (Some(names), Some(&[start, end, approximation])) = (names, body.get(1 + 2 * count..)) else {
            return invalid("number of bytes in a scan header", body.len(), "4 and 2 for each component", at);
        };
        let mut components: Vec<ScanComponent> = Vec::with_capacity(count);
        for &[id, selectors] in names.as_chunks::<2>().0 {
            let Some(index) = header.components.iter().position(|component| component.id == id) else {
                return invalid("component in a scan", id, "one that the frame has", at);
            };
            if components.iter().any(|component| component.index == index) {
                return damaged("a scan with a component twice", at);
            }
            let (dc, ac) = (usize::from(selectors >> 4), usize::from(selectors & 15));
            let table = |tables: &[Option<Arc<Spec>>; 4], number: usize| match tables.get(number) {
                Some(table) => Ok(table.clone()),
                None => invalid("number of a Huffman table", number, "0 to 3", at),
            };
            let quantization = usize::from(header.components[index].quantization);
            components.push(ScanComponent {
                index,
                dc: table(&self.dc, dc)?,
                ac: table(&self.ac, ac)?,
                quantization: self.quantization[quantization].clone(),
            });
        }
        let (high, low) = (approximation >> 4, approximation & 15);
        if header.progressive {
            check_part((start, end), (high, low), count, at)?;
        }
        // Ten blocks are the most in an MCU (T.81 section B.2.3).
        let blocks = |c: &ScanComponent| {
            let Component { horizontal, vertical, .. } = header.components[c.index];
            usize::from(horizontal) * usize::from(vertical)
        };
        let blocks: usize = components.iter().map(blocks).sum();
        if count > 1 && blocks > 10 {
            return invalid("number of blocks in an MCU", blocks, "at most 10", at);
        }
        Ok(Scan { components, start, end, high, low, restart_interval: 0, data: &[], offset: 0, at })
    }
}

/// Checks which part of the coefficients a progressive scan has, and which of their bits (T.81 section G.1.1.1).
fn check_part((start, end): (u8, u8), (high, low): (u8, u8), count: usize, at: usize) -> Result<()> {
    match (start, end) {
        (0, 1..) => return invalid("last coefficient of a DC scan", end, "0", at),
        (1.., _) if end < start || end > 63 => {
            return invalid("last coefficient of an AC scan", end, "its first one to 63", at);
        }
        (1.., _) if count > 1 => return invalid("number of components in an AC scan", count, "1", at),
        _ => {}
    }
    if low > 13 {
        return invalid("lowest bit of a scan", low, "0 to 13", at);
    }
    if high != 0 && high != low + 1 {
        return invalid("bit before those of a scan", high, "0 or one more than its lowest", at);
    }
    Ok(())
}
