//! The symbols of a scan, kept until their codes are known (T.81 section F.1.2).

use super::bits::Bits;
use super::huffman::Code;
use super::quantize::Coefficients;

/// Sixteen zeros.
const ZEROS: u32 = 0xf0;
/// Nothing but zeros to the end of a block.
const END: u32 = 0;
/// Where the symbols of a kind begin: for the mean of luma and of chroma, then for everything else.
const KINDS: [usize; 4] = [0, 256, 512, 768];

/// Codes for the mean and for the rest, of luma and where there is colour of chroma.
pub(super) struct Codes {
    pub(super) luma: [Code; 2],
    pub(super) chroma: Option<[Code; 2]>,
}

/// All symbols of a scan, and how often each comes.
pub(super) struct Symbols {
    /// Symbol with the start of its kind in the lower 16 bits; above them the bits that follow its code, as many as its
    /// lower four bits say.
    all: Vec<u32>,
    counts: [u32; 1024],
    /// The mean of the last block of each component.
    last: [i16; 3],
}

impl Symbols {
    /// For a picture of so many samples; one in four becomes a symbol at the usual qualities.
    pub(super) fn with_room_for(samples: usize) -> Symbols {
        Symbols { all: Vec::with_capacity(samples / 8), counts: [0; 1024], last: [0; 3] }
    }

    fn push(&mut self, symbol: u32, bits: u32) {
        self.counts[(symbol & 1023) as usize] += 1;
        self.all.push(symbol | bits << 16);
    }

    /// Adds a block: the one in a lane of `group`, of a component.
    pub(super) fn block(&mut self, group: &Coefficients, lane: usize, component: usize) {
        let lane = lane & 7;
        let chroma = u32::from(component > 0) << 8;
        let mean = group.values[0][lane];
        let (size, bits) = magnitude(mean.wrapping_sub(self.last[component]));
        self.last[component] = mean;
        self.push(chroma | size, bits);
        let ac = chroma | 512;
        let set = group.set.map(|part| u64::from(part[lane]));
        let mut left = (set[0] | set[1] << 16 | set[2] << 32 | set[3] << 48) & !1;
        let mut done = 0;
        while left != 0 {
            let k = left.trailing_zeros();
            left &= left - 1;
            let mut zeros = k - done - 1;
            while zeros > 15 {
                self.push(ac | ZEROS, 0);
                zeros -= 16;
            }
            let (size, bits) = magnitude(group.values[(k & 63) as usize][lane]);
            self.push(ac | zeros << 4 | size, bits);
            done = k;
        }
        if done < 63 {
            self.push(ac | END, 0);
        }
    }

    /// The best codes for these symbols.
    pub(super) fn codes(&self, color: bool) -> Codes {
        let code = |kind: usize| Code::best(&self.counts[KINDS[kind]..][..256]);
        Codes { luma: [code(0), code(2)], chroma: color.then(|| [code(1), code(3)]) }
    }

    /// Writes the scan's data.
    pub(super) fn write(&self, codes: &Codes, out: &mut Vec<u8>) {
        let mut table = [[0; 256]; 4];
        for (kind, code) in [(0, Some(&codes.luma)), (1, codes.chroma.as_ref())] {
            if let Some([mean, rest]) = code {
                (table[kind], table[kind + 2]) = (mean.by_symbol(), rest.by_symbol());
            }
        }
        let table = table.as_flattened();
        let mut bits = Bits::new(out);
        for &symbol in &self.all {
            let code = table[(symbol & 1023) as usize];
            let size = symbol & 15;
            bits.put((code >> 8) << size | symbol >> 16, (code & 0xff) + size);
        }
        bits.finish();
    }
}

/// How many bits a coefficient takes, and which (T.81 table F.1): its own, less one where it is negative.
#[inline(always)]
fn magnitude(value: i16) -> (u32, u32) {
    let value = i32::from(value);
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = (value + (value >> 31)).cast_unsigned() & ((1 << size) - 1);
    (size, bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnitudes_are_those_of_the_standard() {
        let found = [0, 1, -1, 2, -2, 3, -3, 1023, -1023, -2046].map(magnitude);
        let expected = [(0, 0), (1, 1), (1, 0), (2, 2), (2, 1), (2, 3), (2, 0), (10, 1023), (10, 0), (11, 1)];
        assert_eq!(found, expected);
    }
}
