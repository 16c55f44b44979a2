//! One block of a sequential scan (T.81 section F.2.2).

use crate::bits::{Bits, extend};
use crate::huffman::{Skip, Table};
use crate::idct::Group;
use crate::narrow::low16;
use crate::zigzag::NATURAL;

/// What the blocks of a component are read with.
#[derive(Clone, Debug)]
pub(crate) struct Coder {
    pub(crate) dc: Table,
    pub(crate) ac: Table,
    pub(crate) skip: Skip,
    /// In the order of the file.
    pub(crate) quantization: [u16; 64],
    /// The highest coefficient that is wanted, 0 to 63.
    pub(crate) last: u32,
    /// The DC coefficient of the block before.
    pub(crate) prediction: i32,
}

impl Coder {
    /// Reads a block into a lane of a group whose coefficients are 0. Returns the highest index of a coefficient
    /// that was set. What is wrong is noted in `bits`.
    #[inline(always)]
    pub(crate) fn read(&mut self, bits: &mut Bits<'_>, group: &mut Group, lane: usize) -> u32 {
        let lane = lane & 7;
        bits.fill();
        let mut symbol = self.dc.fast(bits.peek());
        if symbol.is_none() {
            symbol = self.dc.slow(bits.peek());
            bits.bad |= symbol.is_none();
        }
        let difference = extend(bits.peek() << symbol.length(), symbol.size());
        bits.skip(symbol.total());
        self.prediction = self.prediction.wrapping_add(difference);
        group[0][lane] = low16(self.prediction.wrapping_mul(i32::from(self.quantization[0])));

        let mut highest = 0;
        let mut k = 1;
        while k <= self.last {
            bits.fill();
            let mut symbol = self.ac.fast(bits.peek());
            if symbol.is_none() {
                symbol = self.ac.slow(bits.peek());
                bits.bad |= symbol.is_none();
            }
            if symbol.size() == 0 {
                bits.skip(symbol.length());
                if symbol.run() < 15 {
                    return highest;
                }
                k += 16;
                continue;
            }
            k += symbol.run();
            let value = extend(bits.peek() << symbol.length(), symbol.size());
            bits.skip(symbol.total());
            let index = (k & 63) as usize;
            group[usize::from(NATURAL[index] & 63)][lane] =
                low16(value.wrapping_mul(i32::from(self.quantization[index])));
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
        let mut symbol = self.ac.fast(bits.peek());
        if symbol.is_none() {
            symbol = self.ac.slow(bits.peek());
            bits.bad |= symbol.is_none();
        }
        bits.skip(symbol.total());
        if symbol.size() == 0 && symbol.run() < 15 { 64 } else { k + symbol.run() + 1 }
    }
}
