//! What tokens open, certified.
//!
//! Of a token's path only the id is in the tree, and below it the answers to every path that begins with it: those of
//! the one asset that it opens, and 404 and 405. That the secret is the right one, and that the token has not expired,
//! is not certified: a proof would have to have the secret in it, and proofs that there is nothing at another path show
//! the labels beside it. So a proof shows ids at most, whatever is asked for, and 404 can be proved at any time, also for
//! a token that has expired and is still in the tree.

use darkroom_api as api;
use darkroom_core::id::ItemId;
use ic_certification::HashTree;
use ic_stable_structures::Memory;

use super::secret::is_right;
use super::{PRIVATE, TokenId};
use crate::certify::answer::{Address, Answer, Subject};
use crate::certify::answers;
use crate::certify::cors::Cors;
use crate::certify::known::Known;
use crate::service::{Service, Wire};
use crate::store::{AssetRecord, ItemRecord, TokenRecord};

/// A path below the id of a token.
pub(crate) struct Shared {
    id: TokenId,
    token: TokenRecord,
    item: ItemRecord,
    asset: AssetRecord,
    cors: Cors,
    is_open: bool,
}

impl Shared {
    /// What is to be served, to who has the secret.
    pub(crate) fn open(&self) -> Option<Subject<'_>> {
        self.is_open.then(|| subject(&self.token, &self.item, &self.asset))
    }

    /// The origins that its answers are for.
    pub(crate) fn cors(&self) -> &Cors {
        &self.cors
    }

    /// Where the tree of its answers is, if one is kept.
    #[cfg(any(test, feature = "check"))]
    pub(crate) fn tree(&self) -> Option<darkroom_core::id::ChunkKey> {
        let subject = subject(&self.token, &self.item, &self.asset);
        crate::service::certification::tree_of(&self.token.answers, &subject)
    }

    /// Where the answers to the path are in the tree.
    pub(crate) fn labels(&self) -> [String; 4] {
        ["http_expr", PRIVATE, &self.id.to_string(), answers::ANY_PATH].map(str::to_owned)
    }
}

fn subject<'a>(token: &TokenRecord, item: &'a ItemRecord, asset: &'a AssetRecord) -> Subject<'a> {
    Subject {
        address: Address::Token { check: token.check, tree: token.tree },
        asset,
        file_name: &item.file_name,
        published_at: item.since(asset),
    }
}

impl<M: Memory + Clone> Service<M> {
    /// Certifies what a token opens; [`certify_tokens`](Self::certify_tokens) makes it part of the whole.
    pub(in crate::service) fn certify_token(
        &mut self,
        id: TokenId,
        token: &mut TokenRecord,
        item: &ItemRecord,
        asset: &AssetRecord,
    ) -> api::Result<()> {
        let address = Address::Token { check: token.check, tree: token.tree };
        let (number, cors) = self.store.origins().wire()?.present();
        token.answers = self.certify_asset(address, item, asset, &cors, &mut Known::default());
        token.cors = number;
        self.store.tokens.paths.insert(id.to_string().as_bytes(), token.answers.path());
        Ok(())
    }

    /// Whether a token of this id is certified.
    pub(in crate::service) fn is_token_certified(&self, id: TokenId) -> bool {
        self.store.tokens.paths.contains(id.to_string().as_bytes())
    }

    /// Takes a token from what is certified.
    pub(super) fn forget_token(&mut self, id: TokenId, token: &TokenRecord, item: &ItemRecord) {
        self.store.tokens.paths.remove(id.to_string().as_bytes());
        if let Some(asset) = item.asset(token.asset.as_str()) {
            self.forget_tree(asset, token.tree);
        }
    }

    /// Puts the tree of tokens in its place.
    pub(in crate::service) fn certify_tokens(&mut self) {
        let (paths, tokens) = (&mut self.store.certified.paths, &self.store.tokens.paths);
        if tokens.len() == 0 {
            paths.remove(PRIVATE.as_bytes());
        } else {
            paths.insert(PRIVATE.as_bytes(), tokens.hash());
        }
    }

    /// The token whose id a path begins with. It opens its asset, with the right secret and until it expires, and nothing
    /// else.
    pub(crate) fn find_shared(&self, path: &[String], now: u64) -> Option<Shared> {
        let [private, id, rest @ ..] = path else { return None };
        let id: TokenId = id.parse().ok().filter(|id| private == PRIVATE && self.is_token_certified(*id))?;
        let token = self.store.tokens.records.get(&id.0).ok()??;
        let item = self.store.items.get(&token.item.0).ok()??;
        let asset = item.asset(token.asset.as_str())?.clone();
        let is_open = match rest {
            [secret, item, asset] => {
                // The secret is compared first and whatever else is wrong: only who has it learns what it is for.
                let is_right = is_right(&token.check, id, secret);
                let is_its_own = item.parse::<ItemId>().is_ok_and(|item| item == token.item)
                    && asset == token.asset.as_str();
                is_right & is_its_own & (token.expires_at > now)
            }
            _ => false,
        };
        let cors = self.store.origins().ok()?.get(token.cors);
        Some(Shared { id, token, item, asset, cors, is_open })
    }

    /// Shows an answer on a path below a token's id.
    pub(crate) fn prove_shared(&self, shared: &Shared, answer: Answer, variant: usize) -> HashTree {
        let subject = subject(&shared.token, &shared.item, &shared.asset);
        let mut below = Some(self.show(&shared.token.answers, &subject, answer, (&shared.cors, variant)));
        let id = shared.id.to_string();
        let tree = self.store.certified.paths.witness(&[PRIVATE.as_bytes()], |_| {
            Some(self.store.tokens.paths.witness(&[id.as_bytes()], |_| below.take()))
        });
        ic_certification::labeled("http_expr", tree)
    }

    /// Shows that no token has this id.
    pub(in crate::service) fn prove_no_token(&self, id: &str) -> HashTree {
        self.store.tokens.paths.witness(&[id.as_bytes(), b"", b"<$>", b"<*>"], |_| None)
    }
}
