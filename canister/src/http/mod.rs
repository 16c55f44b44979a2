//! The HTTP interface: `GET` and `HEAD` of `/<item>/<asset>` and of `/sha256/<hexadecimal digits>`; of `/<item>`, which
//! describes an item; and of the gallery at `/` and below `/gallery`.
//!
//! Every answer on a path that can be verified carries the certificate and the proof that it is the right one. An asset
//! of more than one chunk is answered chunk by chunk as 206, which HTTP gateways assemble, and a range by the chunk
//! that its first byte is in: chunks are what hashes are known of.

mod certificate;
mod conditions;
mod documents;
mod path;

use darkroom_api::{HttpRequest, HttpResponse};
use ic_stable_structures::Memory;
use serde_bytes::ByteBuf;

use crate::certify::answer::{self, Answer, Head};
use crate::service::{Found, Service};

/// Answers a gateway's request, with the network's certificate, which is there in queries only.
pub(crate) fn respond<M: Memory + Clone>(
    service: &Service<M>,
    request: &HttpRequest,
    certificate: Option<&[u8]>,
) -> HttpResponse {
    let Some(path) = path::segments(&request.url) else {
        return uncertified(400, "the path is not UTF-8");
    };
    let is_head = request.method == "HEAD";
    let is_allowed = is_head || request.method == "GET";
    if let Some(found) = service.find_document(&path) {
        return documents::respond(service, request, &path, &found, certificate);
    }
    let Some(found) = service.find(&path) else {
        let head = if is_allowed { answer::missing() } else { answer::not_allowed() };
        let proof = certificate.map(|certificate| {
            let tree = service.prove_nothing(&path, is_allowed);
            certificate::header(certificate, &tree, &["http_expr", "<*>"])
        });
        return response(head, None, proof);
    };
    let answer = if is_allowed { conditions::answer(request, &found.subject()) } else { Answer::NotAllowed };
    if answer == Answer::Head && !request.body.is_empty() {
        return uncertified(400, "a request for the head has no body");
    }
    served(service, &path, &found, answer, certificate)
}

fn served<M: Memory + Clone>(
    service: &Service<M>,
    path: &[String],
    found: &Found,
    answer: Answer,
    certificate: Option<&[u8]>,
) -> HttpResponse {
    let subject = found.subject();
    let chunk = match answer {
        Answer::Whole => Some(0),
        Answer::Part(index) => Some(index),
        _ => None,
    };
    let body = chunk.map(|index| service.chunk(subject.asset, index)).transpose();
    let Ok(body) = body else { return uncertified(500, "the asset cannot be read") };
    let proof = match certificate {
        None => None,
        Some(certificate) => {
            let Some(tree) = service.prove(path, found, answer) else {
                return uncertified(500, "the proof cannot be read");
            };
            let mut labels = vec!["http_expr"];
            labels.extend(path.iter().map(String::as_str));
            labels.push("<$>");
            Some(certificate::header(certificate, &tree, &labels))
        }
    };
    response(subject.head(answer), body, proof)
}

fn response(head: Head, body: Option<Vec<u8>>, proof: Option<String>) -> HttpResponse {
    let text = || head.text.unwrap_or_default().as_bytes().to_vec();
    let mut headers: Vec<_> =
        head.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    headers.extend(proof.map(|proof| ("ic-certificate".to_owned(), proof)));
    HttpResponse {
        status_code: head.status,
        headers,
        body: ByteBuf::from(body.unwrap_or_else(text)),
        upgrade: None,
    }
}

/// What no gateway asks for, or a damaged record.
fn uncertified(status_code: u16, text: &str) -> HttpResponse {
    let headers = [("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff")];
    HttpResponse {
        status_code,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: ByteBuf::from(text),
        upgrade: None,
    }
}
