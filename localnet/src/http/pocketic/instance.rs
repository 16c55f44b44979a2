//! The endpoints of one instance, `/instances/ID/...`.

use super::server::Server;
use super::wire::*;
use crate::RoundConfig;
use crate::http::{ic_api, plain, text, topology};
use crate::net::{Driver, Instance, Submit};
use crate::reject::Reject;
use crate::state::LATEST;
use crate::state::message::{Answer, Refusal};
use axum::body::Bytes;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use candid::Principal;
use parking_lot::Mutex;
use rand::RngCore;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Rounds that awaiting a message executes at most.
const ROUNDS: usize = 100;
/// How often, and how long at most, a message is looked at while the wall clock drives the network.
const LIVE_POLL: Duration = Duration::from_millis(10);
const LIVE_POLLS: usize = 29_000;

/// An instance that the server holds.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) net: Arc<Instance>,
    pub(super) driver: Mutex<Option<Driver>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.driver.get_mut().take();
        // Whoever could be told has gone; the reason went to standard error.
        let _ = self.net.close();
    }
}

/// A failure: status and message.
pub(super) type Failure = (StatusCode, String);

fn bad(why: impl Into<String>) -> Failure {
    (StatusCode::BAD_REQUEST, why.into())
}

/// The JSON reply to a request, or the protocol's error.
pub(super) fn reply<T: Serialize>(result: Result<T, Failure>) -> Response {
    match result {
        Ok(value) => json_reply(StatusCode::OK, &value),
        Err((status, message)) => json_reply(status, &json!({ "message": message })),
    }
}

pub(super) fn json_reply<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => plain(status, "application/json", bytes),
        Err(e) => text(StatusCode::INTERNAL_SERVER_ERROR, e.to_string()),
    }
}

pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|e| bad(format!("the body is not what this endpoint expects: {e}")))
}

/// Serves a request to an instance; `path` is what follows its number.
pub(super) async fn serve(
    server: Arc<Server>,
    held: Arc<Held>,
    method: Method,
    path: String,
    body: Bytes,
) -> Response {
    if let Some(path) = path.strip_prefix("api/") {
        return ic_api::serve(held.net.clone(), path, body).await;
    }
    crate::http::blocking(move || route(&server, &held, &method, path.trim_end_matches('/'), &body)).await
}

fn route(server: &Server, held: &Held, method: &Method, path: &str, body: &[u8]) -> Response {
    let net = &held.net;
    match (method.as_str(), path) {
        ("GET", "read/topology" | "_/topology") => reply(Ok(topology::json(&net.read()))),
        ("GET", "read/get_time") => reply(Ok(RawTime { nanos_since_epoch: net.now() })),
        ("GET", "read/get_canister_http") => reply(Ok(Vec::<Value>::new())),
        ("GET", "auto_progress") => reply(Ok(net.live.load(Ordering::SeqCst))),
        ("POST", "auto_progress") => reply(parse(body).and_then(|config| auto_progress(held, config))),
        ("POST", "stop_progress") => {
            held.driver.lock().take();
            reply(Ok(()))
        }
        ("POST", "read/query") => {
            reply(parse(body).and_then(|call| without_info(&call).map(|()| query(net, call))))
        }
        ("POST", "read/ingress_status") => reply(parse(body).and_then(|args| ingress_status(net, args))),
        ("POST", "read/get_cycles") => reply(parse(body).and_then(|args| cycles(net, args))),
        ("POST", "read/get_stable_memory") => reply(parse(body).and_then(|args| stable_memory(net, args))),
        ("POST", "read/get_controllers") => reply(parse(body).and_then(|args| controllers(net, args))),
        ("POST", "read/get_subnet") => reply(parse(body).map(|args| subnet(net, args))),
        ("POST", "read/pub_key") => reply(parse(body).and_then(|args| public_key(net, args))),
        ("POST", "update/set_time" | "update/set_certified_time") => {
            reply(parse(body).and_then(|time| set_time(net, &time)))
        }
        ("POST", "update/tick") => {
            net.advance(None);
            reply(Ok(()))
        }
        ("POST", "update/submit_ingress_message") => reply(parse(body).and_then(|call| submit(net, call))),
        ("POST", "update/await_ingress_message") => reply(parse(body).and_then(|id| wait(net, id))),
        ("POST", "update/add_cycles") => reply(parse(body).and_then(|args| add_cycles(net, args))),
        ("POST", "update/set_stable_memory") => {
            reply(parse(body).and_then(|args| set_stable_memory(server, net, args)))
        }
        _ => reply::<()>(Err((StatusCode::NOT_FOUND, format!("no endpoint {method} {path}")))),
    }
}

pub(super) fn auto_progress(held: &Held, config: AutoProgress) -> Result<(), Failure> {
    let mut driver = held.driver.lock();
    let rounds = config
        .artificial_delay_ms
        .map(|ms| RoundConfig { length: Duration::from_millis(ms), ingress_bytes: u64::MAX });
    match Driver::start(held.net.clone(), rounds) {
        Ok(Some(started)) => {
            *driver = Some(started);
            Ok(())
        }
        Ok(None) => Err(bad("Auto progress mode has already been enabled.")),
        Err(e) => Err((StatusCode::INTERNAL_SERVER_ERROR, e.to_string())),
    }
}

/// `Ok` or `Err` as the client reads it.
#[derive(Serialize)]
enum Raw<T> {
    Ok(T),
    Err(RawReject),
}

fn raw(answer: Answer, certified: bool) -> Raw<B64> {
    match answer {
        Ok(bytes) => Raw::Ok(B64(bytes)),
        Err(refusal) => Raw::Err(RawReject::new(refusal, certified)),
    }
}

/// Refuses what only an identity provider could have signed.
fn without_info(call: &RawCanisterCall) -> Result<(), Failure> {
    match call.sender_info {
        None => Ok(()),
        Some(_) => Err(bad("sender_info is not supported: there is no identity provider here")),
    }
}

fn query(net: &Instance, call: RawCanisterCall) -> Raw<B64> {
    raw(net.query(call.sender.0, call.canister_id.0, &call.method, Arc::new(call.payload.0)), false)
}

fn submit(net: &Instance, call: RawCanisterCall) -> Result<Raw<RawMessageId>, Failure> {
    without_info(&call)?;
    let effective = match &call.effective_principal {
        Effective::None => None,
        Effective::CanisterId(id) => Some(id.0),
        Effective::SubnetId(id) if net.subnets.position(id.0).is_some() => Some(id.0),
        Effective::SubnetId(id) => return Err(bad(format!("Subnet with ID {} not found", id.0))),
    };
    let mut id = [0; 32];
    rand::rng().fill_bytes(&mut id);
    let message = Submit {
        id,
        sender: call.sender.0,
        canister: call.canister_id.0,
        effective,
        method: call.method,
        arg: Arc::new(call.payload.0),
    };
    Ok(match net.submit(message) {
        Ok(()) => {
            let id =
                RawMessageId { effective_principal: call.effective_principal, message_id: B64(id.to_vec()) };
            Raw::Ok(id)
        }
        Err(reject) => Raw::Err(RawReject::new(Refusal::from(reject), false)),
    })
}

fn message_id(id: &RawMessageId) -> Result<[u8; 32], Failure> {
    id.message_id.0.as_slice().try_into().map_err(|_| bad("a message id has 32 bytes"))
}

fn wait(net: &Instance, id: RawMessageId) -> Result<Raw<B64>, Failure> {
    let id = message_id(&id)?;
    if net.read().history.get(&id).is_none() {
        return Err(bad(format!("Message {} is not known", hex::encode(id))));
    }
    let live = net.live.load(Ordering::SeqCst);
    for _ in 0..if live { LIVE_POLLS } else { ROUNDS } {
        if let Some(answer) = net.outcome(&id) {
            return Ok(raw(answer, true));
        }
        net.health().map_err(|e| (StatusCode::SERVICE_UNAVAILABLE, e.to_string()))?;
        if live {
            std::thread::sleep(LIVE_POLL);
        } else {
            net.advance(None);
        }
    }
    match net.outcome(&id) {
        Some(answer) => Ok(raw(answer, true)),
        None => Err(bad(format!(
            "Failed to answer to ingress message {} after {ROUNDS} rounds.",
            hex::encode(id)
        ))),
    }
}

fn ingress_status(net: &Instance, args: RawIngressStatusArgs) -> Result<Option<Raw<B64>>, Failure> {
    let id = message_id(&args.raw_message_id)?;
    if let (Some(caller), Some(entry)) = (args.raw_caller, net.read().history.get(&id))
        && caller.principal_id.0 != entry.sender
    {
        return Err((
            StatusCode::FORBIDDEN,
            "The user tries to access Request ID not signed by the caller.".into(),
        ));
    }
    Ok(net.outcome(&id).map(|answer| raw(answer, true)))
}

fn found<T>(result: Result<T, Reject>) -> Result<T, Failure> {
    result.map_err(|reject| (StatusCode::BAD_REQUEST, reject.message))
}

fn cycles(net: &Instance, args: RawCanisterId) -> Result<RawCycles, Failure> {
    found(net.read().canister(args.canister_id.0).map(|c| RawCycles { cycles: c.record.cycles }))
}

fn add_cycles(net: &Instance, args: RawAddCycles) -> Result<RawCycles, Failure> {
    net.exclusively(|net, executor| {
        net.commit(executor, |state| {
            let record = &mut found(state.canister_mut(args.canister_id.0))?.record;
            record.receive(args.amount);
            Ok(RawCycles { cycles: record.cycles })
        })
    })
}

fn controllers(net: &Instance, args: RawCanisterId) -> Result<Vec<RawPrincipal>, Failure> {
    let state = net.read();
    let canister = found(state.canister(args.canister_id.0))?;
    Ok(canister.record.settings.controllers.iter().map(|id| RawPrincipal { principal_id: Id(*id) }).collect())
}

fn subnet(net: &Instance, args: RawCanisterId) -> Option<RawSubnetId> {
    let known = net.read().canisters.contains_key(&args.canister_id.0);
    known.then(|| RawSubnetId { subnet_id: Id(net.subnets.of(args.canister_id.0).id) })
}

fn public_key(net: &Instance, args: RawSubnetId) -> Result<Vec<u8>, Failure> {
    let known = net.subnets.position(args.subnet_id.0).is_some();
    if known { Ok(net.keys.root_der.to_vec()) } else { Err(bad("there is no such subnet")) }
}

/// Refuses times at which clocks would overflow.
pub(super) fn countable(time: &RawTime) -> Result<u64, String> {
    match time.nanos_since_epoch {
        nanos if nanos <= LATEST => Ok(nanos),
        nanos => Err(format!("the time {nanos} is after {LATEST}, the latest one that there is here")),
    }
}

fn set_time(net: &Instance, time: &RawTime) -> Result<(), Failure> {
    countable(time).map_err(bad)?;
    if net.set_time(time.nanos_since_epoch) {
        return Ok(());
    }
    Err(bad(format!("SettingTimeIntoPast({}, {})", net.now(), time.nanos_since_epoch)))
}

fn stable_memory(net: &Instance, args: RawCanisterId) -> Result<RawStableMemory, Failure> {
    let id: Principal = args.canister_id.0;
    net.exclusively(|net, _| {
        let state = net.read();
        let canister = found(state.canister(id))?;
        let bytes = usize::try_from(canister.record.stable_pages * crate::memory::WASM_PAGE)
            .map_err(|e| bad(e.to_string()))?;
        if bytes > 4 << 30 {
            return Err(bad("the stable memory is larger than this endpoint can return"));
        }
        let blob = canister.stable.read_at(0, bytes).map_err(|e| bad(e.to_string()))?;
        Ok(RawStableMemory { blob: B64(blob) })
    })
}

fn set_stable_memory(server: &Server, net: &Instance, args: RawSetStableMemory) -> Result<(), Failure> {
    let blob = server.blob(&args.blob_id.0).ok_or_else(|| bad("there is no blob of that id"))?;
    net.exclusively(|net, executor| {
        net.set_stable_memory(executor, args.canister_id.0, &blob).map_err(|e| bad(e.to_string()))
    })
}
