//! What readers do: gateways, lists, whoever has a token; and owners who have derivatives made again.

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Gateway, principal};

use crate::model::Soak;

impl Soak {
    /// A whole original as a gateway has it, each part verified; of a private one nothing.
    pub(crate) fn serve(&mut self) -> String {
        self.certified();
        let Some(at) = self.pick(|upload| upload.published) else { return "nothing".to_owned() };
        let upload = &self.uploads[at];
        let gateway = Gateway::new(&self.darkroom);
        let url = format!("/{}/original", upload.item);
        if upload.is_private() {
            assert_eq!(gateway.get("GET", &url, &[]).status_code, 404);
            for path in upload.tokens.values() {
                assert_eq!(Digest::of(&gateway.whole(path).1), upload.file.sha256(), "{path}");
            }
            return "404, private".to_owned();
        }
        let (first, bytes) = gateway.whole(&url);
        assert_eq!(Digest::of(&bytes), upload.file.sha256(), "{url}");
        let (_, bytes) = gateway.whole(&format!("/sha256/{}", upload.file.sha256()));
        assert_eq!(Digest::of(&bytes), upload.file.sha256(), "{url}");
        format!("200 or {}", first.status_code)
    }

    /// Everybody sees what is published and public, and nothing else.
    pub(crate) fn list(&mut self) -> String {
        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let args = api::ListItems { after, limit: Some(7) };
            let page: api::Result<api::ItemPage> =
                self.darkroom.query_as(candid::Principal::anonymous(), "items", (args,));
            let page = page.unwrap();
            listed.extend(page.items.into_iter().map(|item| item.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.look_at_photos();
        let uploads = self.uploads.iter().filter(|upload| upload.published && !upload.is_private());
        let photos = self.photos.iter().filter(|photo| photo.published).map(|photo| photo.item.clone());
        let mut expected: Vec<String> = uploads.map(|upload| upload.item.clone()).chain(photos).collect();
        expected.sort();
        listed.sort();
        assert_eq!(listed, expected);
        format!("{} items", listed.len())
    }

    /// What is published stays; what is not may end with its time.
    pub(crate) fn look_at_photos(&mut self) {
        let darkroom = &self.darkroom;
        self.photos.retain_mut(|photo| {
            let item: api::Result<api::Item> =
                darkroom.query_as(principal(photo.who), "item", (&photo.item,));
            match item {
                Ok(item) => {
                    let is_published = item.state == api::item_state::PUBLISHED;
                    assert!(is_published || !photo.published, "{item:?}");
                    photo.published = is_published;
                    if is_published {
                        let names: Vec<_> = item.assets.iter().map(|asset| asset.name.as_str()).collect();
                        assert_eq!(names, ["original", "preview", "thumbnail"], "{item:?}");
                    }
                    true
                }
                Err(error) => {
                    assert!(!photo.published && error.code == api::code::ITEM_NOT_FOUND, "{error}");
                    false
                }
            }
        });
    }

    /// Derivatives are made again, also those that failed; or the photo goes.
    pub(crate) fn reprocess(&mut self) -> String {
        self.look_at_photos();
        if self.photos.is_empty() {
            return "nothing".to_owned();
        }
        let at = self.dice.below(self.photos.len());
        let (who, item) = (principal(self.photos[at].who), self.photos[at].item.clone());
        if self.dice.below(3) == 0 {
            self.darkroom.delete_as(who, &item).unwrap();
            self.photos.swap_remove(at);
            return "deleted".to_owned();
        }
        let verify = (self.photos[at].published && self.dice.below(2) == 0).then_some(true);
        let args = api::Reprocess { item, verify, ..Default::default() };
        let begun: api::Result<api::Reprocessed> = self.darkroom.update_as(who, "reprocess", (args,));
        begun.map_or_else(
            |error| panic!("{error}"),
            |begun| match begun.revision {
                Some(_) => "revision".to_owned(),
                None => "none".to_owned(),
            },
        )
    }

    /// A token is made and opens its item, or is revoked and opens nothing.
    pub(crate) fn token(&mut self) -> String {
        self.certified();
        let Some(at) = self.pick(|upload| upload.published && upload.is_private()) else {
            return "nothing".to_owned();
        };
        let who = principal(self.uploads[at].who);
        if self.dice.below(3) == 0
            && let Some((id, path)) = self.uploads[at].tokens.pop_first()
        {
            self.darkroom.update_as::<api::Result<()>>(who, "revoke_token", (id,)).unwrap();
            assert_eq!(Gateway::new(&self.darkroom).get("GET", &path, &[]).status_code, 404);
            return "revoked".to_owned();
        }
        let args = api::CreateToken {
            item: self.uploads[at].item.clone(),
            asset: "original".to_owned(),
            // Longer than a run.
            lifetime_seconds: Some(366 * 24 * 60 * 60),
        };
        match self.darkroom.update_as::<api::Result<api::CreatedToken>>(who, "create_token", (args,)) {
            Ok(created) => {
                let (_, bytes) = Gateway::new(&self.darkroom).whole(&created.path);
                assert_eq!(Digest::of(&bytes), self.uploads[at].file.sha256());
                self.uploads[at].tokens.insert(created.token.id, created.path);
                "created".to_owned()
            }
            Err(error) => {
                assert_eq!(error.code, api::code::LIMIT, "{error}");
                error.code
            }
        }
    }
}
