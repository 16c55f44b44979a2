//! The HTTP gateway's interface (HTTP Gateway Protocol Specification), as far as it is used.

use candid::{CandidType, Deserialize};
use serde::Serialize;
use serde_bytes::ByteBuf;

/// A header's name and value.
pub type HeaderField = (String, String);

/// A request that a gateway passes on.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct HttpRequest {
    /// The method, such as `GET`.
    pub method: String,
    /// Path and query.
    pub url: String,
    /// Headers in order.
    pub headers: Vec<HeaderField>,
    /// The body.
    pub body: ByteBuf,
    /// The response verification version that the gateway speaks.
    pub certificate_version: Option<u16>,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct HttpResponse {
    /// The status, such as 200.
    pub status_code: u16,
    /// Headers in order.
    pub headers: Vec<HeaderField>,
    /// The body.
    pub body: ByteBuf,
    /// Whether the gateway should make an update call of it.
    pub upgrade: Option<bool>,
}
