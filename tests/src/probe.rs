//! The canister of `tests/probe`, with its calls.

use candid::utils::ArgumentEncoder;
use candid::{CandidType, Principal};
use pocket_ic::PocketIc;
use serde::de::DeserializeOwned;

/// The probe on a network of its own.
pub struct Probe {
    /// The network.
    pub network: PocketIc,
    /// The canister.
    pub id: Principal,
}

impl Probe {
    /// Installs it.
    pub fn new() -> Probe {
        let network = crate::network();
        let id = network.create_canister();
        network.add_cycles(id, 100_000_000_000_000);
        network.install_canister(id, darkroom_wasm::PROBE.to_vec(), Vec::new(), None);
        Probe { network, id }
    }

    /// A query.
    pub fn ask<R: CandidType + DeserializeOwned>(&self, method: &str, args: impl ArgumentEncoder) -> R {
        let args = candid::encode_args(args).unwrap_or_else(|error| panic!("{error}"));
        let reply = self.network.query_call(self.id, Principal::anonymous(), method, args);
        decode(method, &reply.unwrap_or_else(|reject| panic!("{method}: {reject:?}")))
    }

    /// An update call, which may take more instructions.
    pub fn update<R: CandidType + DeserializeOwned>(&self, method: &str, args: impl ArgumentEncoder) -> R {
        let args = candid::encode_args(args).unwrap_or_else(|error| panic!("{error}"));
        let reply = self.network.update_call(self.id, Principal::anonymous(), method, args);
        decode(method, &reply.unwrap_or_else(|reject| panic!("{method}: {reject:?}")))
    }
}

impl Default for Probe {
    fn default() -> Self {
        Probe::new()
    }
}

fn decode<R: CandidType + DeserializeOwned>(method: &str, reply: &[u8]) -> R {
    candid::decode_one(reply).unwrap_or_else(|error| panic!("{method}: {error}"))
}
