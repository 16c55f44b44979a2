//! A small file with its derivatives in one call.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use darkroom_api as api;
use futures_util::future::{Either, select};
use serde_bytes::ByteBuf;

use crate::calls::Entry;
use crate::clock::now;
use crate::derive::Derived;
use crate::error::{Error, Result};
use crate::retry::lacks_method;
use crate::upload::lanes::{digests, is_published};
use crate::upload::transfer::{BATCH, with_bytes};
use crate::upload::{Event, Job, Original, Outcome};

/// How far the clocks here and there may be apart, for networks take no calls from further away. An item that
/// was there longer than this before the call was there before.
const CLOCKS: Duration = Duration::from_secs(5 * 60);

/// What came of it.
pub(super) enum Whole {
    /// The item is published.
    Done(Outcome),
    /// It has to go on with a session.
    Open(Open),
}

/// An item that was there before, or what is to be sent with the file.
enum StoredOrMade {
    Stored(api::Item),
    Made(Derived),
}

/// What an upload goes on with.
#[derive(Default)]
pub(super) struct Open {
    /// The derivatives, where they have been made.
    pub(super) made: Option<Derived>,
    /// The canister has taken everything, and makes the rest by itself.
    pub(super) taken: bool,
}

impl Open {
    fn with(made: Derived, taken: bool) -> Whole {
        Whole::Open(Open { made: Some(made), taken })
    }
}

impl Job<'_> {
    /// Makes the derivatives and sends everything in one call, where it fits into one.
    ///
    /// The call is atomic and may be repeated, so nothing is left of one that failed. What the canister does not
    /// take this way goes the way of sessions, which finds out why: an item that an earlier upload has begun, one
    /// that the canister still makes derivatives of, a canister that does not know the call.
    pub(super) async fn whole(&self) -> Result<Whole> {
        let Some(bytes) = self.small() else { return Ok(Whole::Open(Open::default())) };
        let nothing = BTreeSet::new();
        let made = match self.stored_or_made(&nothing).await? {
            StoredOrMade::Stored(item) => {
                self.tracker.report(Event::AlreadyStored { item: item.id.clone() });
                return Ok(Whole::Done(self.outcome(&item, 0, true)));
            }
            StoredOrMade::Made(made) => made,
        };
        let to_send = self.to_send(&nothing, &made.assets);
        let derived: usize = to_send.iter().map(|(_, asset)| asset.content.bytes.len()).sum();
        if bytes.len().saturating_add(derived) > BATCH {
            return Ok(Open::with(made, false));
        }
        let called = now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (upload, assets) = (self.begin.clone(), with_bytes(&to_send));
        let argument = move || {
            let bytes = ByteBuf::from(bytes.to_vec());
            Ok(api::UploadWhole { upload: upload.clone(), bytes, assets: assets() })
        };
        let item: api::Item = match self.darkroom.calls.carry("upload_whole", Entry::InTurn, argument).await {
            Ok(item) => item,
            Err(error) if needs_session(&error) => return Ok(Open::with(made, false)),
            Err(error) => return Err(error),
        };
        if !is_published(&item) {
            // The canister runs stages later, so that one that has failed did so before.
            return Ok(Open::with(made, item.state != api::item_state::FAILED));
        }
        self.check(&item, digests(&made.assets)).await?;
        if u128::from(item.created_at) < called.saturating_sub(CLOCKS).as_nanos() {
            self.tracker.report(Event::AlreadyStored { item: item.id.clone() });
            return Ok(Whole::Done(self.outcome(&item, 0, true)));
        }
        self.tracker.report(Event::Begun { item: item.id.clone(), resumed: false });
        self.tracker.stored_bytes(self.length);
        self.tracker.finished_original();
        self.count_sent(&to_send);
        Ok(Whole::Done(self.outcome(&item, self.length, false)))
    }

    /// All bytes, where they may fit into one message.
    fn small(&self) -> Option<Bytes> {
        match &self.original {
            Original::Bytes(bytes) if bytes.len() <= BATCH => Some(bytes.clone()),
            _ => None,
        }
    }

    /// Makes the derivatives, and asks meanwhile whether the item is there: then they are not needed.
    async fn stored_or_made(&self, nothing: &BTreeSet<String>) -> Result<StoredOrMade> {
        let (stored, made) = (pin!(self.stored_before()), pin!(self.make(nothing)));
        Ok(match select(stored, made).await {
            Either::Left((Some(item), _)) => StoredOrMade::Stored(item),
            Either::Left((None, made)) => StoredOrMade::Made(made.await?),
            Either::Right((made, stored)) => {
                let made = made?;
                match stored.await {
                    Some(item) => StoredOrMade::Stored(item),
                    None => StoredOrMade::Made(made),
                }
            }
        })
    }
}

/// Whether a session may succeed where the one call was refused: something of the item is there already, or the
/// canister is older than the call.
fn needs_session(error: &Error) -> bool {
    use api::code::{ASSET_CONFLICT, ITEM_PUBLISHED, KEY_CONFLICT, SESSION_EXPIRED, SESSION_NOT_FOUND};
    match error {
        Error::Refused { source, .. } => {
            [KEY_CONFLICT, ASSET_CONFLICT, ITEM_PUBLISHED, SESSION_EXPIRED, SESSION_NOT_FOUND]
                .contains(&source.code.as_str())
        }
        Error::Call { source, .. } => lacks_method(source),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ic_agent::AgentError;
    use ic_agent::agent::{RejectCode, RejectResponse};

    #[test]
    fn only_what_a_session_may_get_around_is_tried_with_one() {
        let refused = |code: &str| {
            let source = api::Error::new(code, "no");
            needs_session(&Error::Refused { call: "upload_whole", source })
        };
        assert!(refused(api::code::KEY_CONFLICT) && refused(api::code::ASSET_CONFLICT));
        for code in [api::code::LIMIT, api::code::LOW_CYCLES, api::code::FORBIDDEN, "hash_mismatch"] {
            assert!(!refused(code), "{code}");
        }
        let rejected = |error_code: &str| {
            let reject = RejectResponse {
                reject_code: RejectCode::CanisterError,
                reject_message: "no".to_owned(),
                error_code: Some(error_code.to_owned()),
            };
            let source = Box::new(AgentError::CertifiedReject { reject, operation: None });
            needs_session(&Error::Call { call: "upload_whole", source })
        };
        assert!(rejected("IC0536"), "a canister of an older version has no such method");
        assert!(!rejected("IC0503"));
    }
}
