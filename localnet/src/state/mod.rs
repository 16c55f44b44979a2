//! What a network holds: canisters, queues, ingress history, identity, and how it is kept on disk. Nothing here
//! executes Wasm.

pub(crate) mod canister;
pub(crate) mod disk;
pub(crate) mod ingress;
pub(crate) mod intake;
pub(crate) mod journal;
pub(crate) mod message;
pub(crate) mod snapshot;
pub(crate) mod subnets;

use crate::Fees;
use candid::Principal;
use canister::Canister;
use ingress::{History, Ingress};
use message::Request;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use subnets::{Limits, Spec, Subnets};

/// SHA-256.
pub(crate) type Hash = [u8; 32];

/// The part of the network's state that is not a canister's and survives a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NetworkData {
    /// Nanoseconds since 1970.
    pub(crate) time: u64,
    /// The subnets that the network was created with.
    #[serde(default)]
    pub(crate) kinds: Vec<Spec>,
    /// Canister ids given out so far, by subnet.
    #[serde(default)]
    pub(crate) used: Vec<u64>,
    /// Requests to the management canister that wait.
    pub(crate) management: VecDeque<Request>,
    /// Calls of `stop_canister` that wait for open call contexts.
    pub(crate) stopping: Vec<Stopping>,
}

/// A call of `stop_canister` that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stopping {
    pub(crate) canister: Principal,
    pub(crate) request: Request,
    pub(crate) since: u64,
}

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) network: NetworkData,
    pub(crate) subnets: Arc<Subnets>,
    pub(crate) canisters: BTreeMap<Principal, Canister>,
    /// Canisters with something in their inbox, first come first served; one entry per message.
    pub(crate) ready: VecDeque<Principal>,
    /// Ingress messages not executed yet.
    pub(crate) ingress: VecDeque<Ingress>,
    pub(crate) history: History,
    /// Canisters whose records changed since the last commit.
    pub(crate) touched: BTreeSet<Principal>,
    /// Chunks of chunk stores, by hash.
    pub(crate) blobs: HashMap<Hash, Arc<Vec<u8>>>,
    /// What canisters pay where anything costs; `fees_of` tells.
    pub(crate) fees: Fees,
}

/// The time at which a network without a wall clock begins: 2021-05-06T19:17:10Z, plus a nanosecond.
pub(crate) const GENESIS: u64 = 1_620_328_630_000_000_001;

/// The latest time that a network may be set to: far enough from the end of numbers for what is added to it.
pub(crate) const LATEST: u64 = u64::MAX / 2;

impl NetworkData {
    /// A network that begins at `time`.
    pub(crate) fn new(time: u64, kinds: Vec<Spec>) -> NetworkData {
        NetworkData { time, kinds, used: Vec::new(), management: VecDeque::new(), stopping: Vec::new() }
    }
}

impl State {
    /// A network without canisters, whose root subnet has this id.
    pub(crate) fn new(mut network: NetworkData, root: Principal) -> State {
        let subnets = Subnets::new(root, &network.kinds);
        network.used.resize(subnets.iter().count(), 0);
        State {
            network,
            subnets: Arc::new(subnets),
            canisters: BTreeMap::new(),
            ready: VecDeque::new(),
            ingress: VecDeque::new(),
            history: History::default(),
            touched: BTreeSet::new(),
            blobs: HashMap::new(),
            fees: Fees::default(),
        }
    }

    /// The next unused canister id of a subnet.
    pub(crate) fn next_canister_id(&mut self, subnet: usize) -> Option<Principal> {
        loop {
            let id = self.subnets.nth(subnet, *self.network.used.get(subnet)?)?;
            self.network.used[subnet] += 1;
            if !self.canisters.contains_key(&id) {
                return Some(id);
            }
        }
    }

    /// Canisters whose ids lie in no subnet's range: they were made with an id of the maker's choice.
    pub(crate) fn outsiders(&self) -> impl Iterator<Item = Principal> {
        self.canisters.keys().copied().filter(|id| self.subnets.holder(*id).is_none())
    }

    /// Forgets the chunks that neither a chunk store nor a snapshot holds.
    pub(crate) fn drop_unused_blobs(&mut self) {
        let held: HashSet<Hash> = self.canisters.values().flat_map(|c| c.record.chunks_held()).collect();
        self.blobs.retain(|hash, _| held.contains(hash));
    }

    /// What a canister pays.
    pub(crate) fn fees_of(&self, canister: Principal) -> Fees {
        if self.subnets.of(canister).spec.is_free() { Fees::FREE } else { self.fees }
    }

    /// What a canister's messages may use.
    pub(crate) fn limits_of(&self, canister: Principal) -> Limits {
        self.subnets.of(canister).spec.limits()
    }

    /// Bytes of these chunks.
    pub(crate) fn chunks_size(&self, chunks: &BTreeSet<Hash>) -> u64 {
        chunks.iter().filter_map(|hash| self.blobs.get(hash)).map(|bytes| bytes.len() as u64).sum()
    }

    /// Whether a round would find something to do, timers aside.
    pub(crate) fn busy(&self) -> bool {
        !self.ready.is_empty() || !self.ingress.is_empty() || !self.network.management.is_empty()
    }
}
