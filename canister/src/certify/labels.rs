//! A few labels side by side in a hash tree, all of them at hand: as good as balanced, in their order.

use ic_certification::HashTree;

use super::hash::{self, Hash};

/// Labels in order, each with the hash of what is below it.
pub(crate) struct Labels(Vec<(Vec<u8>, Hash)>);

impl Labels {
    /// Labels in any order; each stands once.
    pub(crate) fn new(labels: impl IntoIterator<Item = (Vec<u8>, Hash)>) -> Labels {
        let mut labels: Vec<_> = labels.into_iter().collect();
        labels.sort_unstable();
        Labels(labels)
    }

    /// The hash of the whole.
    pub(crate) fn hash(&self) -> Hash {
        hash_of(&self.0)
    }

    /// The tree with those labels in it for which `open` gives what is below them.
    pub(crate) fn witness(&self, mut open: impl FnMut(&[u8]) -> Option<HashTree>) -> HashTree {
        let opened: Vec<_> = self.0.iter().map(|(label, _)| open(label)).collect();
        reveal(&self.0, opened)
    }

    /// The tree with all labels in it, so that it shows which are not there, and with what `open` gives as below them.
    pub(crate) fn all(&self, mut open: impl FnMut(&[u8]) -> Option<HashTree>) -> HashTree {
        let hidden = |below: &Hash| ic_certification::pruned(*below);
        let opened = self.0.iter().map(|(label, below)| Some(open(label).unwrap_or_else(|| hidden(below))));
        reveal(&self.0, opened.collect())
    }
}

fn hash_of(labels: &[(Vec<u8>, Hash)]) -> Hash {
    hash::grow(&hash::labeled_each(labels.iter().map(|(label, below)| (label.as_slice(), below)))).0
}

fn reveal(labels: &[(Vec<u8>, Hash)], mut opened: Vec<Option<HashTree>>) -> HashTree {
    match labels {
        _ if opened.iter().all(Option::is_none) => ic_certification::pruned(hash_of(labels)),
        [(label, below)] => {
            let below = opened.pop().flatten().unwrap_or_else(|| ic_certification::pruned(*below));
            ic_certification::labeled(label.as_slice(), below)
        }
        _ => {
            let (left, right) = labels.split_at(labels.len() / 2);
            let rest = opened.split_off(labels.len() / 2);
            ic_certification::fork(reveal(left, opened), reveal(right, rest))
        }
    }
}
