//! The certified state tree: what it holds, and certificates of parts of it.

use super::keys::Keys;
use super::tree::{Tree, number};
use crate::state::{CANISTERS, FIRST_CANISTER, State, canister_id};
use candid::Principal;
use ic_certification::HashTree;
use serde::Serialize;
use std::collections::HashSet;

#[derive(Serialize)]
struct Certificate {
    tree: HashTree,
    #[serde(with = "serde_bytes")]
    signature: Vec<u8>,
}

/// A certificate of the state, pruned to `paths` and the time.
pub(crate) fn certify(keys: &Keys, state: &State, paths: &[Vec<Vec<u8>>]) -> Vec<u8> {
    sign(keys, &state_tree(keys, state, paths), paths)
}

/// A certificate of one canister's certified data, for the canister itself during a query.
pub(crate) fn certify_data(keys: &Keys, canister: Principal, data: &[u8], time: u64) -> Vec<u8> {
    let mut root = Tree::default();
    root.insert("time", Tree::Leaf(number(time)));
    let mut own = Tree::default();
    own.insert("certified_data", Tree::Leaf(data.to_vec()));
    let mut all = Tree::default();
    all.insert(canister.as_slice(), own);
    root.insert("canister", all);
    let path = vec![b"canister".to_vec(), canister.as_slice().to_vec(), b"certified_data".to_vec()];
    sign(keys, &root, &[path])
}

fn sign(keys: &Keys, tree: &Tree, paths: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let time = [b"time".to_vec()];
    let mut wanted: Vec<&[Vec<u8>]> = paths.iter().map(Vec::as_slice).collect();
    wanted.push(&time);
    let certificate = Certificate { tree: tree.prune(&wanted), signature: keys.sign_root(&tree.digest()) };
    cbor(&certificate)
}

/// Self-described CBOR, as all structures of the interface are.
pub(crate) fn cbor<T: Serialize>(value: &T) -> Vec<u8> {
    let mut serializer = serde_cbor::Serializer::new(Vec::new());
    // Writing plain data to memory cannot fail.
    let _ = serializer.self_describe();
    if let Err(e) = value.serialize(&mut serializer) {
        unreachable!("plain data: {e}");
    }
    serializer.into_inner()
}

fn state_tree(keys: &Keys, state: &State, paths: &[Vec<Vec<u8>>]) -> Tree {
    let mut root = Tree::default();
    root.insert("time", Tree::Leaf(number(state.network.time)));
    root.insert("canister", canisters(state));
    root.insert("request_status", request_status(state, paths));
    root.insert("subnet", subnet(keys, state));
    let mut ranges = Tree::default();
    let mut own = Tree::default();
    own.insert(canister_id(FIRST_CANISTER).as_slice(), Tree::Leaf(canister_ranges()));
    ranges.insert(keys.subnet.as_slice(), own);
    root.insert("canister_ranges", ranges);
    root
}

fn canisters(state: &State) -> Tree {
    let mut all = Tree::default();
    for canister in state.canisters.values() {
        let record = &canister.record;
        let mut tree = Tree::default();
        tree.insert("controllers", Tree::Leaf(cbor(&*record.settings.controllers)));
        if let Some(hash) = record.module {
            tree.insert("module_hash", Tree::Leaf(hash.to_vec()));
            tree.insert("certified_data", Tree::Leaf(record.certified_data.clone()));
        }
        if let Some(code) = &canister.code {
            let mut metadata = Tree::default();
            for (name, section) in &code.info.metadata {
                metadata.insert(name, Tree::Leaf(section.bytes.clone()));
            }
            tree.insert("metadata", metadata);
        }
        all.insert(record.id.as_slice(), tree);
    }
    all
}

fn request_status(state: &State, paths: &[Vec<Vec<u8>>]) -> Tree {
    let asked: HashSet<&[u8]> = paths
        .iter()
        .filter(|p| p.first().is_some_and(|label| label == b"request_status"))
        .filter_map(|p| p.get(1).map(Vec::as_slice))
        .collect();
    let mut all = Tree::default();
    for (id, entry) in state.history.iter() {
        let tree = match entry.digest {
            Some(digest) if !asked.contains(&id[..]) => Tree::Digest(digest),
            _ => entry.tree(),
        };
        all.insert(id, tree);
    }
    all
}

fn subnet(keys: &Keys, state: &State) -> Tree {
    let mut node = Tree::default();
    node.insert("public_key", Tree::Leaf(keys.node_der.clone()));
    let mut nodes = Tree::default();
    nodes.insert(keys.node_id.as_slice(), node);
    let mut own = Tree::default();
    own.insert("public_key", Tree::Leaf(keys.root_der.to_vec()));
    own.insert("type", Tree::Leaf(b"application".to_vec()));
    own.insert("canister_ranges", Tree::Leaf(canister_ranges()));
    own.insert("metrics", Tree::Leaf(metrics(state)));
    own.insert("node", nodes);
    let mut all = Tree::default();
    all.insert(keys.subnet.as_slice(), own);
    all
}

/// `[[first, last]]`.
pub(crate) fn canister_ranges() -> Vec<u8> {
    cbor(&vec![(canister_id(FIRST_CANISTER), canister_id(FIRST_CANISTER + CANISTERS - 1))])
}

fn metrics(state: &State) -> Vec<u8> {
    use serde_cbor::Value;
    let bytes: u64 = state.canisters.values().map(|c| state.memory_usage(c)).sum();
    let entries = [
        (0, Value::Integer(state.canisters.len() as i128)),
        (1, Value::Integer(i128::from(bytes))),
        (2, Value::Map([(Value::Integer(0), Value::Integer(0))].into())),
        (3, Value::Integer(0)),
    ];
    cbor(&Value::Map(entries.into_iter().map(|(k, v)| (Value::Integer(k), v)).collect()))
}
