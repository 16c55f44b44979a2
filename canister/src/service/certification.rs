//! Certification of what is public: kept with each change, in time that does not depend on how much there is.

use std::borrow::Cow;
use std::ops::Bound;

use darkroom_api as api;
use darkroom_core::Digest;
#[cfg(any(test, feature = "check"))]
use darkroom_core::id::ChunkKey;
use darkroom_core::id::{BlobId, ItemId};
use ic_certification::HashTree;
use ic_stable_structures::Memory;

use super::access::is_public;
use super::description::describe;
use super::gallery::GALLERY;
use super::tokens::PRIVATE;
use super::{METRICS, Service, Wire};
use crate::certify::answer::{Address, Answer, Subject};
use crate::certify::answers;
use crate::certify::cors::Cors;
use crate::certify::hash::{self, Hash};
use crate::certify::known::Known;
use crate::certify::labels::Labels;
use crate::certify::skip;
use crate::hex;
#[cfg(any(test, feature = "check"))]
use crate::store::tree_key;
use crate::store::{
    AnswersRecord, AssetRecord, CertifiedAsset, CertifiedContent, CertifiedItem, ItemRecord, Location,
    content_key, parse_content_key,
};

/// The label of answers on a very path.
pub(super) const VERY_PATH: &str = "<$>";
pub(super) const HTTP_EXPR: &str = "http_expr";
pub(super) const SHA_256: &str = "sha256";

/// A public asset that a path leads to.
pub(crate) struct Found {
    address: Address,
    item: ItemRecord,
    asset: AssetRecord,
    answers: AnswersRecord,
    cors: Cors,
    /// Of the item at its address.
    siblings: Option<CertifiedItem>,
}

impl Found {
    /// What is to be served.
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            address: self.address,
            asset: &self.asset,
            file_name: &self.item.file_name,
            published_at: self.item.since(&self.asset),
        }
    }
}

impl Found {
    /// The origins that its answers are for.
    pub(crate) fn cors(&self) -> &Cors {
        &self.cors
    }
}

#[cfg(any(test, feature = "check"))]
impl Found {
    /// Where the tree of its answers is, if one is kept.
    pub(crate) fn tree(&self) -> Option<ChunkKey> {
        tree_of(&self.answers, &self.subject())
    }
}

/// Where the tree of a subject's answers is, if one is kept.
#[cfg(any(test, feature = "check"))]
pub(super) fn tree_of(answers: &AnswersRecord, subject: &Subject<'_>) -> Option<ChunkKey> {
    let blob = many_chunks(subject.asset).filter(|_| answers.labels().is_none())?;
    Some(tree_key(blob, number(subject.address)))
}

impl<M: Memory + Clone> Service<M> {
    /// The origins that answers are for where nothing is.
    ///
    /// # Errors
    /// `corrupt`.
    pub(crate) fn cors(&self) -> api::Result<Cors> {
        Ok(self.store.origins().wire()?.present().1)
    }

    /// The hash that the network certifies.
    pub(crate) fn root(&self) -> Hash {
        hash::labeled(HTTP_EXPR.as_bytes(), &self.public())
    }

    /// The hash of all that is public: while it stays, so does [`root`](Service::root).
    pub(crate) fn public(&self) -> Hash {
        self.store.certified.paths.hash()
    }

    /// Certifies an item, as it is stored, at all its addresses and in the gallery, if it is published and everybody may
    /// see it. One that is certified already gets the answers that it has now.
    pub(super) fn certify(&mut self, id: ItemId, item: &ItemRecord) -> api::Result<()> {
        if !is_public(item) {
            return Ok(());
        }
        let mut known = Known::default();
        let origins = self.store.origins().wire()?.present();
        for asset in &item.assets {
            answers::expect(&subject(Address::Name, item, asset), &origins.1, &mut known);
        }
        let description = describe(id, item).for_origins(&origins.1).hash(&mut known);
        // What may fail comes first.
        self.exhibit(id, item, &mut known)?;
        let mut assets = Vec::with_capacity(item.assets.len());
        for asset in &item.assets {
            let answers = self.certify_asset(Address::Name, item, asset, &origins.1, &mut known);
            assets.push(CertifiedAsset { name: asset.name.clone(), answers, cors: origins.0 });
        }
        let published_at = item.published_at.unwrap_or_default();
        for asset in &item.assets {
            let key = content_key(&asset.sha256.0, published_at, id, asset.name.as_str());
            self.store.certified.places.insert(key, &());
            self.certify_content(asset.sha256, Some((id, item)), &origins, &mut known);
        }
        self.certify_contents();
        // The last, for by this it counts as certified.
        let certified = CertifiedItem { assets, description, cors: origins.0 };
        self.store.certified.paths.insert(id.to_string().as_bytes(), labels_of(&certified).hash());
        self.store.certified.items.insert(id.0, &certified);
        Ok(())
    }

    /// Takes an item that goes from all its addresses.
    pub(super) fn forget_certified(&mut self, id: ItemId, item: &ItemRecord) -> api::Result<()> {
        if !self.store.certified.items.contains(&id.0) {
            return Ok(());
        }
        let origins = self.store.origins().wire()?.present();
        self.withdraw(id, item)?;
        self.store.certified.items.remove(&id.0);
        self.store.certified.paths.remove(id.to_string().as_bytes());
        let published_at = item.published_at.unwrap_or_default();
        for asset in &item.assets {
            let key = content_key(&asset.sha256.0, published_at, id, asset.name.as_str());
            self.store.certified.places.remove(&key);
        }
        for asset in &item.assets {
            self.certify_content(asset.sha256, None, &origins, &mut Known::default());
        }
        self.certify_contents();
        Ok(())
    }

    /// Certifies a content at the first of its places, unless that is done; one without a place is gone. An item that is at
    /// hand is not read; of one that is damaged the place is none.
    fn certify_content(
        &mut self,
        sha256: Digest,
        at_hand: Option<(ItemId, &ItemRecord)>,
        (origins, cors): &(u32, Cors),
        known: &mut Known,
    ) {
        let label = sha256.to_string();
        let present = self.store.certified.by_content.get(&sha256.0).ok().flatten();
        let mut from = Bound::Included(sha256.0.to_vec());
        let (id, name, item) = loop {
            let range = (from, Bound::Included([sha256.0.as_slice(), &[0xff]].concat()));
            let Some(key) = self.store.certified.places.keys(range).next() else {
                self.store.certified.by_content.remove(&sha256.0);
                self.store.certified.contents.remove(label.as_bytes());
                return;
            };
            if let Some((id, name)) = parse_content_key(&key) {
                let is_same = |present: &CertifiedContent| {
                    present.item == id && present.name == name && present.cors == *origins
                };
                if present.as_ref().is_some_and(is_same) {
                    return;
                }
                let item = match at_hand {
                    Some((other, item)) if other == id => Some(Cow::Borrowed(item)),
                    _ => self.item(id).ok().map(Cow::Owned),
                };
                if let Some(item) = item.filter(|item| item.asset(name.as_str()).is_some()) {
                    break (id, name, item);
                }
            }
            from = Bound::Excluded(key);
        };
        let Some(asset) = item.asset(name.as_str()) else { return };
        let answers = self.certify_asset(Address::Content, &item, asset, cors, known);
        // The tree of where it was is no longer asked for.
        if let Some(left) = present.filter(|present| (present.item, &present.name) != (id, &name))
            && let Ok(item) = self.item(left.item)
            && let Some(asset) = item.asset(left.name.as_str())
        {
            self.forget_tree(asset, number(Address::Content));
        }
        let certified = &mut self.store.certified;
        certified.contents.insert(label.as_bytes(), answers.path());
        certified.by_content.insert(sha256.0, &CertifiedContent { item: id, name, answers, cors: *origins });
    }

    /// Puts the tree of contents in its place.
    fn certify_contents(&mut self) {
        let certified = &mut self.store.certified;
        if certified.contents.len() == 0 {
            certified.paths.remove(SHA_256.as_bytes());
        } else {
            certified.paths.insert(SHA_256.as_bytes(), certified.contents.hash());
        }
    }

    pub(super) fn certify_asset(
        &mut self,
        address: Address,
        item: &ItemRecord,
        asset: &AssetRecord,
        cors: &Cors,
        known: &mut Known,
    ) -> AnswersRecord {
        let subject = subject(address, item, asset);
        let (record, tree) = self.answers(&subject, cors, known);
        if let Some(blob) = many_chunks(asset) {
            let chunks = &mut self.store.chunks;
            // One of before would be shown for this one.
            chunks.remove_tree(blob, number(address));
            if record.labels().is_none() {
                // Without room for it answers are made again when they are asked for: nothing else depends on it.
                let _ = chunks.put_tree(blob, number(address), &tree);
            }
        }
        record
    }

    /// All answers to a subject, and their tree.
    fn answers(&self, subject: &Subject<'_>, cors: &Cors, known: &mut Known) -> (AnswersRecord, Vec<u8>) {
        match many_chunks(subject.asset) {
            None => answers::certify(subject, cors, [subject.asset.sha256], known),
            Some(blob) => answers::certify(subject, cors, self.store.chunks.digests(blob), known),
        }
    }

    /// The public asset that a path leads to. What is private is looked for nowhere.
    pub(crate) fn find(&self, path: &[String]) -> Option<Found> {
        let [first, second] = path else { return None };
        let certified = &self.store.certified;
        let (address, id, name, answers, number, siblings) = if first == SHA_256 {
            let content = certified.by_content.get(&hex::parse(second)?).ok()??;
            (Address::Content, content.item, content.name, content.answers, content.cors, None)
        } else {
            let id: ItemId = first.parse().ok()?;
            let siblings = certified.items.get(&id.0).ok()??;
            let own = siblings.assets.iter().find(|asset| asset.name.as_str() == second)?.clone();
            (Address::Name, id, own.name, own.answers, own.cors, Some(siblings))
        };
        let item = self.store.items.get(&id.0).ok()??;
        let asset = item.asset(name.as_str())?.clone();
        let cors = self.store.origins().ok()?.get(number);
        Some(Found { address, item, asset, answers, cors, siblings })
    }

    /// Shows an answer on the path of an asset.
    pub(crate) fn prove(
        &self,
        path: &[String],
        found: &Found,
        answer: Answer,
        variant: usize,
    ) -> Option<HashTree> {
        let [first, second] = path else { return None };
        let mut below = Some(self.show(&found.answers, &found.subject(), answer, (&found.cors, variant)));
        let mut open = |label: &[u8]| if label == second.as_bytes() { below.take() } else { None };
        let certified = &self.store.certified;
        let tree = certified.paths.witness(&[first.as_bytes()], |_| match &found.siblings {
            Some(siblings) => Some(labels_of(siblings).witness(&mut open)),
            None => Some(certified.contents.witness(&[second.as_bytes()], &mut open)),
        });
        Some(ic_certification::labeled(HTTP_EXPR, tree))
    }

    /// Shows an answer to a subject among all answers to it, which are for these origins.
    pub(super) fn show(
        &self,
        answers: &AnswersRecord,
        subject: &Subject<'_>,
        answer: Answer,
        (cors, variant): (&Cors, usize),
    ) -> HashTree {
        if answers.labels().is_some() || answer == Answer::Head {
            return answers::witness(answers, subject, answer, variant, |_, _| ());
        }
        let tree = many_chunks(subject.asset).and_then(|blob| {
            let bytes = answers::tree_len(answers.kept());
            self.store.chunks.tree(blob, number(subject.address), bytes)
        });
        if let Some(tree) = tree {
            return answers::witness(answers, subject, answer, variant, tree);
        }
        let (_, tree) = self.answers(subject, cors, &mut Known::default());
        answers::witness(answers, subject, answer, variant, |at, bytes| {
            // What is not there is shown as nothing that verifies.
            bytes.copy_from_slice(tree.get(at..at + bytes.len()).unwrap_or(&[0; 32]));
        })
    }

    /// Frees a tree of answers that was kept beside an asset's chunks, if one was.
    pub(super) fn forget_tree(&mut self, asset: &AssetRecord, number: u32) {
        if let Some(blob) = many_chunks(asset) {
            self.store.chunks.remove_tree(blob, number);
        }
    }

    /// Shows the answer on a path where nothing is, and that nothing is there.
    pub(crate) fn prove_nothing(
        &self,
        path: &[String],
        is_allowed: bool,
        cors: &Cors,
        variant: usize,
    ) -> HashTree {
        let [first, second] = [0, 1].map(|at| path.get(at).map_or("", String::as_str));
        let certified = &self.store.certified;
        let tree = certified.paths.witness(&[first.as_bytes(), b"", b"<*>"], |label| {
            if label == b"<*>" {
                return Some(answers::nowhere_witness(cors, variant, is_allowed));
            }
            if label == PRIVATE.as_bytes() {
                return Some(self.prove_no_token(second));
            }
            if label == METRICS.as_bytes() {
                return Some(skip::outline());
            }
            if label == SHA_256.as_bytes() {
                let labels = [second.as_bytes(), b"", b"<$>", b"<*>"];
                return Some(certified.contents.witness(&labels, |_| {
                    let content = certified.by_content.get(&hex::parse(second)?).ok()??;
                    Some(answers::outline(&content.answers))
                }));
            }
            if label.is_empty() {
                return Some(self.outline_of_page());
            }
            if label == GALLERY.as_bytes() {
                return Some(self.prove_nothing_in_gallery(path.get(1..).unwrap_or_default()));
            }
            let id: ItemId = first.parse().ok()?;
            let item = certified.items.get(&id.0).ok()??;
            Some(labels_of(&item).all(|label| {
                if label != second.as_bytes() {
                    return None;
                }
                if second == VERY_PATH {
                    let cors = self.store.origins().ok()?.get(item.cors);
                    let item = self.store.items.get(&id.0).ok()??;
                    return Some(describe(id, &item).for_origins(&cors).outline());
                }
                let asked = item.assets.iter().find(|asset| asset.name.as_str() == second)?;
                Some(answers::outline(&asked.answers))
            }))
        });
        ic_certification::labeled(HTTP_EXPR, tree)
    }
}

fn subject<'a>(address: Address, item: &'a ItemRecord, asset: &'a AssetRecord) -> Subject<'a> {
    Subject { address, asset, file_name: &item.file_name, published_at: item.since(asset) }
}

/// What is below an item: its description and its assets.
pub(super) fn labels_of(item: &CertifiedItem) -> Labels {
    let description = (VERY_PATH.as_bytes().to_vec(), item.description);
    let asset = |asset: &CertifiedAsset| (asset.name.as_str().as_bytes().to_vec(), asset.answers.path());
    Labels::new(item.assets.iter().map(asset).chain([description]))
}

/// The blob of an asset of more than one chunk.
fn many_chunks(asset: &AssetRecord) -> Option<BlobId> {
    match &asset.location {
        Location::Chunks { blob, count: 2.., .. } => Some(*blob),
        _ => None,
    }
}

/// Which of a blob's trees is that of an address.
fn number(address: Address) -> u32 {
    match address {
        Address::Name => 0,
        Address::Content => 1,
        Address::Token { tree, .. } => tree,
    }
}
