//! A row of units as planes of samples: colour conversion, halving of chroma, and the edge repeated to full blocks.

use archmage::autoversion;

use super::quantize::{self, Coefficients, Quantizer};
use crate::narrow::{low8, low16};

/// Units that are transformed at a time.
const UNITS: usize = 8;
/// Pixels that are converted at a time.
const CHUNK: usize = 32;

/// A component of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Component {
    /// Its number in the file.
    pub(super) id: u8,
    /// Blocks of a unit in each direction: 1, or 2 for luma beside chroma at half the resolution.
    pub(super) factor: usize,
    /// Which tables it has: 0 for luma, 1 for chroma.
    pub(super) tables: u8,
}

impl Component {
    pub(super) const fn luma(factor: usize) -> Component {
        Component { id: 1, factor, tables: 0 }
    }

    pub(super) const fn chroma(id: u8) -> Component {
        Component { id, factor: 1, tables: 1 }
    }

    /// Blocks of a unit.
    pub(super) const fn blocks(&self) -> usize {
        self.factor * self.factor
    }
}

/// Samples of one component in a row of units.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    samples: Vec<u8>,
    stride: usize,
    /// Columns and rows that hold more than the edge repeated.
    width: usize,
}

impl Plane {
    fn new(width: usize, stride: usize, rows: usize) -> Plane {
        Plane { samples: vec![0; stride * rows], stride, width }
    }

    fn row(&mut self, row: usize) -> &mut [u8] {
        &mut self.samples[row * self.stride..][..self.width]
    }

    /// Repeats the last column and the last of `rows` rows.
    fn extend(&mut self, rows: usize) {
        for row in self.samples.chunks_exact_mut(self.stride).take(rows) {
            let last = row[self.width - 1];
            row[self.width..].fill(last);
        }
        let (filled, missing) = self.samples.split_at_mut(rows * self.stride);
        let last = &filled[(rows - 1) * self.stride..];
        missing.chunks_exact_mut(self.stride).for_each(|row| row.copy_from_slice(last));
    }

    /// Transforms and quantises the eight blocks side by side that begin at `row` and `column`.
    pub(super) fn transform(&self, row: usize, column: usize, quantizer: &Quantizer, out: &mut Coefficients) {
        quantize::group(&self.samples[row * self.stride + column..], self.stride, quantizer, out);
    }
}

/// The planes of one row of units.
#[derive(Clone, Debug)]
pub(super) struct Planes {
    planes: Vec<Plane>,
    /// Chroma of two rows before it is halved.
    full: [[Vec<u8>; 2]; 2],
    /// Pixels of a row of the picture, and of a unit in each direction.
    width: usize,
    unit: usize,
}

impl Planes {
    pub(super) fn new(width: usize, components: &[Component]) -> Planes {
        let factor = components[0].factor;
        let unit = 8 * factor;
        let batches = width.div_ceil(unit * UNITS);
        let plane = |component: &Component| {
            let (columns, rows) = (component.factor * 8 * UNITS, component.factor * 8);
            Plane::new(width.div_ceil(factor / component.factor), batches * columns, rows)
        };
        let planes = components.iter().map(plane).collect();
        let full = std::array::from_fn(|_| std::array::from_fn(|_| vec![0; width.next_multiple_of(2)]));
        Planes { planes, full, width, unit }
    }

    /// Bytes of the rows of pixels that a row of units covers.
    pub(super) fn bytes_of_unit_row(&self) -> usize {
        self.width * self.planes.len() * self.unit
    }

    /// Each batch of units with how many are in it.
    pub(super) fn batches(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let units = self.width.div_ceil(self.unit);
        (0..units.div_ceil(UNITS)).map(move |batch| (batch, UNITS.min(units - batch * UNITS)))
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &Plane> {
        self.planes.iter()
    }

    /// Takes as many rows of pixels as a row of units covers; fewer at the end of the picture.
    pub(super) fn fill(&mut self, pixels: &[u8]) {
        let rows = pixels.len() / (self.width * self.planes.len());
        let halved = self.unit > 8;
        match &mut self.planes[..] {
            [luma, cb, cr] if halved => {
                for (at, pair) in pixels.chunks(self.width * 6).enumerate() {
                    let mut last = 0;
                    for (row, pixels) in pair.chunks_exact(self.width * 3).enumerate() {
                        let [cb, cr] = self.full.each_mut().map(|rows| &mut rows[row][..]);
                        convert(pixels, luma.row(2 * at + row), &mut cb[..self.width], &mut cr[..self.width]);
                        last = row;
                    }
                    for ([above, below], chroma) in
                        self.full.each_mut().into_iter().map(|f| f.each_mut()).zip([&mut *cb, &mut *cr])
                    {
                        for row in [&mut *above, &mut *below] {
                            if let [.., edge, end] = &mut row[..]
                                && self.width % 2 == 1
                            {
                                *end = *edge;
                            }
                        }
                        halve(above, if last == 1 { below } else { above }, chroma.row(at));
                    }
                }
                luma.extend(rows);
                cb.extend(rows.div_ceil(2));
                cr.extend(rows.div_ceil(2));
            }
            [luma, cb, cr] => {
                for (row, pixels) in pixels.chunks_exact(self.width * 3).enumerate() {
                    convert(pixels, luma.row(row), cb.row(row), cr.row(row));
                }
                for plane in [luma, cb, cr] {
                    plane.extend(rows);
                }
            }
            [grey, ..] => {
                for (row, pixels) in pixels.chunks_exact(self.width).enumerate() {
                    grey.row(row).copy_from_slice(pixels);
                }
                grey.extend(rows);
            }
            [] => {}
        }
    }
}

/// Luma and chroma of a pixel as libjpeg has them: JFIF's factors with 16 fractional bits.
#[inline(always)]
fn ycbcr(red: u8, green: u8, blue: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    /// 128, and just less than a half, so that full blue is 255.
    const MIDDLE: i32 = (128 << 16) + HALF - 1;
    let [red, green, blue] = [i32::from(red), i32::from(green), i32::from(blue)];
    let y = 19_595 * red + 38_470 * green + 7_471 * blue + HALF;
    let cb = -11_059 * red - 21_709 * green + 32_768 * blue + MIDDLE;
    let cr = 32_768 * red - 27_439 * green - 5_329 * blue + MIDDLE;
    [y, cb, cr].map(|value| low8(low16(value >> 16).cast_unsigned()))
}

/// A row of pixels to three rows of samples.
#[autoversion(v3, neon, wasm128)]
fn convert(pixels: &[u8], luma: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
    let (chunks, rest) = pixels.as_chunks::<{ 3 * CHUNK }>();
    let rows = luma.chunks_mut(CHUNK).zip(cb.chunks_mut(CHUNK)).zip(cr.chunks_mut(CHUNK));
    let mut padded = [0; 3 * CHUNK];
    padded[..rest.len()].copy_from_slice(rest);
    for (pixels, ((luma, cb), cr)) in chunks.iter().chain([&padded]).zip(rows) {
        let (mut y, mut b, mut r) = ([0; CHUNK], [0; CHUNK], [0; CHUNK]);
        let colors = apart(pixels);
        for i in 0..CHUNK {
            [y[i], b[i], r[i]] = ycbcr(colors[i], colors[CHUNK + i], colors[2 * CHUNK + i]);
        }
        luma.copy_from_slice(&y[..luma.len()]);
        cb.copy_from_slice(&b[..cb.len()]);
        cr.copy_from_slice(&r[..cr.len()]);
    }
}

/// Red, green and blue of 32 pixels one behind the other: five times the perfect shuffle. Each doubles the place, modulo
/// 95; so the place `3 * i + c` becomes `i + 32 * c`, and compilers know it as the interleaving of vectors.
#[inline(always)]
fn apart(pixels: &[u8; 3 * CHUNK]) -> [u8; 3 * CHUNK] {
    shuffle(&shuffle(&shuffle(&shuffle(&shuffle(pixels)))))
}

#[inline(always)]
fn shuffle(from: &[u8; 3 * CHUNK]) -> [u8; 3 * CHUNK] {
    const HALF: usize = 3 * CHUNK / 2;
    let mut out = [0; 3 * CHUNK];
    for i in 0..HALF {
        out[2 * i] = from[i];
        out[2 * i + 1] = from[i + HALF];
    }
    out
}

/// The means of two by two samples; halves are rounded down in even columns and up in odd ones, as in libjpeg.
#[autoversion(v3, neon, wasm128)]
fn halve(above: &[u8], below: &[u8], out: &mut [u8]) {
    let pairs = above.as_chunks::<2>().0.iter().zip(below.as_chunks::<2>().0);
    for (at, (out, ([a, b], [c, d]))) in out.iter_mut().zip(pairs).enumerate() {
        let bias = if at % 2 == 0 { 1 } else { 2 };
        *out = low8((u16::from(*a) + u16::from(*b) + u16::from(*c) + u16::from(*d) + bias) >> 2);
    }
}
