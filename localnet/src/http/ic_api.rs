//! The Internet Computer's HTTP interface: status, call, query, read_state.

use super::{blocking, plain, text};
use crate::crypto::authentication::{self, Targets};
use crate::crypto::certificate::{cbor, certify};
use crate::net::{Instance, Submit};
use crate::state::Hash;
use crate::state::message::Refusal;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use candid::Principal;
use ic_transport_types::{
    Envelope, EnvelopeContent, NodeSignature, QueryResponse, RejectCode, RejectResponse, ReplyResponse,
};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Bytes of an HTTP body.
pub(crate) const MAX_BODY: usize = 4 << 20;
/// Bytes of an ingress message's argument and method name.
const MAX_INGRESS: usize = 2 << 20;
const MAX_PATHS: usize = 1_000;
const MAX_LABELS: usize = 127;
/// How long a synchronous call waits before the client has to poll.
const PATIENCE: Duration = Duration::from_secs(10);

const CBOR: &str = "application/cbor";

/// Whose endpoint a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Canister(Principal),
    Subnet(Principal),
}

impl Scope {
    fn id(self) -> Principal {
        match self {
            Scope::Canister(id) | Scope::Subnet(id) => id,
        }
    }
}

/// What makes a request bad: status and text.
type Bad = (StatusCode, String);

fn bad(why: impl Into<String>) -> Bad {
    (StatusCode::BAD_REQUEST, why.into())
}

/// `/api/v2/status`.
pub(crate) fn status(instance: &Instance) -> Response {
    #[derive(Serialize)]
    struct Status<'a> {
        ic_api_version: &'a str,
        impl_version: &'a str,
        replica_health_status: &'a str,
        #[serde(with = "serde_bytes")]
        root_key: &'a [u8],
    }
    let status = Status {
        ic_api_version: "0.18.0",
        impl_version: concat!("darkroom-localnet ", env!("CARGO_PKG_VERSION")),
        replica_health_status: if instance.broken.get().is_none() { "healthy" } else { "unhealthy" },
        root_key: &instance.keys.root_der,
    };
    plain(StatusCode::OK, CBOR, cbor(&status))
}

/// Serves `/api/VERSION/(canister|subnet)/ID/WHAT`, the path given without the leading `/api/`.
pub(crate) async fn serve(instance: Arc<Instance>, path: &str, body: Bytes) -> Response {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (version, scope, what) = match parts[..] {
        ["v2", "status"] => return blocking(move || status(&instance)).await,
        [version @ ("v2" | "v3" | "v4"), scope @ ("canister" | "subnet"), id, what] => {
            let Ok(id) = Principal::from_text(id) else {
                return text(StatusCode::BAD_REQUEST, format!("{id:?} is not a principal"));
            };
            let scope = if scope == "canister" { Scope::Canister(id) } else { Scope::Subnet(id) };
            (version, scope, what)
        }
        _ => return text(StatusCode::NOT_FOUND, "no such endpoint"),
    };
    match what {
        "call" => call(instance, scope, body, version != "v2").await,
        "query" if version != "v4" => blocking(move || done(query(&instance, scope, &body))).await,
        "read_state" if version != "v4" => blocking(move || done(read_state(&instance, scope, &body))).await,
        _ => text(StatusCode::NOT_FOUND, "no such endpoint"),
    }
}

fn done(result: Result<Response, Bad>) -> Response {
    result.unwrap_or_else(|(status, why)| text(status, why))
}

fn envelope(body: &[u8]) -> Result<Envelope<'static>, Bad> {
    serde_cbor::from_slice(body).map_err(|e| bad(format!("Could not parse body as CBOR: {e}")))
}

fn authenticate(instance: &Instance, envelope: &Envelope<'_>) -> Result<Targets, Bad> {
    authentication::check(envelope, now(instance), &instance.keys.root_der).map_err(|e| bad(e.to_string()))
}

/// The network's idea of now, for expiry: while a long message executes, its own clock stands still.
fn now(instance: &Instance) -> u64 {
    let wall = if instance.live.load(Ordering::SeqCst) { crate::clock::now() } else { 0 };
    instance.now().max(wall)
}

async fn call(instance: Arc<Instance>, scope: Scope, body: Bytes, synchronous: bool) -> Response {
    let taken = {
        let instance = instance.clone();
        tokio::task::spawn_blocking(move || take(&instance, scope, &body)).await
    };
    let id = match taken {
        Ok(Ok(Ok(id))) => id,
        Ok(Ok(Err(rejection))) => return rejection,
        Ok(Err((status, why))) => return text(status, why),
        Err(e) => return text(StatusCode::INTERNAL_SERVER_ERROR, e.to_string()),
    };
    let accepted = || plain(StatusCode::ACCEPTED, CBOR, Bytes::new());
    if !synchronous {
        return accepted();
    }
    let mut changes = instance.watch();
    let answered = async {
        while instance.outcome(&id).is_none() && instance.broken.get().is_none() {
            // The sender lives as long as the instance.
            let _ = changes.changed().await;
        }
    };
    if tokio::time::timeout(PATIENCE, answered).await.is_err() {
        return accepted();
    }
    if let (None, Some(why)) = (instance.outcome(&id), instance.broken.get()) {
        return text(StatusCode::SERVICE_UNAVAILABLE, why.clone());
    }
    blocking(move || {
        #[derive(Serialize)]
        struct Replied {
            status: &'static str,
            #[serde(with = "serde_bytes")]
            certificate: Vec<u8>,
        }
        let path = vec![b"request_status".to_vec(), id.to_vec()];
        let certificate = certify(&instance.keys, &instance.read(), &[path]);
        plain(StatusCode::OK, CBOR, cbor(&Replied { status: "replied", certificate }))
    })
    .await
}

/// Checks a call and takes it in. The inner error is a rejection that the client gets with status 200.
fn take(instance: &Instance, scope: Scope, body: &[u8]) -> Result<Result<Hash, Response>, Bad> {
    let envelope = envelope(body)?;
    let EnvelopeContent::Call { sender, canister_id, method_name, arg, .. } = envelope.content.as_ref()
    else {
        return Err(bad("a request of type call was expected"));
    };
    if arg.len() + method_name.len() > MAX_INGRESS {
        let size = arg.len() + method_name.len();
        let why = format!("Request is too large: {size} bytes, at most {MAX_INGRESS} are allowed");
        return Err((StatusCode::PAYLOAD_TOO_LARGE, why));
    }
    authenticate(instance, &envelope)?;
    effective(instance, scope, *canister_id, method_name, arg)?;
    let id: Hash = *envelope.content.to_request_id();
    let message = Submit {
        id,
        sender: *sender,
        canister: *canister_id,
        effective: Some(scope.id()),
        method: method_name.clone(),
        arg: Arc::new(arg.clone()),
    };
    Ok(instance.submit(message).map(|()| id).map_err(|reject| {
        #[derive(Serialize)]
        struct Rejection {
            status: &'static str,
            reject_code: u32,
            reject_message: String,
            error_code: String,
        }
        let rejection = Rejection {
            status: "non_replicated_rejection",
            reject_code: reject.reject_code(),
            error_code: reject.code.text(),
            reject_message: reject.message,
        };
        plain(StatusCode::OK, CBOR, cbor(&rejection))
    }))
}

/// Checks that a request came to the endpoint of what it is about.
fn effective(
    instance: &Instance,
    scope: Scope,
    target: Principal,
    method: &str,
    arg: &[u8],
) -> Result<(), Bad> {
    let mismatch = |wanted: &str| bad(format!("Specified canister id in the URL does not match {wanted}"));
    if target != Principal::management_canister() {
        return match scope {
            Scope::Canister(id) if id == target => Ok(()),
            _ => Err(mismatch(&format!("the called canister {target}"))),
        };
    }
    match scope {
        Scope::Subnet(id) if instance.subnets.position(id).is_some() => Ok(()),
        Scope::Subnet(id) => Err((StatusCode::NOT_FOUND, format!("there is no subnet {id} here"))),
        Scope::Canister(_) if method.starts_with("provisional_create") || method == "create_canister" => {
            Ok(())
        }
        Scope::Canister(id) => match crate::mgmt::effective_canister(method, arg) {
            Ok(named) if named == id => Ok(()),
            Ok(named) => Err(mismatch(&format!("the canister {named} that the argument names"))),
            // A method without a canister, or an argument that will be refused later with its reason.
            Err(_) => Ok(()),
        },
    }
}

fn query(instance: &Instance, scope: Scope, body: &[u8]) -> Result<Response, Bad> {
    let envelope = envelope(body)?;
    let EnvelopeContent::Query { sender, canister_id, method_name, arg, .. } = envelope.content.as_ref()
    else {
        return Err(bad("a request of type query was expected"));
    };
    authenticate(instance, &envelope)?;
    effective(instance, scope, *canister_id, method_name, arg)?;
    let answer = instance.query(*sender, *canister_id, method_name, Arc::new(arg.clone()));
    let mut response = match answer {
        Ok(arg) => QueryResponse::Replied { reply: ReplyResponse { arg }, signatures: Vec::new() },
        Err(refusal) => QueryResponse::Rejected { reject: rejection(refusal), signatures: Vec::new() },
    };
    let timestamp = now(instance);
    let signable = response.signable(envelope.content.to_request_id(), timestamp);
    let made = NodeSignature {
        timestamp,
        signature: instance.keys.sign_reply(&signable),
        identity: instance.keys.node_id,
    };
    match &mut response {
        QueryResponse::Replied { signatures, .. } | QueryResponse::Rejected { signatures, .. } => {
            signatures.push(made);
        }
    }
    Ok(plain(StatusCode::OK, CBOR, cbor(&response)))
}

fn rejection(refusal: Refusal) -> RejectResponse {
    let reject_code = match refusal.reject_code {
        1 => RejectCode::SysFatal,

        3 => RejectCode::DestinationInvalid,
        4 => RejectCode::CanisterReject,
        5 => RejectCode::CanisterError,
        _ => RejectCode::SysTransient,
    };
    RejectResponse { reject_code, reject_message: refusal.message, error_code: Some(refusal.code.text()) }
}

fn read_state(instance: &Instance, scope: Scope, body: &[u8]) -> Result<Response, Bad> {
    let envelope = envelope(body)?;
    let EnvelopeContent::ReadState { sender, paths, .. } = envelope.content.as_ref() else {
        return Err(bad("a request of type read_state was expected"));
    };
    if let Scope::Subnet(id) = scope
        && instance.subnets.position(id).is_none()
    {
        return Err((StatusCode::NOT_FOUND, format!("there is no subnet {id} here")));
    }
    let targets = authenticate(instance, &envelope)?;
    if paths.len() > MAX_PATHS {
        return Err(bad(format!("{} paths are more than {MAX_PATHS}", paths.len())));
    }
    if let Some(why) = instance.broken.get() {
        return Err((StatusCode::SERVICE_UNAVAILABLE, why.clone()));
    }
    let paths: Vec<Vec<Vec<u8>>> =
        paths.iter().map(|p| p.iter().map(|label| label.as_bytes().to_vec()).collect()).collect();
    let state = instance.read();
    for path in &paths {
        permitted(&state, scope, *sender, &targets, path)?;
    }
    let mut requests = paths.iter().filter(|p| p.first().is_some_and(|l| l == b"request_status"));
    if let Some(first) = requests.next()
        && requests.any(|other| other.get(1) != first.get(1))
    {
        return Err(bad("More than one non-unique request ID exists in request_status paths."));
    }
    #[derive(Serialize)]
    struct Answer {
        #[serde(with = "serde_bytes")]
        certificate: Vec<u8>,
    }
    let certificate = certify(&instance.keys, &state, &paths);
    Ok(plain(StatusCode::OK, CBOR, cbor(&Answer { certificate })))
}

/// Whether `sender` may read this path at this endpoint.
fn permitted(
    state: &crate::state::State,
    scope: Scope,
    sender: Principal,
    targets: &Targets,
    path: &[Vec<u8>],
) -> Result<(), Bad> {
    let forbidden = |why: &str| Err((StatusCode::FORBIDDEN, why.to_owned()));
    if path.len() > MAX_LABELS {
        return Err(bad(format!("a path of {} labels is longer than {MAX_LABELS}", path.len())));
    }
    let labels: Vec<&[u8]> = path.iter().map(Vec::as_slice).collect();
    match labels[..] {
        [b"time"] | [b"subnet"] | [b"subnet", _] | [b"canister_ranges", _] => Ok(()),
        [b"subnet", _, b"public_key" | b"type" | b"canister_ranges" | b"node"]
        | [b"subnet", _, b"node", _]
        | [b"subnet", _, b"node", _, b"public_key"] => Ok(()),
        [b"subnet", id, b"metrics"] => match scope {
            Scope::Subnet(own) if own.as_slice() == id => Ok(()),
            Scope::Subnet(_) => Err(bad("Effective subnet id in URL does not match the one in the path")),
            Scope::Canister(_) => invalid_path(),
        },
        [b"request_status", id]
        | [
            b"request_status",
            id,
            b"status" | b"reply" | b"reject_code" | b"reject_message" | b"error_code",
        ] => {
            let id = Hash::try_from(id)
                .map_err(|_| bad("Invalid request id in paths: it is not 32 bytes long"))?;
            match state.history.get(&id) {
                Some(entry) if entry.sender != sender => {
                    forbidden("The user tries to access Request ID not signed by the caller.")
                }
                Some(entry) if !authentication::permitted(targets, entry.receiver) => forbidden(
                    "The user tries to access request IDs for canisters not belonging to sender delegation \
                     targets.",
                ),
                _ => Ok(()),
            }
        }
        // There are none; that is what the certificate then shows.
        [b"api_boundary_nodes"]
        | [b"api_boundary_nodes", _]
        | [b"api_boundary_nodes", _, b"domain" | b"ipv4_address" | b"ipv6_address"] => Ok(()),
        [b"canister", id, b"controllers" | b"module_hash"] => about(scope, id),
        [b"canister", id, b"metadata", name] => {
            about(scope, id)?;
            let canister = Principal::try_from_slice(id).ok().and_then(|id| state.canisters.get(&id));
            let section = canister.and_then(|c| {
                let name = std::str::from_utf8(name).ok()?;
                Some((c, c.code.as_ref()?.info.metadata.get(name)?))
            });
            match section {
                Some((canister, section)) if !section.public && !canister.record.controlled_by(sender) => {
                    forbidden("Custom section can only be requested by the controllers of the canister.")
                }
                _ => Ok(()),
            }
        }
        _ => invalid_path(),
    }
}

fn invalid_path() -> Result<(), Bad> {
    Err((StatusCode::NOT_FOUND, "Invalid path requested.".to_owned()))
}

fn about(scope: Scope, id: &[u8]) -> Result<(), Bad> {
    match scope {
        Scope::Canister(effective) if effective.as_slice() == id => Ok(()),
        _ => Err(bad("Effective canister id in URL does not match the canister id in the path")),
    }
}

/// Lets browsers of any origin in.
pub(crate) async fn with_cors(response: impl Future<Output = Response>) -> Response {
    use axum::http::{HeaderValue, header};
    let mut response = response.await;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*, Authorization"));
    response
}
