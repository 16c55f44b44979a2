//! Proofs that labels are in a trie, or are not.

use std::collections::BTreeMap;

use ic_certification::HashTree;
use ic_stable_structures::Memory;

use super::slots::{Leaf, Node, Part};
use super::{Found, Trie, bit_of, first_difference};

impl<M: Memory> Trie<M> {
    /// The tree with each of these labels that is there, and what `open` gives as below it. For one that is not
    /// there, both its neighbours are shown, without what is below them.
    pub(crate) fn witness(
        &self,
        labels: &[&[u8]],
        mut open: impl FnMut(&[u8]) -> Option<HashTree>,
    ) -> HashTree {
        let Some(root) = self.slots.root() else { return ic_certification::empty() };
        let mut shown: BTreeMap<Vec<u8>, Option<HashTree>> = BTreeMap::new();
        for label in labels {
            let Some(found) = self.find(label) else { continue };
            if found.leaf.label == *label {
                shown.insert(label.to_vec(), open(label));
            } else {
                for neighbour in self.neighbours(label, found).into_iter().flatten() {
                    shown.entry(neighbour).or_default();
                }
            }
        }
        self.reveal(root, &mut shown.into_iter().collect::<Vec<_>>())
    }

    /// The labels before and after one that is not there.
    fn neighbours(&self, label: &[u8], Found { mut path, leaf, part }: Found) -> [Option<Vec<u8>>; 2] {
        let Some(bit) = first_difference(label, &leaf.label) else { return [None, None] };
        let beside = self.part_before(&mut path, bit, part);
        // All that is beside it is before it, or after it; what is on its other side is across the nearest fork.
        let after = usize::from(!bit_of(label, bit));
        let across = path.iter().rev().find(|step| step.side == after);
        let mut neighbours = [None, None];
        neighbours[after] = Some(self.outermost(beside, 1 - after));
        neighbours[1 - after] = across.map(|step| self.outermost(step.fork.parts[1 - after], after));
        neighbours
    }

    /// The first (0) or last (1) label of a part.
    fn outermost(&self, mut part: Part, side: usize) -> Vec<u8> {
        loop {
            match self.slots.read(part.slot) {
                Node::Leaf(leaf) => return leaf.label,
                Node::Fork(fork) => part = fork.parts[side],
            }
        }
    }

    fn reveal(&self, part: Part, shown: &mut [(Vec<u8>, Option<HashTree>)]) -> HashTree {
        if shown.is_empty() {
            return ic_certification::pruned(part.hash);
        }
        match self.slots.read(part.slot) {
            Node::Leaf(Leaf { label, below }) => {
                let opened = shown.first_mut().and_then(|(_, opened)| opened.take());
                ic_certification::labeled(label, opened.unwrap_or_else(|| ic_certification::pruned(below)))
            }
            Node::Fork(fork) => {
                let right = shown.partition_point(|(label, _)| !bit_of(label, fork.bit.into()));
                let (left, right) = shown.split_at_mut(right);
                let [before, after] = fork.parts;
                ic_certification::fork(self.reveal(before, left), self.reveal(after, right))
            }
        }
    }
}
