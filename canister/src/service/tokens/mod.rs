//! Tokens for assets of private items: created, revoked and listed by the item's owner, and ended when their time is
//! over or their item goes. What they open is in `shared`.

mod list;
mod secret;
mod shared;

use darkroom_api as api;
use darkroom_core::id::ItemId;
use ic_stable_structures::Memory;

pub(crate) use shared::Shared;

use super::config::NANOS;
use super::read::known_asset;
use super::{Service, Wire};
use crate::env::Caller;
use crate::store::{AssetRecord, ItemRecord, TokenId, TokenRecord, owner_key, token_of};
use secret::Secret;

/// The first segment of the paths that tokens open.
pub(crate) const PRIVATE: &str = "private";

/// Tokens of one item at a time.
const MAX_TOKENS: usize = 100;
/// How long a token is valid where nothing is said, in seconds: a day.
const LIFETIME: u64 = 24 * 60 * 60;
const MIN_LIFETIME: u64 = 60;
const MAX_LIFETIME: u64 = 366 * 24 * 60 * 60;
/// The first number of a token's tree: those before are of the public addresses.
const FIRST_TREE: u32 = 2;

/// What a token is asked for.
struct Wanted {
    id: ItemId,
    item: ItemRecord,
    asset: AssetRecord,
    /// Nanoseconds.
    lifetime: u64,
}

impl<M: Memory + Clone> Service<M> {
    /// Refuses what [`create_token`](Self::create_token) would, before randomness is asked for.
    pub(crate) fn check_token(
        &mut self,
        caller: Caller,
        now: u64,
        args: &api::CreateToken,
    ) -> api::Result<()> {
        self.wanted(caller, now, args).map(|_| ())
    }

    /// Makes a token for an asset of a private item of the caller's from 32 random bytes.
    ///
    /// # Errors
    /// `invalid_name`, `item_not_found`, `forbidden`, `item_not_published`, `item_public`, `asset_not_found`,
    /// `invalid_argument` for the lifetime, `limit`, `store_full`.
    pub(crate) fn create_token(
        &mut self,
        caller: Caller,
        now: u64,
        args: &api::CreateToken,
        random: [u8; 32],
    ) -> api::Result<api::CreatedToken> {
        let Wanted { id, item, asset, lifetime } = self.wanted(caller, now, args)?;
        let (token, secret) = Secret::split(random);
        let taken = self.tokens_of(&item.owner, id).into_iter().map(|token| self.token(token));
        let taken: Vec<u32> = taken.filter_map(|record| Some(record.ok()??.tree)).collect();
        let free = (FIRST_TREE..).find(|tree| !taken.contains(tree));
        let mut record = TokenRecord {
            item: id,
            asset: asset.name.clone(),
            check: secret.check(token),
            created_at: now,
            expires_at: now.saturating_add(lifetime),
            tree: free.unwrap_or(FIRST_TREE),
            answers: Default::default(),
            cors: 0,
        };
        self.certify_token(token, &mut record, &item, &asset)?;
        let tokens = &mut self.store.tokens;
        tokens.records.insert(token.0, &record);
        tokens.by_owner.insert(owner_key(&item.owner, Some(id), Some(token)), &());
        tokens.expiries.insert(token.expiry_key(record.expires_at), &());
        self.certify_tokens();
        let path = format!("/{PRIVATE}/{token}/{}/{id}/{}", secret.text(), asset.name);
        Ok(api::CreatedToken { token: wire(token, &record), path })
    }

    /// Ends a token of an item of the caller's.
    ///
    /// # Errors
    /// `token_not_found`, also for tokens of others.
    pub(crate) fn revoke_token(&mut self, caller: Caller, now: u64, token: &str) -> api::Result<()> {
        let missing = || {
            let shown: String = token.chars().take(32).collect();
            let message = format!("{} has no valid token `{shown}`", caller.principal);
            api::Error::new(api::code::TOKEN_NOT_FOUND, message)
        };
        let id: TokenId = token.parse().map_err(|()| missing())?;
        let record = self.token(id)?.filter(|record| record.expires_at > now).ok_or_else(missing)?;
        let item = self.own_item(caller, record.item).map_err(|_| missing())?;
        self.end_token(id, &record, &item);
        Ok(())
    }

    /// Ends up to `most` tokens whose time is over; true when there may be more.
    pub(crate) fn reap_tokens(&mut self, now: u64, most: usize) -> api::Result<bool> {
        let end = TokenId([0xff; 16]).expiry_key(now);
        let due: Vec<_> = self.store.tokens.expiries.keys(..=end).take(most).collect();
        for key in &due {
            self.store.tokens.expiries.remove(key);
            if let Some(id) = token_of(key)
                && let Some(record) = self.token(id)?
            {
                let item = self.item(record.item)?;
                self.end_token(id, &record, &item);
            }
        }
        Ok(due.len() == most)
    }

    /// Has the tokens of an item open what has taken the place of their assets, and ends those of assets that are gone.
    pub(super) fn revise_tokens(
        &mut self,
        id: ItemId,
        old: &ItemRecord,
        new: &ItemRecord,
    ) -> api::Result<()> {
        for token in self.tokens_of(&old.owner, id) {
            let Some(mut record) = self.token(token)? else { continue };
            let asset = record.asset.as_str();
            match new.asset(asset) {
                None => self.end_token(token, &record, old),
                Some(asset) if old.asset(asset.name.as_str()) != Some(asset) => {
                    self.forget_token(token, &record, old);
                    self.certify_token(token, &mut record, new, asset)?;
                    self.store.tokens.records.insert(token.0, &record);
                    self.certify_tokens();
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Ends all tokens of an item that goes.
    pub(super) fn end_tokens(&mut self, id: ItemId, item: &ItemRecord) -> api::Result<()> {
        for token in self.tokens_of(&item.owner, id) {
            if let Some(record) = self.token(token)? {
                self.end_token(token, &record, item);
            }
        }
        Ok(())
    }

    /// Removes a token with all that is kept of it.
    fn end_token(&mut self, id: TokenId, record: &TokenRecord, item: &ItemRecord) {
        let tokens = &mut self.store.tokens;
        tokens.records.remove(&id.0);
        tokens.by_owner.remove(&owner_key(&item.owner, Some(record.item), Some(id)));
        tokens.expiries.remove(&id.expiry_key(record.expires_at));
        self.forget_token(id, record, item);
        self.certify_tokens();
    }

    /// What a token is asked for, checked; tokens of the item whose time is over are ended first.
    fn wanted(&mut self, caller: Caller, now: u64, args: &api::CreateToken) -> api::Result<Wanted> {
        let refuse = |code, message| Err(api::Error::new(code, message));
        self.check_uploader(caller)?;
        let id: ItemId = args.item.parse().wire()?;
        let item = self.own_item(caller, id)?;
        if item.draft.is_some() {
            return refuse(
                api::code::ITEM_NOT_PUBLISHED,
                format!("item `{id}` is not published; only assets that no longer change can be shared"),
            );
        }
        if !item.private {
            return refuse(
                api::code::ITEM_PUBLIC,
                format!("item `{id}` is public: everybody can read it at /{id}/<asset>, without a token"),
            );
        }
        let asset = known_asset(id, &item, &args.asset)?.clone();
        let found = args.lifetime_seconds.unwrap_or(LIFETIME);
        if !(MIN_LIFETIME..=MAX_LIFETIME).contains(&found) {
            let message =
                format!("lifetime_seconds is {found}; {MIN_LIFETIME} to {MAX_LIFETIME} are allowed");
            return refuse(api::code::INVALID_ARGUMENT, message);
        }
        self.end_expired(id, &item, now)?;
        let held = self.tokens_of(&item.owner, id).len();
        if held >= MAX_TOKENS {
            let message = format!(
                "item `{id}` has {held} valid tokens; {MAX_TOKENS} are allowed: revoke one, or wait until one expires"
            );
            return refuse(api::code::LIMIT, message);
        }
        Ok(Wanted { id, item, asset, lifetime: found * NANOS })
    }

    /// Ends the tokens of an item whose time is over.
    fn end_expired(&mut self, id: ItemId, item: &ItemRecord, now: u64) -> api::Result<()> {
        for token in self.tokens_of(&item.owner, id) {
            if let Some(record) = self.token(token)?.filter(|record| record.expires_at <= now) {
                self.end_token(token, &record, item);
            }
        }
        Ok(())
    }

    fn tokens_of(&self, owner: &[u8], id: ItemId) -> Vec<TokenId> {
        let prefix = owner_key(owner, Some(id), None);
        let keys = self.store.tokens.by_owner.keys(prefix.clone()..);
        keys.take_while(|key| key.starts_with(&prefix)).filter_map(|key| token_of(&key)).collect()
    }

    fn token(&self, id: TokenId) -> api::Result<Option<TokenRecord>> {
        self.store.tokens.records.get(&id.0).wire()
    }
}

fn wire(id: TokenId, record: &TokenRecord) -> api::Token {
    api::Token {
        id: id.to_string(),
        item: record.item.to_string(),
        asset: record.asset.to_string(),
        created_at: record.created_at,
        expires_at: record.expires_at,
    }
}
