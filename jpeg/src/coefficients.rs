//! Coefficients of one component of a progressive file, kept from scan to scan.

use crate::geometry::{Geometry, Plane};
use crate::idct::Group;
use crate::strip::LANES;
use crate::zigzag::{NATURAL, needed};

/// What [`Store::slots`] says of a coefficient that is not kept.
const NOT_KEPT: u8 = u8::MAX;

/// The coefficients that the largest scale needs, of all blocks.
///
/// Blocks are kept by eights like those of a [`Group`]: a scan of low frequencies touches few lines of the cache,
/// and the transform takes them as they are.
#[derive(Debug)]
pub(crate) struct Store {
    /// For each group and kept coefficient those of eight blocks.
    values: Vec<[i16; LANES]>,
    /// For each block a bit for each coefficient but the first that is not 0, kept or not: what a scan that refines
    /// goes by. Empty where no AC coefficient is needed.
    set: Vec<u64>,
    /// For each coefficient in the order of the file its place among the kept ones.
    slots: [u8; 64],
    /// Kept coefficients of a block, and of one side.
    kept: usize,
    side: usize,
    /// Groups in a row of blocks.
    groups_wide: usize,
}

impl Store {
    pub(crate) fn new(geometry: &Geometry, plane: &Plane) -> Self {
        let (groups_wide, rows) = Self::size(geometry, plane);
        let side = plane.points as usize;
        let groups = groups_wide * rows;
        let mut slots = [NOT_KEPT; 64];
        for (k, slot) in slots.iter_mut().enumerate() {
            if needed(k, plane.points) {
                let place = usize::from(NATURAL[k]);
                // At most 63.
                *slot = u8::try_from(place / 8 * side + place % 8).unwrap_or(NOT_KEPT);
            }
        }
        Self {
            values: vec![[0; LANES]; groups * side * side],
            set: vec![0; if side > 1 { groups * LANES } else { 0 }],
            slots,
            kept: side * side,
            side,
            groups_wide,
        }
    }

    /// A store that keeps no coefficient, but which of them are set.
    pub(crate) fn history(geometry: &Geometry, plane: &Plane) -> Self {
        let (groups_wide, rows) = Self::size(geometry, plane);
        Self {
            values: Vec::new(),
            set: vec![0; groups_wide * rows * LANES],
            slots: [NOT_KEPT; 64],
            kept: 0,
            side: 0,
            groups_wide,
        }
    }

    /// Groups in a row of blocks, and rows.
    fn size(geometry: &Geometry, plane: &Plane) -> (usize, usize) {
        (geometry.mcus_wide.div_ceil(LANES) * plane.h, geometry.mcus_high * plane.v)
    }

    /// Bytes that [`Self::new`] takes.
    pub(crate) fn memory(geometry: &Geometry, plane: &Plane) -> u64 {
        let values = Self::blocks(geometry, plane) * u64::from(plane.points * plane.points) * 2;
        values + if plane.points > 1 { Self::history_memory(geometry, plane) } else { 0 }
    }

    /// Bytes that [`Self::history`] takes.
    pub(crate) fn history_memory(geometry: &Geometry, plane: &Plane) -> u64 {
        Self::blocks(geometry, plane) * 8
    }

    fn blocks(geometry: &Geometry, plane: &Plane) -> u64 {
        let (groups_wide, rows) = Self::size(geometry, plane);
        (groups_wide * LANES) as u64 * rows as u64
    }

    /// The blocks of one row: coefficients by groups, and bits by blocks.
    #[inline(always)]
    pub(crate) fn row(&mut self, row: usize) -> Row<'_> {
        let start = row * self.groups_wide;
        let values = self.values.get_mut(start * self.kept..(start + self.groups_wide) * self.kept);
        let set = self.set.get_mut(start * LANES..(start + self.groups_wide) * LANES);
        Row {
            values: values.unwrap_or_default(),
            set: set.unwrap_or_default(),
            slots: &self.slots,
            kept: self.kept,
        }
    }

    /// Copies what a transform to `points` samples per side, at most those of the store, reads of a group. Returns
    /// the highest coefficient that is set.
    #[inline(always)]
    pub(crate) fn group(
        &self,
        row: usize,
        across: usize,
        points: usize,
        quantization: &[u16; 64],
        out: &mut Group,
    ) -> u32 {
        let number = row * self.groups_wide + across;
        let set = self.set.get(number * LANES..(number + 1) * LANES).unwrap_or(&[]);
        let highest = 63 - (set.iter().fold(1, |all, bits| all | bits)).leading_zeros();
        // What the transform to 8x8 leaves out: see `Strip::put`.
        let side = match (points, highest) {
            (8, 0) => 1,
            (8, 1..10) => 4,
            _ => points,
        };
        let values = self.values.get(number * self.kept..(number + 1) * self.kept).unwrap_or(&[]);
        for (y, values) in values.chunks_exact(self.side).enumerate().take(side) {
            for (x, values) in values.iter().enumerate().take(side) {
                let place = (y * 8 + x) & 63;
                let factor = quantization[place] as i16;
                out[place] = values.map(|value| value.wrapping_mul(factor));
            }
        }
        highest
    }
}

/// A row of blocks in a [`Store`].
pub(crate) struct Row<'a> {
    pub(crate) values: &'a mut [[i16; LANES]],
    pub(crate) set: &'a mut [u64],
    pub(crate) slots: &'a [u8; 64],
    pub(crate) kept: usize,
}

impl Row<'_> {
    /// The kept coefficients of a block as those of its group, and its lane there.
    #[inline(always)]
    pub(crate) fn block(&mut self, block: usize) -> (&mut [[i16; LANES]], usize) {
        let start = block / LANES * self.kept;
        (self.values.get_mut(start..start + self.kept).unwrap_or_default(), block % LANES)
    }
}
