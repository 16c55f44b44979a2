//! The shape of the network as PocketIC's clients read it.

use crate::state::State;
use crate::state::subnets::canister_id;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use candid::Principal;
use serde_json::{Map, Value, json};

/// The topology as JSON.
pub(crate) fn json(state: &State) -> Value {
    let subnets = &state.subnets;
    let id = |id: Principal| json!({ "canister_id": BASE64_STANDARD.encode(id.as_slice()) });
    let range = |first, last| json!({ "start": id(first), "end": id(last) });
    let mut configs = Map::new();
    for (index, subnet) in subnets.iter().enumerate() {
        let mut ranges: Vec<Value> =
            subnet.ranges.iter().map(|(a, b)| range(canister_id(*a), canister_id(*b))).collect();
        if index == subnets.default() {
            ranges.extend(state.outsiders().map(|id| range(id, id)));
        }
        let config = json!({
            "subnet_kind": subnet.spec.kind,
            "subnet_admins": null,
            "cost_schedule": if subnet.spec.free { "Free" } else { "Normal" },
            "subnet_seed": vec![0; 32],
            "instruction_config": if subnet.spec.benchmarking { "Benchmarking" } else { "Production" },
            "canister_ranges": ranges,
        });
        configs.insert(subnet.id.to_text(), config);
    }
    json!({
        "subnet_configs": configs,
        "default_effective_canister_id": id(subnets.default_effective()),
    })
}
