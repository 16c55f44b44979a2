//! The samples of one component that one row of MCUs gives, and the row above them.

use crate::geometry::{Geometry, Plane};
use crate::idct::{Group, idct8, idct8_dc};
use crate::reduced::{idct1, idct2, idct4};

/// Blocks are transformed by eights.
pub(crate) const LANES: usize = 8;

/// Rows of samples. Row 0 is the last one of the strip before.
#[derive(Clone, Debug)]
pub(crate) struct Strip {
    pub(crate) data: Vec<u8>,
    pub(crate) stride: usize,
    /// Samples per side that each block becomes.
    pub(crate) points: u32,
}

impl Strip {
    pub(crate) fn new(geometry: &Geometry, plane: &Plane) -> Self {
        let (stride, rows) = Self::size(geometry, plane);
        Self { data: vec![0; stride * rows], stride, points: plane.points }
    }

    /// Bytes of a row, and rows.
    pub(crate) fn size(geometry: &Geometry, plane: &Plane) -> (usize, usize) {
        // Eight MCUs at a time.
        let blocks = geometry.mcus_wide.next_multiple_of(LANES) * plane.h;
        (blocks * plane.points as usize, plane.v * plane.points as usize + 1)
    }

    /// Row `row` of the strip, 0 being the one above it.
    pub(crate) fn row(&self, row: usize, width: usize) -> &[u8] {
        let start = row * self.stride;
        &self.data[start..start + width]
    }

    /// Keeps the last row as the one above the next strip.
    pub(crate) fn advance(&mut self) {
        let last = self.data.len() - self.stride;
        self.data.copy_within(last.., 0);
    }

    /// Transforms eight blocks, of which the first is the `across`-th of row `down` of blocks. No coefficient
    /// behind the `last`-th is other than 0.
    #[inline(always)]
    pub(crate) fn put(&mut self, group: &Group, last: u32, down: usize, across: usize) {
        let points = self.points as usize;
        let start = (1 + down * points) * self.stride + across * points;
        let Some(out) = self.data.get_mut(start..) else { return };
        match points {
            1 => idct1(group, out),
            2 => idct2(group, out, self.stride),
            4 => idct4(group, out, self.stride),
            _ if last == 0 => idct8_dc(group, out, self.stride),
            // The tenth coefficient is the last whose row and column are both below 4.
            _ if last < 10 => idct8::<4>(group, out, self.stride),
            _ => idct8::<8>(group, out, self.stride),
        }
    }
}
