//! Certifying anew all that there is, where answers have another form than those that are certified, or none are: after
//! an upgrade that brings another `FORM`, or from a layout without certification.
//!
//! The same way it goes where other origins are to be told that they may read. Answers for those of before then stay
//! valid until their turn comes: each record has the number of the origins that it is for.
//!
//! It goes in pieces, an item or a token each, as many to a message as a budget allows; how far it is stands in stable
//! memory, so that it goes on after an upgrade. What is published meanwhile is certified at once. A path on which
//! something may be that is not certified yet is answered by 503, without proof: a 404 would verify, and be wrong.

use std::ops::Bound;

use darkroom_api as api;
use darkroom_core::id::ItemId;
use ic_stable_structures::Memory;

use super::certification::SHA_256;
use super::tokens::PRIVATE;
use super::{Service, Wire};
use crate::certify::answer::FORM;
use crate::certify::answers;
use crate::certify::cors::Cors;
use crate::certify::hash::Hash;
use crate::hex;
use crate::store::{After, TokenId, Walk};

impl<M: Memory + Clone> Service<M> {
    /// Begins, unless everything is certified in the present form.
    ///
    /// # Errors
    /// `corrupt`.
    pub(super) fn begin_certifying(&mut self) -> api::Result<()> {
        let (_, cors) = self.store.origins().wire()?.present();
        let certified = &mut self.store.certified;
        if certified.paths.form() == FORM {
            return Ok(());
        }
        certified.paths.begin(FORM);
        certified.contents.begin(FORM);
        certified.items.clear();
        certified.places.clear();
        certified.by_content.clear();
        self.store.gallery.clear();
        let certified = &mut self.store.certified;
        certified.paths.insert(b"<*>", answers::nowhere_hash(&cors));
        self.store.tokens.paths.begin(FORM);
        self.begin_walk(true);
        Ok(())
    }

    /// Certifies for these origins from now on, and anew what is certified for others.
    ///
    /// # Errors
    /// `corrupt`.
    pub(super) fn certify_for(&mut self, cors: Cors) -> api::Result<()> {
        let mut origins = (*self.store.origins().wire()?).clone();
        if origins.present().1 == cors {
            return Ok(());
        }
        self.store.certified.paths.insert(b"<*>", answers::nowhere_hash(&cors));
        origins.push(cors);
        self.store.set_origins(&origins);
        self.begin_walk(self.store.walk().is_some_and(|walk| walk.from_nothing));
        Ok(())
    }

    /// Certifies everything as if nothing had been, but for the gallery, which is left out.
    ///
    /// # Errors
    /// Why something cannot be certified.
    #[cfg(any(test, feature = "check"))]
    pub(crate) fn certify_from_nothing(&mut self) -> api::Result<()> {
        self.store.certified.paths.begin(FORM.wrapping_add(1));
        self.begin_certifying()?;
        self.certify_metrics();
        while self.certify_some(|| false)? {}
        Ok(())
    }

    fn begin_walk(&mut self, from_nothing: bool) {
        let is_empty = self.store.items.len() == 0;
        self.store.set_walk((!is_empty).then(|| Walk::new(from_nothing)));
    }

    /// Has what is not certified certified by the timer: there is something.
    pub(super) fn certify_later(&mut self) {
        let from_nothing = self.store.walk().is_some_and(|walk| walk.from_nothing);
        self.store.set_walk(Some(Walk::new(from_nothing)));
    }

    /// Whether there is more to certify.
    pub(crate) fn is_certifying(&self) -> bool {
        self.store.walk().is_some()
    }

    /// Certifies until `enough` says so, at least one piece; true when there is more.
    ///
    /// # Errors
    /// Why an item or a token cannot be certified, such as a damaged record. It is passed over: it is not served, and holds
    /// up no other.
    pub(crate) fn certify_some(&mut self, enough: impl Fn() -> bool) -> api::Result<bool> {
        let mut origins = (*self.store.origins().wire()?).clone();
        let (number, _) = origins.present();
        while let Some(walk) = self.store.walk() {
            let (after, done) = match walk.after {
                After::Items(after) => self.certify_item_after(after, number),
                After::Tokens(after) => self.certify_token_after(after, number),
            };
            self.store.set_walk(after.map(|after| Walk { after, ..walk }));
            if after.is_none() {
                origins.keep_present();
                self.store.set_origins(&origins);
            }
            done?;
            if enough() {
                break;
            }
        }
        Ok(self.is_certifying())
    }

    fn certify_item_after(&mut self, after: Option<ItemId>, number: u32) -> (Option<After>, api::Result<()>) {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.0));
        let Some(id) = self.store.items.keys((from, Bound::Unbounded)).next() else {
            return (Some(After::Tokens(None)), Ok(()));
        };
        // What was published meanwhile is certified.
        let certified = self.store.certified.items.get(&id).ok().flatten();
        let done = if certified.is_some_and(|item| item.cors == number) {
            Ok(())
        } else {
            self.item(ItemId(id)).and_then(|item| self.certify(ItemId(id), &item))
        };
        (Some(After::Items(Some(ItemId(id)))), done)
    }

    fn certify_token_after(
        &mut self,
        after: Option<TokenId>,
        number: u32,
    ) -> (Option<After>, api::Result<()>) {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.0));
        let Some(id) = self.store.tokens.records.keys((from, Bound::Unbounded)).next().map(TokenId) else {
            return (None, Ok(()));
        };
        let done = self.certify_token_anew(id, number);
        (Some(After::Tokens(Some(id))), done)
    }

    fn certify_token_anew(&mut self, id: TokenId, number: u32) -> api::Result<()> {
        let Some(mut token) = self.store.tokens.records.get(&id.0).wire()? else { return Ok(()) };
        if self.is_token_certified(id) && token.cors == number {
            return Ok(());
        }
        let item = self.item(token.item)?;
        let Some(asset) = item.asset(token.asset.as_str()) else { return Ok(()) };
        self.certify_token(id, &mut token, &item, asset)?;
        self.store.tokens.records.insert(id.0, &token);
        self.certify_tokens();
        Ok(())
    }

    /// Whether something may be on a path that is not certified yet. Whether something is makes no difference.
    pub(crate) fn is_pending(&self, path: &[String]) -> bool {
        let (Some(walk), [first, rest @ ..]) = (self.store.walk(), path) else { return false };
        let second = rest.first().map_or("", String::as_str);
        match (walk.after, first.as_str()) {
            _ if !walk.from_nothing => false,
            (After::Items(_), SHA_256) => hex::parse::<{ size_of::<Hash>() }>(second).is_some(),
            (After::Tokens(_), SHA_256) => false,
            (after, PRIVATE) => second.parse().is_ok_and(|id: TokenId| match after {
                After::Tokens(Some(after)) if id <= after => false,
                _ => !self.is_token_certified(id),
            }),
            (After::Items(after), item) => item.parse().is_ok_and(|id: ItemId| {
                after.is_none_or(|after| id > after) && !self.store.certified.items.contains(&id.0)
            }),
            (After::Tokens(_), _) => false,
        }
    }
}
