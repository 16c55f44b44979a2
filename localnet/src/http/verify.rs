//! Whether an answer is what the canister has certified, with the library that the public gateways use.

use super::ask::{HttpRequest, HttpResponse};
use super::untrusted;
use crate::net::Instance;
use candid::Principal;
use ic_http_certification::{Method, StatusCode};
use ic_response_verification::types::VerificationInfo;
use ic_response_verification::{ResponseVerificationError, verify_request_response_pair};
use std::error::Error;
use std::iter;

/// How far a certificate's time may be from the network's, in nanoseconds: five minutes, as public gateways have it.
const MAX_OFFSET: u128 = 300_000_000_000;
/// Characters of a reason; some errors quote what they were given.
const MAX_REASON: usize = 400;

/// The answer with what of it is certified: of version 2 the status, the body and the certified headers, or all of it
/// where the canister has certified that nothing is; of version 1 the body, and headers as they are but those that
/// make caches keep it.
///
/// # Errors
/// Why it cannot be trusted.
pub(super) fn verified(
    instance: &Instance,
    canister: Principal,
    request: &HttpRequest,
    mut response: HttpResponse,
) -> Result<HttpResponse, String> {
    untrusted::check_certification(&response.headers, false)?;
    let of_version = |version| check(instance, canister, request, &response, version);
    let found = match of_version(2) {
        Ok(Err(ResponseVerificationError::RequestedVerificationVersionMismatch {
            requested_version: 1,
            ..
        })) => {
            let encoding = header(&response, "content-encoding");
            untrusted::body(encoding, &response.body)?;
            of_version(1)
        }
        found => found,
    };
    match found?.map_err(|error| reason(&error))? {
        VerificationInfo { response: Some(certified), verification_version: 2.. } => {
            response.headers = certified.headers;
        }
        VerificationInfo { response: None, verification_version: 2.. } => {}
        _ if (300..400).contains(&response.status_code) => {
            return Err("certification of version 1 does not cover where a redirection leads".into());
        }
        _ => response.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("cache-control")),
    }
    Ok(response)
}

/// Checks a certificate of this version or a later one.
fn check(
    instance: &Instance,
    canister: Principal,
    request: &HttpRequest,
    response: &HttpResponse,
    version: u8,
) -> Result<Result<VerificationInfo, ResponseVerificationError>, String> {
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| format!("`{}` is no method", request.method))?;
    let status = StatusCode::from_u16(response.status_code)
        .map_err(|_| format!("{} is no status", response.status_code))?;
    let asked = ic_http_certification::HttpRequest::builder()
        .with_method(method)
        .with_url(&request.url)
        .with_headers(request.headers.clone())
        .with_body(&request.body[..])
        .build();
    let given = ic_http_certification::HttpResponse::builder()
        .with_status_code(status)
        .with_headers(response.headers.clone())
        .with_body(&response.body[..])
        .build();
    let (now, key) = (instance.now().into(), &instance.keys.root_der);
    Ok(verify_request_response_pair(asked, given, canister.as_slice(), now, MAX_OFFSET, key, version))
}

/// The last header of a name, which is the one that the library reads.
fn header<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
    let mut headers = response.headers.iter().rev();
    headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// An error with what it comes from.
fn reason(error: &ResponseVerificationError) -> String {
    let first: &dyn Error = error;
    let chain = iter::successors(Some(first), |error| (*error).source());
    let all: Vec<String> = chain.map(ToString::to_string).collect();
    all.join(": ").chars().take(MAX_REASON).collect()
}
