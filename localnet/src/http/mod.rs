//! The HTTP side: the IC's interface, the gateway to canisters, the PocketIC server's protocol, and the sockets
//! under them.

pub(crate) mod gateway;
pub(crate) mod ic_api;
pub(crate) mod pocketic;
mod range;
pub(crate) mod serve;
mod streaming;
pub(crate) mod topology;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

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

/// Runs what may take long, or executes Wasm, on a thread for that.
pub(crate) async fn blocking(f: impl FnOnce() -> Response + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(f).await {
        Ok(response) => response,
        Err(e) => {
            text(StatusCode::INTERNAL_SERVER_ERROR, format!("the request failed inside the network: {e}"))
        }
    }
}
