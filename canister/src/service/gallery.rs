//! The gallery: which items are in it, its pages, and their certification. What is shown is kept with each change, also
//! while the gallery is switched off: to switch it is to put it into the tree or to take it out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use darkroom_api::{self as api, document};
use darkroom_core::id::ItemId;
use darkroom_core::media::MediaType;
use ic_stable_structures::Memory;
use serde_bytes::ByteBuf;

use super::description::{json, rfc_3339};
use super::{Service, Wire};
use crate::certify::answer::is_picture;
use crate::certify::document::Document;
use crate::certify::hash;
use crate::certify::known::Known;
use crate::certify::labels::Labels;
use crate::files;
use crate::store::{AssetRecord, EntryRecord, ItemRecord, Location, PictureRecord, Place};

/// The first segment of the gallery's paths.
pub(super) const GALLERY: &str = "gallery";
/// The second one of its pages.
pub(super) const PAGES: &str = "pages";
/// The file that says where it begins.
pub(super) const HEAD: &str = "head.json";

/// The longer side of a picture that is large enough for a grid.
const GRID_EDGE: u32 = 200;
/// The most bytes of a ThumbHash: 25 is usual.
const MAX_PLACEHOLDER: usize = 64;

impl<M: Memory + Clone> Service<M> {
    /// Puts the gallery into the tree or takes it out.
    pub(crate) fn switch_gallery(&mut self, on: bool) {
        let paths = &mut self.store.certified.paths;
        if on {
            paths.insert(b"", hash::labeled(b"<$>", &files::page_hash()));
            let below = self.gallery_labels(&mut Known::default()).hash();
            self.store.certified.paths.insert(GALLERY.as_bytes(), below);
        } else {
            paths.remove(b"");
            paths.remove(GALLERY.as_bytes());
        }
    }

    /// Whether there is a gallery.
    pub(super) fn has_gallery(&self) -> bool {
        self.store.certified.paths.get(GALLERY.as_bytes()).is_some()
    }

    /// Shows a public item, if it has a picture.
    pub(super) fn exhibit(&mut self, id: ItemId, item: &ItemRecord, known: &mut Known) -> api::Result<()> {
        match entry(id, item) {
            Some(entry) => {
                let changed = self.store.gallery.put(&entry);
                self.certify_pages(&changed, known)
            }
            None => self.withdraw(id, item),
        }
    }

    /// Shows an item no longer, if it was shown.
    pub(super) fn withdraw(&mut self, id: ItemId, item: &ItemRecord) -> api::Result<()> {
        let place = Place::new(item.published_at.unwrap_or_default(), id);
        let changed = self.store.gallery.remove(place);
        self.certify_pages(&changed, &mut Known::default())
    }

    /// Certifies pages that have changed, and what says where they are.
    fn certify_pages(&mut self, changed: &[Place], known: &mut Known) -> api::Result<()> {
        for page in changed {
            let document = self.gallery_page(*page).wire()?;
            let below = document.map(|document| hash::labeled(b"<$>", &document.hash(known)));
            self.store.gallery.certify(*page, below);
        }
        if !changed.is_empty() && self.has_gallery() {
            let below = self.gallery_labels(known).hash();
            self.store.certified.paths.insert(GALLERY.as_bytes(), below);
        }
        Ok(())
    }

    /// The page that begins at a place, if one does.
    pub(super) fn gallery_page(&self, page: Place) -> Result<Option<Document>, darkroom_core::Error> {
        let Some(entries) = self.store.gallery.page(page)? else { return Ok(None) };
        let older = self.store.gallery.older(page).as_ref().map(Place::to_string);
        let entries = entries.iter().map(shown).collect();
        Ok(Some(json(&document::Page { page: page.to_string(), older, entries })))
    }

    /// What says where the gallery begins.
    pub(super) fn gallery_head(&self) -> Document {
        let gallery = &self.store.gallery;
        json(&document::Head {
            count: gallery.len(),
            newest: gallery.newest().as_ref().map(Place::to_string),
        })
    }

    /// What is below `gallery`.
    pub(super) fn gallery_labels(&self, known: &mut Known) -> Labels {
        let file = |name: &str, below| (name.as_bytes().to_vec(), hash::labeled(b"<$>", &below));
        let files = files::file_hashes().iter().map(|(name, below)| file(name, *below));
        let head = file(HEAD, self.gallery_head().hash(known));
        let pages = (PAGES.as_bytes().to_vec(), self.store.gallery.certified().hash());
        Labels::new(files.chain([head, pages]))
    }
}

/// What the gallery shows of an item: nothing of one without a picture that browsers show.
pub(crate) fn entry(id: ItemId, item: &ItemRecord) -> Option<EntryRecord> {
    let pictures = || item.assets.iter().filter(|asset| is_picture(&asset.media));
    let derived = || pictures().filter(|asset| asset.origin.recipe().is_some());
    let pixels = |asset: &&AssetRecord| {
        asset.meta.size.map_or(0, |size| u64::from(size.width) * u64::from(size.height))
    };
    let preview = derived().max_by_key(pixels).or_else(|| pictures().next())?;
    let is_enough =
        |asset: &&AssetRecord| asset.meta.size.is_some_and(|size| size.width.max(size.height) >= GRID_EDGE);
    let thumbnail = derived().filter(is_enough).min_by_key(pixels).unwrap_or(preview);
    let placeholder = item.assets.iter().filter(|asset| asset.media == MediaType::THUMBHASH);
    let inline = |asset: &AssetRecord| match &asset.location {
        Location::Inline(bytes) if bytes.len() <= MAX_PLACEHOLDER => Some(ByteBuf::from(bytes.clone())),
        _ => None,
    };
    let picture = |asset: &AssetRecord| PictureRecord { asset: asset.name.clone(), meta: asset.meta };
    Some(EntryRecord {
        item: id,
        file_name: item.file_name.clone(),
        published_at: item.published_at.unwrap_or_default(),
        placeholder: placeholder.filter_map(inline).next(),
        thumbnail: picture(thumbnail),
        preview: picture(preview),
    })
}

/// An entry in its wire form.
pub(super) fn shown(entry: &EntryRecord) -> document::Entry {
    let picture = |picture: &PictureRecord| document::Picture {
        asset: picture.asset.to_string(),
        width: picture.meta.size.map(|size| size.width),
        height: picture.meta.size.map(|size| size.height),
    };
    document::Entry {
        id: entry.item.to_string(),
        file_name: entry.file_name.clone(),
        published_at: rfc_3339(entry.published_at),
        placeholder: entry.placeholder.as_ref().map(|bytes| STANDARD.encode(bytes)),
        thumbnail: picture(&entry.thumbnail),
        preview: picture(&entry.preview),
    }
}
