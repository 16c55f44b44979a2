//! One request to a canister and its answer, verified unless it is asked for raw.

use super::gateway::Target;
use super::streaming::{self, Strategy};
use super::{reply, text, verify};
use crate::net::{Instance, Submit};
use axum::http::StatusCode;
use axum::response::Response;
use candid::{CandidType, Principal, Reserved};
use rand::RngCore;
use serde::Deserialize;
use std::sync::Arc;

/// A request as the canister gets it.
#[derive(CandidType, Clone)]
pub(super) struct HttpRequest {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes0,
    pub(super) certificate_version: Option<u16>,
}

/// Bytes that are a `blob` in Candid.
pub(super) type Bytes0 = serde_bytes::ByteBuf;

/// A response as the canister gives it; what streaming needs is read apart, since its types are the canister's own.
#[derive(CandidType, Deserialize)]
struct Given {
    status_code: u16,
    headers: Vec<(String, String)>,
    body: Bytes0,
    upgrade: Option<bool>,
    streaming_strategy: Option<Reserved>,
}

/// A response of the canister.
pub(super) struct HttpResponse {
    pub(super) status_code: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes0,
    upgrade: bool,
    pub(super) strategy: Option<Strategy>,
    /// Of the queries that gave it; none if it was an update call.
    pub(super) instructions: Option<u64>,
}

impl HttpResponse {
    fn decode(bytes: &[u8]) -> Result<HttpResponse, candid::Error> {
        let given: Given = reply::decode(bytes)?;
        let strategy = match given.streaming_strategy {
            Some(_) => Strategy::read(bytes)?,
            None => None,
        };
        Ok(HttpResponse {
            status_code: given.status_code,
            headers: given.headers,
            body: given.body,
            upgrade: given.upgrade == Some(true),
            strategy,
            instructions: None,
        })
    }
}

/// Asks a canister, by an update call if it asks for that, whose reply the network itself vouches for. The error is
/// the response that the client gets.
///
/// A body that streaming gives in few parts is verified as a whole; a longer one is passed on as it comes, as the public
/// gateways do.
pub(super) async fn ask(
    instance: &Arc<Instance>,
    target: Target,
    request: &HttpRequest,
) -> Result<HttpResponse, Response> {
    let mut response = query(instance, target.canister, "http_request", encode(request)?).await?;
    if response.upgrade {
        let request = HttpRequest { certificate_version: None, ..request.clone() };
        return update(instance, target.canister, "http_request_update", encode(&request)?).await;
    }
    if target.raw {
        return Ok(response);
    }
    streaming::gather(instance, target.canister, &mut response)
        .await
        .map_err(|error| text(StatusCode::BAD_GATEWAY, error.to_string()))?;
    if response.strategy.is_some() {
        return Ok(response);
    }
    let (checking, request) = (instance.clone(), request.clone());
    let verified =
        tokio::task::spawn_blocking(move || verify::verified(&checking, target.canister, &request, response));
    match verified.await {
        Ok(verified) => verified.map_err(|why| untrusted(target.canister, &why)),
        Err(e) => Err(text(StatusCode::INTERNAL_SERVER_ERROR, e.to_string())),
    }
}

/// What is said in place of an answer that does not verify, with the status that the public gateways give.
fn untrusted(canister: Principal, why: &str) -> Response {
    let raw = format!("{canister}.raw.localhost serves answers without verification");
    text(StatusCode::SERVICE_UNAVAILABLE, format!("the canister's answer does not verify: {why}\n({raw})\n"))
}

#[allow(clippy::result_large_err, reason = "the error is the response itself")]
fn encode<T: CandidType>(value: &T) -> Result<Vec<u8>, Response> {
    candid::encode_one(value).map_err(|e| text(StatusCode::INTERNAL_SERVER_ERROR, e.to_string()))
}

#[allow(clippy::result_large_err, reason = "the error is the response itself")]
fn decode(bytes: &[u8], method: &str) -> Result<HttpResponse, Response> {
    HttpResponse::decode(bytes).map_err(|e| {
        text(StatusCode::BAD_GATEWAY, format!("the canister's reply to {method} is no HTTP response: {e:#}"))
    })
}

async fn query(
    instance: &Arc<Instance>,
    canister: Principal,
    method: &'static str,
    arg: Vec<u8>,
) -> Result<HttpResponse, Response> {
    let asked = instance.clone();
    let answer = tokio::task::spawn_blocking(move || {
        asked.query_metered(Principal::anonymous(), canister, method, Arc::new(arg))
    })
    .await;
    match answer {
        Ok((Ok(bytes), instructions)) => {
            decode(&bytes, method).map(|given| HttpResponse { instructions: Some(instructions), ..given })
        }
        Ok((Err(refusal), _)) => Err(refused(refusal.reject_code, &refusal.message)),
        Err(e) => Err(text(StatusCode::INTERNAL_SERVER_ERROR, e.to_string())),
    }
}

fn refused(code: u32, message: &str) -> Response {
    let status = match code {
        3 => StatusCode::NOT_FOUND,
        2 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_GATEWAY,
    };
    text(status, message)
}

async fn update(
    instance: &Arc<Instance>,
    canister: Principal,
    method: &'static str,
    arg: Vec<u8>,
) -> Result<HttpResponse, Response> {
    let mut id = [0; 32];
    rand::rng().fill_bytes(&mut id);
    let message = Submit {
        id,
        sender: Principal::anonymous(),
        canister,
        effective: None,
        method: method.into(),
        arg: Arc::new(arg),
    };
    let mut changes = instance.watch();
    let taking = instance.clone();
    match tokio::task::spawn_blocking(move || taking.submit(message)).await {
        Ok(Ok(())) => {}
        Ok(Err(reject)) => return Err(refused(reject.reject_code(), &reject.message)),
        Err(e) => return Err(text(StatusCode::INTERNAL_SERVER_ERROR, e.to_string())),
    }
    loop {
        match instance.outcome(&id) {
            Some(Ok(bytes)) => return decode(&bytes, method),
            Some(Err(refusal)) => return Err(refused(refusal.reject_code, &refusal.message)),
            None => {
                if let Some(why) = instance.broken.get() {
                    return Err(text(StatusCode::SERVICE_UNAVAILABLE, why.clone()));
                }
                // The sender lives as long as the instance.
                let _ = changes.changed().await;
            }
        }
    }
}
