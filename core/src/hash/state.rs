//! What is in a saved state: the layout of `sha2`'s `SerializableState`, 104 bytes.
//!
//! | bytes | |
//! |---|---|
//! | 0..32 | chaining value: eight words (FIPS 180-4, section 6.2), little-endian |
//! | 32..40 | blocks behind it, little-endian |
//! | 40 | bytes of the next block that wait, 0 to 63 |
//! | 41..104 | those bytes, then zeros |

use sha2::Sha256;
use sha2::digest::common::hazmat::SerializableState as _;

const CHAINING_VALUE: std::ops::Range<usize> = 0..32;
const BLOCKS: std::ops::Range<usize> = 32..40;
const WAITING: usize = 40;

/// The eight words.
pub(super) fn chaining_value(hash: &Sha256) -> [u32; 8] {
    let state = hash.serialize();
    let (words, _) = state[CHAINING_VALUE].as_chunks();
    std::array::from_fn(|i| u32::from_le_bytes(words[i]))
}

/// How many bytes of the next block have come: fewer than 64.
pub(super) fn waiting(hash: &Sha256) -> usize {
    usize::from(hash.serialize()[WAITING])
}

/// `hash`, but `blocks` further, at `value`. The bytes that wait stay.
pub(super) fn advanced(hash: &Sha256, value: [u32; 8], blocks: u64) -> Option<Sha256> {
    let mut state = hash.serialize();
    let (words, _) = state[CHAINING_VALUE].as_chunks_mut();
    for (to, word) in words.iter_mut().zip(value) {
        *to = word.to_le_bytes();
    }
    let (counts, _) = state[BLOCKS].as_chunks_mut();
    // Wraps like the count that it stands for, after 2^70 bytes; the standard ends at 2^61.
    counts
        .iter_mut()
        .for_each(|count| *count = u64::from_le_bytes(*count).wrapping_add(blocks).to_le_bytes());
    Sha256::deserialize(&state).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest as _;

    #[test]
    fn the_layout_is_that_of_sha2() {
        let mut hash = Sha256::new();
        // FIPS 180-4, section 5.3.3.
        let initial =
            [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
        assert_eq!(chaining_value(&hash), initial);
        assert_eq!(waiting(&hash), 0);

        hash.update([7; 64 + 5]);
        assert_eq!(waiting(&hash), 5);
        let saved = hash.serialize();
        assert_eq!(saved.len(), 104);
        assert_eq!(saved[BLOCKS], 1u64.to_le_bytes());
        assert_eq!(saved[41..46], [7; 5]);
        assert_eq!(saved[46..], [0; 58]);
    }

    #[test]
    fn a_state_moves_to_another_chaining_value() {
        let bytes = [3; 640];
        let (mut near, mut far) = (Sha256::new(), Sha256::new());
        near.update(&bytes[..64]);
        far.update(bytes);
        let moved = advanced(&near, chaining_value(&far), 9).unwrap();
        assert_eq!(moved.serialize(), far.serialize());
        assert_eq!(moved.finalize(), far.finalize());
    }
}
