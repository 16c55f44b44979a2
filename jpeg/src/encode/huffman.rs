//! Huffman codes made for a file (T.81 section K.2).

/// The longest code of a JPEG.
const MAX_LENGTH: usize = 16;

/// A code as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    /// How many symbols have a code of each length, from 1 on.
    pub(super) lengths: [u8; MAX_LENGTH],
    /// The symbols by length.
    pub(super) symbols: Vec<u8>,
}

impl Code {
    /// The shortest code for symbols that come so often. Symbols that never come have none; the code of all ones is
    /// left free, as the standard has it.
    pub(super) fn best(counts: &[u32]) -> Code {
        let sizes = sizes(counts);
        let mut order: Vec<usize> = (0..counts.len()).filter(|symbol| sizes[*symbol] > 0).collect();
        order.sort_by_key(|symbol| (sizes[*symbol], *symbol));
        let symbols = order.into_iter().filter_map(|symbol| u8::try_from(symbol).ok()).collect();
        Code { lengths: limited(&sizes), symbols }
    }

    /// For each symbol its code from bit 8 on, and its length below; 0 for those that have none.
    pub(super) fn by_symbol(&self) -> [u32; 256] {
        let mut table = [0; 256];
        let mut symbols = self.symbols.iter();
        let mut code = 0;
        for (length, &count) in (1..).zip(&self.lengths) {
            for symbol in symbols.by_ref().take(usize::from(count)) {
                table[usize::from(*symbol)] = code << 8 | length;
                code += 1;
            }
            code <<= 1;
        }
        table
    }
}

/// The length of each symbol's code, and of one more that comes once (figure K.1). Not limited yet.
fn sizes(counts: &[u32]) -> Vec<usize> {
    let mut left: Vec<u64> = counts.iter().map(|count| u64::from(*count)).chain([1]).collect();
    let mut sizes = vec![0; left.len()];
    let mut others: Vec<Option<usize>> = vec![None; left.len()];
    // The least that is left; the last of several that are equal.
    let least = |left: &[u64], but: Option<usize>| {
        let candidates = (0..left.len()).rev().filter(|at| left[*at] > 0 && Some(*at) != but);
        candidates.min_by_key(|at| left[*at])
    };
    while let Some(first) = least(&left, None) {
        let Some(second) = least(&left, Some(first)) else { break };
        left[first] += left[second];
        left[second] = 0;
        let mut end = first;
        sizes[end] += 1;
        while let Some(next) = others[end] {
            end = next;
            sizes[end] += 1;
        }
        others[end] = Some(second);
        let mut member = Some(second);
        while let Some(at) = member {
            sizes[at] += 1;
            member = others[at];
        }
    }
    sizes
}

/// How many codes there are of each length when none is longer than 16 bits (figure K.3), without the one of all ones.
fn limited(sizes: &[usize]) -> [u8; MAX_LENGTH] {
    let longest = sizes.iter().copied().max().unwrap_or(0).max(MAX_LENGTH);
    let mut counts = vec![0usize; longest + 2];
    sizes.iter().filter(|size| **size > 0).for_each(|size| counts[*size] += 1);
    for length in (MAX_LENGTH + 1..=longest).rev() {
        while counts[length] > 0 {
            // Two of the longest: one takes the place of their common prefix, the other shares that of a shorter code.
            let shorter = (1..length - 1).rev().find(|shorter| counts[*shorter] > 0).unwrap_or(1);
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
    if let Some(last) = counts[..=MAX_LENGTH].iter_mut().rev().find(|count| **count > 0) {
        *last -= 1;
    }
    std::array::from_fn(|at| u8::try_from(counts[at + 1]).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every symbol that comes has a code, no code begins another, none is longer than 16 bits or all ones.
    fn sound(counts: &[u32]) -> [u32; 256] {
        let table = Code::best(counts).by_symbol();
        let mut codes: Vec<(u32, u32)> = Vec::new();
        for (symbol, entry) in table.into_iter().enumerate() {
            let (code, length) = (entry >> 8, entry & 0xff);
            assert_eq!(length > 0, counts.get(symbol).is_some_and(|count| *count > 0), "{symbol}");
            if length > 0 {
                assert!(length <= 16 && code < (1 << length) - 1, "{symbol}: {code:b}");
                codes.push((code << (16 - length), length));
            }
        }
        codes.sort_unstable();
        for pair in codes.windows(2) {
            assert!(pair[0].0 + (1 << (16 - pair[0].1)) <= pair[1].0);
        }
        table
    }

    #[test]
    fn codes_are_sound_and_as_short_as_they_can_be() {
        let bits = |counts: &[u32], table: [u32; 256]| -> u64 {
            counts.iter().zip(table).map(|(count, entry)| u64::from(*count) * u64::from(entry & 0xff)).sum()
        };
        assert_eq!(sound(&[7])[0], 1);
        // Of two, the one that the free code pushes down is the rarer.
        assert_eq!(sound(&[5, 9]).map(|entry| entry & 0xff)[..2], [2, 1]);
        let even = [3; 256];
        assert_eq!(bits(&even, sound(&even)), 3 * (255 * 8 + 9));
        // Counts that would take codes of 40 bits.
        let fibonacci: Vec<u32> = (0..40)
            .scan((1, 1), |pair, _| {
                *pair = (pair.1, pair.0 + pair.1);
                Some(pair.0)
            })
            .collect();
        let lengths = sound(&fibonacci).map(|entry| entry & 0xff);
        assert!(lengths[..40].is_sorted_by(|a, b| a >= b) && lengths[39] == 1, "{lengths:?}");
    }
}
