//! Profiles that are tables: device colours at the nodes of a grid, in three or four dimensions.
//!
//! The nodes are brought to sRGB once, in 16 bits; a pixel is then interpolated between the `N + 1` nodes of the
//! simplex that it lies in, in integers. That sets interpolation before the profile's output curves and the way
//! through Lab, where a colour management system has it behind them; between neighbouring nodes the difference
//! is below what 8 bits show.

use moxcms::{DataColorSpace, LutDataType, LutMultidimensionalType, LutStore, LutType, LutWarehouse};

use super::curve::{Curve, unit};
use super::srgb;

/// The most nodes that are taken: 33 in three dimensions are 35,937, 17 in four 83,521.
pub(super) const MAX_NODES: usize = 1 << 19;

/// 1 as a part of a cell.
const WHOLE: u32 = 1 << 16;

/// XYZ of the white that profiles are relative to, D50.
const WHITE: [f64; 3] = [0.9642, 1.0, 0.8249];

/// A table for `N` channels.
pub(super) struct Lut<const N: usize> {
    /// For each channel and sample the place along the grid, in 1/65536 of a cell.
    places: [Box<[u32; 256]>; N],
    /// How far neighbours along a channel are apart in `nodes`.
    strides: [usize; N],
    /// The last cell along each channel.
    last: [u32; N],
    nodes: Vec<[u16; 3]>,
}

impl<const N: usize> Lut<N> {
    /// A device-to-PCS table; `None` unless it has `N` channels, a grid, and a PCS of XYZ or Lab.
    pub(super) fn read(table: &LutWarehouse, pcs: DataColorSpace) -> Option<Lut<N>> {
        match table {
            LutWarehouse::Lut(lut) => Self::plain(lut, pcs),
            LutWarehouse::Multidimensional(lut) => Self::multi(lut, pcs),
        }
    }

    /// `mft1` and `mft2`.
    fn plain(lut: &LutDataType, pcs: DataColorSpace) -> Option<Lut<N>> {
        if usize::from(lut.num_input_channels) != N || lut.num_output_channels != 3 {
            return None;
        }
        let pcs = Pcs::of(pcs, lut.lut_type)?;
        let curves = |store, count, length: u16| {
            (0..count).map(|at| Curve::in_row(store, at, length.into())).collect::<Option<Vec<_>>>()
        };
        let inputs = curves(&lut.input_table, N, lut.num_input_table_entries)?;
        let outputs = curves(&lut.output_table, 3, lut.num_output_table_entries)?;
        Self::build(&[lut.num_clut_grid_points; N], &inputs, &lut.clut_table, |values| {
            pcs.to_srgb(std::array::from_fn(|at| outputs[at].at(values[at])))
        })
    }

    /// `mAB `.
    fn multi(lut: &LutMultidimensionalType, pcs: DataColorSpace) -> Option<Lut<N>> {
        if usize::from(lut.num_input_channels) != N || lut.num_output_channels != 3 {
            return None;
        }
        let pcs = Pcs::of(pcs, LutType::LutMab)?;
        let curves = |curves: &[_], count| -> Option<Vec<Curve>> {
            let read: Option<Vec<Curve>> = curves.iter().map(Curve::read).collect();
            read.filter(|read| read.len() == count)
        };
        let inputs = curves(&lut.a_curves, N)?;
        let middle = if lut.m_curves.is_empty() { None } else { Some(curves(&lut.m_curves, 3)?) };
        let outputs = curves(&lut.b_curves, 3)?;
        let (matrix, bias) = (lut.matrix.v, lut.bias.v);
        Self::build(lut.grid_points.get(..N)?, &inputs, lut.clut.as_ref()?, |mut values| {
            if let Some(middle) = &middle {
                values = std::array::from_fn(|at| middle[at].at(values[at]));
                values = srgb::multiply(&matrix, values);
                values = std::array::from_fn(|at| unit(values[at] + bias[at]));
            }
            pcs.to_srgb(std::array::from_fn(|at| outputs[at].at(values[at])))
        })
    }

    fn build(
        grid: &[u8],
        inputs: &[Curve],
        nodes: &LutStore,
        to_srgb: impl Fn([f64; 3]) -> [u16; 3],
    ) -> Option<Lut<N>> {
        let grid: [usize; N] = grid.iter().map(|&side| side.into()).collect::<Vec<_>>().try_into().ok()?;
        let count = grid.iter().try_fold(1usize, |count, side| count.checked_mul(*side))?;
        if grid.iter().any(|side| *side < 2) || count > MAX_NODES {
            return None;
        }
        let value = |at: usize| match nodes {
            LutStore::Store8(values) => values.get(at).map(|&v| f64::from(v) / 255.0),
            LutStore::Store16(values) => values.get(at).map(|&v| f64::from(v) / 65_535.0),
        };
        let node = |at: usize| Some(to_srgb([value(at * 3)?, value(at * 3 + 1)?, value(at * 3 + 2)?]));
        let nodes: Vec<[u16; 3]> = (0..count).map(node).collect::<Option<_>>()?;
        let mut strides = [1; N];
        for at in (1..N).rev() {
            strides[at - 1] = strides[at] * grid[at];
        }
        let places = std::array::from_fn(|channel| {
            let cells = (grid[channel] - 1) as f64;
            Box::new(std::array::from_fn(|v| place(inputs[channel].at(v as f64 / 255.0) * cells)))
        });
        let last = grid.map(|side| u32::try_from(side - 2).unwrap_or_default());
        Some(Lut { places, strides, last, nodes })
    }

    pub(super) fn at(&self, samples: [u8; N]) -> [u8; 3] {
        let mut from = 0;
        // The part of its cell that each channel lies at, with its stride, the largest part first.
        let mut parts = [(0u32, 0usize); N];
        for (channel, sample) in samples.into_iter().enumerate() {
            let place = self.places[channel][usize::from(sample)];
            let cell = (place / WHOLE).min(self.last[channel]);
            let stride = self.strides[channel];
            from += cell as usize * stride;
            let part = (place - cell * WHOLE, stride);
            let mut at = channel;
            while at > 0 && parts[at - 1].0 < part.0 {
                parts[at] = parts[at - 1];
                at -= 1;
            }
            parts[at] = part;
        }
        // From the cell's first node to its last, along the channels in that order. The weights add up to WHOLE.
        let mut sum = [0u32; 3];
        let mut above = WHOLE;
        for (part, stride) in parts.into_iter().chain([(0, 0)]) {
            let weight = above - part;
            above = part;
            for (sum, value) in sum.iter_mut().zip(self.nodes[from]) {
                *sum += weight * u32::from(value);
            }
            from += stride;
        }
        sum.map(|sum| to_byte(sum / WHOLE))
    }
}

/// A place along a grid in 1/65536 of a cell.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 255 cells")]
fn place(cells: f64) -> u32 {
    (cells * f64::from(WHOLE) + 0.5) as u32
}

/// 16 bits as 8, rounded to nearest.
#[expect(clippy::cast_possible_truncation, reason = "a 16-bit value divided by 257")]
fn to_byte(value: u32) -> u8 {
    ((value + 128) / 257) as u8
}

/// How a table's output, 0 to 1, stands for a colour of the profile connection space.
#[derive(Clone, Copy)]
enum Pcs {
    Xyz,
    /// What 1 stands for on the way to L (100) and to a and b (counted from -128).
    Lab {
        lightness: f64,
        color: f64,
    },
}

impl Pcs {
    fn of(space: DataColorSpace, kind: LutType) -> Option<Pcs> {
        match (space, kind) {
            (DataColorSpace::Xyz, _) => Some(Pcs::Xyz),
            // The 16-bit encoding of version 2: ff00 is 100, 8000 is 0.
            (DataColorSpace::Lab, LutType::Lut16) => {
                Some(Pcs::Lab { lightness: 100.0 * 65_535.0 / 65_280.0, color: 65_535.0 / 256.0 })
            }
            (DataColorSpace::Lab, _) => Some(Pcs::Lab { lightness: 100.0, color: 255.0 }),
            _ => None,
        }
    }

    fn to_srgb(self, values: [f64; 3]) -> [u16; 3] {
        let xyz = match self {
            Pcs::Xyz => values.map(|value| value * (1.0 + 32_767.0 / 32_768.0)),
            Pcs::Lab { lightness, color } => {
                let middle = (values[0] * lightness + 16.0) / 116.0;
                let across = middle + (values[1] * color - 128.0) / 500.0;
                let down = middle - (values[2] * color - 128.0) / 200.0;
                let [x, y, z] = [across, middle, down].map(srgb::light_of);
                [x * WHITE[0], y * WHITE[1], z * WHITE[2]]
            }
        };
        srgb::multiply(&srgb::from_xyz(), xyz).map(srgb::encode16)
    }
}
