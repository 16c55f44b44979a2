//! What is certified, shown in the gallery and opened by tokens: all of it follows from the items.

use std::collections::{BTreeMap, BTreeSet};

use darkroom_core::Digest;
use darkroom_core::id::{ChunkKey, ItemId};
use ic_certification::HashTree;
use ic_stable_structures::Memory;

use super::{Checker, all};
use crate::certify::answer::Answer;
use crate::service::{PRIVATE, gallery_entry, is_public};
use crate::store::{TokenId, content_key, owner_key, token_of};

impl<M: Memory + Clone> Checker<'_, M> {
    pub(super) fn check_certified(&mut self) {
        self.check_tokens();
        let walk = self.service.store.walk();
        if walk.is_some_and(|walk| walk.from_nothing) {
            // What is not certified yet is answered so; when it is, the rest can be told.
            return;
        }
        self.check_tables();
        self.check_gallery();
        self.check_shown();
        if walk.is_none() {
            self.check_root();
        }
    }

    /// What is in the tables is what is public.
    fn check_tables(&mut self) {
        let certified = &self.service.store.certified;
        let items: BTreeSet<ItemId> = certified.items.keys(..).map(ItemId).collect();
        let places: BTreeSet<Vec<u8>> = certified.places.keys(..).collect();
        let contents: BTreeSet<[u8; 32]> = certified.by_content.keys(..).collect();
        let public = || self.items.iter().filter(|(_, item)| is_public(item));
        let assets =
            || public().flat_map(|(id, item)| item.assets.iter().map(move |asset| (*id, item, asset)));
        let expected_items = public().map(|(id, _)| *id).collect();
        let expected_places = assets()
            .map(|(id, item, asset)| {
                content_key(&asset.sha256.0, item.published_at.unwrap_or_default(), id, asset.name.as_str())
            })
            .collect();
        let expected_contents = assets().map(|(_, _, asset)| asset.sha256.0).collect();
        self.same("certified items", &items, &expected_items);
        self.same("places of contents", &places, &expected_places);
        self.same("certified contents", &contents, &expected_contents);
    }

    /// Each address can show its answers, to each origin; no tree of answers is kept that none of them would read.
    fn check_shown(&mut self) {
        let service = &*self.service;
        let (root, mut trees, mut wrong) = (service.root(), BTreeSet::new(), Vec::new());
        let mut expect = |path: &[String], shown: Option<HashTree>| {
            if shown.is_none_or(|tree| tree.digest() != root) {
                wrong.push(format!("an answer at /{} cannot be shown", path.join("/")));
            }
        };
        for (id, item) in self.items.iter().filter(|(_, item)| is_public(item)) {
            for asset in &item.assets {
                let name = [id.to_string(), asset.name.to_string()];
                for path in [name, ["sha256".to_owned(), asset.sha256.to_string()]] {
                    let found = service.find(&path);
                    let variants = found.as_ref().map_or(1, |found| found.cors().variants());
                    let answers = [Answer::Head, Answer::Unchanged, Answer::Part(0)];
                    for (answer, variant) in
                        answers.into_iter().flat_map(|a| (0..variants).map(move |v| (a, v)))
                    {
                        let found = found.as_ref();
                        expect(&path, found.and_then(|found| service.prove(&path, found, answer, variant)));
                    }
                    trees.extend(found.and_then(|found| found.tree()));
                }
            }
        }
        for id in service.store.tokens.records.keys(..).map(TokenId) {
            let path = [PRIVATE.to_owned(), id.to_string()];
            let shared = service.find_shared(&path, 0);
            let variants = shared.as_ref().map_or(1, |shared| shared.cors().variants());
            for variant in 0..variants {
                let shared = shared.as_ref();
                expect(&path, shared.map(|shared| service.prove_shared(shared, Answer::Missing, variant)));
            }
            trees.extend(shared.and_then(|shared| shared.tree()));
        }
        let kept: BTreeSet<ChunkKey> = self.trees().into_keys().collect();
        let stale = kept.difference(&trees).count();
        self.found.append(&mut wrong);
        self.expect(stale == 0, || format!("{stale} trees of answers are of nothing"));
    }

    /// The gallery has what is public and can be shown, in pages.
    fn check_gallery(&mut self) {
        let found = self.service.store.gallery.all_entries();
        let expected: Vec<_> = self
            .items
            .iter()
            .filter(|(_, item)| is_public(item))
            .filter_map(|(id, item)| gallery_entry(*id, item))
            .collect();
        match found {
            Err(error) => self.found.push(format!("the gallery cannot be read: {error}")),
            Ok(mut found) => {
                let mut expected = expected;
                found.sort_by_key(|entry| entry.item);
                expected.sort_by_key(|entry| entry.item);
                self.same("gallery", &found, &expected);
            }
        }
    }

    /// Certified anew from nothing, everything has the same hash.
    fn check_root(&mut self) {
        // Where pages of the gallery begin follows from what came and went.
        self.service.switch_gallery(false);
        let (before, trees) = (self.service.public(), self.trees());
        if let Err(error) = self.service.certify_from_nothing() {
            self.found.push(format!("not everything can be certified: {error}"));
        }
        let after = self.service.public();
        self.expect(before == after, || {
            format!("what is certified has hash {before:02x?}; certified anew it has {after:02x?}")
        });
        // One for which there was no room is none.
        let anew = self.trees();
        let are_same = trees.iter().all(|(key, tree)| anew.get(key).is_none_or(|anew| anew == tree));
        self.expect(are_same, || "trees of answers are not those of what is certified".to_owned());
    }

    /// The trees of answers beside chunks, each with the SHA-256 of its bytes.
    fn trees(&self) -> BTreeMap<ChunkKey, Digest> {
        let chunks = &self.service.store.chunks;
        let trees = chunks.entries().filter(|(key, _, _)| chunks.is_tree(*key));
        trees.map(|(key, extent, _)| (key, Digest::of(&chunks.bytes(extent)))).collect()
    }

    fn check_tokens(&mut self) {
        let tokens = &self.service.store.tokens;
        let records = all(&tokens.records, &mut self.found);
        let by_owner: BTreeSet<Vec<u8>> = tokens.by_owner.keys(..).collect();
        let expiries: BTreeSet<[u8; 24]> = tokens.expiries.keys(..).collect();
        let (mut expected_owners, mut expected_expiries) = (BTreeSet::new(), BTreeSet::new());
        for (id, record) in records {
            let id = TokenId(id);
            expected_expiries.insert(id.expiry_key(record.expires_at));
            match self.items.get(&record.item) {
                Some(item) if item.private && item.draft.is_none() => {
                    expected_owners.insert(owner_key(&item.owner, Some(record.item), Some(id)));
                    if item.asset(record.asset.as_str()).is_none() {
                        self.found.push(format!("token {id} opens {}, which is not there", record.asset));
                    }
                }
                _ => self.found.push(format!("token {id} is for {}, which is no private item", record.item)),
            }
        }
        let odd = by_owner.iter().filter(|key| token_of(key).is_none()).count();
        self.expect(odd == 0, || format!("{odd} places of tokens name none"));
        self.same("tokens by owner", &by_owner, &expected_owners);
        self.same("expiries of tokens", &expiries, &expected_expiries);
    }
}
