//! `ic-agent` as a client, with everything verified: calls, queries, certified state, the gateway.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::{Decode, Encode, Nat, Principal};
use common::{COUNTER, counter, counts};
use darkroom_localnet::{Network, NetworkConfig};
use ic_agent::identity::{BasicIdentity, Identity, Prime256v1Identity, Secp256k1Identity};
use ic_agent::{Agent, AgentError};
use ic_management_canister_types as types;

async fn agent(network: &Network, identity: impl Identity + 'static) -> Agent {
    let agent = Agent::builder().with_url(network.url()).with_identity(identity).build().unwrap();
    agent.fetch_root_key().await.unwrap();
    assert_eq!(agent.read_root_key(), network.root_key());
    agent
}

async fn manage(
    agent: &Agent,
    network: &Network,
    id: Option<Principal>,
    method: &str,
    arg: Vec<u8>,
) -> Result<Vec<u8>, AgentError> {
    agent
        .update(&Principal::management_canister(), method)
        .with_effective_canister_id(id.unwrap_or(network.default_effective_canister_id()))
        .with_arg(arg)
        .call_and_wait()
        .await
}

async fn install(agent: &Agent, network: &Network, wasm: Vec<u8>) -> Principal {
    let args = types::ProvisionalCreateCanisterWithCyclesArgs {
        amount: Some(Nat::from(1u64 << 50)),
        settings: None,
        specified_id: None,
        sender_canister_version: None,
    };
    let reply =
        manage(agent, network, None, "provisional_create_canister_with_cycles", Encode!(&args).unwrap());
    let id = Decode!(&reply.await.unwrap(), types::CanisterIdRecord).unwrap().canister_id;
    let args = types::InstallCodeArgs {
        mode: types::CanisterInstallMode::Install,
        canister_id: id,
        wasm_module: wasm,
        arg: vec![],
        sender_canister_version: None,
    };
    manage(agent, network, Some(id), "install_code", Encode!(&args).unwrap()).await.unwrap();
    id
}

fn ed25519() -> BasicIdentity {
    BasicIdentity::from_raw_key(&[42; 32])
}

#[tokio::test]
async fn calls_and_queries_verify() {
    let network = Network::start(NetworkConfig::default()).unwrap();
    let agent = agent(&network, ed25519()).await;
    let id = install(&agent, &network, counter()).await;
    let reply = agent.update(&id, "inc").with_arg(vec![]).call_and_wait().await.unwrap();
    assert_eq!(counts(&reply), [1, 1, 1]);
    let reply = agent.query(&id, "get").with_arg(vec![]).call().await.unwrap();
    assert_eq!(counts(&reply), [1, 1, 1]);
    let rejected = agent.update(&id, "trap").with_arg(vec![]).call_and_wait().await.unwrap_err();
    let AgentError::CertifiedReject { reject, .. } = rejected else { panic!("{rejected:?}") };
    assert_eq!(reject.error_code.as_deref(), Some("IC0503"));
    let rejected = agent.query(&id, "nothing").with_arg(vec![]).call().await.unwrap_err();
    assert!(matches!(rejected, AgentError::UncertifiedReject { .. }), "{rejected:?}");
    network.stop().unwrap();
}

#[tokio::test]
async fn certified_state_can_be_read() {
    let network = Network::start(NetworkConfig::default()).unwrap();
    let agent = agent(&network, ed25519()).await;
    let wat =
        COUNTER.replace("(memory 1)", r#"(@custom "icp:public candid:service" "service : {}") (memory 1)"#);
    let id = install(&agent, &network, wat::parse_str(wat).unwrap()).await;
    let me = agent.get_principal().unwrap();
    assert_eq!(agent.read_state_canister_controllers(id).await.unwrap(), vec![me]);
    assert_eq!(agent.read_state_canister_module_hash(id).await.unwrap().len(), 32);
    let candid = agent.read_state_canister_metadata(id, "candid:service").await.unwrap();
    assert_eq!(candid, b"service : {}");
    assert!(agent.read_state_canister_metadata(id, "nothing").await.is_err());
    let status = agent.status().await.unwrap();
    assert_eq!(status.replica_health_status.as_deref(), Some("healthy"));
    let subnet = Principal::self_authenticating(network.root_key());
    assert_eq!(agent.read_state_subnet_metrics(subnet).await.unwrap().num_canisters, 1);
}

#[tokio::test]
async fn every_kind_of_key_signs() {
    let network = Network::start(NetworkConfig::default()).unwrap();
    let first = agent(&network, ed25519()).await;
    let id = install(&first, &network, counter()).await;
    let secp256k1 = k256_identity();
    let p256 = p256_identity();
    for agent in [agent(&network, secp256k1).await, agent(&network, p256).await] {
        agent.update(&id, "inc").with_arg(vec![]).call_and_wait().await.unwrap();
        agent.query(&id, "get").with_arg(vec![]).call().await.unwrap();
    }
}

fn k256_identity() -> Secp256k1Identity {
    let key = ic_secp256k1::PrivateKey::generate_from_seed(b"tests");
    Secp256k1Identity::from_pem(key.serialize_rfc5915_pem().as_bytes()).unwrap()
}

fn p256_identity() -> Prime256v1Identity {
    let key = ic_secp256r1::PrivateKey::generate_insecure_key_for_testing(1);
    Prime256v1Identity::from_pem(key.serialize_rfc5915_pem().as_bytes()).unwrap()
}
