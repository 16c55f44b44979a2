//! Huffman codes of at most 15 bits, canonical, and how VP8L describes them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::bits::Bits;

const MAX_LENGTH: u32 = 15;
const MAX_DESCRIPTION_LENGTH: u32 = 7;

/// The order in which the lengths of the description's own code are written.
const ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// A code over an alphabet.
pub(super) struct Code {
    lengths: Vec<u32>,
    words: Vec<u32>,
    /// The one symbol in use, which takes no bits.
    only: Option<usize>,
}

impl Code {
    /// The best code for symbols that occur so often.
    pub(super) fn of(counts: &[u32]) -> Code {
        let mut used = counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(symbol, _)| symbol);
        let first = used.next().unwrap_or_default();
        if used.next().is_none() && first < 256 {
            return Code { lengths: vec![0; counts.len()], words: vec![0; counts.len()], only: Some(first) };
        }
        let lengths = lengths(counts, MAX_LENGTH);
        Code { words: words(&lengths), lengths, only: None }
    }

    /// Writes a symbol.
    pub(super) fn put(&self, bits: &mut Bits, symbol: usize) {
        bits.put(self.words[symbol], self.lengths[symbol]);
    }

    /// Writes the code itself.
    pub(super) fn describe(&self, bits: &mut Bits) {
        if let Some(symbol) = self.only {
            let symbol = u32::try_from(symbol).unwrap_or_default();
            // Simple, one symbol, in one or eight bits.
            bits.put(0b01, 2);
            bits.put((symbol > 1).into(), 1);
            bits.put(symbol, if symbol > 1 { 8 } else { 1 });
            return;
        }
        let runs = runs(&self.lengths);
        let mut counts = [0; 19];
        for run in &runs {
            counts[run.symbol] += 1;
        }
        let own = lengths(&counts, MAX_DESCRIPTION_LENGTH);
        let words = words(&own);
        let written = ORDER.iter().rposition(|symbol| own[*symbol] > 0).map_or(4, |last| (last + 1).max(4));
        bits.put(0, 1);
        bits.put(u32::try_from(written - 4).unwrap_or_default(), 4);
        for symbol in &ORDER[..written] {
            bits.put(own[*symbol], 3);
        }
        // All symbols of the alphabet are described.
        bits.put(0, 1);
        // A code of one symbol takes no bits, whatever its length says.
        let alone = own.iter().filter(|length| **length > 0).count() == 1;
        for run in runs {
            if !alone {
                bits.put(words[run.symbol], own[run.symbol]);
            }
            bits.put(run.extra, run.extra_bits);
        }
    }
}

/// Lengths as they are described: 0 to 15 themselves, 16 the last one 3 to 6 times more, 17 and 18 zeros.
struct Run {
    symbol: usize,
    extra: u32,
    extra_bits: u32,
}

fn runs(lengths: &[u32]) -> Vec<Run> {
    let mut runs = Vec::new();
    for group in lengths.chunk_by(|a, b| a == b) {
        let (value, mut left) = (group[0], u32::try_from(group.len()).unwrap_or_default());
        let plain = Run { symbol: value as usize, extra: 0, extra_bits: 0 };
        if value > 0 {
            runs.push(plain);
            left -= 1;
        }
        while left > 0 {
            let (symbol, least, extra_bits) = match (value, left) {
                (_, ..3) => (value as usize, 1, 0),
                (1.., _) => (16, 3, 2),
                (0, ..11) => (17, 3, 3),
                (0, _) => (18, 11, 7),
            };
            let count = left.min(least + (1 << extra_bits) - 1);
            runs.push(Run { symbol, extra: count - least, extra_bits });
            left -= count;
        }
    }
    runs
}

/// Code lengths of at most `limit`, at least one symbol having one. Where the best code is too long, rare
/// symbols count as less rare until it is not.
fn lengths(counts: &[u32], limit: u32) -> Vec<u32> {
    let mut floor = 1;
    loop {
        let lengths = unlimited(counts, floor);
        if lengths.iter().all(|length| *length <= limit) {
            return lengths;
        }
        floor *= 2;
    }
}

/// Huffman's algorithm; of equals, the one made first goes first, and leaves stand before nodes.
fn unlimited(counts: &[u32], floor: u64) -> Vec<u32> {
    let used: Vec<usize> = (0..counts.len()).filter(|symbol| counts[*symbol] > 0).collect();
    let mut lengths = vec![0; counts.len()];
    if let [symbol] = used[..] {
        lengths[symbol] = 1;
        return lengths;
    }
    let mut heap: BinaryHeap<Reverse<(u64, usize)>> = used
        .iter()
        .enumerate()
        .map(|(node, symbol)| Reverse((u64::from(counts[*symbol]).max(floor), node)))
        .collect();
    let mut parents = vec![0; used.len()];
    while let (Some(Reverse(a)), Some(Reverse(b))) = (heap.pop(), heap.pop()) {
        let node = parents.len();
        parents.push(node);
        (parents[a.1], parents[b.1]) = (node, node);
        heap.push(Reverse((a.0 + b.0, node)));
        if heap.len() == 1 {
            break;
        }
    }
    // A parent stands after its children, the root last.
    let mut depths = vec![0; parents.len()];
    for node in (0..parents.len().saturating_sub(1)).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    for (symbol, depth) in used.into_iter().zip(depths) {
        lengths[symbol] = depth;
    }
    lengths
}

/// Canonical code words, the first bit lowest.
fn words(lengths: &[u32]) -> Vec<u32> {
    let mut words = vec![0; lengths.len()];
    let mut next = 0u32;
    for length in 1..=MAX_LENGTH {
        for (word, _) in words.iter_mut().zip(lengths).filter(|(_, own)| **own == length) {
            *word = next.reverse_bits() >> (32 - length);
            next += 1;
        }
        next <<= 1;
    }
    words
}
