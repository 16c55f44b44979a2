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

    /// The example tree of the interface specification: its root hash and its encodings, whole and pruned.
    #[test]
    fn the_specifications_example() {
        const ROOT: &str = "eb5c5b2195e62d996b84c9bcc8259d19a83786a2f59e0878cec84c811f669aa0";
        const WHOLE: &str = "8301830183024161830183018302417882034568656c6c6f810083024179820345776f726c6483024162\
            820344676f6f648301830241638100830241648203476d6f726e696e67";
        const PRUNED: &str = "83018301830241618301820458201b4feff9bef8131788b0c9dc6dbad6e81e524249c879e9f10f71ce\
            3749f5a63883024179820345776f726c6483024162820458207b32ac0c6ba8ce35ac82c255fc7906f7fc130dab2a090f80\
            fe12f9c2cae83ba6830182045820ec8324b8a1f1ac16bd2e806edba78006479c9877fed4eb464a25485465af601d830241\
            648203476d6f726e696e67";
        // The example splits "a" unevenly, so that part is put together by hand; the rest is this module's shape.
        let leaf = |text: &str| Tree::Leaf(text.as_bytes().to_vec());
        let one = |label: &str, tree: Tree| {
            let mut fork = Tree::default();
            fork.insert(label, tree);
            fork.digest()
        };
        let empty = Tree::default().digest();
        let left = hash(b"\x10ic-hashtree-fork", &[&one("x", leaf("hello")), &empty]);
        let a = hash(b"\x10ic-hashtree-fork", &[&left, &one("y", leaf("world"))]);
        let mut root = Tree::default();
        for (label, tree) in
            [("a", Tree::Digest(a)), ("b", leaf("good")), ("c", Tree::default()), ("d", leaf("morning"))]
        {
            root.insert(label, tree);
        }
        assert_eq!(hex::encode(root.digest()), ROOT);
        let decoded = |text: &str| serde_cbor::from_slice::<HashTree>(&hex::decode(text).unwrap()).unwrap();
        let (whole, pruned) = (decoded(WHOLE), decoded(PRUNED));
        for tree in [&whole, &pruned, &root.prune(&[&path("d")])] {
            assert_eq!(hex::encode(tree.digest()), ROOT);
            assert!(matches!(tree.lookup_path(path("d")), LookupResult::Found(b"morning")));
        }
        assert_eq!(hex::encode(serde_cbor::to_vec(&whole).unwrap()), WHOLE);
        assert_eq!(hex::encode(serde_cbor::to_vec(&pruned).unwrap()), PRUNED);
        assert!(matches!(pruned.lookup_path(path("a/y")), LookupResult::Found(b"world")));
        assert!(matches!(pruned.lookup_path(path("b")), LookupResult::Unknown));
        // What this module prunes for "b" and "d" reads the same in the published encoding.
        let made = serde_cbor::to_vec(&root.prune(&[&path("b"), &path("d")])).unwrap();
        let right = "830182045820ec8324b8a1f1ac16bd2e806edba78006479c9877fed4eb464a25485465af601d830241648203476d\
            6f726e696e67";
        assert!(hex::encode(made).ends_with(right));
    }
}
