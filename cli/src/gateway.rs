//! An asset as browsers get it: the canister's answers to a gateway, each held against the certificate that comes with
//! it, and what the gateway makes of them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use candid::{Encode, Principal};
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::hash::{RollingHash, RollingSha256};
use ic_agent::Agent;
use ic_agent::identity::AnonymousIdentity;
use ic_http_certification::{HttpRequest, HttpResponse, Method, StatusCode};
use ic_response_verification::verify_request_response_pair;

use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::network::is_loopback;

/// How far a certificate's time may be from now: five minutes, as gateways have it.
const MAX_OFFSET: Duration = Duration::from_secs(300);
/// The version of response verification that is asked for.
const VERSION: u8 = 2;
/// How long a gateway may take to begin an answer, and between two pieces of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A canister as gateways see it, and its gateway as browsers do.
pub(crate) struct Gateway {
    agent: Agent,
    canister: Principal,
    root_key: Vec<u8>,
    http: reqwest::Client,
}

/// What is served at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// These bytes, in so many answers.
    Bytes { sha256: Digest, answers: u32 },
    /// Nothing, and that is certified too.
    Nothing,
}

impl Gateway {
    /// That of a connection's network.
    ///
    /// # Errors
    /// [`Error::Local`] where no HTTP client can be made.
    pub(crate) fn new(connection: &Connection) -> Result<Gateway> {
        let mut agent = connection.agent.clone();
        // Gateways ask as nobody.
        agent.set_identity(AnonymousIdentity);
        let canister = connection.darkroom.canister();
        let mut http = reqwest::Client::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE);
        if is_loopback(&connection.endpoint.url) {
            // Not every system knows that names below `localhost` are this machine.
            let address = match connection.endpoint.url.host() {
                Some(url::Host::Ipv6(address)) => IpAddr::V6(address),
                Some(url::Host::Ipv4(address)) => IpAddr::V4(address),
                _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
            };
            http = http.no_proxy().resolve(&format!("{canister}.localhost"), SocketAddr::new(address, 0));
        }
        let http =
            http.build().map_err(|error| Error::Local(format!("cannot make an HTTP client: {error}")))?;
        let root_key = agent.read_root_key();
        Ok(Gateway { agent, canister, root_key, http })
    }

    /// What the canister certifies to be at a path, put together from as many answers as it takes.
    ///
    /// # Errors
    /// [`Error::Local`] for an answer that does not verify or fit, [`Error::Network`].
    pub(crate) async fn certified(&self, path: &str) -> Result<Served> {
        let wrong = |reason: String| Error::Local(format!("{path}: {reason}"));
        let first = self.ask(path, None).await?;
        if first.status_code == 404 {
            return Ok(Served::Nothing);
        }
        let mut hash = RollingSha256::default();
        hash.update(&first.body);
        if first.status_code == 200 {
            return Ok(Served::Bytes { sha256: hash.finish(), answers: 1 });
        }
        let mut part = Part::of(&first).map_err(wrong)?;
        let (total, mut answers) = (part.total, 1);
        if part.start != 0 {
            return Err(wrong(format!("the whole begins at byte {}", part.start)));
        }
        while part.end < total {
            let next = self.ask(path, Some(part.end)).await?;
            let found = Part::of(&next).map_err(wrong)?;
            if found.start != part.end || found.total != total {
                return Err(wrong(format!("a part does not go on at byte {} of {total}", part.end)));
            }
            hash.update(&next.body);
            (part, answers) = (found, answers + 1);
        }
        Ok(Served::Bytes { sha256: hash.finish(), answers })
    }

    /// What the gateway serves at a URL.
    ///
    /// # Errors
    /// [`Error::Network`] where it cannot be reached or breaks off, [`Error::Local`] for another status than 200 and 404.
    pub(crate) async fn served(&self, url: &str) -> Result<Served> {
        let failed = |error: reqwest::Error| Error::Network(format!("{url}: {}", with_sources(&error)));
        let mut response = self.http.get(url).send().await.map_err(failed)?;
        match response.status().as_u16() {
            200 => {}
            404 => return Ok(Served::Nothing),
            status => return Err(Error::Local(format!("{url}: the gateway answers {status}"))),
        }
        let mut hash = RollingSha256::default();
        while let Some(bytes) = response.chunk().await.map_err(failed)? {
            hash.update(&bytes);
        }
        Ok(Served::Bytes { sha256: hash.finish(), answers: 1 })
    }

    /// An answer whose status, headers and body the network vouches for.
    async fn ask(&self, path: &str, from: Option<u64>) -> Result<api::HttpResponse> {
        let request = api::HttpRequest {
            method: "GET".to_owned(),
            url: path.to_owned(),
            headers: from.map(|byte| ("range".to_owned(), format!("bytes={byte}-"))).into_iter().collect(),
            body: Vec::new().into(),
            certificate_version: Some(VERSION.into()),
        };
        let unreadable = |error: candid::Error| Error::Local(format!("http_request: {error}"));
        let argument = Encode!(&request).map_err(unreadable)?;
        let query = self.agent.query(&self.canister, "http_request").with_arg(argument);
        let answer = query.call().await;
        let answer = answer.map_err(|error| Error::Network(format!("http_request {path}: {error}")))?;
        let response: api::HttpResponse = api::read_answer(&answer).map_err(unreadable)?;
        self.check(&request, &response)
            .map_err(|reason| Error::Local(format!("{path}: the answer does not verify: {reason}")))?;
        Ok(response)
    }

    fn check(&self, request: &api::HttpRequest, response: &api::HttpResponse) -> Result<(), String> {
        let now = now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        verify(request, response, self.canister, &self.root_key, now)
    }
}

/// Holds an answer against a root key, at a time in nanoseconds since 1970.
fn verify(
    request: &api::HttpRequest,
    response: &api::HttpResponse,
    canister: Principal,
    root_key: &[u8],
    now: u128,
) -> Result<(), String> {
    darkroom_localnet::check_certification(&response.headers, true)?;
    let asked = HttpRequest::builder()
        .with_method(Method::GET)
        .with_url(request.url.clone())
        .with_headers(request.headers.clone())
        .with_body(Vec::new())
        .build();
    let status = StatusCode::from_u16(response.status_code).map_err(|error| error.to_string())?;
    let given = HttpResponse::builder()
        .with_status_code(status)
        .with_headers(response.headers.clone())
        .with_body(&response.body[..])
        .build();
    let (canister, offset) = (canister.as_slice(), MAX_OFFSET.as_nanos());
    let verified = verify_request_response_pair(asked, given, canister, now, offset, root_key, VERSION)
        .map_err(|error| with_sources(&error))?;
    match verified.response {
        Some(_) => Ok(()),
        None => Err("it is certified that nothing is certified".to_owned()),
    }
}

#[allow(clippy::disallowed_methods, reason = "certificates are of a time, which clients compare with theirs")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// `Content-Range: bytes START-LAST/TOTAL`, with the end in the place of the last.
struct Part {
    start: u64,
    end: u64,
    total: u64,
}

impl Part {
    fn of(response: &api::HttpResponse) -> Result<Part, String> {
        if response.status_code != 206 {
            return Err(format!("the canister answers {}", response.status_code));
        }
        let named = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-range");
        let value = response.headers.iter().find(named).map(|(_, value)| value.as_str()).unwrap_or_default();
        Part::read(value, response.body.len() as u64)
            .ok_or_else(|| format!("`{value}` is not the range of {} bytes", response.body.len()))
    }

    fn read(value: &str, length: u64) -> Option<Part> {
        let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
        let (start, last) = range.split_once('-')?;
        let (start, last): (u64, u64) = (start.parse().ok()?, last.parse().ok()?);
        let part = Part { start, end: last.checked_add(1)?, total: total.parse().ok()? };
        (length > 0 && start.checked_add(length)? == part.end && part.end <= part.total).then_some(part)
    }
}

/// What a fuzz target drives: an answer to a request for the whole, held against a root key at a time that is given.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(response) = api::read_answer::<api::HttpResponse>(bytes) else { return };
    if let Ok(part) = Part::of(&response) {
        assert!(part.start < part.end && part.end <= part.total);
        assert_eq!(part.end - part.start, response.body.len() as u64);
    }
    let request = api::HttpRequest {
        method: "GET".to_owned(),
        url: "/item/original".to_owned(),
        headers: Vec::new(),
        body: Vec::new().into(),
        certificate_version: Some(VERSION.into()),
    };
    let verified = verify(&request, &response, Principal::from_slice(&[1]), &[7; 133], 1);
    assert!(verified.is_err(), "nobody has signed that");
}

/// An error with what it comes from.
fn with_sources(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_to_be_those_of_the_bytes() {
        let part = Part::read("bytes 5-9/20", 5).unwrap();
        assert_eq!((part.start, part.end, part.total), (5, 10, 20));
        for (value, length) in [
            ("bytes 5-9/20", 4),
            ("bytes 5-9/9", 5),
            ("bytes 9-5/20", 5),
            ("bytes 0-18446744073709551615/20", 1),
            ("bytes */20", 1),
            ("bytes 5-4/20", 0),
            ("", 1),
        ] {
            assert!(Part::read(value, length).is_none(), "{value} {length}");
        }
    }
}
