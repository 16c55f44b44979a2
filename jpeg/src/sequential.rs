//! Decoding of sequential files, one row of MCUs at a time.
//!
//! The components of such a file may stand in one scan or in several. Each scan has a reader of its own, and all
//! advance together, so that nothing but the rows at hand is kept.

use archmage::autoversion;

use crate::bits::Bits;
use crate::block::Coder;
use crate::error::{Result, damaged};
use crate::geometry::Geometry;
use crate::huffman::{Spec, Table};
use crate::idct::Group;
use crate::output::Output;
use crate::scan::{Scan, ScanComponent};
use crate::strip::{LANES, Strip};
use crate::zigzag::last_needed;

/// A component within a scan.
#[derive(Debug)]
struct Member {
    /// Which component of the frame.
    index: usize,
    /// Blocks of an MCU in each direction.
    h: usize,
    v: usize,
    coder: Coder,
    /// Blocks of eight MCUs: `h` groups for each of `v` rows.
    groups: Vec<Group>,
    /// For each group the highest coefficient that is set.
    highest: Vec<u32>,
}

/// Where the restart markers of a scan stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Restarts {
    interval: u32,
    /// MCUs until the next one.
    left: u32,
    next: u8,
}

impl Restarts {
    pub(crate) fn new(interval: u16) -> Self {
        let interval = if interval == 0 { u32::MAX } else { u32::from(interval) };
        Self { interval, left: interval, next: 0 }
    }

    /// To be called before each MCU: whether a restart is due there, whose number it returns.
    #[inline(always)]
    pub(crate) fn due(&mut self) -> Option<u8> {
        if self.left == 0 {
            self.left = self.interval - 1;
            let number = self.next;
            self.next = (number + 1) & 7;
            return Some(number);
        }
        self.left -= 1;
        None
    }
}

/// The reader of a scan.
#[derive(Debug)]
struct Reader<'a> {
    bits: Bits<'a>,
    /// Where its data begins in the file.
    offset: usize,
    restarts: Restarts,
    members: Vec<Member>,
}

impl<'a> Reader<'a> {
    fn new(scan: &Scan<'a>, geometry: &Geometry) -> Result<Self> {
        let alone = scan.components.len() == 1;
        let members = scan
            .components
            .iter()
            .map(|component| Member::new(component, geometry, alone, scan.at))
            .collect::<Result<_>>()?;
        Ok(Self {
            bits: Bits::new(scan.data),
            offset: scan.offset,
            restarts: Restarts::new(scan.restart_interval),
            members,
        })
    }

    /// Reads what belongs to strip number `index`.
    fn read(&mut self, geometry: &Geometry, outputs: &mut [Output<'_>], index: usize) -> Result<()> {
        if let [only] = self.members.as_slice() {
            let plane = &geometry.planes[only.index];
            let rows = plane.v.min(plane.blocks_high - index * plane.v);
            for row in 0..rows {
                self.row(plane.blocks_wide, outputs, row)?;
            }
            return Ok(());
        }
        self.row(geometry.mcus_wide, outputs, 0)
    }

    fn row(&mut self, mcus: usize, outputs: &mut [Output<'_>], down: usize) -> Result<()> {
        read_row(&mut self.bits, &mut self.restarts, &mut self.members, mcus, outputs, down);
        self.check()
    }

    fn check(&self) -> Result<()> {
        check(&self.bits, self.offset)
    }
}

/// Whether what was read so far is there and valid.
pub(crate) fn check(bits: &Bits<'_>, offset: usize) -> Result<()> {
    let at = offset + bits.position();
    if bits.overrun() {
        return damaged("entropy-coded data that is cut off", at);
    }
    if bits.bad {
        return damaged("entropy-coded data that is not valid", at);
    }
    Ok(())
}

impl Member {
    fn new(component: &ScanComponent, geometry: &Geometry, alone: bool, at: usize) -> Result<Self> {
        let plane = &geometry.planes[component.index];
        let (h, v) = if alone { (1, 1) } else { (plane.h, plane.v) };
        let table = |spec: &Option<std::sync::Arc<Spec>>, what| match spec {
            Some(spec) => Ok(Table::new(spec)),
            None => damaged(what, at),
        };
        let dc = table(&component.dc, "a scan without its DC table")?;
        let ac = table(&component.ac, "a scan without its AC table")?;
        let Some(quantization) = &component.quantization else {
            return damaged("a scan without its quantisation table", at);
        };
        let coder = Coder::new(dc, ac, quantization, last_needed(plane.points));
        let groups = vec![[[0; LANES]; 64]; h * v];
        Ok(Self { index: component.index, h, v, coder, groups, highest: vec![0; h * v] })
    }

    /// Reads the blocks of MCU number `mcu` of eight.
    #[inline(always)]
    fn read(&mut self, bits: &mut Bits<'_>, mcu: usize) {
        let mut first = 0;
        for _ in 0..self.v {
            for across in 0..self.h {
                let place = mcu * self.h + across;
                let group = first + place / LANES;
                let (Some(blocks), Some(highest)) = (self.groups.get_mut(group), self.highest.get_mut(group))
                else {
                    continue;
                };
                *highest = (*highest).max(self.coder.read(bits, blocks, place % LANES));
            }
            first += self.h;
        }
    }

    /// Transforms the blocks of eight MCUs, of which the first is number `mcu` of its row.
    #[inline(always)]
    fn transform(&self, strip: &mut Strip, mcu: usize, down: usize) {
        for (number, (group, &highest)) in self.groups.iter().zip(&self.highest).enumerate() {
            let (row, column) = (number / self.h, number % self.h);
            strip.put(group, highest, down + row, mcu * self.h + column * LANES);
        }
    }

    /// Makes room for the next eight MCUs. Coefficients of DC are always written over.
    #[inline(always)]
    fn clear(&mut self) {
        for (group, highest) in self.groups.iter_mut().zip(&mut self.highest) {
            if *highest > 0 {
                *group = [[0; LANES]; 64];
                *highest = 0;
            }
        }
    }
}

/// Reads a row of MCUs and transforms it for each output.
#[autoversion(v3, neon, wasm128)]
fn read_row(
    bits: &mut Bits<'_>,
    restarts: &mut Restarts,
    members: &mut [Member],
    mcus: usize,
    outputs: &mut [Output<'_>],
    down: usize,
) {
    // On the stack, where the compiler keeps it in registers.
    let mut reader = bits.clone();
    for first in (0..mcus).step_by(LANES) {
        for mcu in 0..LANES.min(mcus - first) {
            if let Some(number) = restarts.due() {
                reader.bad |= reader.overrun() || !reader.restart(number);
                for member in members.iter_mut() {
                    member.coder.prediction = 0;
                }
            }
            for member in members.iter_mut() {
                member.read(&mut reader, mcu);
            }
        }
        for member in members.iter_mut() {
            for output in outputs.iter_mut() {
                if let Some(strip) = output.strips.get_mut(member.index) {
                    member.transform(strip, first, down);
                }
            }
            member.clear();
        }
    }
    *bits = reader;
}

/// Decodes all, once for all `outputs`, of which `largest` is the geometry of the largest.
///
/// What is larger reads more coefficients, and a transform only its own: the others see nothing of the rest.
pub(crate) fn decode(scans: &[Scan<'_>], largest: &Geometry, outputs: &mut [Output<'_>]) -> Result<()> {
    let mut readers = scans.iter().map(|scan| Reader::new(scan, largest)).collect::<Result<Vec<_>>>()?;
    for index in 0..largest.mcus_high {
        for reader in &mut readers {
            reader.read(largest, outputs, index)?;
        }
        outputs.iter_mut().for_each(|output| output.paint(index));
    }
    Ok(())
}
