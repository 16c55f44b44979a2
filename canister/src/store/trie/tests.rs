//! The trie against a map.

use std::collections::BTreeMap;

use ic_certification::{HashTree, SubtreeLookupResult};
use ic_stable_structures::VectorMemory;
use proptest::prelude::*;

use super::*;

/// What is below a label in these tests: a leaf of one byte.
fn below(value: u8) -> HashTree {
    ic_certification::leaf([value])
}

fn trie_of(labels: impl IntoIterator<Item = (Vec<u8>, u8)>) -> Trie<VectorMemory> {
    let mut trie = Trie::open(VectorMemory::default());
    labels.into_iter().for_each(|(label, value)| trie.insert(&label, below(value).digest()));
    trie
}

/// Short labels of few letters, many of which begin with each other.
fn label() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(prop_oneof![Just(0), Just(b'a'), Just(b'b'), Just(255)], 0..5),
        prop::collection::vec(any::<u8>(), 0..93),
    ]
}

fn operations() -> impl Strategy<Value = Vec<(Vec<u8>, Option<u8>)>> {
    prop::collection::vec((label(), prop::option::weighted(0.7, any::<u8>())), 0..80)
}

/// Asserts what a verifier finds of each label: its value, or that it is not there.
fn assert_proves(trie: &Trie<VectorMemory>, model: &BTreeMap<Vec<u8>, u8>, labels: &[&[u8]]) {
    let witness = trie.witness(labels, |label| Some(below(model[label])));
    assert_eq!(witness.digest(), trie.hash());
    for label in labels {
        assert_eq!(trie.contains(label), model.contains_key(*label), "{label:?}");
        let found = witness.lookup_subtree([*label]);
        match model.get(*label) {
            Some(value) => assert_eq!(found, SubtreeLookupResult::Found(below(*value)), "{label:?}"),
            None => assert_eq!(found, SubtreeLookupResult::Absent, "{label:?}"),
        }
    }
}

proptest! {
    /// The hash follows from the labels alone, whatever came before; each label and each absence can be proved, also
    /// two in one tree; what is removed leaves no slot behind; another opening finds the same.
    #[test]
    fn is_as_a_map(operations in operations(), asked in prop::collection::vec(label(), 1..20)) {
        let memory = VectorMemory::default();
        let mut trie = Trie::open(memory.clone());
        let mut model = BTreeMap::new();
        for (label, value) in &operations {
            match value {
                Some(value) => {
                    trie.insert(label, below(*value).digest());
                    model.insert(label.clone(), *value);
                }
                None => assert_eq!(trie.remove(label), model.remove(label).is_some()),
            }
        }
        prop_assert_eq!(trie.len() as usize, model.len());
        prop_assert_eq!(trie.hash(), trie_of(model.clone()).hash());
        prop_assert_eq!(trie.hash(), trie_of(model.clone().into_iter().rev()).hash());
        let trie = Trie::open(memory);
        for label in asked.iter().chain(operations.iter().map(|(label, _)| label)) {
            assert_proves(&trie, &model, &[label]);
            assert_proves(&trie, &model, &[label, &asked[0]]);
        }
    }

    /// Every slot is used again.
    #[test]
    fn slots_are_reused(labels in prop::collection::btree_map(label(), any::<u8>(), 1..60)) {
        let mut trie = trie_of(labels.clone());
        let taken = trie.slots.taken();
        for _ in 0..3 {
            labels.keys().for_each(|label| assert!(trie.remove(label)));
            prop_assert_eq!((trie.hash(), trie.len()), (hash::empty(), 0));
            labels.iter().for_each(|(label, value)| trie.insert(label, below(*value).digest()));
        }
        prop_assert_eq!(trie.slots.taken(), taken);
    }
}

#[test]
fn another_form_begins_anew() {
    let memory = VectorMemory::default();
    let mut trie = Trie::open(memory.clone());
    assert_eq!(trie.form(), 0);
    trie.begin(7);
    trie.insert(b"a", [1; 32]);
    let mut trie = Trie::open(memory);
    assert_eq!((trie.form(), trie.len()), (7, 1));
    trie.begin(8);
    assert_eq!((trie.form(), trie.len(), trie.hash()), (8, 0, hash::empty()));
}

#[test]
#[should_panic(expected = "a label of 93 bytes")]
fn a_label_that_has_no_room_is_refused() {
    trie_of([(vec![b'a'; 93], 0)]);
}
