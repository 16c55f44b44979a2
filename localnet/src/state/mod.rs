//! What a network holds: canisters, queues, ingress history, identity, and how it is kept on disk. Nothing here
//! executes Wasm.

pub(crate) mod canister;
pub(crate) mod disk;
pub(crate) mod ingress;
pub(crate) mod intake;
pub(crate) mod journal;
pub(crate) mod message;

use candid::Principal;
use canister::Canister;
use ingress::{History, Ingress};
use message::Request;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// SHA-256.
pub(crate) type Hash = [u8; 32];

/// The part of the network's state that is not a canister's and survives a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NetworkData {
    /// Nanoseconds since 1970.
    pub(crate) time: u64,
    /// Canisters created so far, for the next id.
    pub(crate) created: u64,
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
}

/// The time at which a network without a wall clock begins: 2021-05-06T19:17:10Z, plus a nanosecond.
pub(crate) const GENESIS: u64 = 1_620_328_630_000_000_001;

/// First canister id of the network's range, and how many there are.
pub(crate) const FIRST_CANISTER: u64 = 0xFFFF_FFFF_FFE0_0000;
pub(crate) const CANISTERS: u64 = 1 << 20;

/// The canister id with this number.
pub(crate) fn canister_id(number: u64) -> Principal {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes[8..].copy_from_slice(&[1, 1]);
    Principal::from_slice(&bytes)
}

/// The number of a canister id that could be one of this network's.
pub(crate) fn canister_number(id: Principal) -> Option<u64> {
    let bytes: [u8; 10] = id.as_slice().try_into().ok()?;
    let number = u64::from_be_bytes(bytes[..8].try_into().ok()?);
    (bytes[8..] == [1, 1] && (FIRST_CANISTER..FIRST_CANISTER + CANISTERS).contains(&number)).then_some(number)
}

impl State {
    /// A network with nothing in it.
    pub(crate) fn new(time: u64) -> State {
        State {
            network: NetworkData { time, created: 0, management: VecDeque::new(), stopping: Vec::new() },
            canisters: BTreeMap::new(),
            ready: VecDeque::new(),
            ingress: VecDeque::new(),
            history: History::default(),
            touched: BTreeSet::new(),
            blobs: HashMap::new(),
        }
    }

    /// The next unused canister id.
    pub(crate) fn next_canister_id(&mut self) -> Option<Principal> {
        while self.network.created < CANISTERS {
            let id = canister_id(FIRST_CANISTER + self.network.created);
            self.network.created += 1;
            if !self.canisters.contains_key(&id) {
                return Some(id);
            }
        }
        None
    }

    /// Whether a round would find something to do, timers aside.
    pub(crate) fn busy(&self) -> bool {
        !self.ready.is_empty() || !self.ingress.is_empty() || !self.network.management.is_empty()
    }
}
