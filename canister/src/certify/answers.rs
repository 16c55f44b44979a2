//! The hashes of all answers on one path, as a tree of which any one can be shown.
//!
//! An asset of few answers keeps the hashes alone and makes the tree when it is asked for. One of many keeps the tree
//! beside its chunks, of which a proof reads as many hashes as the tree is deep. Where there was no room for that, all of
//! it is made again when it is asked for.
//!
//! ```text
//! 0                32 bytes for each answer, in the order of `index`
//! 32 x answers     the same in their own order: the labels
//! 64 x answers     hashes of the tree over labels FROM..TO, each at its middle; the first place is not used
//! ```

use std::sync::LazyLock;

use darkroom_core::Digest;
use ic_certification::HashTree;

use super::answer::{self, Address, Answer, Head, Subject, TO_ANY, TO_METHOD, Texts};
use super::cors::Cors;
use super::hash::{self, AT_ONCE, Hash};
use super::known::Known;
use super::labels::Labels;
use crate::store::AnswersRecord;

/// What is the same for all.
pub(super) struct Constants {
    pub(super) to_any: Hash,
    pub(super) to_method: Hash,
    pub(super) head_request: Hash,
    pub(super) leaf: Hash,
    content_range: Hash,
}

pub(super) static CONSTANTS: LazyLock<Constants> = LazyLock::new(|| Constants {
    to_any: hash::sha256(&[TO_ANY.as_bytes()]),
    to_method: hash::sha256(&[TO_METHOD.as_bytes()]),
    head_request: hash::request("HEAD"),
    leaf: hash::empty_leaf(),
    content_range: hash::sha256(&[b"content-range"]),
});

/// The label of answers on a very path.
pub(crate) const VERY_PATH: &str = "<$>";
/// The label of answers on all paths that begin with one.
pub(crate) const ANY_PATH: &str = "<*>";

/// More answers than these are kept as a tree, where there are chunks beside which it can be.
const FEW: usize = 16;

/// The record of all answers of an asset at an address, whose chunks have these hashes; and the tree, which is to be kept
/// where the record does not have them.
pub(crate) fn certify(
    subject: &Subject<'_>,
    cors: &Cors,
    chunks: impl IntoIterator<Item = Digest>,
    known: &mut Known,
) -> (AnswersRecord, Vec<u8>) {
    let chunks: Vec<Digest> = chunks.into_iter().collect();
    let (mut labels, mut heads) = (Vec::new(), Vec::new());
    for variant in 0..cors.variants() {
        heads.push(certify_variant(subject, cors, variant, &chunks, known, &mut labels));
    }
    let (any, tree) = grow(&labels);
    let is_kept = labels.len() > FEW && chunks.len() > 1;
    let path = labels_of_path(any, &heads).hash();
    let path = hash::labeled(end(subject.address).as_bytes(), &path);
    (AnswersRecord::new(path, any, &heads, &labels, is_kept), tree)
}

/// Bytes of the tree of so many answers.
pub(crate) fn tree_len(answers: usize) -> u64 {
    96 * answers as u64
}

/// Has those answers of an asset hashed with what is certified next which are the same at all its addresses.
pub(crate) fn expect(subject: &Subject<'_>, cors: &Cors, known: &mut Known) {
    for variant in 0..cors.variants() {
        let mut head = subject.head(Answer::OutOfRange);
        head.allow(cors, variant);
        known.expect(head);
    }
}

/// Adds the hashes of all answers to an origin; gives that of the answer to HEAD.
fn certify_variant(
    subject: &Subject<'_>,
    cors: &Cors,
    variant: usize,
    chunks: &[Digest],
    known: &mut Known,
    labels: &mut Vec<Hash>,
) -> Hash {
    let mut answers = vec![
        (Answer::Head, None),
        (Answer::Unchanged, None),
        (Answer::OutOfRange, None),
        (Answer::NotAllowed, None),
    ];
    if let Address::Token { .. } = subject.address {
        answers.push((Answer::Missing, None));
    }
    if answer::chunks(subject.asset) == 1 {
        answers.push((Answer::Whole, Some(subject.asset.sha256.0)));
    }
    // One goes with the others; many have only one header that differs.
    let (alone, many) = if let [alone] = chunks { (Some(alone), &[][..]) } else { (None, chunks) };
    answers.extend(alone.map(|chunk| (Answer::Part(0), Some(chunk.0))));
    let texts = Texts::default();
    let head = |answer| {
        let mut head = subject.head_with(answer, &texts);
        head.allow(cors, variant);
        head
    };
    let answers: Vec<_> = answers.into_iter().map(|(answer, body)| (head(answer), body)).collect();
    let responses = known.responses(&answers);
    labels.extend(responses.iter().skip(1));
    if !many.is_empty() {
        let mut part = known.fields(&head(Answer::Part(0)));
        for (start, some) in (0..).step_by(AT_ONCE).zip(many.chunks(AT_ONCE)) {
            let ranges: Vec<_> =
                (start..).take(some.len()).map(|index| subject.content_range(index)).collect();
            let ranges = hash::sha256_each(&ranges.iter().map(String::as_bytes).collect::<Vec<_>>());
            let parts: Vec<_> = ranges
                .iter()
                .map(|range| {
                    part.set(&CONSTANTS.content_range, range);
                    part.clone()
                })
                .collect();
            labels.extend(hash::responses(parts.iter().zip(some.iter().map(|chunk| chunk.0))));
        }
    }
    responses.first().copied().unwrap_or(CONSTANTS.leaf)
}

/// The label below which the answers at an address are.
fn end(address: Address) -> &'static str {
    match address {
        Address::Name | Address::Content => VERY_PATH,
        Address::Token { .. } => ANY_PATH,
    }
}

/// The place of an answer to any request among the hashes.
fn index(subject: &Subject<'_>, answer: Answer, variant: usize) -> usize {
    let chunks = answer::chunks(subject.asset) as usize;
    let first = 3 + usize::from(matches!(subject.address, Address::Token { .. }));
    let parts = first + usize::from(chunks == 1);
    let place = match answer {
        Answer::Unchanged => 0,
        Answer::OutOfRange => 1,
        Answer::NotAllowed => 2,
        Answer::Missing => 3,
        Answer::Whole | Answer::Head => first,
        Answer::Part(index) => parts + index as usize,
    };
    variant * (parts + chunks) + place
}

/// What is below an asset's name or a token's id, with one answer; `read` reads of the tree, where one is kept.
pub(crate) fn witness(
    record: &AnswersRecord,
    subject: &Subject<'_>,
    answer: Answer,
    variant: usize,
    read: impl Fn(usize, &mut [u8]),
) -> HashTree {
    let Constants { to_any, to_method, head_request, .. } = &*CONSTANTS;
    let heads = record.heads();
    let below = labels_of_path(record.any(), &heads).witness(|label| {
        if label == to_method && answer == Answer::Head {
            return Some(ic_certification::labeled(*head_request, show_of(&heads, variant)));
        }
        (label == to_any && answer != Answer::Head).then(|| {
            let index = index(subject, answer, variant);
            let below = match record.labels() {
                Some(labels) => show_of(labels, index),
                None => show(record.kept(), index, &read),
            };
            ic_certification::labeled(*b"", below)
        })
    });
    ic_certification::labeled(end(subject.address), below)
}

/// What is below an asset's name, showing that only answers on its very path are.
pub(crate) fn outline(record: &AnswersRecord) -> HashTree {
    let below = labels_of_path(record.any(), &record.heads()).all(|_| None);
    ic_certification::labeled(VERY_PATH, below)
}

/// What is below the label of answers on a very path.
pub(super) fn labels_of_path(any: Hash, heads: &[Hash]) -> Labels {
    let Constants { to_any, to_method, head_request, .. } = &*CONSTANTS;
    let head = hash::labeled(head_request, &grow(heads).0);
    Labels::new([(to_any.to_vec(), hash::labeled(b"", &any)), (to_method.to_vec(), head)])
}

/// The answers on paths where nothing is: 404 and 405 for each origin.
fn nowhere(cors: &Cors) -> (Labels, Vec<[Hash; 2]>) {
    let head = |variant, mut head: Head| {
        head.allow(cors, variant);
        (head, None)
    };
    let of = |variant| [head(variant, answer::missing()), head(variant, answer::not_allowed())];
    let answers: Vec<_> = (0..cors.variants()).flat_map(of).collect();
    let responses = Known::default().responses(&answers).as_chunks().0.to_vec();
    let labels = responses.as_flattened().iter().map(|response| (response.to_vec(), CONSTANTS.leaf));
    (Labels::new(labels), responses)
}

/// The hash of what is below `<*>`.
pub(crate) fn nowhere_hash(cors: &Cors) -> Hash {
    hash::labeled(&CONSTANTS.to_any, &hash::labeled(b"", &nowhere(cors).0.hash()))
}

/// What is below `<*>`, with 404 or 405.
pub(crate) fn nowhere_witness(cors: &Cors, variant: usize, allowed: bool) -> HashTree {
    let (labels, responses) = nowhere(cors);
    let [missing, not_allowed] = responses[variant];
    let wanted = if allowed { missing } else { not_allowed };
    let below = labels.witness(|label| (label == wanted).then(|| ic_certification::leaf(*b"")));
    ic_certification::labeled(CONSTANTS.to_any, ic_certification::labeled(*b"", below))
}

pub(super) fn response(label: &Hash) -> HashTree {
    ic_certification::labeled(*label, ic_certification::leaf(*b""))
}

/// The tree over labels that are at hand, with the one of `index` in it.
pub(super) fn show_of(labels: &[Hash], index: usize) -> HashTree {
    let (_, tree) = grow(labels);
    show(labels.len(), index, |at, bytes| bytes.copy_from_slice(&tree[at..at + bytes.len()]))
}

/// The hash of a tree over labels, and the tree as it is kept.
fn grow(labels: &[Hash]) -> (Hash, Vec<u8>) {
    let mut sorted = labels.to_vec();
    sorted.sort_unstable();
    let mut leaves = Vec::with_capacity(sorted.len());
    for some in sorted.chunks(AT_ONCE) {
        leaves.extend(hash::labeled_each(some.iter().map(|label| (label.as_slice(), &CONSTANTS.leaf))));
    }
    let (root, hashes) = hash::grow(&leaves);
    (root, [labels.as_flattened(), sorted.as_flattened(), hashes.as_flattened()].concat())
}

/// A tree of so many labels with the one of `index` in it.
fn show(count: usize, index: usize, read: impl Fn(usize, &mut [u8])) -> HashTree {
    let hash_at = |place: usize| {
        let mut hash = [0; 32];
        read(place * 32, &mut hash);
        hash
    };
    let label = hash_at(index);
    let (mut from, mut to) = (0, count);
    let mut sides = Vec::new();
    let part = |from: usize, to: usize| match to - from {
        1 => hash::labeled(&hash_at(count + from), &CONSTANTS.leaf),
        len => hash_at(2 * count + from + len / 2),
    };
    while to - from > 1 {
        let middle = from + (to - from) / 2;
        if label < hash_at(count + middle) {
            sides.push((false, part(middle, to)));
            to = middle;
        } else {
            sides.push((true, part(from, middle)));
            from = middle;
        }
    }
    sides.into_iter().rev().fold(response(&label), |tree, (is_left, side)| {
        let side = ic_certification::pruned(side);
        if is_left { ic_certification::fork(side, tree) } else { ic_certification::fork(tree, side) }
    })
}

#[cfg(test)]
mod tests {
    use ic_certification::SubtreeLookupResult;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_answer_can_be_shown(labels in prop::collection::hash_set(any::<Hash>(), 1..60)) {
            let labels: Vec<Hash> = labels.into_iter().collect();
            let (root, _) = grow(&labels);
            for (index, label) in labels.iter().enumerate() {
                let shown = show_of(&labels, index);
                prop_assert_eq!(shown.digest(), root);
                let leaf: HashTree = ic_certification::leaf(*b"");
                prop_assert_eq!(shown.lookup_subtree([label]), SubtreeLookupResult::Found(leaf));
            }
        }
    }
}
