//! Who may do what. Asked before bytes or instructions are spent.

use darkroom_api as api;
use darkroom_core::id::{ItemId, SessionId};
use ic_stable_structures::Memory;

use super::{Service, Wire, session_key};
use crate::env::Caller;
use crate::store::{ItemRecord, SessionRecord};

impl<M: Memory + Clone> Service<M> {
    /// Refuses callers that may not upload. Whatever stores asks this before it looks at what is named: who has lost
    /// the right adds nothing to what it has.
    pub(super) fn check_uploader(&self, caller: Caller) -> api::Result<()> {
        let refuse = |message: String| Err(api::Error::new(api::code::FORBIDDEN, message));
        if caller.principal == candid::Principal::anonymous() {
            return refuse(
                "the anonymous principal may not upload; sign the call with an identity".to_owned(),
            );
        }
        if caller.controller {
            return Ok(());
        }
        match &self.store.config().wire()?.uploaders {
            None => Ok(()),
            Some(granted) if granted.iter().any(|granted| granted.as_slice() == caller.bytes()) => Ok(()),
            Some(_) => refuse(format!(
                "{} may not upload here; a controller can grant it with `configure`",
                caller.principal
            )),
        }
    }

    /// Refuses callers that are not controllers.
    pub(crate) fn check_controller(&self, caller: Caller) -> api::Result<()> {
        if caller.controller {
            return Ok(());
        }
        let message = format!("{} is not a controller of this canister", caller.principal);
        Err(api::Error::new(api::code::FORBIDDEN, message))
    }

    /// A session of the caller's. Another owner's does not exist for it.
    pub(super) fn own_session(
        &self,
        caller: Caller,
        now: u64,
        session: SessionId,
    ) -> api::Result<SessionRecord> {
        let record = self.store.sessions.get(&session_key(session)).wire()?;
        let record = record.filter(|record| record.session.owner == caller.bytes()).ok_or_else(|| {
            let message = format!("{} has no session {session}", caller.principal);
            api::Error::new(api::code::SESSION_NOT_FOUND, message)
        })?;
        if record.session.expires_at <= now && record.session.finished().is_none() {
            let message = format!("session {session} has expired; begin again");
            return Err(api::Error::new(api::code::SESSION_EXPIRED, message));
        }
        Ok(record)
    }

    /// An item of the caller's, or any for a controller. What it may not change it may not see either, unless it
    /// could read it anyway.
    pub(super) fn own_item(&self, caller: Caller, id: ItemId) -> api::Result<ItemRecord> {
        let item = self.readable_item(caller, id)?;
        if item.owner == caller.bytes() || caller.controller {
            return Ok(item);
        }
        let message = format!("item `{id}` belongs to another principal");
        Err(api::Error::new(api::code::FORBIDDEN, message))
    }

    /// An item that the caller may read.
    pub(super) fn readable_item(&self, caller: Caller, id: ItemId) -> api::Result<ItemRecord> {
        let item = self.item(id)?;
        if may_read(&item, caller) {
            return Ok(item);
        }
        Err(api::Error::new(api::code::ITEM_NOT_FOUND, format!("there is no item `{id}`")))
    }
}

/// Published public items are everybody's; all others their owner's and the controllers'.
pub(super) fn may_read(item: &ItemRecord, caller: Caller) -> bool {
    is_public(item) || item.owner == caller.bytes() || caller.controller
}

/// Whether everybody may read the item.
pub(crate) fn is_public(item: &ItemRecord) -> bool {
    item.draft.is_none() && !item.private
}
