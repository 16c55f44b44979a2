//! Certifying anew all that there is, where answers have another form than those that are certified, or none are: after
//! an upgrade that brings another `FORM`, or from a layout without certification.
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
use crate::certify::hash::Hash;
use crate::hex;
use crate::store::{TokenId, Walk};

impl<M: Memory + Clone> Service<M> {
    /// Begins, unless everything is certified in the present form.
    pub(super) fn begin_certifying(&mut self) {
        let certified = &mut self.store.certified;
        if certified.paths.form() == FORM {
            return;
        }
        certified.paths.begin(FORM);
        certified.contents.begin(FORM);
        certified.items.clear();
        certified.places.clear();
        certified.by_content.clear();
        certified.paths.insert(b"<*>", answers::nowhere_hash());
        self.store.tokens.paths.begin(FORM);
        let is_empty = self.store.items.len() == 0;
        self.store.set_walk((!is_empty).then_some(Walk::Items(None)));
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
        while let Some(walk) = self.store.walk() {
            let (next, done) = match walk {
                Walk::Items(after) => self.certify_item_after(after),
                Walk::Tokens(after) => self.certify_token_after(after),
            };
            self.store.set_walk(next);
            done?;
            if enough() {
                break;
            }
        }
        Ok(self.is_certifying())
    }

    fn certify_item_after(&mut self, after: Option<ItemId>) -> (Option<Walk>, api::Result<()>) {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.0));
        let Some(id) = self.store.items.keys((from, Bound::Unbounded)).next() else {
            return (Some(Walk::Tokens(None)), Ok(()));
        };
        // What was published meanwhile is certified.
        let done = if self.store.certified.items.contains(&id) {
            Ok(())
        } else {
            self.item(ItemId(id)).and_then(|item| self.certify(ItemId(id), &item))
        };
        (Some(Walk::Items(Some(ItemId(id)))), done)
    }

    fn certify_token_after(&mut self, after: Option<TokenId>) -> (Option<Walk>, api::Result<()>) {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.0));
        let Some(id) = self.store.tokens.records.keys((from, Bound::Unbounded)).next().map(TokenId) else {
            return (None, Ok(()));
        };
        let done = if self.is_token_certified(id) { Ok(()) } else { self.certify_token_anew(id) };
        (Some(Walk::Tokens(Some(id))), done)
    }

    fn certify_token_anew(&mut self, id: TokenId) -> api::Result<()> {
        let Some(mut token) = self.store.tokens.records.get(&id.0).wire()? else { return Ok(()) };
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
        match (walk, first.as_str()) {
            (Walk::Items(_), SHA_256) => hex::parse::<{ size_of::<Hash>() }>(second).is_some(),
            (Walk::Tokens(_), SHA_256) => false,
            (walk, PRIVATE) => second.parse().is_ok_and(|id: TokenId| match walk {
                Walk::Tokens(Some(after)) if id <= after => false,
                _ => !self.is_token_certified(id),
            }),
            (Walk::Items(after), item) => item.parse().is_ok_and(|id: ItemId| {
                after.is_none_or(|after| id > after) && !self.store.certified.items.contains(&id.0)
            }),
            (Walk::Tokens(_), _) => false,
        }
    }
}
