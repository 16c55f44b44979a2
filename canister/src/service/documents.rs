//! The documents that paths lead to, and proofs of their answers.

use darkroom_core::id::ItemId;
use ic_certification::HashTree;
use ic_stable_structures::Memory;

use super::Service;
use super::certification::{HTTP_EXPR, VERY_PATH, labels_of};
use super::description::describe;
use super::gallery::{GALLERY, HEAD, PAGES};
use crate::certify::document::{self, Reply};
use crate::certify::known::Known;
use crate::files;
use crate::store::{CertifiedItem, Place};

/// A document that a path leads to.
pub(crate) struct Document {
    pub(crate) document: document::Document,
    branch: Branch,
}

/// Where in the tree a document is.
enum Branch {
    Page,
    Item(CertifiedItem),
    Gallery,
    GalleryPage,
}

impl<M: Memory + Clone> Service<M> {
    /// The document that a path leads to. What is private is looked for nowhere.
    pub(crate) fn find_document(&self, path: &[String]) -> Option<Document> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (document, branch) = match path.as_slice() {
            [""] if self.has_gallery() => (files::page(), Branch::Page),
            [GALLERY, HEAD] if self.has_gallery() => (self.gallery_head(), Branch::Gallery),
            [GALLERY, file] if self.has_gallery() => (files::file(file)?, Branch::Gallery),
            [GALLERY, PAGES, file] if self.has_gallery() => {
                (self.gallery_page(Place::of_file(file)?).ok()??, Branch::GalleryPage)
            }
            [item] => {
                let id: ItemId = item.parse().ok()?;
                let certified = self.store.certified.items.get(&id.0).ok()??;
                let cors = self.store.origins().ok()?.get(certified.cors);
                let document = describe(id, &self.store.items.get(&id.0).ok()??).for_origins(&cors);
                (document, Branch::Item(certified))
            }
            _ => return None,
        };
        Some(Document { document, branch })
    }

    /// Shows an answer on the path of a document.
    pub(crate) fn prove_document(
        &self,
        path: &[String],
        found: &Document,
        reply: Reply,
        variant: usize,
    ) -> HashTree {
        let name = |at: usize| path.get(at).map_or(&b""[..], |segment| segment.as_bytes());
        let answers = || ic_certification::labeled(VERY_PATH, found.document.witness(reply, variant));
        let tree = self.store.certified.paths.witness(&[name(0)], |_| {
            Some(match &found.branch {
                Branch::Page => answers(),
                Branch::Item(item) => labels_of(item).witness(|label| {
                    (label == VERY_PATH.as_bytes()).then(|| found.document.witness(reply, variant))
                }),
                Branch::Gallery => self
                    .gallery_labels(&mut Known::default())
                    .witness(|label| (label == name(1)).then(answers)),
                Branch::GalleryPage => self.gallery_labels(&mut Known::default()).witness(|label| {
                    let pages = || self.store.gallery.certified().witness(&[name(2)], |_| Some(answers()));
                    (label == PAGES.as_bytes()).then(pages)
                }),
            })
        });
        ic_certification::labeled(HTTP_EXPR, tree)
    }

    /// What is below the gallery's page, showing that nothing but its answers are.
    pub(super) fn outline_of_page(&self) -> HashTree {
        outline(&files::page())
    }

    /// What is below `gallery`, showing that nothing is at the rest of a path.
    pub(super) fn prove_nothing_in_gallery(&self, rest: &[String]) -> HashTree {
        let name = |at: usize| rest.get(at).map_or("", String::as_str);
        let labels = self.gallery_labels(&mut Known::default());
        labels.all(|label| {
            if label == PAGES.as_bytes() && name(0) == PAGES {
                let labels = [name(1).as_bytes(), b"", b"<$>", b"<*>"];
                return Some(self.store.gallery.certified().witness(&labels, |label| {
                    let page = Place::of_file(std::str::from_utf8(label).ok()?)?;
                    Some(outline(&self.gallery_page(page).ok()??))
                }));
            }
            let file = if name(0) == HEAD { Some(self.gallery_head()) } else { files::file(name(0)) };
            (label == name(0).as_bytes()).then(|| file.as_ref().map(outline)).flatten()
        })
    }
}

/// What is below a path with a document, showing that nothing but its answers are.
fn outline(document: &document::Document) -> HashTree {
    ic_certification::labeled(VERY_PATH, document.outline())
}
