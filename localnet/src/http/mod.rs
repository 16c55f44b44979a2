//! The HTTP side: the IC's interface, the gateway to canisters, the PocketIC server's protocol, and the sockets
//! under them.

mod ask;
pub(crate) mod gateway;
pub(crate) mod ic_api;
pub(crate) mod pocketic;
mod range;
mod reply;
pub(crate) mod serve;
mod streaming;
pub(crate) mod topology;
pub(crate) mod untrusted;
mod verify;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt;
use std::time::Duration;

/// A response of one piece.
pub(crate) fn plain(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A response that says in words what is wrong.
pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Response {
    plain(status, "text/plain; charset=utf-8", text.into())
}

/// How long a body may stand still.
const STALL: Duration = Duration::from_secs(30);

/// The body of a request, which may have `limit` bytes and has to keep coming.
pub(crate) async fn read_body(body: Body, limit: usize) -> Result<Bytes, (StatusCode, String)> {
    let large = || (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes"));
    // What was announced is not believed, but its size is enough to refuse it.
    if body.size_hint().lower() > limit as u64 {
        return Err(large());
    }
    let (mut stream, mut bytes) = (body.into_data_stream(), Vec::new());
    loop {
        let Ok(next) = tokio::time::timeout(STALL, stream.next()).await else {
            return Err((StatusCode::REQUEST_TIMEOUT, "the body does not arrive".into()));
        };
        match next {
            None => return Ok(bytes.into()),
            Some(Ok(part)) if bytes.len() + part.len() > limit => {
                drop(part);
                return Err(large());
            }
            Some(Ok(part)) => bytes.extend_from_slice(&part),
            Some(Err(e)) => return Err((StatusCode::BAD_REQUEST, format!("the body breaks off: {e}"))),
        }
    }
}

/// Runs what may take long, or executes Wasm, on a thread for that.
pub(crate) async fn blocking(f: impl FnOnce() -> Response + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(f).await {
        Ok(response) => response,
        Err(e) => {
            text(StatusCode::INTERNAL_SERVER_ERROR, format!("the request failed inside the network: {e}"))
        }
    }
}
