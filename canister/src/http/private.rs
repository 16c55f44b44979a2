//! Paths below the id of a token: what it opens, or the same 404 and 405 as on any path where nothing is.

use darkroom_api::HttpRequest;
use ic_stable_structures::Memory;

use super::{Reply, asset, certificate, conditions, response};
use crate::certify::answer::{self, Answer, Head};
use crate::service::{Service, Shared};

/// The answer to a request on such a path.
pub(super) fn respond<M: Memory + Clone>(
    service: &Service<M>,
    request: &HttpRequest,
    shared: &Shared,
    is_allowed: bool,
    certificate: Option<&[u8]>,
) -> Reply {
    let variant = shared.cors().variant(conditions::header(request, "origin"));
    let prove = |answer| {
        let labels = shared.labels();
        let labels: Vec<_> = labels.iter().map(String::as_str).collect();
        let tree = service.prove_shared(shared, answer, variant);
        certificate.map(|certificate| certificate::header(certificate, &tree, &labels))
    };
    let Some(subject) = shared.open() else {
        let (answer, mut head) = match is_allowed {
            true => (Answer::Missing, answer::missing()),
            false => (Answer::NotAllowed, answer::not_allowed()),
        };
        head.allow(shared.cors(), variant);
        return response(head, None, prove(answer));
    };
    let told = |head: &mut Head| head.allow(shared.cors(), variant);
    asset(service, request, &subject, is_allowed, told, |answer| Some(prove(answer)))
}
