//! The certified state tree: what it holds, and certificates of parts of it.

use super::keys::Keys;
use super::tree::{Tree, number};
use crate::state::State;
use crate::state::subnets::{Subnet, canister_id};
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
    root.insert("subnet", subnets(keys, state));
    let all = root_ranges(state);
    let mut shard = Tree::default();
    shard.insert(all[0].0.as_slice(), Tree::Leaf(cbor(&all)));
    let mut ranges = Tree::default();
    ranges.insert(keys.subnet.as_slice(), shard);
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

fn subnets(keys: &Keys, state: &State) -> Tree {
    let mut node = Tree::default();
    node.insert("public_key", Tree::Leaf(keys.node_der.clone()));
    let mut nodes = Tree::default();
    nodes.insert(keys.node_id.as_slice(), node);
    let mut all = Tree::default();
    for subnet in state.subnets.iter() {
        let ranges = if subnet.id == keys.subnet { root_ranges(state) } else { ranges_of(subnet) };
        let mut own = Tree::default();
        own.insert("public_key", Tree::Leaf(keys.root_der.to_vec()));
        own.insert("type", Tree::Leaf(subnet.spec.kind.type_name().into()));
        own.insert("canister_ranges", Tree::Leaf(cbor(&ranges)));
        own.insert("metrics", Tree::Leaf(metrics(state, subnet.id)));
        own.insert("node", nodes.clone());
        all.insert(subnet.id.as_slice(), own);
    }
    all
}

fn ranges_of(subnet: &Subnet) -> Vec<(Principal, Principal)> {
    subnet.ranges.iter().map(|(first, last)| (canister_id(*first), canister_id(*last))).collect()
}

/// All ids that the network hosts, in order: without delegations, certificates speak for the root subnet.
fn root_ranges(state: &State) -> Vec<(Principal, Principal)> {
    let mut all: Vec<_> = state.subnets.iter().flat_map(ranges_of).collect();
    all.extend(state.outsiders().map(|id| (id, id)));
    all.sort_unstable();
    all
}

fn metrics(state: &State, subnet: Principal) -> Vec<u8> {
    use serde_cbor::Value;
    let hosted = || state.canisters.values().filter(|c| state.subnets.of(c.record.id).id == subnet);
    let bytes: u64 = hosted().map(|c| state.memory_usage(c)).sum();
    let entries = [
        (0, Value::Integer(hosted().count() as i128)),
        (1, Value::Integer(i128::from(bytes))),
        (2, Value::Map([(Value::Integer(0), Value::Integer(0))].into())),
        (3, Value::Integer(0)),
    ];
    cbor(&Value::Map(entries.into_iter().map(|(k, v)| (Value::Integer(k), v)).collect()))
}
