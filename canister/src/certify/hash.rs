//! The hashes of hash trees (IC interface specification, "Certification") and of responses (HTTP gateway protocol
//! specification, "Response Verification").

use std::collections::BTreeMap;

use darkroom_core::hash::{RollingHash as _, RollingSha256};

/// A SHA-256 value.
pub(crate) type Hash = [u8; 32];

/// SHA-256 over the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hash = RollingSha256::default();
    parts.iter().for_each(|part| hash.update(part));
    hash.finish().0
}

/// The hash of a tree of nothing.
pub(crate) fn empty() -> Hash {
    sha256(&[b"\x11ic-hashtree-empty"])
}

/// The hash of two trees side by side.
pub(crate) fn fork(left: &Hash, right: &Hash) -> Hash {
    sha256(&[b"\x10ic-hashtree-fork", left, right])
}

/// The hash of a tree under a label.
pub(crate) fn labeled(label: &[u8], below: &Hash) -> Hash {
    sha256(&[b"\x13ic-hashtree-labeled", label, below])
}

/// The hash of a leaf without bytes: what stands under the hash of each response.
pub(crate) fn empty_leaf() -> Hash {
    sha256(&[b"\x10ic-hashtree-leaf"])
}

/// Hashes of short texts, each made once: many responses share most of their headers.
#[derive(Default)]
pub(crate) struct Known(BTreeMap<Vec<u8>, Hash>);

impl Known {
    fn of(&mut self, bytes: &[u8]) -> Hash {
        if let Some(hash) = self.0.get(bytes) {
            return *hash;
        }
        let hash = sha256(&[bytes]);
        self.0.insert(bytes.to_vec(), hash);
        hash
    }
}

/// A map's representation-independent hash in the making: hashes of names and values, in the order of the names'.
#[derive(Clone)]
pub(crate) struct Fields(Vec<[u8; 64]>);

impl Fields {
    /// The fields of a response's status and headers; names are in lower case and stand once each.
    pub(crate) fn new(status: u16, headers: &[(&'static str, String)], known: &mut Known) -> Fields {
        let mut fields = Fields(Vec::with_capacity(headers.len() + 1));
        fields.push(known.of(b":ic-cert-status"), known.of(&leb128(status)));
        for (name, value) in headers {
            fields.push(known.of(name.as_bytes()), known.of(value.as_bytes()));
        }
        fields.0.sort_unstable();
        fields
    }

    fn push(&mut self, name: Hash, value: Hash) {
        let mut field = [0; 64];
        field[..32].copy_from_slice(&name);
        field[32..].copy_from_slice(&value);
        self.0.push(field);
    }

    /// Gives a header that is among the fields another value, which leaves their order as it is.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let name = sha256(&[name.as_bytes()]);
        if let Ok(at) = self.0.binary_search_by(|field| field[..32].cmp(&name)) {
            self.0[at][32..].copy_from_slice(&sha256(&[value.as_bytes()]));
        }
    }

    /// The hash of the response with these fields and a body of this SHA-256.
    pub(crate) fn response(&self, body: &Hash) -> Hash {
        let headers = sha256(&[self.0.as_flattened()]);
        sha256(&[&headers, body])
    }
}

/// The hash of a request without a body of which the method alone is certified.
pub(crate) fn request(method: &str) -> Hash {
    let mut fields = Fields(Vec::new());
    fields.push(sha256(&[b":ic-cert-method"]), sha256(&[method.as_bytes()]));
    fields.response(&sha256(&[]))
}

/// Unsigned LEB128.
fn leb128(number: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = number;
    loop {
        let [low, _] = (rest & 0x7f).to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use ic_certification as ic;

    use super::*;

    #[test]
    fn tree_hashes_are_those_of_the_library() {
        let leaf: ic::HashTree = ic::leaf(*b"");
        assert_eq!(empty_leaf(), leaf.digest());
        assert_eq!(empty(), ic::empty().digest());
        let node = ic::labeled(*b"label", leaf.clone());
        assert_eq!(labeled(b"label", &empty_leaf()), node.digest());
        assert_eq!(fork(&node.digest(), &leaf.digest()), ic::fork(node, leaf).digest());
    }

    #[test]
    fn a_field_that_is_set_is_as_if_it_had_been_given() {
        let headers = |range: &str| [("etag", "\"a\"".to_owned()), ("content-range", range.to_owned())];
        let mut known = Known::default();
        let mut fields = Fields::new(206, &headers(""), &mut known);
        fields.set("content-range", "bytes 0-1/2");
        let given = Fields::new(206, &headers("bytes 0-1/2"), &mut known);
        assert_eq!(fields.response(&[1; 32]), given.response(&[1; 32]));
        assert_ne!(fields.response(&[1; 32]), given.response(&[2; 32]));
        let status = Fields::new(200, &headers("bytes 0-1/2"), &mut known);
        assert_ne!(status.response(&[1; 32]), given.response(&[1; 32]));
    }
}
