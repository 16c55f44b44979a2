//! The scans of progressive files (T.81 section G.1.2), a row of blocks at a time.

use archmage::autoversion;

use crate::bits::{Bits, extend};
use crate::coefficients::Row;
use crate::huffman::{Symbol, Table};
use crate::narrow::low16;
use crate::sequential::Restarts;
use crate::strip::LANES;

/// Coefficients and bits of an AC scan, and its table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band<'a> {
    pub(crate) table: &'a Table,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The lowest bit of the scan.
    pub(crate) low: u32,
}

impl Band<'_> {
    /// A bit for each coefficient from `from` to the end of the band.
    #[inline(always)]
    fn mask(self, from: u32) -> u64 {
        (u64::MAX >> (63 - self.end)) & (u64::MAX << from)
    }
}

#[inline(always)]
fn symbol(bits: &mut Bits<'_>, table: &Table) -> Symbol {
    bits.fill();
    table.read(bits)
}

/// Reads the first scan of a DC coefficient (section G.1.2.1).
#[inline(always)]
pub(crate) fn dc_first(bits: &mut Bits<'_>, table: &Table, prediction: &mut i32, low: u32) -> i16 {
    let symbol = symbol(bits, table);
    let difference = extend(bits.peek() << symbol.length(), symbol.size());
    bits.skip(symbol.total());
    *prediction = prediction.wrapping_add(difference);
    low16(*prediction << low)
}

/// Reads a first scan of AC coefficients (section G.1.2.2). `ending` counts the blocks from here on that have
/// nothing more of this band.
#[autoversion(v3, neon, wasm128)]
pub(crate) fn ac_first(
    bits: &mut Bits<'_>,
    restarts: &mut Restarts,
    band: Band<'_>,
    ending: &mut u32,
    row: &mut Row<'_>,
    blocks: usize,
) {
    let mut reader = bits.clone();
    for block in 0..blocks {
        if let Some(number) = restarts.due() {
            reader.bad |= reader.overrun() || !reader.restart(number);
            *ending = 0;
        }
        if *ending > 0 {
            *ending -= 1;
            continue;
        }
        let mut found = 0u64;
        let slots = row.slots;
        let (values, lane) = row.block(block);
        let mut k = band.start;
        while k <= band.end {
            let symbol = symbol(&mut reader, band.table);
            if symbol.size() == 0 {
                reader.skip(symbol.length());
                if symbol.run() < 15 {
                    *ending = (1 << symbol.run()) + reader.take(symbol.run()) - 1;
                    break;
                }
                k += 16;
                continue;
            }
            k += symbol.run();
            let value = extend(reader.peek() << symbol.length(), symbol.size());
            reader.skip(symbol.total());
            found |= 1 << (k & 63);
            if let Some(value_at) = values.get_mut(usize::from(slots[(k & 63) as usize])) {
                value_at[lane & (LANES - 1)] = low16(value << band.low);
            }
            k += 1;
        }
        reader.bad |= k > band.end + 1;
        if let Some(set) = row.set.get_mut(block) {
            *set |= found;
        }
    }
    *bits = reader;
}

/// Reads a scan that refines AC coefficients (section G.1.2.3).
#[autoversion(v3, neon, wasm128)]
pub(crate) fn ac_refine(
    bits: &mut Bits<'_>,
    restarts: &mut Restarts,
    band: Band<'_>,
    ending: &mut u32,
    row: &mut Row<'_>,
    blocks: usize,
) {
    let mut reader = bits.clone();
    for block in 0..blocks {
        if let Some(number) = restarts.due() {
            reader.bad |= reader.overrun() || !reader.restart(number);
            *ending = 0;
        }
        let history = row.set.get(block).copied().unwrap_or(0);
        let mut found = 0u64;
        let mut k = band.start;
        if *ending == 0 {
            while k <= band.end {
                let symbol = symbol(&mut reader, band.table);
                reader.skip(symbol.length());
                let mut run = symbol.run();
                if symbol.size() == 0 && run < 15 {
                    *ending = (1 << run) + reader.take(run);
                    break;
                }
                let mut positive = false;
                if symbol.size() > 0 {
                    reader.bad |= symbol.size() != 1;
                    positive = reader.take(1) == 1;
                }
                // The coefficient behind `run` zeros; all that are set on the way to it have a bit each.
                let mut zeros = !history & band.mask(k);
                while run > 0 {
                    zeros &= zeros.wrapping_sub(1);
                    run -= 1;
                }
                let place = zeros.trailing_zeros();
                if place > band.end {
                    // A run of 16 zeros may end behind the band.
                    reader.bad |= symbol.size() != 0;
                    correct(&mut reader, row, block, history & band.mask(k), band.low);
                    k = band.end + 1;
                    break;
                }
                let passed = history & band.mask(k) & ((1 << place) - 1);
                correct(&mut reader, row, block, passed, band.low);
                if symbol.size() > 0 {
                    found |= 1 << place;
                    let slot = usize::from(row.slots[(place & 63) as usize]);
                    let (values, lane) = row.block(block);
                    if let Some(value) = values.get_mut(slot) {
                        let bit = 1i16 << band.low;
                        value[lane & (LANES - 1)] = if positive { bit } else { -bit };
                    }
                }
                k = place + 1;
            }
        }
        if *ending > 0 {
            *ending -= 1;
            if k <= band.end {
                correct(&mut reader, row, block, history & band.mask(k), band.low);
            }
        }
        if let Some(set) = row.set.get_mut(block) {
            *set |= found;
        }
    }
    *bits = reader;
}

/// Reads a bit for each coefficient of `places` and adds it to its magnitude.
#[inline(always)]
fn correct(bits: &mut Bits<'_>, row: &mut Row<'_>, block: usize, mut places: u64, low: u32) {
    if places == 0 {
        return;
    }
    let slots = row.slots;
    let (values, lane) = row.block(block);
    let one = 1i16 << low;
    bits.fill();
    let mut left = 32;
    while places != 0 {
        if left == 0 {
            bits.fill();
            left = 32;
        }
        left -= 1;
        let place = places.trailing_zeros();
        places &= places - 1;
        let bit = bits.take(1) == 1;
        if let Some(values) = values.get_mut(usize::from(slots[(place & 63) as usize])) {
            let value = &mut values[lane & (LANES - 1)];
            if bit && *value & one == 0 {
                *value = value.wrapping_add(if *value < 0 { -one } else { one });
            }
        }
    }
}
