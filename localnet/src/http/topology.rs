//! The shape of the network as PocketIC's clients read it.

use crate::state::{CANISTERS, FIRST_CANISTER, canister_id};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use candid::Principal;
use serde_json::{Map, Value, json};

/// A subnet that a client asked for.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: Principal,
    /// Such as `Application`.
    pub(crate) kind: &'static str,
    pub(crate) first: u64,
}

/// The subnets of a network: the first one is the network's own, the others share its executor.
pub(crate) fn subnets(own: Principal, kinds: &[&'static str]) -> Vec<Subnet> {
    let kinds = if kinds.is_empty() { &["Application"] } else { kinds };
    let mut first = FIRST_CANISTER;
    let mut list = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        let id = match index {
            0 => own,
            n => Principal::self_authenticating(format!("{own}#{n}")),
        };
        list.push(Subnet { id, kind, first });
        first = first.wrapping_sub(CANISTERS);
    }
    list
}

/// The topology as JSON.
pub(crate) fn json(subnets: &[Subnet]) -> Value {
    let id = |number| json!({ "canister_id": BASE64_STANDARD.encode(canister_id(number).as_slice()) });
    let configs: Map<String, Value> = subnets
        .iter()
        .map(|subnet| {
            let config = json!({
                "subnet_kind": subnet.kind,
                "subnet_admins": null,
                "cost_schedule": "Normal",
                "subnet_seed": vec![0; 32],
                "instruction_config": "Production",
                "canister_ranges": [{ "start": id(subnet.first), "end": id(subnet.first + CANISTERS - 1) }],
            });
            (subnet.id.to_text(), config)
        })
        .collect();
    json!({ "subnet_configs": configs, "default_effective_canister_id": id(FIRST_CANISTER) })
}
