//! The files of the gallery, as they are in `canister/gallery`.

use std::sync::LazyLock;

use crate::certify::document::{Document, Kind};
use crate::certify::hash::Hash;
use crate::certify::known::Known;

/// The page at `/`.
static PAGE: &[u8] = include_bytes!("../gallery/index.html");

/// What it is made of, at `/gallery/<name>`.
static FILES: [(&str, Kind, &[u8]); 6] = [
    ("gallery.css", Kind::Style, include_bytes!("../gallery/gallery.css")),
    ("gallery.js", Kind::Script, include_bytes!("../gallery/gallery.js")),
    ("pages.js", Kind::Script, include_bytes!("../gallery/pages.js")),
    ("thumbhash.js", Kind::Script, include_bytes!("../gallery/thumbhash.js")),
    ("tile.js", Kind::Script, include_bytes!("../gallery/tile.js")),
    ("viewer.js", Kind::Script, include_bytes!("../gallery/viewer.js")),
];

/// What is certified of all of them: 25 KB that are hashed once after an upgrade.
static HASHES: LazyLock<(Hash, [(&str, Hash); 6])> = LazyLock::new(|| {
    let known = &mut Known::default();
    let files = FILES.each_ref().map(|(name, kind, body)| (*name, Document::new(*kind, *body).hash(known)));
    (page().hash(known), files)
});

/// The page.
pub(crate) fn page() -> Document {
    Document::new(Kind::Page, PAGE)
}

/// One of the files.
pub(crate) fn file(name: &str) -> Option<Document> {
    let (_, kind, body) = FILES.iter().find(|(other, ..)| *other == name)?;
    Some(Document::new(*kind, *body))
}

/// The hash of the answers of the page.
pub(crate) fn page_hash() -> Hash {
    HASHES.0
}

/// Names, and the hash of the answers of each.
pub(crate) fn file_hashes() -> &'static [(&'static str, Hash)] {
    &HASHES.1
}
