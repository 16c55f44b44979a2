//! Answers on the paths of documents: the gallery and the descriptions of items.

use darkroom_api::HttpRequest;
use ic_stable_structures::Memory;

use super::{Body, certificate, conditions, response, uncertified};
use crate::certify::document::Reply;
use crate::service::{Document, Service};

/// The answer to a request. A range is not looked at: these bodies are small, and sent whole.
pub(super) fn respond<M: Memory + Clone>(
    service: &Service<M>,
    request: &HttpRequest,
    path: &[String],
    found: &Document,
    certificate: Option<&[u8]>,
) -> super::Reply {
    let document = &found.document;
    let variant = document.variant(conditions::header(request, "origin"));
    let reply = match request.method.as_str() {
        "GET" | "HEAD" if conditions::has(request, &document.etag()) == Some(true) => Reply::Unchanged,
        "GET" => Reply::Whole,
        "HEAD" if !request.body.is_empty() => {
            return uncertified(400, "a request for the head has no body");
        }
        "HEAD" => Reply::Head,
        _ => Reply::NotAllowed,
    };
    let proof = certificate.map(|certificate| {
        let tree = service.prove_document(path, found, reply, variant);
        let mut labels = vec!["http_expr"];
        labels.extend(path.iter().map(String::as_str));
        labels.push("<$>");
        certificate::header(certificate, &tree, &labels)
    });
    let body = match reply {
        Reply::Whole => Some(Body::Bytes(document.body.clone())),
        Reply::Head | Reply::Unchanged => Some(Body::Bytes(Vec::new().into())),
        Reply::NotAllowed => None,
    };
    response(document.head(reply, variant), body, proof)
}
