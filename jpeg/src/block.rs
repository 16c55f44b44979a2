//! One block of a sequential scan (T.81 section F.2.2).

use crate::bits::{Bits, extend};
use crate::huffman::Table;
use crate::idct::Group;
use crate::lookup::{Skip, Whole};
use crate::narrow::low16;
use crate::zigzag::NATURAL;

/// What the blocks of a component are read with.
#[derive(Clone, Debug)]
pub(crate) struct Coder {
    dc: Table,
    ac: Table,
    whole: Whole,
    skip: Skip,
    places: [Place; 64],
    /// The highest coefficient that is wanted, 0 to 63.
    last: u32,
    /// The DC coefficient of the block before.
    pub(crate) prediction: i32,
}

/// Where a coefficient of the file's order stands in a block (upper half) and what it is multiplied by (lower half).
#[derive(Clone, Copy, Debug)]
struct Place(u32);

impl Place {
    #[inline(always)]
    const fn at(self) -> usize {
        (self.0 >> 16) as usize & 63
    }

    #[inline(always)]
    const fn scaled(self, number: i32) -> i16 {
        low16(number.wrapping_mul((self.0 & 0xffff).cast_signed()))
    }
}

impl Coder {
    /// With its tables, of which `quantization` is in the order of the file, to read up to coefficient `last`.
    pub(crate) fn new(dc: Table, ac: Table, quantization: &[u16; 64], last: u32) -> Self {
        let place = |k: usize| Place(u32::from(NATURAL[k]) << 16 | u32::from(quantization[k]));
        let (whole, skip) = (Whole::new(&ac), Skip::new(&ac));
        Self { dc, ac, whole, skip, places: std::array::from_fn(place), last, prediction: 0 }
    }

    /// Reads a block into a lane of a group whose coefficients are 0. Returns the highest index of a coefficient
    /// that was set. What is wrong is noted in `bits`.
    #[inline(always)]
    pub(crate) fn read(&mut self, bits: &mut Bits<'_>, group: &mut Group, lane: usize) -> u32 {
        let lane = lane & 7;
        bits.fill();
        let symbol = self.dc.read(bits);
        let difference = extend(bits.peek() << symbol.length(), symbol.size());
        bits.skip(symbol.total());
        self.prediction = self.prediction.wrapping_add(difference);
        group[0][lane] = self.places[0].scaled(self.prediction);

        let mut highest = 0;
        let mut k = 1;
        while k <= self.last {
            bits.fill();
            let (mut value, run, total) = self.whole.get(bits.peek());
            if value != 0 {
                k += run;
                bits.skip(total);
            } else {
                let symbol = self.ac.read(bits);
                if symbol.size() == 0 {
                    bits.skip(symbol.length());
                    if symbol.run() < 15 {
                        return highest;
                    }
                    k += 16;
                    continue;
                }
                k += symbol.run();
                value = extend(bits.peek() << symbol.length(), symbol.size());
                bits.skip(symbol.total());
            }
            let place = self.places[(k & 63) as usize];
            group[place.at()][lane] = place.scaled(value);
            highest = k;
            k += 1;
        }
        while k < 64 {
            k = self.pass_over(bits, k);
        }
        bits.bad |= k > 64;
        highest
    }

    /// Passes over coefficients from `k` on and returns the index behind them, 64 at the end of the block.
    #[inline(always)]
    fn pass_over(&self, bits: &mut Bits<'_>, k: u32) -> u32 {
        bits.fill();
        let (used, places, end) = self.skip.get(bits.peek());
        if used != 0 && k + places <= 64 {
            bits.skip(used);
            return if end { 64 } else { k + places };
        }
        let symbol = self.ac.read(bits);
        bits.skip(symbol.total());
        if symbol.size() == 0 && symbol.run() < 15 { 64 } else { k + symbol.run() + 1 }
    }
}
