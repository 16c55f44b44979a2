//! What a gateway does with a canister's answers: verifies each against the root key, and puts the parts of a whole
//! together.

use candid::Principal;
use darkroom_api as api;
use ic_http_certification::{HttpRequest, HttpResponse, Method, StatusCode};
use ic_response_verification::types::VerifiedResponse;
use ic_response_verification::verify_request_response_pair;

use crate::Darkroom;

/// How far a certificate's time may be from now, in nanoseconds: five minutes, as gateways have it.
const MAX_OFFSET: u128 = 300_000_000_000;

/// A gateway in front of a canister.
pub struct Gateway<'a> {
    darkroom: &'a Darkroom,
    root_key: Vec<u8>,
}

impl<'a> Gateway<'a> {
    /// A gateway that knows the root key of the canister's network.
    pub fn new(darkroom: &'a Darkroom) -> Gateway<'a> {
        let root_key = darkroom.network.root_key();
        Gateway { darkroom, root_key: root_key.unwrap_or_else(|| panic!("the network has no root key")) }
    }

    /// A request, and its answer as it comes from the canister.
    pub fn ask(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
    ) -> (api::HttpRequest, api::HttpResponse) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let request = api::HttpRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: headers.collect(),
            body: Vec::new().into(),
            certificate_version: Some(2),
        };
        let response = self.darkroom.query_as(Principal::anonymous(), "http_request", (request.clone(),));
        (request, response)
    }

    /// Whether an answer to a request is certified, with all of its headers.
    ///
    /// # Errors
    /// Why it is not.
    pub fn verify(&self, request: &api::HttpRequest, response: &api::HttpResponse) -> Result<(), String> {
        let certified = self.check(request, response)?.ok_or("the canister asks not to be verified")?;
        match certified.headers.len() == response.headers.len() {
            true => Ok(()),
            false => Err(format!("of {:?} only {:?} are certified", response.headers, certified.headers)),
        }
    }

    /// Whether it is certified that an answer to a request is not.
    ///
    /// # Errors
    /// Why it is not.
    pub fn verify_skip(
        &self,
        request: &api::HttpRequest,
        response: &api::HttpResponse,
    ) -> Result<(), String> {
        match self.check(request, response)? {
            None => Ok(()),
            Some(certified) => Err(format!("{certified:?} is certified")),
        }
    }

    /// What of an answer is certified; nothing if it is certified that nothing is.
    fn check(
        &self,
        request: &api::HttpRequest,
        response: &api::HttpResponse,
    ) -> Result<Option<VerifiedResponse>, String> {
        let now = self.darkroom.network.get_time().as_nanos_since_unix_epoch();
        let asked = HttpRequest::builder()
            .with_method(request.method.parse::<Method>().map_err(|error| error.to_string())?)
            .with_url(request.url.clone())
            .with_headers(request.headers.clone())
            .with_body(request.body.to_vec())
            .build();
        let given = HttpResponse::builder()
            .with_status_code(StatusCode::from_u16(response.status_code).map_err(|error| error.to_string())?)
            .with_headers(response.headers.clone())
            .with_body(response.body.to_vec())
            .build();
        let id = self.darkroom.id.as_slice();
        verify_request_response_pair(asked, given, id, now.into(), MAX_OFFSET, &self.root_key, 2)
            .map(|verified| verified.response)
            .map_err(|error| format!("{error:?}"))
    }

    /// A verified answer.
    pub fn get(&self, method: &str, url: &str, headers: &[(&str, &str)]) -> api::HttpResponse {
        let (request, response) = self.ask(method, url, headers);
        self.verify(&request, &response).unwrap_or_else(|error| {
            panic!("{method} {url} {headers:?}: {} does not verify: {error}", response.status_code)
        });
        response
    }

    /// The whole of an asset, put together from as many verified parts as it takes: the first answer, and the bytes.
    pub fn whole(&self, url: &str) -> (api::HttpResponse, Vec<u8>) {
        let first = self.get("GET", url, &[]);
        let mut bytes = first.body.to_vec();
        if first.status_code == 206 {
            let total = total(&first);
            while bytes.len() < total {
                let range = format!("bytes={}-", bytes.len());
                let part = self.get("GET", url, &[("range", &range)]);
                assert_eq!((part.status_code, self::total(&part)), (206, total), "{url} {range}");
                let start = format!("bytes {}-", bytes.len());
                let range = header(&part, "content-range").unwrap_or_default();
                assert!(range.starts_with(&start), "{url}: {range} does not go on at {}", bytes.len());
                bytes.extend_from_slice(&part.body);
            }
        }
        (first, bytes)
    }
}

fn total(part: &api::HttpResponse) -> usize {
    let range = header(part, "content-range").unwrap_or_default();
    let total = range.rsplit('/').next().and_then(|total| total.parse().ok());
    total.unwrap_or_else(|| panic!("no length in `{range}`"))
}

fn header<'a>(response: &'a api::HttpResponse, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}
