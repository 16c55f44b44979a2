//! Huffman tables (T.81 sections B.2.4.2, C and F.2.2.3), laid out for decoding.

use crate::bits::Bits;
use crate::error::{Result, damaged, invalid};

/// Bits that the first look-up sees. Longer codes are rare and searched for.
pub(crate) const FAST_BITS: u32 = 10;

/// A table as it stands in the file, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    /// Codes of each length from 1 to 16.
    counts: [u8; 16],
    values: Vec<u8>,
}

impl Spec {
    /// Takes a table from the front of a DHT segment behind its first byte.
    pub(crate) fn read(body: &[u8], at: usize) -> Result<(Self, &[u8])> {
        let Some((counts, rest)) = body.split_first_chunk::<16>() else {
            return damaged("a Huffman table that is cut off", at);
        };
        let total: usize = counts.iter().map(|&n| usize::from(n)).sum();
        if total > 256 {
            return invalid("number of codes in a Huffman table", total, "at most 256", at);
        }
        let mut code = 0u32;
        for (&count, length) in counts.iter().zip(1..) {
            code += u32::from(count);
            if code > 1 << length {
                return damaged("a Huffman table with more codes than their lengths allow", at);
            }
            code <<= 1;
        }
        let Some((values, rest)) = rest.split_at_checked(total) else {
            return damaged("a Huffman table that is cut off", at);
        };
        Ok((Self { counts: *counts, values: values.to_vec() }, rest))
    }

    /// Refuses what is not a length of at most 15 bits, as the values of a DC table must be.
    pub(crate) fn check_dc(&self, at: usize) -> Result<()> {
        match self.values.iter().find(|&&value| value > 15) {
            Some(&value) => invalid("number of bits in a DC table", value, "0 to 15", at),
            None => Ok(()),
        }
    }
}

/// A symbol with how it is coded: the bits of its code and of the number behind it, the size of that number,
/// and the upper four bits (a run of zeros).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol(u32);

impl Symbol {
    pub(crate) const NONE: Self = Self(0);

    const fn new(length: u32, value: u8) -> Self {
        let (run, size) = ((value >> 4) as u32, (value & 15) as u32);
        Self((length + size) | size << 8 | run << 16 | length << 24)
    }

    /// Bits of code and number.
    #[inline(always)]
    pub(crate) const fn total(self) -> u32 {
        self.0 & 63
    }

    /// Bits of the number.
    #[inline(always)]
    pub(crate) const fn size(self) -> u32 {
        (self.0 >> 8) & 15
    }

    /// Zeros before the coefficient.
    #[inline(always)]
    pub(crate) const fn run(self) -> u32 {
        (self.0 >> 16) & 15
    }

    /// Bits of the code.
    #[inline(always)]
    pub(crate) const fn length(self) -> u32 {
        self.0 >> 24
    }

    #[inline(always)]
    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// A table for decoding.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// By the next bits of the stream; none where the code is longer than they are.
    fast: Box<[Symbol; 1 << FAST_BITS]>,
    /// For each length, the first 16 bits of the stream that belong to a longer code.
    limits: [u32; 17],
    /// For each length, what leads from a code to its value.
    offsets: [u32; 17],
    values: [u8; 256],
}

impl Table {
    pub(crate) fn new(spec: &Spec) -> Self {
        let mut table = Self {
            fast: Box::new([Symbol::NONE; 1 << FAST_BITS]),
            limits: [0; 17],
            offsets: [0; 17],
            values: [0; 256],
        };
        table.values[..spec.values.len()].copy_from_slice(&spec.values);
        let (mut code, mut index) = (0u32, 0u32);
        for (&count, length) in spec.counts.iter().zip(1u32..) {
            table.offsets[length as usize] = index.wrapping_sub(code);
            for _ in 0..count {
                if length <= FAST_BITS {
                    let symbol = Symbol::new(length, table.values[index as usize]);
                    let first = (code << (FAST_BITS - length)) as usize;
                    table.fast[first..first + (1 << (FAST_BITS - length))].fill(symbol);
                }
                code += 1;
                index += 1;
            }
            table.limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        table
    }

    /// The symbol of a short code at the front of `bits`, the next 64 of the stream.
    #[inline(always)]
    fn fast(&self, bits: u64) -> Symbol {
        self.fast[(bits >> (64 - FAST_BITS)) as usize]
    }

    /// The symbol at the front of `bits`, which were filled and stay as they are; a code that is none is noted there.
    #[inline(always)]
    pub(crate) fn read(&self, bits: &mut Bits<'_>) -> Symbol {
        let mut symbol = self.fast(bits.peek());
        if symbol.is_none() {
            symbol = self.slow(bits.peek());
            bits.bad |= symbol.is_none();
        }
        symbol
    }

    /// The symbol of any code at the front of `bits`, none if no code begins like that.
    pub(crate) fn symbol(&self, bits: u64) -> Symbol {
        let symbol = self.fast(bits);
        if symbol.is_none() { self.slow(bits) } else { symbol }
    }

    /// The same without the look-up.
    #[inline(never)]
    fn slow(&self, bits: u64) -> Symbol {
        let next = (bits >> 48) as u32;
        for length in 1..=16u32 {
            if next < self.limits[length as usize] {
                let index = (next >> (16 - length)).wrapping_add(self.offsets[length as usize]);
                return Symbol::new(length, self.values[(index & 255) as usize]);
            }
        }
        Symbol::NONE
    }
}
