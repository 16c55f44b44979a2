//! The HTTP interface: `GET` and `HEAD` of `/<item>/<asset>`, of `/sha256/<hexadecimal digits>`, of what a token opens at
//! `/private/<id>/<secret>/<item>/<asset>`; of `/<item>`, which describes an item; of the gallery at `/` and below
//! `/gallery`; and of `/metrics`.
//!
//! Every answer on a path that can be verified carries the certificate and the proof that it is the right one. An asset
//! of more than one chunk is answered chunk by chunk as 206, which HTTP gateways assemble, and a range by the chunk
//! that its first byte is in: chunks are what hashes are known of.

mod certificate;
mod conditions;
mod documents;
mod metrics;
mod path;
mod private;
mod reply;

use darkroom_api::HttpRequest;
use ic_stable_structures::Memory;

use crate::certify::answer::{self, Answer, Head, Subject};
use crate::service::{METRICS, Service};

/// Seconds after which more is certified, where something may be that is not.
const RETRY_AFTER: &str = "5";

pub(crate) use metrics::Around;
use reply::Body;
pub(crate) use reply::Reply;

/// Answers a gateway's request, with the network's certificate, which is there in queries only. What is around the
/// service is asked for where it is answered with.
pub(crate) fn respond<M: Memory + Clone>(
    service: &Service<M>,
    request: &HttpRequest,
    now: u64,
    certificate: Option<&[u8]>,
    around: impl FnOnce() -> Around,
) -> Reply {
    let Some(path) = path::segments(&request.url) else {
        return uncertified(400, "the path is not UTF-8");
    };
    if path == [METRICS] {
        return metrics::respond(service, request, certificate, &around());
    }
    let is_head = request.method == "HEAD";
    let is_allowed = is_head || request.method == "GET";
    let origin = conditions::header(request, "origin");
    if let Some(shared) = service.find_shared(&path, now) {
        return private::respond(service, request, &shared, is_allowed, certificate);
    }
    if let Some(found) = service.find_document(&path) {
        return documents::respond(service, request, &path, &found, certificate);
    }
    let Some(found) = service.find(&path) else {
        if service.is_pending(&path) {
            let mut response = uncertified(503, "this is being certified; try again in a moment");
            response.add("retry-after", RETRY_AFTER);
            return response;
        }
        let mut head = if is_allowed { answer::missing() } else { answer::not_allowed() };
        let Ok(cors) = service.cors() else { return uncertified(500, "the origins cannot be read") };
        let variant = cors.variant(origin);
        head.allow(&cors, variant);
        let proof = certificate.map(|certificate| {
            let tree = service.prove_nothing(&path, is_allowed, &cors, variant);
            certificate::header(certificate, &tree, &["http_expr", "<*>"])
        });
        return response(head, None, proof);
    };
    let variant = found.cors().variant(origin);
    let told = |head: &mut Head| head.allow(found.cors(), variant);
    asset(service, request, &found.subject(), is_allowed, told, |answer| {
        let Some(certificate) = certificate else { return Some(None) };
        let tree = service.prove(&path, &found, answer, variant)?;
        let mut labels = vec!["http_expr"];
        labels.extend(path.iter().map(String::as_str));
        labels.push("<$>");
        Some(Some(certificate::header(certificate, &tree, &labels)))
    })
}

/// An answer of an asset, with the origin that `told` puts into it and with what `prove` gives as its proof: nothing
/// where there is no certificate, and an error where the proof cannot be read.
fn asset<M: Memory + Clone>(
    service: &Service<M>,
    request: &HttpRequest,
    subject: &Subject<'_>,
    is_allowed: bool,
    told: impl Fn(&mut Head),
    prove: impl Fn(Answer) -> Option<Option<String>>,
) -> Reply {
    let answer = if is_allowed { conditions::answer(request, subject) } else { Answer::NotAllowed };
    if answer == Answer::Head && !request.body.is_empty() {
        return uncertified(400, "a request for the head has no body");
    }
    let chunk = match answer {
        Answer::Whole => Some(0),
        Answer::Part(index) => Some(index),
        _ => None,
    };
    let body = chunk.map(|index| service.locate(subject.asset, index)).transpose();
    let Ok(body) = body else { return uncertified(500, "the asset cannot be read") };
    let Some(proof) = prove(answer) else { return uncertified(500, "the proof cannot be read") };
    let mut head = subject.head(answer);
    told(&mut head);
    response(head, body.map(Body::from), proof)
}

fn response(head: Head, body: Option<Body>, proof: Option<String>) -> Reply {
    let text = head.text.unwrap_or_default();
    let mut reply = Reply::new(head.status, body.unwrap_or_else(|| Body::Bytes(text.as_bytes().into())));
    head.headers.into_iter().for_each(|(name, value)| reply.add(name, value));
    proof.into_iter().for_each(|proof| reply.add("ic-certificate", proof));
    reply
}

/// What no gateway asks for, a damaged record, or what is not certified yet.
fn uncertified(status_code: u16, text: &'static str) -> Reply {
    let mut reply = Reply::new(status_code, Body::Bytes(text.as_bytes().into()));
    reply.add("content-type", "text/plain; charset=utf-8");
    reply.add("x-content-type-options", "nosniff");
    reply
}
