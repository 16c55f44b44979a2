//! Labels side by side in a hash tree, any number of them, in stable memory.
//!
//! A Patricia trie: each fork of the hash tree stands where labels first differ in a bit, so that the tree follows
//! from the set of labels alone. With each fork are the hashes of its two parts: adding and removing a label, and
//! proving that one is there or is not, read and hash one path. Labels are hashes in most cases, which makes a path
//! a little longer than the logarithm of their number; none is longer than the bits of a label.

mod slots;
mod witness;

use ic_stable_structures::Memory;

use crate::certify::hash::{self, Hash};
use slots::{Fork, Leaf, Node, Part, Slots};

/// The trie.
pub(crate) struct Trie<M: Memory> {
    slots: Slots<M>,
}

/// A fork that was passed, and to which side.
struct Step {
    slot: u32,
    fork: Fork,
    side: usize,
}

/// The leaf to which a label's bits lead, and the way there.
struct Found {
    path: Vec<Step>,
    leaf: Leaf,
    part: Part,
}

impl<M: Memory> Trie<M> {
    /// Opens the trie; fresh memory is an empty one of form 0.
    pub(super) fn open(memory: M) -> Trie<M> {
        Trie { slots: Slots::open(memory) }
    }

    /// The form of what is certified, as it was when the trie was begun.
    pub(crate) fn form(&self) -> u32 {
        self.slots.form()
    }

    /// Empties the trie, for contents of the given form.
    pub(crate) fn begin(&mut self, form: u32) {
        self.slots.clear();
        self.slots.set_form(form);
    }

    /// The hash of the tree.
    pub(crate) fn hash(&self) -> Hash {
        self.slots.root().map_or_else(hash::empty, |root| root.hash)
    }

    /// How many labels there are.
    pub(crate) fn len(&self) -> u32 {
        self.slots.labels()
    }

    /// Whether a label is there.
    pub(crate) fn contains(&self, label: &[u8]) -> bool {
        self.get(label).is_some()
    }

    /// The hash of what is below a label, if that is there.
    pub(crate) fn get(&self, label: &[u8]) -> Option<Hash> {
        self.find(label).filter(|found| found.leaf.label == label).map(|found| found.leaf.below)
    }

    /// Puts a label (at most 92 bytes) with the hash of what is below it, in the place of what was below it.
    ///
    /// # Panics
    /// For a longer label, and when stable memory cannot grow.
    pub(crate) fn insert(&mut self, label: &[u8], below: Hash) {
        let leaf = Node::Leaf(Leaf { label: label.to_vec(), below });
        let digest = hash::labeled(label, &below);
        let Some(Found { mut path, leaf: found, part }) = self.find(label) else {
            self.slots.set_labels(1);
            let slot = self.slots.add(&leaf);
            return self.slots.set_root(Some(Part { slot, hash: digest }));
        };
        let Some(bit) = first_difference(label, &found.label) else {
            self.slots.write(part.slot, &leaf);
            return self.lift(path, Part { slot: part.slot, hash: digest });
        };
        self.slots.set_labels(self.slots.labels() + 1);
        let mine = Part { slot: self.slots.add(&leaf), hash: digest };
        let other = self.part_before(&mut path, bit, part);
        let parts = if bit_of(label, bit) { [other, mine] } else { [mine, other] };
        let fork = Fork { bit: u16::try_from(bit).unwrap_or(u16::MAX), parts };
        let hash = hash_of(&fork);
        let slot = self.slots.add(&Node::Fork(fork));
        self.lift(path, Part { slot, hash });
    }

    /// Removes a label; true if it was there.
    pub(crate) fn remove(&mut self, label: &[u8]) -> bool {
        let Some(Found { mut path, leaf, part }) = self.find(label) else { return false };
        if leaf.label != label {
            return false;
        }
        self.slots.set_labels(self.slots.labels().saturating_sub(1));
        self.slots.free(part.slot);
        match path.pop() {
            None => self.slots.set_root(None),
            Some(step) => {
                self.slots.free(step.slot);
                self.lift(path, step.fork.parts[1 - step.side]);
            }
        }
        true
    }

    /// Where a label's bits lead; nothing in an empty trie.
    fn find(&self, label: &[u8]) -> Option<Found> {
        let mut part = self.slots.root()?;
        let mut path = Vec::new();
        loop {
            match self.slots.read(part.slot) {
                Node::Leaf(leaf) => return Some(Found { path, leaf, part }),
                Node::Fork(fork) => {
                    let side = usize::from(bit_of(label, fork.bit.into()));
                    let next = fork.parts[side];
                    path.push(Step { slot: part.slot, fork, side });
                    part = next;
                }
            }
        }
    }

    /// The part whose labels are all the same up to `bit` and beyond; the path is cut off at it.
    fn part_before(&self, path: &mut Vec<Step>, bit: usize, leaf: Part) -> Part {
        let keep = path.iter().take_while(|step| usize::from(step.fork.bit) < bit).count();
        if keep == path.len() {
            return leaf;
        }
        path.truncate(keep);
        match path.last() {
            Some(step) => step.fork.parts[step.side],
            None => self.slots.root().unwrap_or(leaf),
        }
    }

    /// Puts a part at the end of a path, and its hash into all that is above.
    fn lift(&self, path: Vec<Step>, mut part: Part) {
        for Step { slot, mut fork, side } in path.into_iter().rev() {
            fork.parts[side] = part;
            part = Part { slot, hash: hash_of(&fork) };
            self.slots.write(slot, &Node::Fork(fork));
        }
        self.slots.set_root(Some(part));
    }
}

fn hash_of(fork: &Fork) -> Hash {
    hash::fork(&fork.parts[0].hash, &fork.parts[1].hash)
}

/// A bit of a label, where each byte has nine: the first says that there is a byte. That gives labels of which one
/// begins with the other a bit to differ in, and the order of bits is that of labels.
fn bit_of(label: &[u8], bit: usize) -> bool {
    label.get(bit / 9).is_some_and(|byte| bit.is_multiple_of(9) || byte >> (8 - bit % 9) & 1 == 1)
}

fn first_difference(one: &[u8], other: &[u8]) -> Option<usize> {
    let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    match (one.get(same), other.get(same)) {
        (None, None) => None,
        (Some(one), Some(other)) => Some(same * 9 + 1 + (one ^ other).leading_zeros() as usize),
        _ => Some(same * 9),
    }
}

#[cfg(test)]
mod tests;
