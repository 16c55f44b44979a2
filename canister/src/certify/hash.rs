//! The hashes of hash trees (IC interface specification, "Certification") and of responses (HTTP gateway protocol
//! specification, "Response Verification").

use darkroom_core::hash::{RollingHash as _, RollingSha256, digest_each};

use super::known::{Header, Known};

/// A SHA-256 value.
pub(crate) type Hash = [u8; 32];

const FORK: &[u8] = b"\x10ic-hashtree-fork";
const LABELED: &[u8] = b"\x13ic-hashtree-labeled";

/// Messages that are hashed together, so that they take little memory.
pub(super) const AT_ONCE: usize = 64;

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
    sha256(&[FORK, left, right])
}

/// The hash of a tree under a label.
pub(crate) fn labeled(label: &[u8], below: &Hash) -> Hash {
    sha256(&[LABELED, label, below])
}

/// The hash of a leaf without bytes: what stands under the hash of each response.
pub(crate) fn empty_leaf() -> Hash {
    sha256(&[b"\x10ic-hashtree-leaf"])
}

/// SHA-256 of each message, which is cheaper than one by one.
pub(super) fn sha256_each(messages: &[&[u8]]) -> Vec<Hash> {
    digest_each(messages).into_iter().map(|digest| digest.0).collect()
}

/// The hashes of trees under labels.
pub(super) fn labeled_each<'a>(labels: impl IntoIterator<Item = (&'a [u8], &'a Hash)>) -> Vec<Hash> {
    let message = |(label, below): (&[u8], &Hash)| [LABELED, label, below].concat();
    let messages: Vec<_> = labels.into_iter().map(message).collect();
    sha256_each(&messages.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The hash of a tree over such parts that is as good as balanced: the left half of what is to be parted is the smaller
/// one. And the hashes within it: that of the parts FROM..TO is at the middle of them, and the first place is not used.
pub(super) fn grow(parts: &[Hash]) -> (Hash, Vec<Hash>) {
    let mut nodes = vec![[0; 32]; parts.len()];
    let mut levels = vec![vec![(0, parts.len())]];
    while let Some(last) = levels.last()
        && last.iter().any(|(from, to)| to - from > 1)
    {
        let halves = |(from, to): &(usize, usize)| [(*from, middle(*from, *to)), (middle(*from, *to), *to)];
        let next = last.iter().filter(|(from, to)| to - from > 1).flat_map(halves).collect();
        levels.push(next);
    }
    for level in levels.iter().rev() {
        let forks: Vec<_> = level.iter().filter(|(from, to)| to - from > 1).collect();
        for some in forks.chunks(AT_ONCE) {
            let message = |(from, to): &&(usize, usize)| {
                let middle = middle(*from, *to);
                [FORK, &root(parts, &nodes, *from, middle), &root(parts, &nodes, middle, *to)].concat()
            };
            let messages: Vec<_> = some.iter().map(message).collect();
            let hashes = sha256_each(&messages.iter().map(Vec::as_slice).collect::<Vec<_>>());
            for ((from, to), hash) in some.iter().zip(hashes) {
                nodes[middle(*from, *to)] = hash;
            }
        }
    }
    let whole = if parts.is_empty() { empty() } else { root(parts, &nodes, 0, parts.len()) };
    (whole, nodes)
}

fn middle(from: usize, to: usize) -> usize {
    from + (to - from) / 2
}

fn root(parts: &[Hash], nodes: &[Hash], from: usize, to: usize) -> Hash {
    if to - from == 1 { parts[from] } else { nodes[middle(from, to)] }
}

/// A map's representation-independent hash in the making: hashes of names and values, in the order of the names'.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fields(Vec<[u8; 64]>);

impl Fields {
    /// The fields of a response's status and headers; names are in lower case and stand once each.
    pub(crate) fn new(status: u16, headers: &[Header], known: &mut Known) -> Fields {
        let status = (known.name(":ic-cert-status"), known.status(status));
        let mut fields = Vec::with_capacity(headers.len() + 1);
        fields.push(status);
        fields.extend(headers.iter().map(|header| (known.name(header.0), known.value(header))));
        Fields::in_order(&fields)
    }

    fn in_order(fields: &[(Hash, Hash)]) -> Fields {
        // Eight bytes tell names apart: they are compared at once, and moved cheaper than all 64.
        let start =
            |(name, _): &(Hash, Hash)| name.first_chunk().map_or(0, |start| u64::from_be_bytes(*start));
        let mut order: Vec<(u64, usize)> = fields.iter().map(start).zip(0..).collect();
        order.sort_unstable_by(|(one, first), (other, second)| {
            one.cmp(other).then_with(|| fields[*first].cmp(&fields[*second]))
        });
        let field = |(_, place): &(u64, usize)| {
            let mut field = [0; 64];
            field[..32].copy_from_slice(&fields[*place].0);
            field[32..].copy_from_slice(&fields[*place].1);
            field
        };
        Fields(order.iter().map(field).collect())
    }

    /// Gives a header that is among the fields a value of another hash, which leaves their order as it is.
    pub(crate) fn set(&mut self, name: &Hash, value: &Hash) {
        if let Ok(at) = self.0.binary_search_by(|field| field[..32].cmp(name)) {
            self.0[at][32..].copy_from_slice(value);
        }
    }

    /// The hash of the response with these fields and a body of this SHA-256.
    pub(crate) fn response(&self, body: &Hash) -> Hash {
        let headers = sha256(&[self.0.as_flattened()]);
        sha256(&[&headers, body])
    }
}

/// The hashes of responses with these fields and bodies of these SHA-256.
pub(crate) fn responses<'a>(responses: impl IntoIterator<Item = (&'a Fields, Hash)>) -> Vec<Hash> {
    let (fields, bodies): (Vec<_>, Vec<_>) =
        responses.into_iter().map(|(fields, body)| (fields.0.as_flattened(), body)).unzip();
    let headers = sha256_each(&fields);
    let whole: Vec<_> = headers.into_iter().zip(bodies).map(|(headers, body)| [headers, body]).collect();
    sha256_each(&whole.iter().map(|whole| whole.as_flattened()).collect::<Vec<_>>())
}

/// The hash of a request without a body of which the method alone is certified.
pub(crate) fn request(method: &str) -> Hash {
    let fields = Fields::in_order(&[(sha256(&[b":ic-cert-method"]), sha256(&[method.as_bytes()]))]);
    fields.response(&sha256(&[]))
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
    fn hashes_of_many_are_those_of_each() {
        let parts: Vec<Hash> = (0..200).map(|n| sha256(&[&[n]])).collect();
        let each: Vec<_> = parts.iter().map(|part| labeled(part, &parts[0])).collect();
        assert_eq!(labeled_each(parts.iter().map(|part| (part.as_slice(), &parts[0]))), each);
        fn by_halves(parts: &[Hash]) -> Hash {
            match parts {
                [] => empty(),
                [part] => *part,
                _ => {
                    let (left, right) = parts.split_at(parts.len() / 2);
                    fork(&by_halves(left), &by_halves(right))
                }
            }
        }
        for count in 0..parts.len() {
            let (root, nodes) = grow(&parts[..count]);
            assert_eq!(root, by_halves(&parts[..count]), "{count} parts");
            if count > 3 {
                assert_eq!(nodes[count / 2 / 2], by_halves(&parts[..count / 2]), "{count} parts");
            }
        }
    }

    #[test]
    fn a_field_that_is_set_is_as_if_it_had_been_given() {
        let headers =
            |range: &'static str| [("etag", "\"a\"".to_owned().into()), ("content-range", range.into())];
        let mut known = Known::default();
        let mut fields = Fields::new(206, &headers(""), &mut known);
        fields.set(&sha256(&[b"content-range"]), &sha256(&[b"bytes 0-1/2"]));
        let given = Fields::new(206, &headers("bytes 0-1/2"), &mut known);
        assert_eq!(fields.response(&[1; 32]), given.response(&[1; 32]));
        assert_ne!(fields.response(&[1; 32]), given.response(&[2; 32]));
        let status = Fields::new(200, &headers("bytes 0-1/2"), &mut known);
        assert_ne!(status.response(&[1; 32]), given.response(&[1; 32]));
        let all = [(&given, [1; 32]), (&status, [2; 32]), (&given, [2; 32])];
        let each: Vec<_> = all.iter().map(|(fields, body)| fields.response(body)).collect();
        assert_eq!(responses(all), each);
    }
}
