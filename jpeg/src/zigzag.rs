//! The order of coefficients in a file (T.81 figure A.6), and which of them a transform of each size reads.

/// Row-major place of the k-th coefficient.
pub(crate) const NATURAL: [u8; 64] = {
    let mut order = [0u8; 64];
    let (mut row, mut column, mut k) = (0u8, 0u8, 0);
    while k < 64 {
        order[k] = row * 8 + column;
        // Up and to the right on even diagonals, else down and to the left; along the edge where it ends.
        let up = (row + column).is_multiple_of(2);
        (row, column) = match (up, row, column) {
            (true, _, 7) => (row + 1, column),
            (true, 0, _) => (row, column + 1),
            (true, ..) => (row - 1, column + 1),
            (false, 7, _) => (row, column + 1),
            (false, _, 0) => (row + 1, column),
            (false, ..) => (row + 1, column - 1),
        };
        k += 1;
    }
    order
};

/// Whether the transform to `points` x `points` samples reads the k-th coefficient: it reads the lowest
/// `points` frequencies of each direction.
pub(crate) const fn needed(k: usize, points: u32) -> bool {
    let place = NATURAL[k] as u32;
    place / 8 < points && place % 8 < points
}

/// A bit for each coefficient that [`needed`] names.
pub(crate) const fn needed_mask(points: u32) -> u64 {
    let (mut mask, mut k) = (0, 0);
    while k < 64 {
        if needed(k, points) {
            mask |= 1 << k;
        }
        k += 1;
    }
    mask
}

/// The highest k that [`needed`] names.
pub(crate) const fn last_needed(points: u32) -> u32 {
    63 - needed_mask(points).leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_standard() {
        assert_eq!(NATURAL[..16], [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5]);
        assert_eq!(NATURAL[56..], [53, 60, 61, 54, 47, 55, 62, 63]);
        let mut all = NATURAL;
        all.sort_unstable();
        assert!(all.iter().enumerate().all(|(i, &place)| i == usize::from(place)));
    }

    #[test]
    fn small_transforms_read_low_frequencies() {
        assert_eq!([1, 2, 4, 8].map(last_needed), [0, 4, 24, 63]);
        assert_eq!([1, 2, 4, 8].map(|p| needed_mask(p).count_ones()), [1, 4, 16, 64]);
        assert_eq!(needed_mask(2), 0b10111);
    }
}
