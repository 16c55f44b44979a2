//! Pages of tokens.

use std::ops::Bound;

use darkroom_api as api;
use ic_stable_structures::Memory;

use super::wire;
use crate::env::Caller;
use crate::hex;
use crate::service::{Service, Wire};
use crate::store::{owner_key, token_of};

const MAX_PAGE: u32 = 100;

impl<M: Memory + Clone> Service<M> {
    /// Tokens of the caller's items, or of one item.
    ///
    /// # Errors
    /// `invalid_name`, `item_not_found`, `forbidden`; `invalid_argument` for `after`.
    pub(crate) fn list_tokens(
        &self,
        caller: Caller,
        now: u64,
        args: &api::ListTokens,
    ) -> api::Result<api::TokenPage> {
        let prefix = match &args.item {
            None => owner_key(caller.bytes(), None, None),
            Some(item) => {
                let id = item.parse().wire()?;
                owner_key(&self.own_item(caller, id)?.owner, Some(id), None)
            }
        };
        let start = match &args.after {
            None => Bound::Included(prefix.clone()),
            Some(after) => {
                let message = "`after` is not a place that a page of `list_tokens` gave in `next`";
                let invalid = || api::Error::new(api::code::INVALID_ARGUMENT, message);
                Bound::Excluded(parse_cursor(&prefix, after).ok_or_else(invalid)?)
            }
        };
        let limit = args.limit.unwrap_or(50).clamp(1, MAX_PAGE) as usize;
        let mut page = api::TokenPage { tokens: Vec::new(), next: None };
        let keys = self.store.tokens.by_owner.keys((start, Bound::Unbounded));
        let mut last = Vec::new();
        for (seen, key) in keys.take_while(|key| key.starts_with(&prefix)).enumerate() {
            if seen == limit {
                page.next = Some(hex::text(&last));
                break;
            }
            let token = token_of(&key);
            let record = token.map(|token| self.token(token)).transpose()?.flatten();
            let valid = token.zip(record).filter(|(_, record)| record.expires_at > now);
            page.tokens.extend(valid.map(|(token, record)| wire(token, &record)));
            last = key[prefix.len()..].to_vec();
        }
        Ok(page)
    }
}

/// A place in the order of tokens: what follows the prefix, an id and perhaps the item before it.
fn parse_cursor(prefix: &[u8], text: &str) -> Option<Vec<u8>> {
    let rest = hex::parse::<16>(text).map(|id| id.to_vec());
    let rest = rest.or_else(|| hex::parse::<26>(text).map(|place| place.to_vec()))?;
    Some([prefix, &rest].concat())
}
