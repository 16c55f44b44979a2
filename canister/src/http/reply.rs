//! An answer before it is sent: a chunk of an asset stays where it is stored until then.

use std::borrow::Cow;

use darkroom_api::HttpResponse;
use ic_stable_structures::Memory;

use crate::idl;
use crate::service::{Chunk, Service};
use crate::store::Extent;

/// Bytes of a chunk that are on the heap at a time: little to fill with zeros for small files, and few calls of the
/// platform for large ones.
const PIECE: usize = 16 * 1024;

/// A body.
#[derive(Debug)]
pub(super) enum Body {
    Bytes(Cow<'static, [u8]>),
    Stored(Extent),
}

impl From<Chunk> for Body {
    fn from(chunk: Chunk) -> Body {
        match chunk {
            Chunk::Inline(bytes) => Body::Bytes(bytes.into()),
            Chunk::Stored(extent) => Body::Stored(extent),
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// All of it but the body.
    head: HttpResponse,
    body: Body,
}

impl Reply {
    pub(super) fn new(status_code: u16, body: Body) -> Reply {
        let headers = Vec::with_capacity(16);
        Reply { head: HttpResponse { status_code, headers, body: Vec::new().into(), upgrade: None }, body }
    }

    pub(super) fn add(&mut self, name: &str, value: impl Into<String>) {
        self.head.headers.push((name.to_owned(), value.into()));
    }

    /// Writes it in Candid, piece by piece.
    pub(crate) fn write<M: Memory + Clone>(self, service: &Service<M>, append: &mut dyn FnMut(&[u8])) {
        match &self.body {
            Body::Bytes(bytes) => {
                idl::encode_http(&self.head, bytes.len() as u64, |append| append(bytes), append);
            }
            Body::Stored(extent) => idl::encode_http(
                &self.head,
                extent.len(),
                |append| service.store.chunks.read_pieces(*extent, PIECE, append),
                append,
            ),
        }
    }
}
