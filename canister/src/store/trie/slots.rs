//! The nodes of a trie in stable memory: slots of one size, those that are free in a list.
//!
//! ```text
//! 0     magic "TRIE", form (u32), root (u32), first free (u32), slots (u32), labels (u32)
//! 24    hash of the root (32 bytes), 8 bytes reserved
//! 64    slot 1, slot 2, ... of 128 bytes each; 0 is no slot
//!       free   0, 3 bytes reserved, next free (u32)
//!       leaf   1, length (u8), 2 bytes reserved, what is below (32 bytes), label (up to 92 bytes)
//!       fork   2, 1 byte reserved, bit (u16), then for left and right: slot (u32), hash (32 bytes)
//! ```
//!
//! Numbers are little-endian.

use ic_stable_structures::Memory;

use crate::certify::hash::Hash;

const MAGIC: &[u8; 4] = b"TRIE";
const HEADER: u64 = 64;
const SLOT: usize = 128;
const PAGE: u64 = 64 * 1024;
/// Bytes of a label.
pub(super) const MAX_LABEL: usize = 92;

/// A part of the tree: where it is, and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) slot: u32,
    pub(super) hash: Hash,
}

/// What a slot holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Leaf(Leaf),
    Fork(Fork),
}

/// A label, and the hash of what is below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) label: Vec<u8>,
    pub(super) below: Hash,
}

/// Labels that are the same up to a bit: those that have it not set, and those that have it set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fork {
    pub(super) bit: u16,
    pub(super) parts: [Part; 2],
}

/// The slots of a trie.
pub(super) struct Slots<M: Memory> {
    memory: M,
}

impl<M: Memory> Slots<M> {
    /// Opens the slots, or lays them out in fresh memory, of form 0.
    pub(super) fn open(memory: M) -> Slots<M> {
        let slots = Slots { memory };
        if slots.memory.size() == 0 {
            slots.grow(1);
            slots.clear();
        }
        slots
    }

    /// Empties the trie.
    pub(super) fn clear(&self) {
        let mut header = [0; 64];
        header[..4].copy_from_slice(MAGIC);
        self.memory.write(0, &header);
    }

    /// The form of what is certified.
    pub(super) fn form(&self) -> u32 {
        self.number(4)
    }

    pub(super) fn set_form(&self, form: u32) {
        self.set_number(4, form);
    }

    /// How many labels there are.
    pub(super) fn labels(&self) -> u32 {
        self.number(20)
    }

    pub(super) fn set_labels(&self, labels: u32) {
        self.set_number(20, labels);
    }

    /// All of the tree, where it is not empty.
    pub(super) fn root(&self) -> Option<Part> {
        let mut hash = [0; 32];
        self.memory.read(24, &mut hash);
        let slot = self.number(8);
        (slot != 0).then_some(Part { slot, hash })
    }

    pub(super) fn set_root(&self, root: Option<Part>) {
        let root = root.unwrap_or(Part { slot: 0, hash: [0; 32] });
        self.set_number(8, root.slot);
        self.memory.write(24, &root.hash);
    }

    /// Reads a slot. One that holds no node ends the message: the trie would be damaged further.
    pub(super) fn read(&self, slot: u32) -> Node {
        let mut bytes = [0; SLOT];
        self.memory.read(place(slot), &mut bytes);
        match bytes[0] {
            1 => Node::Leaf(Leaf {
                label: bytes[36..36 + usize::from(bytes[1]).min(MAX_LABEL)].to_vec(),
                below: array(&bytes[4..]),
            }),
            2 => {
                let part = |at: usize| Part {
                    slot: u32::from_le_bytes(array(&bytes[at..])),
                    hash: array(&bytes[at + 4..]),
                };
                Node::Fork(Fork { bit: u16::from_le_bytes(array(&bytes[2..])), parts: [part(4), part(40)] })
            }
            found => panic!("slot {slot} of the certification tree is of kind {found}"),
        }
    }

    /// Writes a node over the one in a slot.
    pub(super) fn write(&self, slot: u32, node: &Node) {
        let mut bytes = [0; SLOT];
        match node {
            Node::Leaf(Leaf { label, below }) => {
                assert!(label.len() <= MAX_LABEL, "a label of {} bytes", label.len());
                bytes[0] = 1;
                bytes[1] = label.len().to_le_bytes()[0];
                bytes[4..36].copy_from_slice(below);
                bytes[36..36 + label.len()].copy_from_slice(label);
            }
            Node::Fork(Fork { bit, parts }) => {
                bytes[0] = 2;
                bytes[2..4].copy_from_slice(&bit.to_le_bytes());
                for (part, at) in parts.iter().zip([4, 40]) {
                    bytes[at..at + 4].copy_from_slice(&part.slot.to_le_bytes());
                    bytes[at + 4..at + 36].copy_from_slice(&part.hash);
                }
            }
        }
        self.memory.write(place(slot), &bytes);
    }

    /// Writes a node into a free slot.
    pub(super) fn add(&self, node: &Node) -> u32 {
        let mut slot = self.number(12);
        if slot == 0 {
            slot = self.number(16) + 1;
            let pages = (place(slot) + SLOT as u64).div_ceil(PAGE);
            self.grow(pages.saturating_sub(self.memory.size()));
            self.set_number(16, slot);
        } else {
            let mut next = [0; 4];
            self.memory.read(place(slot) + 4, &mut next);
            self.set_number(12, u32::from_le_bytes(next));
        }
        self.write(slot, node);
        slot
    }

    /// Gives a slot back.
    pub(super) fn free(&self, slot: u32) {
        let mut bytes = [0; 8];
        bytes[4..].copy_from_slice(&self.number(12).to_le_bytes());
        self.memory.write(place(slot), &bytes);
        self.set_number(12, slot);
    }

    /// Without room the message ends here, which undoes it: nothing is published that is not certified.
    fn grow(&self, pages: u64) {
        assert!(
            pages == 0 || self.memory.grow(pages) >= 0,
            "stable memory cannot grow for the certification tree"
        );
    }

    /// Slots that hold something or did.
    #[cfg(test)]
    pub(super) fn taken(&self) -> u32 {
        self.number(16)
    }

    fn number(&self, at: u64) -> u32 {
        let mut bytes = [0; 4];
        self.memory.read(at, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn set_number(&self, at: u64, number: u32) {
        self.memory.write(at, &number.to_le_bytes());
    }
}

fn place(slot: u32) -> u64 {
    HEADER + u64::from(slot.saturating_sub(1)) * SLOT as u64
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    array
}
