//! What the gallery shows: entries in the order of their publication, in pages of at most 16.
//!
//! A page is known by the place at which it begins, and goes up to where the next one begins. One with too many entries
//! is divided (the newest so that what is old stays together), one without is not there. So whatever comes and goes, in
//! whatever order, changes a page or two, and the one that leads to them.

use std::fmt;
use std::ops::Bound;

use darkroom_core::Error;
use darkroom_core::asset::{AssetName, Meta};
use darkroom_core::id::ItemId;
use ic_stable_structures::Memory;
use ic_stable_structures::memory_manager::VirtualMemory;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::Table;
use super::trie::Trie;
use crate::certify::hash::Hash;

/// The most entries of a page.
const PAGE: usize = 16;

/// The place of an entry: when it was published (nanoseconds since 1970, big-endian), then the item. As text these two
/// with `-` between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place([u8; 18]);

/// Where the first page begins.
const START: Place = Place([0; 18]);

/// An item, as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct EntryRecord {
    /// The item.
    pub(crate) item: ItemId,
    /// The file's name.
    pub(crate) file_name: String,
    /// Nanoseconds since 1970.
    pub(crate) published_at: u64,
    /// A ThumbHash.
    pub(crate) placeholder: Option<ByteBuf>,
    /// The small picture.
    pub(crate) thumbnail: PictureRecord,
    /// The large picture.
    pub(crate) preview: PictureRecord,
}

/// A picture of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PictureRecord {
    /// The asset's name.
    pub(crate) asset: AssetName,
    /// Its size, where known.
    pub(crate) meta: Meta,
}

/// The gallery.
pub(crate) struct Gallery<M: Memory> {
    entries: Table<[u8; 18], EntryRecord, M>,
    /// Where each page begins.
    pages: Table<[u8; 18], (), M>,
    certified: Trie<VirtualMemory<M>>,
}

impl<M: Memory> Gallery<M> {
    pub(super) fn open(
        entries: VirtualMemory<M>,
        pages: VirtualMemory<M>,
        certified: VirtualMemory<M>,
    ) -> Self {
        Gallery {
            entries: Table::open("gallery", entries),
            pages: Table::open("page of the gallery", pages),
            certified: Trie::open(certified),
        }
    }

    /// Empties it.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.pages.clear();
        self.certified.begin(0);
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> u64 {
        self.entries.len()
    }

    /// Puts an entry in its place. Gives the pages that are others now.
    pub(crate) fn put(&mut self, entry: &EntryRecord) -> Vec<Place> {
        let place = Place::new(entry.published_at, entry.item);
        self.entries.insert(place.0, entry);
        let page = self.page_of(place).unwrap_or_else(|| {
            self.pages.insert(START.0, &());
            START
        });
        let places: Vec<Place> = self.places(page).collect();
        let newer = self.newer(page);
        match places.len() {
            1 => [page].into_iter().chain(newer).collect(),
            2..=PAGE => vec![page],
            count => {
                let at = places[if newer.is_some() { count / 2 } else { count - 1 }];
                self.pages.insert(at.0, &());
                [page, at].into_iter().chain(newer).collect()
            }
        }
    }

    /// Takes an entry out, if it is there. Gives the pages that are others now, the one that is gone among them.
    pub(crate) fn remove(&mut self, place: Place) -> Vec<Place> {
        let Some(page) = self.page_of(place) else { return Vec::new() };
        if !self.entries.remove(&place.0) {
            return Vec::new();
        }
        if self.places(page).next().is_some() {
            return vec![page];
        }
        self.pages.remove(&page.0);
        [page].into_iter().chain(self.newer(page)).collect()
    }

    /// The entries of a page, the newest first; nothing where no page begins.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(crate) fn page(&self, page: Place) -> Result<Option<Vec<EntryRecord>>, Error> {
        if self.page_of(page) != Some(page) {
            return Ok(None);
        }
        let places: Vec<Place> = self.places(page).collect();
        places
            .iter()
            .rev()
            .filter_map(|place| self.entries.get(&place.0).transpose())
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The entries of all pages, from page to page.
    ///
    /// # Errors
    /// [`Error::Corrupt`], also where a page has too many or none, or entries are on no page.
    #[cfg(any(test, feature = "check"))]
    pub(crate) fn all_entries(&self) -> Result<Vec<EntryRecord>, Error> {
        let corrupt = |reason| Error::Corrupt { what: "gallery", reason };
        let (mut page, mut entries) = (self.newest(), Vec::new());
        while let Some(place) = page {
            let mut shown = self.page(place)?.unwrap_or_default();
            if !(1..=PAGE).contains(&shown.len()) {
                return Err(corrupt(format!("page {place} has {} entries", shown.len())));
            }
            if self.certified.get(place.file_name().as_bytes()).is_none() {
                return Err(corrupt(format!("page {place} is not certified")));
            }
            entries.append(&mut shown);
            page = self.older(place);
        }
        if entries.len() as u64 != self.entries.len() || self.pages.len() != u64::from(self.certified.len()) {
            let reason = format!(
                "{} entries, {} of them on pages; {} pages, {} certified",
                self.entries.len(),
                entries.len(),
                self.pages.len(),
                self.certified.len()
            );
            return Err(corrupt(reason));
        }
        Ok(entries)
    }

    /// The newest page.
    pub(crate) fn newest(&self) -> Option<Place> {
        self.pages.keys(..).next_back().map(Place)
    }

    /// The page after one, with what is older.
    pub(crate) fn older(&self, page: Place) -> Option<Place> {
        self.pages.keys(..page.0).next_back().map(Place)
    }

    /// The page before one, with what is newer.
    fn newer(&self, page: Place) -> Option<Place> {
        self.pages.keys((Bound::Excluded(page.0), Bound::Unbounded)).next().map(Place)
    }

    /// The page that a place is on.
    fn page_of(&self, place: Place) -> Option<Place> {
        self.pages.keys(..=place.0).next_back().map(Place)
    }

    /// The entries of a page, the oldest first.
    fn places(&self, page: Place) -> impl Iterator<Item = Place> {
        let end = self.newer(page).map_or(Bound::Unbounded, |newer| Bound::Excluded(newer.0));
        self.entries.keys((Bound::Included(page.0), end)).map(Place)
    }

    /// What is certified of all pages, by the names of their files.
    pub(crate) fn certified(&self) -> &Trie<VirtualMemory<M>> {
        &self.certified
    }

    /// Notes what is certified of a page; nothing of one that is gone.
    pub(crate) fn certify(&mut self, page: Place, below: Option<Hash>) {
        let name = page.file_name();
        match below {
            Some(below) => self.certified.insert(name.as_bytes(), below),
            None => {
                self.certified.remove(name.as_bytes());
            }
        }
    }
}

impl Place {
    /// The place of an item.
    pub(crate) fn new(published_at: u64, item: ItemId) -> Place {
        let mut place = [0; 18];
        place[..8].copy_from_slice(&published_at.to_be_bytes());
        place[8..].copy_from_slice(&item.0);
        Place(place)
    }

    /// The name of the file of the page that begins here.
    pub(crate) fn file_name(self) -> String {
        format!("{self}.json")
    }

    /// The page whose file has this name.
    pub(crate) fn of_file(name: &str) -> Option<Place> {
        let (published_at, item) = name.strip_suffix(".json")?.split_once('-')?;
        let place = Place::new(published_at.parse().ok()?, item.parse().ok()?);
        (place.file_name() == name).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut published_at, mut item) = ([0; 8], [0; 10]);
        published_at.copy_from_slice(&self.0[..8]);
        item.copy_from_slice(&self.0[8..]);
        write!(f, "{}-{}", u64::from_be_bytes(published_at), ItemId(item))
    }
}

#[cfg(test)]
mod tests;
