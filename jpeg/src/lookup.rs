//! Tables that read more of the stream in one look-up than a code.

use crate::bits::extend;
use crate::huffman::Table;

/// Bits that a look-up of [`Whole`] sees.
const WHOLE_BITS: u32 = 12;
/// Bits that a look-up of [`Skip`] sees.
const SKIP_BITS: u32 = 12;

/// A table that reads whole AC coefficients, code and number in one look-up.
///
/// An entry holds the bits of both (8 bits), the zeros before the coefficient (8 bits) and the coefficient (16 bits,
/// signed). It is 0 where they are longer than a look-up and where there is no coefficient.
#[derive(Clone, Debug)]
pub(crate) struct Whole(Box<[i32; 1 << WHOLE_BITS]>);

impl Whole {
    pub(crate) fn new(table: &Table) -> Self {
        let mut entries = Box::new([0; 1 << WHOLE_BITS]);
        for (bits, entry) in (0u64..).zip(entries.iter_mut()) {
            let bits = bits << (64 - WHOLE_BITS);
            let symbol = table.symbol(bits);
            if symbol.size() > 0 && symbol.total() <= WHOLE_BITS {
                let number = extend(bits << symbol.length(), symbol.size());
                *entry = number << 16 | (symbol.run() << 8 | symbol.total()).cast_signed();
            }
        }
        Self(entries)
    }

    /// The coefficient, the zeros before it and the bits of all; the coefficient is 0 where there is no entry.
    #[inline(always)]
    pub(crate) fn get(&self, bits: u64) -> (i32, u32, u32) {
        let entry = self.0[(bits >> (64 - WHOLE_BITS)) as usize];
        let rest = entry.cast_unsigned();
        (entry >> 16, (rest >> 8) & 15, rest & 63)
    }
}

/// A table that passes over AC coefficients, several at a time.
///
/// An entry holds the bits to pass over (5 bits), the coefficients that they stand for, zeros included, and one
/// more where the end of the block was among them (7 bits), and whether it was (1 bit). It is 0 where the first
/// code is longer than a look-up.
#[derive(Clone, Debug)]
pub(crate) struct Skip(Box<[u16; 1 << SKIP_BITS]>);

impl Skip {
    pub(crate) const END: u16 = 1 << 15;

    pub(crate) fn new(table: &Table) -> Self {
        let mut entries = Box::new([0u16; 1 << SKIP_BITS]);
        for (bits, entry) in (0u64..).zip(entries.iter_mut()) {
            *entry = Self::entry(table, bits << (64 - SKIP_BITS));
        }
        Self(entries)
    }

    fn entry(table: &Table, stream: u64) -> u16 {
        let (mut used, mut places) = (0u32, 0u32);
        // Bits behind a number that was only partly seen are not known.
        while used < SKIP_BITS {
            let bits = stream << used;
            let symbol = table.symbol(bits);
            if symbol.is_none() || used + symbol.length() > SKIP_BITS {
                break;
            }
            let end = symbol.size() == 0 && symbol.run() < 15;
            let more = if end { 1 } else { symbol.run() + 1 };
            if places + more > 64 {
                break;
            }
            used += symbol.total();
            places += more;
            if end {
                return Self::pack(used, places) | Self::END;
            }
        }
        Self::pack(used, places)
    }

    fn pack(used: u32, places: u32) -> u16 {
        // At most 12 + 15 bits and 64 places.
        u16::try_from(used | places << 5).unwrap_or(0)
    }

    #[inline(always)]
    pub(crate) fn get(&self, bits: u64) -> (u32, u32, bool) {
        let entry = self.0[(bits >> (64 - SKIP_BITS)) as usize];
        (u32::from(entry & 31), u32::from((entry >> 5) & 127), entry & Self::END != 0)
    }
}
