//! Which chunks of a session have arrived.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A set of chunk indexes below a fixed total, one bit each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    total: u32,
    present: u32,
    words: Vec<u64>,
}

impl Coverage {
    /// Nothing of `total` chunks.
    pub fn new(total: u32) -> Coverage {
        Coverage { total, present: 0, words: vec![0; total.div_ceil(64) as usize] }
    }

    /// How many chunks there are to come in all.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// How many have arrived.
    pub fn present(&self) -> u32 {
        self.present
    }

    /// Whether all have arrived.
    pub fn is_complete(&self) -> bool {
        self.present == self.total
    }

    /// Whether chunk `index` has arrived.
    pub fn contains(&self, index: u32) -> bool {
        index < self.total && self.words[index as usize / 64] >> (index % 64) & 1 == 1
    }

    /// Marks chunk `index`; indexes out of range are ignored.
    pub fn insert(&mut self, index: u32) {
        if index < self.total && !self.contains(index) {
            self.words[index as usize / 64] |= 1 << (index % 64);
            self.present += 1;
        }
    }

    /// The chunks that have arrived, as ascending ranges that do not touch.
    pub fn ranges(&self) -> Vec<Range<u32>> {
        self.runs(true)
    }

    /// The chunks that are missing, as ascending ranges that do not touch.
    pub fn missing(&self) -> Vec<Range<u32>> {
        self.runs(false)
    }

    fn runs(&self, present: bool) -> Vec<Range<u32>> {
        let mut runs: Vec<Range<u32>> = Vec::new();
        for index in (0..self.total).filter(|index| self.contains(*index) == present) {
            match runs.last_mut() {
                Some(run) if run.end == index => run.end += 1,
                _ => runs.push(index..index + 1),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn behaves_like_a_set(total in 0u32..300, inserts: Vec<u16>) {
            let mut coverage = Coverage::new(total);
            let mut model = BTreeSet::new();
            for index in inserts.into_iter().map(|i| u32::from(i) % 320) {
                coverage.insert(index);
                if index < total { model.insert(index); }
            }
            prop_assert_eq!(coverage.present() as usize, model.len());
            prop_assert_eq!(coverage.is_complete(), model.len() == total as usize);
            let present: BTreeSet<u32> = coverage.ranges().into_iter().flatten().collect();
            prop_assert_eq!(&present, &model);
            let missing: BTreeSet<u32> = coverage.missing().into_iter().flatten().collect();
            prop_assert_eq!(missing, (0..total).filter(|i| !model.contains(i)).collect());
        }
    }
}
