//! The HTTP gateway: requests for `CANISTER.localhost` become calls of the canister's `http_request`, and answers that
//! do not verify are not passed on; those for `CANISTER.raw.localhost` are passed on as they are.

use super::ask::{Bytes0, HttpRequest, HttpResponse, ask};
use super::range::{self, ContentRange};
use super::{streaming, text};
use crate::net::Instance;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use candid::Principal;
use std::sync::Arc;
use tokio_stream::wrappers::ReceiverStream;

/// Bytes of a request's body.
const MAX_BODY: usize = 2 << 20;
/// How many instructions the queries took that were made before the answer began.
const INSTRUCTIONS: HeaderName = HeaderName::from_static("x-localnet-instructions");

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) canister: Principal,
    /// Responses are taken as they are, uncertified.
    pub(crate) raw: bool,
}

/// The canister that a request is for: by host name, by `canisterId` in the query, or by the page it came from.
pub(crate) fn target(host: Option<&str>, query: Option<&str>, referer: Option<&str>) -> Option<Target> {
    let host = host.unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    let mut labels = host.split('.');
    if let Some(canister) = labels.next().and_then(|label| Principal::from_text(label).ok())
        && host.contains('.')
    {
        return Some(Target { canister, raw: labels.next() == Some("raw") });
    }
    let in_query = |query: &str| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix("canisterId="))
            .and_then(|id| Principal::from_text(id).ok())
            .map(|canister| Target { canister, raw: false })
    };
    query.and_then(in_query).or_else(|| {
        let (_, query) = referer?.split_once('?')?;
        in_query(query)
    })
}

/// Serves one request to a canister.
pub(crate) async fn serve(instance: Arc<Instance>, request: Request) -> Response {
    let mut response = handle(instance, request).await;
    let headers = response.headers_mut();
    headers.entry(header::ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(HeaderValue::from_static("*"));
    headers.entry(header::ACCESS_CONTROL_EXPOSE_HEADERS).or_insert(HeaderValue::from_static("*"));
    response
}

async fn handle(instance: Arc<Instance>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let text_of = |name: HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok());
    let host = text_of(header::HOST).or(parts.uri.host());
    let Some(target) = target(host, parts.uri.query(), text_of(header::REFERER)) else {
        return text(
            StatusCode::BAD_REQUEST,
            "no canister is named: use http://CANISTER.localhost:PORT/ or ?canisterId=CANISTER",
        );
    };
    if parts.method == Method::OPTIONS {
        return preflight();
    }
    let body = match super::read_body(body, MAX_BODY).await {
        Ok(body) => body,
        Err((status, why)) => return text(status, why),
    };
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let request = HttpRequest {
        method: parts.method.to_string(),
        url: parts.uri.path_and_query().map_or("/".into(), ToString::to_string),
        headers,
        body: Bytes0::from(body.to_vec()),
        certificate_version: Some(2),
    };
    let first = match ask(&instance, target, &request).await {
        Ok(response) => response,
        Err(response) => return response,
    };
    let ranged = [header::RANGE, header::IF_RANGE].iter().any(|name| parts.headers.contains_key(name));
    let is_part = first.status_code == 206 && !ranged && first.strategy.is_none();
    let partial = is_part.then(|| range::content_range(&first.headers)).flatten();
    match partial {
        Some(range) if range.start == 0 => assemble(instance, target, request, first, range),
        _ => stream(instance, target, first, parts.method == Method::HEAD),
    }
}

fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, POST, OPTIONS, PUT, DELETE, PATCH"),
    );
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*, Authorization"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    response
}

/// The response's status and headers, with this body.
fn build(response: &HttpResponse, status: StatusCode, skip: &[HeaderName], body: Body) -> Response {
    let mut built = Response::new(body);
    *built.status_mut() = status;
    let headers: &mut HeaderMap = built.headers_mut();
    for (name, value) in &response.headers {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            continue;
        };
        // Hop-by-hop and framing headers are the gateway's own business.
        let own = name == header::TRANSFER_ENCODING || name == header::CONNECTION || skip.contains(&name);
        if !own && headers.try_append(name, value).is_err() {
            return text(StatusCode::BAD_GATEWAY, "the canister's response has too many headers");
        }
    }
    if let Some(instructions) = response.instructions {
        headers.insert(INSTRUCTIONS, HeaderValue::from(instructions));
    }
    built
}

/// The status that the canister gave, if it is one of a final response.
fn status_of(response: &HttpResponse) -> StatusCode {
    let status = StatusCode::from_u16(response.status_code).ok();
    status.filter(|status| !status.is_informational()).unwrap_or(StatusCode::BAD_GATEWAY)
}

/// Whether the headers have one length, and that is a number.
fn tells_length(response: &HttpResponse) -> bool {
    let named = |name: &str| name.eq_ignore_ascii_case(header::CONTENT_LENGTH.as_str());
    let mut lengths = response.headers.iter().filter(|(name, _)| named(name));
    lengths.next().is_some_and(|(_, length)| length.parse::<u64>().is_ok()) && lengths.next().is_none()
}

/// A response in one piece, or followed by what the streaming callback gives.
fn stream(instance: Arc<Instance>, target: Target, mut response: HttpResponse, head: bool) -> Response {
    let status = status_of(&response);
    let first = Bytes::from(std::mem::take(&mut response.body).into_vec());
    // Whatever length the canister claims, that of the body is the right one, where there is a body.
    let told = head && first.is_empty() && tells_length(&response);
    let skip: &[HeaderName] = if told { &[] } else { &[header::CONTENT_LENGTH] };
    let Some(strategy) = response.strategy.take() else {
        return build(&response, status, skip, Body::from(first));
    };
    let (send, receive) = tokio::sync::mpsc::channel(2);
    tokio::spawn(streaming::follow(instance, target.canister, strategy, first, send));
    build(&response, status, &[header::CONTENT_LENGTH], Body::from_stream(ReceiverStream::new(receive)))
}

/// The whole of what the canister serves in ranges: the first one is here, the others are fetched as the client
/// reads.
fn assemble(
    instance: Arc<Instance>,
    target: Target,
    request: HttpRequest,
    mut first: HttpResponse,
    range: ContentRange,
) -> Response {
    let head = request.method == "HEAD";
    let bytes = Bytes::from(std::mem::take(&mut first.body).into_vec());
    let skip = [header::CONTENT_RANGE, header::CONTENT_LENGTH];
    let body = if head {
        Body::empty()
    } else {
        let (send, receive) = tokio::sync::mpsc::channel(2);
        tokio::spawn(range::follow(instance, target, request, bytes, range, send));
        Body::from_stream(ReceiverStream::new(receive))
    };
    let mut response = build(&first, StatusCode::OK, &skip, body);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(range.total));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_canister() {
        let id = "lxzze-o7777-77777-aaaaa-cai";
        let canister = Principal::from_text(id).unwrap();
        let plain = Some(Target { canister, raw: false });
        assert_eq!(target(Some(&format!("{id}.localhost:8000")), None, None), plain);
        assert_eq!(
            target(Some(&format!("{id}.raw.localhost")), None, None),
            Some(Target { canister, raw: true })
        );
        assert_eq!(target(Some("localhost:1"), Some(&format!("a=b&canisterId={id}")), None), plain);
        assert_eq!(
            target(Some("localhost"), None, Some(&format!("http://localhost/?canisterId={id}"))),
            plain
        );
        assert_eq!(target(Some("localhost"), Some("canisterId=nonsense"), None), None);
    }
}
