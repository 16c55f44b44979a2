//! The server: its instances, blobs and gateways, and the routes to them.

use super::instance::{self, Held, auto_progress, countable, json_reply, parse, reply};
use super::wire::{ForwardTo, HttpGatewayConfig, InitialTime, InstanceConfig};
use crate::Fees;
use crate::http::serve::Port;
use crate::http::{gateway, ic_api, read_body, text, topology};
use crate::net::{Instance, Setup};
use crate::state::subnets::Spec;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

/// Bytes of a blob; stable memories are uploaded in one.
const MAX_BLOB: usize = 4 << 30;
/// Bytes of any other request's body: more than the largest message in JSON.
const MAX_BODY: usize = 64 << 20;

/// All that a PocketIC server holds.
#[derive(Debug)]
pub(crate) struct Server {
    instances: Mutex<Vec<Option<Arc<Held>>>>,
    blobs: Mutex<HashMap<Vec<u8>, Arc<Vec<u8>>>>,
    gateways: Mutex<Vec<Option<Port>>>,
    /// When the last request came, and how many are being served.
    activity: Mutex<(Instant, usize)>,
}

impl Server {
    pub(crate) fn new() -> Server {
        Server {
            instances: Mutex::default(),
            blobs: Mutex::default(),
            gateways: Mutex::default(),
            activity: Mutex::new((Instant::now(), 0)),
        }
    }

    /// How long nothing was asked of the server.
    pub(crate) fn idle(&self) -> std::time::Duration {
        match *self.activity.lock() {
            (last, 0) => last.elapsed(),
            _ => std::time::Duration::ZERO,
        }
    }

    /// Ends all instances, each after the message it executes.
    pub(crate) fn clear(&self) {
        self.gateways.lock().clear();
        let instances = std::mem::take(&mut *self.instances.lock());
        drop(instances);
    }

    pub(super) fn blob(&self, id: &[u8]) -> Option<Arc<Vec<u8>>> {
        self.blobs.lock().get(id).cloned()
    }

    fn instance(&self, id: &str) -> Option<Arc<Held>> {
        self.instances.lock().get(id.parse::<usize>().ok()?)?.clone()
    }

    fn add_port(&self, port: Port) -> usize {
        let mut gateways = self.gateways.lock();
        gateways.push(Some(port));
        gateways.len() - 1
    }
}

/// Counts a request as being served while it lives.
struct Active(Arc<Server>);

impl Active {
    fn new(server: &Arc<Server>) -> Active {
        server.activity.lock().1 += 1;
        Active(server.clone())
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        let mut activity = self.0.activity.lock();
        *activity = (Instant::now(), activity.1 - 1);
    }
}

/// The routes of the server.
pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new().fallback(serve).with_state(server)
}

async fn serve(State(server): State<Arc<Server>>, request: Request) -> Response {
    let _active = Active::new(&server);
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_matches('/').to_owned();
    let limit = match &*path {
        "blobstore" => MAX_BLOB,
        path if path.contains("/api/") => ic_api::MAX_BODY,
        _ => MAX_BODY,
    };
    let body = match read_body(body, limit).await {
        Ok(body) => body,
        Err(refused) => return reply::<()>(Err(refused)),
    };
    let segments: Vec<&str> = path.splitn(3, '/').collect();
    match (parts.method.as_str(), &segments[..]) {
        ("GET", ["status"]) => text(StatusCode::OK, ""),
        ("GET", ["instances"]) => reply(Ok(list(&server))),
        ("POST", ["instances"]) => create(server.clone(), body).await,
        ("DELETE", ["instances", id]) => delete(&server, id).await,
        (_, ["instances", id, rest]) => match server.instance(id) {
            Some(held) => instance::serve(server.clone(), held, parts.method, (*rest).to_owned(), body).await,
            None => reply::<()>(Err((StatusCode::NOT_FOUND, format!("there is no instance {id}")))),
        },
        ("POST", ["blobstore"]) => {
            let gzip = parts.headers.get(header::CONTENT_ENCODING).is_some_and(|v| v == "gzip");
            store(&server, body, gzip)
        }
        ("GET", ["http_gateway"]) => reply(Ok(Vec::<Value>::new())),
        ("POST", ["http_gateway"]) => open_gateway(&server, body).await,
        ("POST", ["http_gateway", rest]) if rest.ends_with("/stop") => stop_gateway(&server, rest),
        ("POST", ["http_gateway", id, "stop"]) => stop_gateway(&server, id),
        _ => reply::<()>(Err((StatusCode::NOT_FOUND, format!("no endpoint {} /{path}", parts.method)))),
    }
}

fn list(server: &Server) -> Vec<&'static str> {
    server.instances.lock().iter().map(|slot| if slot.is_some() { "Available" } else { "Deleted" }).collect()
}

async fn delete(server: &Arc<Server>, id: &str) -> Response {
    let taken = id.parse::<usize>().ok().and_then(|id| server.instances.lock().get_mut(id)?.take());
    match taken {
        Some(held) => {
            // Ending it waits for the message being executed.
            let _ = tokio::task::spawn_blocking(move || drop(held)).await;
            text(StatusCode::OK, "")
        }
        None => reply::<()>(Err((StatusCode::NOT_FOUND, format!("there is no instance {id}")))),
    }
}

fn store(server: &Server, body: Bytes, gzip: bool) -> Response {
    let bytes = if gzip {
        let mut bytes = Vec::new();
        let read = flate2::read::GzDecoder::new(&body[..]).take(MAX_BLOB as u64).read_to_end(&mut bytes);
        if let Err(e) = read {
            return reply::<()>(Err((StatusCode::BAD_REQUEST, format!("the blob is not gzip: {e}"))));
        }
        bytes
    } else {
        body.to_vec()
    };
    // The id is that of the bytes as they came, so that it depends on nothing else.
    let id = Sha256::digest(&body).to_vec();
    let text_id = hex::encode(&id);
    server.blobs.lock().insert(id, Arc::new(bytes));
    text(StatusCode::OK, text_id)
}

async fn create(server: Arc<Server>, body: Bytes) -> Response {
    let failed =
        |message: String| json_reply(StatusCode::BAD_REQUEST, &json!({ "Error": { "message": message } }));
    let config: InstanceConfig = match parse(&body) {
        Ok(config) => config,
        Err((_, message)) => return failed(message),
    };
    if config.icp_features.as_ref().is_some_and(|features| !nothing(features)) {
        return failed(
            "this server has none of the ICP features (system canisters); leave icp_features out".into(),
        );
    }
    let made = {
        let kinds = match config.subnet_config_set.specs() {
            Ok(kinds) => kinds,
            Err(message) => return failed(message),
        };
        let (dir, time) = (config.state_dir, config.initial_time);
        let made = tokio::task::spawn_blocking(move || start(dir, time, kinds)).await;
        made.map_err(|e| e.to_string()).and_then(|held| held)
    };
    let held = match made {
        Ok(held) => Arc::new(held),
        Err(message) => return failed(message),
    };
    let gateway = match config.http_gateway_config {
        Some(gateway) => match Port::open(instance_router(held.clone()), gateway.port.unwrap_or(0)).await {
            Ok(port) => Some((port.number, server.add_port(port))),
            Err(e) => return failed(e.to_string()),
        },
        None => None,
    };
    let shape = topology::json(&held.net.read());
    let id = {
        let mut instances = server.instances.lock();
        instances.push(Some(held));
        instances.len() - 1
    };
    let info = gateway.map(|(port, number)| json!({ "instance_id": number, "port": port }));
    let created = json!({ "Created": { "instance_id": id, "topology": shape, "http_gateway_info": info } });
    json_reply(StatusCode::CREATED, &created)
}

/// Whether a value asks for nothing: null, or an object of nulls.
fn nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(nothing),
        _ => false,
    }
}

fn start(
    dir: Option<std::path::PathBuf>,
    time: Option<InitialTime>,
    kinds: Vec<Spec>,
) -> Result<Held, String> {
    let (time, live) = match time {
        None => (None, None),
        Some(InitialTime::Timestamp(time)) => (Some(countable(&time)?), None),
        Some(InitialTime::AutoProgress(config)) => (Some(crate::clock::now()), Some(config)),
    };
    let setup = Setup { state_dir: dir.as_deref(), time, kinds, fees: Fees::default() };
    let net = Instance::start(setup).map_err(|e| e.to_string())?;
    let held = Held { net: Arc::new(net), driver: Mutex::new(None) };
    if let Some(config) = live {
        auto_progress(&held, config).map_err(|(_, message)| message)?;
    }
    Ok(held)
}

async fn open_gateway(server: &Arc<Server>, body: Bytes) -> Response {
    let failed =
        |message: String| json_reply(StatusCode::BAD_REQUEST, &json!({ "Error": { "message": message } }));
    let config: HttpGatewayConfig = match parse(&body) {
        Ok(config) => config,
        Err((_, message)) => return failed(message),
    };
    let held = match config.forward_to {
        ForwardTo::PocketIcInstance(id) => server.instance(&id.to_string()),
        ForwardTo::Replica(url) => {
            return failed(format!("forwarding to a replica ({url}) is not supported"));
        }
    };
    let Some(held) = held else { return failed("there is no such instance".into()) };
    match Port::open(instance_router(held), config.port.unwrap_or(0)).await {
        Ok(port) => {
            let number = port.number;
            let id = server.add_port(port);
            json_reply(StatusCode::CREATED, &json!({ "Created": { "instance_id": id, "port": number } }))
        }
        Err(e) => failed(e.to_string()),
    }
}

fn stop_gateway(server: &Server, id: &str) -> Response {
    let id = id.trim_end_matches("/stop");
    let taken = id.parse::<usize>().ok().and_then(|id| server.gateways.lock().get_mut(id)?.take());
    match taken {
        Some(_) => reply(Ok(())),
        None => reply::<()>(Err((StatusCode::NOT_FOUND, format!("there is no gateway {id}")))),
    }
}

/// The routes of a gateway to an instance.
fn instance_router(held: Arc<Held>) -> Router {
    network_router(held.net.clone())
}

/// The routes of one network: the IC's interface, the topology, and canisters by their names.
pub(crate) fn network_router(net: Arc<Instance>) -> Router {
    Router::new().fallback(network).with_state(net)
}

async fn network(State(net): State<Arc<Instance>>, request: Request<Body>) -> Response {
    let path = request.uri().path().to_owned();
    if path.trim_end_matches('/') == "/_/topology" {
        return reply(Ok(topology::json(&net.read())));
    }
    let Some(path) = path.strip_prefix("/api/") else { return gateway::serve(net, request).await };
    ic_api::with_cors(async {
        if request.method() == axum::http::Method::OPTIONS {
            return text(StatusCode::NO_CONTENT, "");
        }
        match read_body(request.into_body(), ic_api::MAX_BODY).await {
            Ok(body) => ic_api::serve(net, path, body).await,
            Err((status, why)) => text(status, why),
        }
    })
    .await
}
