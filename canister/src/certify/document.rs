//! Small bodies of the canister's own, each at a path of its own: JSON, and the files of the gallery. A body is made when
//! it is asked for; in the tree there is its hash.

use std::borrow::Cow;

use ic_certification::HashTree;

use super::answer::{self, Head, TO_ANY, TO_METHOD};
use super::answers::{CONSTANTS, labels_of_path, show_of};
use super::cors::Cors;
use super::hash::{self, Hash};
use super::known::Known;
use super::labels::Labels;
use crate::hex;

/// What a body is, by which it has its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// JSON, for any origin.
    Json,
    /// A page, which gets all that it needs from this origin.
    Page,
    /// A style sheet.
    Style,
    /// An ES module.
    Script,
}

/// A body at a path.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    kind: Kind,
    pub(crate) body: Cow<'static, [u8]>,
    sha256: Hash,
    /// Whom its answers are for.
    cors: Cors,
}

/// An answer on the path of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// 200.
    Whole,
    /// 200 to a request for the head.
    Head,
    /// 304: what the client has is what there is.
    Unchanged,
    /// 405.
    NotAllowed,
}

impl Document {
    /// A body of a kind.
    pub(crate) fn new(kind: Kind, body: impl Into<Cow<'static, [u8]>>) -> Document {
        let body = body.into();
        let sha256 = hash::sha256(&[&body]);
        Document { kind, body, sha256, cors: Cors::Any }
    }

    /// With answers for these origins, instead of for any.
    pub(crate) fn for_origins(self, cors: &Cors) -> Document {
        Document { cors: cors.clone(), ..self }
    }

    /// Which of its answers a request from an origin gets.
    pub(crate) fn variant(&self, origin: Option<&str>) -> usize {
        self.cors.variant(origin)
    }

    /// The SHA-256 in quotes: a strong validator.
    pub(crate) fn etag(&self) -> String {
        format!("\"{}\"", hex::text(&self.sha256))
    }

    /// Status and headers of an answer.
    pub(crate) fn head(&self, reply: Reply, variant: usize) -> Head {
        let mut head = self.head_for_any(reply);
        head.allow(&self.cors, variant);
        head
    }

    fn head_for_any(&self, reply: Reply) -> Head {
        let mut head = match reply {
            Reply::NotAllowed => return answer::not_allowed(),
            Reply::Whole => answer::head(200, TO_ANY),
            Reply::Unchanged => answer::head(304, TO_ANY),
            Reply::Head => {
                let mut head = answer::head(200, TO_METHOD);
                head.add("content-length", self.body.len().to_string());
                head
            }
        };
        head.add("etag", self.etag());
        // It may change with each message: clients ask each time, and mostly get 304.
        head.add("cache-control", "no-cache");
        if reply != Reply::Unchanged {
            let (media, policy) = self.kind.headers();
            head.add("content-type", media);
            head.add("content-security-policy", policy);
        }
        head
    }

    /// The hash of what is below the label of answers on the very path.
    pub(crate) fn hash(&self, known: &mut Known) -> Hash {
        let responses = self.responses(known);
        labels_of_path(to_any(&responses).hash(), &to_head(&responses)).hash()
    }

    /// What is below the path, with one answer.
    pub(crate) fn witness(&self, reply: Reply, variant: usize) -> HashTree {
        let responses = self.responses(&mut Known::default());
        let (any, heads) = (to_any(&responses), to_head(&responses));
        let wanted = REPLIES.iter().position(|other| *other == reply).map(|place| responses[variant][place]);
        labels_of_path(any.hash(), &heads).witness(|label| match reply {
            Reply::Head => (label == CONSTANTS.to_method)
                .then(|| ic_certification::labeled(CONSTANTS.head_request, show_of(&heads, variant))),
            _ => (label == CONSTANTS.to_any).then(|| {
                let is_wanted = |label: &[u8]| wanted.is_some_and(|wanted| label == wanted);
                let below = any.witness(|label| is_wanted(label).then(|| ic_certification::leaf(*b"")));
                ic_certification::labeled(*b"", below)
            }),
        })
    }

    /// What is below the path, showing that there is nothing but answers.
    pub(crate) fn outline(&self) -> HashTree {
        let responses = self.responses(&mut Known::default());
        labels_of_path(to_any(&responses).hash(), &to_head(&responses)).all(|_| None)
    }

    /// The hashes of all answers, for each origin.
    fn responses(&self, known: &mut Known) -> Vec<[Hash; REPLIES.len()]> {
        let variants = 0..self.cors.variants();
        let answer = |reply, variant| {
            let body = (reply == Reply::Whole).then_some(self.sha256);
            (self.head(reply, variant), body)
        };
        let answers: Vec<_> =
            variants.flat_map(|variant| REPLIES.map(|reply| answer(reply, variant))).collect();
        known.responses(&answers).as_chunks().0.to_vec()
    }
}

/// All there are; the first is the one to requests of a method of its own.
const REPLIES: [Reply; 4] = [Reply::Head, Reply::Whole, Reply::Unchanged, Reply::NotAllowed];

fn to_any(responses: &[[Hash; REPLIES.len()]]) -> Labels {
    let any = responses.iter().flat_map(|responses| &responses[1..]);
    Labels::new(any.map(|response| (response.to_vec(), CONSTANTS.leaf)))
}

fn to_head(responses: &[[Hash; REPLIES.len()]]) -> Vec<Hash> {
    responses.iter().map(|responses| responses[0]).collect()
}

impl Kind {
    /// Media type, and what browsers are to do with it.
    fn headers(self) -> (&'static str, &'static str) {
        match self {
            Kind::Json => ("application/json", "default-src 'none'; sandbox"),
            Kind::Style => ("text/css; charset=utf-8", "default-src 'none'; sandbox"),
            Kind::Script => ("text/javascript; charset=utf-8", "default-src 'none'; sandbox"),
            Kind::Page => (
                "text/html; charset=utf-8",
                "default-src 'none'; img-src 'self' data:; script-src 'self'; style-src 'self'; \
                 connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_shown_by_the_tree_that_is_certified() {
        for kind in [Kind::Json, Kind::Page, Kind::Style, Kind::Script] {
            let document = Document::new(kind, b"{}".as_slice());
            let root = document.hash(&mut Known::default());
            for reply in [Reply::Whole, Reply::Head, Reply::Unchanged, Reply::NotAllowed] {
                assert_eq!(document.witness(reply, 0).digest(), root, "{kind:?} {reply:?}");
            }
            assert_eq!(document.outline().digest(), root, "{kind:?}");
            assert_ne!(Document::new(kind, b"{ }".as_slice()).hash(&mut Known::default()), root);
        }
    }

    #[test]
    fn each_origin_has_answers_of_its_own() {
        let cors = Cors::Origins(vec!["https://a.example".to_owned(), "https://b.example".to_owned()]);
        let document = Document::new(Kind::Json, b"{}".as_slice()).for_origins(&cors);
        let root = document.hash(&mut Known::default());
        for reply in [Reply::Whole, Reply::Head, Reply::Unchanged, Reply::NotAllowed] {
            let shown = [0, 1].map(|variant| document.witness(reply, variant));
            assert!(shown.iter().all(|shown| shown.digest() == root), "{reply:?}");
            assert_ne!(shown[0], shown[1], "{reply:?}");
        }
        assert_eq!(document.variant(Some("https://b.example")), 1);
    }
}
