//! The certificate that answers on a path are not certified, for those that no message changes as often as they change.

use ic_certification::HashTree;

use super::hash::{self, Hash};

/// Nothing of an answer is certified.
pub(crate) const EXPRESSION: &str = "default_certification(ValidationArgs{no_certification:Empty{}})";

/// The hash of what is below a path's last label.
pub(crate) fn path_hash() -> Hash {
    hash::labeled(b"<$>", &hash::labeled(&expression(), &hash::empty_leaf()))
}

/// What is below a path's last label, to answer on it.
pub(crate) fn witness() -> HashTree {
    let below = ic_certification::labeled(expression(), ic_certification::leaf(*b""));
    ic_certification::labeled(*b"<$>", below)
}

/// What is below a path's last label, showing that only answers on that very path are.
pub(crate) fn outline() -> HashTree {
    let below = hash::labeled(&expression(), &hash::empty_leaf());
    ic_certification::labeled(*b"<$>", ic_certification::pruned(below))
}

fn expression() -> Hash {
    hash::sha256(&[EXPRESSION.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_have_the_hash_that_is_certified() {
        assert_eq!(witness().digest(), path_hash());
        assert_eq!(outline().digest(), path_hash());
    }
}
