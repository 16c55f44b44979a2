//! What the suites of the client share: a network with rounds or without, a canister on it, clients of it, and a
//! way there that can be disturbed.

#![allow(dead_code, reason = "each suite uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

pub(crate) mod proxy;

use std::path::Path;
use std::time::Duration;

use candid::{CandidType, Decode, Encode, Principal};
use darkroom_api as api;
use darkroom_client::{Darkroom, RetryPolicy, Toolkit};
use darkroom_codec::CODECS;
use darkroom_localnet::{Network, NetworkConfig, RoundConfig};
use ic_agent::Agent;
use ic_agent::identity::BasicIdentity;
use ic_management_canister_types as management;

pub(crate) use proxy::Proxy;

/// A network with the owner of what is on it.
pub(crate) struct Place {
    pub(crate) network: Network,
    pub(crate) proxy: Proxy,
}

/// Chunks of the suites: small, so that small files have many.
pub(crate) const CHUNK: u32 = 262_144;

impl Place {
    pub(crate) fn new(round: Option<RoundConfig>) -> Place {
        Place::with(NetworkConfig { round, ..NetworkConfig::default() })
    }

    pub(crate) fn with(config: NetworkConfig) -> Place {
        let network = Network::start(config).unwrap();
        let proxy = Proxy::start(&network.url());
        Place { network, proxy }
    }

    /// An agent, with key number `who`, that reaches the network through `url`.
    pub(crate) fn agent(&self, who: u8, url: &str) -> Agent {
        let identity = BasicIdentity::from_raw_key(&[who; 32]);
        let agent = Agent::builder().with_url(url).with_identity(identity).build().unwrap();
        agent.set_root_key(self.network.root_key());
        agent
    }

    /// A canister of owner 1.
    pub(crate) async fn install(&self, args: api::InitArgs) -> Principal {
        self.install_wasm(darkroom_wasm::CANISTER.to_vec(), args).await
    }

    /// A canister of owner 1 that runs such a module.
    pub(crate) async fn install_wasm(&self, wasm_module: Vec<u8>, args: api::InitArgs) -> Principal {
        let agent = self.agent(1, &self.network.url());
        let create = management::ProvisionalCreateCanisterWithCyclesArgs {
            amount: Some(100_000_000_000_000u64.into()),
            ..Default::default()
        };
        let effective = self.network.default_effective_canister_id();
        let reply = manage(&agent, "provisional_create_canister_with_cycles", effective, &create).await;
        let canister = Decode!(&reply, management::CanisterIdRecord).unwrap().canister_id;
        let install = management::InstallCodeArgs {
            mode: management::CanisterInstallMode::Install,
            canister_id: canister,
            wasm_module,
            arg: Encode!(&Some(args)).unwrap(),
            sender_canister_version: None,
        };
        manage(&agent, "install_code", canister, &install).await;
        canister
    }

    /// A client of owner 1, through the proxy.
    pub(crate) fn client(&self, canister: Principal) -> Darkroom {
        self.client_as(1, canister)
    }

    /// A client of somebody, through the proxy.
    pub(crate) fn client_as(&self, who: u8, canister: Principal) -> Darkroom {
        let toolkit = Toolkit { registry: darkroom_tests::toolkit(), decoder: &CODECS };
        let policy = RetryPolicy {
            attempts: 12,
            first_wait: Duration::from_millis(20),
            longest_wait: Duration::from_millis(300),
            patience: None,
        };
        Darkroom::new(self.agent(who, &self.proxy.url()), canister, toolkit).with_retry(policy)
    }
}

async fn manage(agent: &Agent, method: &str, effective: Principal, args: &impl CandidType) -> Vec<u8> {
    let call = agent.update(&Principal::management_canister(), method);
    let call = call.with_effective_canister_id(effective).with_arg(Encode!(args).unwrap());
    call.call_and_wait().await.unwrap_or_else(|error| panic!("{method}: {error}"))
}

/// A canister that stores files as they are, in small chunks.
pub(crate) fn files_only() -> api::InitArgs {
    let stage = api::Stage {
        asset: "original".to_owned(),
        processor: "original".to_owned(),
        source: None,
        placement: None,
        storage: None,
        optional: None,
        verify: None,
        params: None,
    };
    let lanes = vec![api::Lane { name: "original".to_owned(), stages: vec![stage] }];
    let pipelines = vec![api::Pipeline { name: "files".to_owned(), lanes }];
    api::InitArgs { pipelines: Some(pipelines), ..small_chunks() }
}

/// The standard pipeline with small chunks.
pub(crate) fn small_chunks() -> api::InitArgs {
    let limits = api::Limits { chunk_size: Some(CHUNK), ..Default::default() };
    api::InitArgs { limits: Some(limits), ..Default::default() }
}

/// Bytes that no other seed has.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| next()).collect();
    bytes.truncate(length);
    bytes
}

/// The files of a directory whose names end so.
pub(crate) fn files(dir: &Path, end: &str) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.to_string_lossy().ends_with(end)).collect()
}
