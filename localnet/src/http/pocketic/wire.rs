//! The JSON of the PocketIC server's protocol.

use crate::reject::reject_code_name;
use crate::state::message::Refusal;
use crate::state::subnets::{Kind, Spec};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use candid::Principal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes as base64 text.
#[derive(Clone, Debug, Default)]
pub(super) struct B64(pub(super) Vec<u8>);

impl Serialize for B64 {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for B64 {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<B64, D::Error> {
        let text = String::deserialize(d)?;
        BASE64_STANDARD.decode(text).map(B64).map_err(serde::de::Error::custom)
    }
}

/// A principal as base64 of its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id(pub(super) Principal);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&BASE64_STANDARD.encode(self.0.as_slice()))
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Id, D::Error> {
        let B64(bytes) = B64::deserialize(d)?;
        Principal::try_from_slice(&bytes).map(Id).map_err(serde::de::Error::custom)
    }
}

/// `EffectivePrincipal`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Effective {
    None,
    SubnetId(Id),
    CanisterId(Id),
}

#[derive(Debug, Deserialize)]
pub(super) struct RawCanisterCall {
    pub(super) sender: Id,
    pub(super) canister_id: Id,
    pub(super) effective_principal: Effective,
    pub(super) method: String,
    pub(super) payload: B64,
    /// Of an identity provider, which there is none of here.
    #[serde(default)]
    pub(super) sender_info: Option<serde_json::Value>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RawMessageId {
    pub(super) effective_principal: Effective,
    pub(super) message_id: B64,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawIngressStatusArgs {
    pub(super) raw_message_id: RawMessageId,
    pub(super) raw_caller: Option<RawPrincipal>,
}

/// `RejectResponse`.
#[derive(Debug, Serialize)]
pub(super) struct RawReject {
    reject_code: &'static str,
    reject_message: String,
    error_code: &'static str,
    certified: bool,
}

impl RawReject {
    pub(super) fn new(refusal: Refusal, certified: bool) -> RawReject {
        RawReject {
            reject_code: reject_code_name(refusal.reject_code),
            reject_message: refusal.message,
            error_code: refusal.code.name(),
            certified,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RawTime {
    pub(super) nanos_since_epoch: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RawCanisterId {
    pub(super) canister_id: Id,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RawSubnetId {
    pub(super) subnet_id: Id,
}

#[derive(Debug, Serialize)]
pub(super) struct RawCycles {
    pub(super) cycles: u128,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawAddCycles {
    pub(super) canister_id: Id,
    pub(super) amount: u128,
}

#[derive(Debug, Serialize)]
pub(super) struct RawStableMemory {
    pub(super) blob: B64,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawSetStableMemory {
    pub(super) canister_id: Id,
    /// Bytes, though the client has it as hex of a hash.
    pub(super) blob_id: B64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RawPrincipal {
    pub(super) principal_id: Id,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct InstanceConfig {
    pub(super) subnet_config_set: SubnetConfigSet,
    pub(super) state_dir: Option<std::path::PathBuf>,
    pub(super) icp_features: Option<serde_json::Value>,
    pub(super) initial_time: Option<InitialTime>,
    pub(super) http_gateway_config: Option<HttpGatewayInstance>,
}

/// The gateway that an instance is created with.
#[derive(Debug, Deserialize)]
pub(super) struct HttpGatewayInstance {
    pub(super) port: Option<u16>,
}

/// `SubnetSpec`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SubnetSpec {
    state_config: serde_json::Value,
    instruction_config: InstructionConfig,
    cost_schedule: CostSchedule,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
enum InstructionConfig {
    #[default]
    Production,
    Benchmarking,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
enum CostSchedule {
    #[default]
    Normal,
    Free,
}

impl SubnetSpec {
    fn spec(&self, kind: Kind) -> Result<Spec, String> {
        if !(self.state_config.is_null() || self.state_config == "New") {
            return Err(format!(
                "a subnet begins empty here (`state_config` is {}; only \"New\" is possible)",
                self.state_config
            ));
        }
        Ok(Spec {
            kind,
            free: self.cost_schedule == CostSchedule::Free,
            benchmarking: self.instruction_config == InstructionConfig::Benchmarking,
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SubnetConfigSet {
    nns: Option<SubnetSpec>,
    sns: Option<SubnetSpec>,
    ii: Option<SubnetSpec>,
    fiduciary: Option<SubnetSpec>,
    bitcoin: Option<SubnetSpec>,
    test_threshold_keys: Option<SubnetSpec>,
    system: Vec<SubnetSpec>,
    application: Vec<SubnetSpec>,
    cloud_engine: Vec<SubnetSpec>,
    verified_application: Vec<SubnetSpec>,
}

impl SubnetConfigSet {
    /// The subnets asked for; an error for what this network has not.
    pub(super) fn specs(&self) -> Result<Vec<Spec>, String> {
        let named = [
            (&self.nns, Kind::Nns),
            (&self.sns, Kind::Sns),
            (&self.ii, Kind::Ii),
            (&self.fiduciary, Kind::Fiduciary),
            (&self.bitcoin, Kind::Bitcoin),
            (&self.test_threshold_keys, Kind::TestThresholdKeys),
        ];
        let many = [
            (&self.system, Kind::System),
            (&self.application, Kind::Application),
            (&self.cloud_engine, Kind::CloudEngine),
            (&self.verified_application, Kind::VerifiedApplication),
        ];
        let named = named.into_iter().filter_map(|(spec, kind)| Some(spec.as_ref()?.spec(kind)));
        named
            .chain(many.into_iter().flat_map(|(specs, kind)| specs.iter().map(move |s| s.spec(kind))))
            .collect()
    }
}

/// How often a network driven by the wall clock has a round; as needed if it is not said.
#[derive(Debug, Deserialize)]
pub(super) struct AutoProgress {
    pub(super) artificial_delay_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) enum InitialTime {
    Timestamp(RawTime),
    AutoProgress(AutoProgress),
}

#[derive(Debug, Deserialize)]
pub(super) struct HttpGatewayConfig {
    pub(super) port: Option<u16>,
    pub(super) forward_to: ForwardTo,
}

#[derive(Debug, Deserialize)]
pub(super) enum ForwardTo {
    Replica(String),
    PocketIcInstance(usize),
}
