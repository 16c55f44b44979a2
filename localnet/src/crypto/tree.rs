//! Labelled trees and their pruned form: what a certificate reveals, and proof of what is not there.

use ic_certification::{HashTree, hash_tree as make};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

type Hash = [u8; 32];

/// A labelled tree of the network's state.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Leaf(Vec<u8>),
    Fork(BTreeMap<Vec<u8>, Tree>),
    /// A part of which only the digest matters.
    Digest(Hash),
}

impl Default for Tree {
    fn default() -> Tree {
        Tree::Fork(BTreeMap::new())
    }
}

/// A number as leaves hold it, LEB128.
pub(crate) fn number(n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = leb128::write::unsigned(&mut bytes, n);
    bytes
}

impl Tree {
    /// Puts `tree` under `label`.
    pub(crate) fn insert(&mut self, label: impl AsRef<[u8]>, tree: Tree) {
        if let Tree::Fork(children) = self {
            children.insert(label.as_ref().to_vec(), tree);
        }
    }

    /// The root hash.
    pub(crate) fn digest(&self) -> Hash {
        match self {
            Tree::Leaf(bytes) => hash(b"\x10ic-hashtree-leaf", &[bytes]),
            Tree::Digest(digest) => *digest,
            Tree::Fork(children) => {
                let entries: Vec<_> = children.iter().collect();
                digest_of(&entries)
            }
        }
    }

    /// The tree with everything cut away that none of `paths` asks for. What they ask for and is not there is
    /// proved absent by its neighbours.
    pub(crate) fn prune(&self, paths: &[&[Vec<u8>]]) -> HashTree {
        if paths.is_empty() {
            return make::pruned(self.digest());
        }
        match self {
            Tree::Leaf(bytes) => make::leaf(bytes.clone()),
            Tree::Digest(digest) => make::pruned(*digest),
            Tree::Fork(children) => {
                let entries: Vec<_> = children.iter().collect();
                let whole = paths.iter().any(|p| p.is_empty());
                let kept: Vec<Keep<'_>> =
                    entries.iter().map(|(label, _)| keep(label, paths, whole)).collect();
                let kept = with_neighbours(&entries, kept, paths);
                build(&entries, &kept)
            }
        }
    }
}

/// What stays of one child.
#[derive(Clone)]
enum Keep<'a> {
    Nothing,
    /// The label, as proof that another one is absent.
    Label,
    Paths(Vec<&'a [Vec<u8>]>),
}

fn keep<'a>(label: &[u8], paths: &[&'a [Vec<u8>]], whole: bool) -> Keep<'a> {
    if whole {
        return Keep::Paths(vec![&[]]);
    }
    let inner: Vec<&[Vec<u8>]> =
        paths.iter().filter(|p| p.first().is_some_and(|first| first == label)).map(|p| &p[1..]).collect();
    if inner.is_empty() { Keep::Nothing } else { Keep::Paths(inner) }
}

fn with_neighbours<'a>(
    entries: &[(&Vec<u8>, &Tree)],
    mut kept: Vec<Keep<'a>>,
    paths: &[&[Vec<u8>]],
) -> Vec<Keep<'a>> {
    for wanted in paths.iter().filter_map(|p| p.first()) {
        if let Err(at) = entries.binary_search_by(|(label, _)| label.as_slice().cmp(wanted)) {
            for neighbour in [at.checked_sub(1), Some(at)].into_iter().flatten() {
                if let Some(keep @ Keep::Nothing) = kept.get_mut(neighbour) {
                    *keep = Keep::Label;
                }
            }
        }
    }
    kept
}

fn build(entries: &[(&Vec<u8>, &Tree)], kept: &[Keep<'_>]) -> HashTree {
    match entries {
        [] => make::empty(),
        _ if kept.iter().all(|k| matches!(k, Keep::Nothing)) => make::pruned(digest_of(entries)),
        [(label, tree)] => {
            let inner = match &kept[0] {
                Keep::Paths(paths) => tree.prune(paths),
                _ => make::pruned(tree.digest()),
            };
            make::label(label.as_slice(), inner)
        }
        _ => {
            let middle = entries.len() / 2;
            make::fork(build(&entries[..middle], &kept[..middle]), build(&entries[middle..], &kept[middle..]))
        }
    }
}

fn digest_of(entries: &[(&Vec<u8>, &Tree)]) -> Hash {
    match entries {
        [] => hash(b"\x11ic-hashtree-empty", &[]),
        [(label, tree)] => hash(b"\x13ic-hashtree-labeled", &[label, &tree.digest()]),
        _ => {
            let (left, right) = entries.split_at(entries.len() / 2);
            hash(b"\x10ic-hashtree-fork", &[&digest_of(left), &digest_of(right)])
        }
    }
}

fn hash(domain: &[u8], parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(domain);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ic_certification::LookupResult;

    fn sample() -> Tree {
        let mut root = Tree::default();
        for (outer, inner) in [("a", "x"), ("a", "y"), ("b", ""), ("c", "z"), ("e", "w")] {
            let Tree::Fork(children) = &mut root else { unreachable!() };
            let node = children.entry(outer.into()).or_default();
            if inner.is_empty() {
                *node = Tree::Leaf(b"good".to_vec());
            } else {
                node.insert(inner, Tree::Leaf(format!("{outer}{inner}").into_bytes()));
            }
        }
        root
    }

    fn path(text: &str) -> Vec<Vec<u8>> {
        text.split('/').map(|label| label.as_bytes().to_vec()).collect()
    }

    #[test]
    fn pruning_keeps_the_root_hash_and_what_was_asked() {
        let tree = sample();
        for asked in [vec!["a/x"], vec!["b", "c"], vec!["d"], vec!["a/zz", "e/w"], vec![]] {
            let paths: Vec<_> = asked.iter().map(|p| path(p)).collect();
            let refs: Vec<&[Vec<u8>]> = paths.iter().map(Vec::as_slice).collect();
            assert_eq!(tree.prune(&refs).digest(), tree.digest(), "{asked:?}");
        }
        let wanted = [path("a/x"), path("d"), path("a/q")];
        let refs: Vec<&[Vec<u8>]> = wanted.iter().map(Vec::as_slice).collect();
        let pruned = tree.prune(&refs);
        assert!(matches!(pruned.lookup_path(path("a/x")), LookupResult::Found(b"ax")));
        assert!(matches!(pruned.lookup_path(path("d")), LookupResult::Absent));
        assert!(matches!(pruned.lookup_path(path("a/q")), LookupResult::Absent));
        assert!(matches!(pruned.lookup_path(path("e/w")), LookupResult::Unknown));
    }

    /// The example of the interface specification, section "Example" of certificates.
    #[test]
    fn digest_matches_the_specification() {
        let mut root = Tree::default();
        let mut a = Tree::default();
        a.insert("x", Tree::Leaf(b"hello".to_vec()));
        a.insert("y", Tree::Leaf(b"world".to_vec()));
        root.insert("a", a);
        root.insert("b", Tree::Leaf(b"good".to_vec()));
        let expected = make::fork::<Vec<u8>>(
            make::label(
                "a",
                make::fork(
                    make::label("x", make::leaf::<Vec<u8>, _>(b"hello".to_vec())),
                    make::label("y", make::leaf::<Vec<u8>, _>(b"world".to_vec())),
                ),
            ),
            make::label("b", make::leaf::<Vec<u8>, _>(b"good".to_vec())),
        );
        assert_eq!(root.digest(), expected.digest());
    }
}
