//! What is certified, and how: HTTP certification, version 2, of the HTTP gateway protocol specification.
//!
//! ```text
//! "http_expr"
//! |- ITEM                    a trie of items
//! |  |- "<$>"                the item's description: 200, 304, 405, and 200 to HEAD, as below an asset
//! |  `- ASSET                the few assets of an item
//! |     `- "<$>"             answers on this very path:
//! |        |- EXPRESSION/""/RESPONSE...       to any request: 200, each 206, 304, 405, 416
//! |        `- EXPRESSION/REQUEST/RESPONSE     to HEAD alone: 200 without a body
//! |- "metrics"
//! |  `- "<$>"/EXPRESSION       not certified
//! |- "sha256"
//! |  `- SHA-256              a trie of contents, below each the same as below an asset
//! |- "private"
//! |  `- TOKEN                a trie of tokens, without their secrets:
//! |     `- "<*>"             answers on all paths that begin so: the same as below an asset, and 404
//! |- ""                      the gallery's page, where there is a gallery
//! |  `- "<$>"
//! |- "gallery"
//! |  |- "head.json", FILE
//! |  |  `- "<$>"
//! |  `- "pages"
//! |     `- PAGE              a trie of pages
//! |        `- "<$>"
//! `- "<*>"                   answers on any other path: 404, 405
//! ```
//!
//! Where origins are listed that may read answers, each answer is there once for each of them (`cors`).
//!
//! Labels in capitals are: an item's id, an asset's name, 64 hexadecimal digits, 32 of a token's id; hashes of an
//! expression, a request, a response. The SHA-256 of a chunk, known since its upload, is all that a response's hash needs of the body. Nothing
//! here knows the network or the clock.

pub(crate) mod answer;
pub(crate) mod answers;
pub(crate) mod cors;
pub(crate) mod disposition;
pub(crate) mod document;
pub(crate) mod hash;
pub(crate) mod known;
pub(crate) mod labels;
pub(crate) mod skip;
