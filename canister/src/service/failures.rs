//! What a client says that it could not make.

use darkroom_api as api;
use darkroom_core::id::ItemId;
use darkroom_core::pipeline::{Placement, Plan};
use ic_stable_structures::Memory;

use super::{Service, Wire, wire};
use crate::env::Message;
use crate::store::StageState;

const MAX_CODE: usize = 64;
const MAX_MESSAGE: usize = 1000;

impl<M: Memory + Clone> Service<M> {
    /// Takes it that optional stages of the client failed: all of them or none. The item is complete without their
    /// assets; one that is stored stays.
    ///
    /// # Errors
    /// `invalid_name`, `item_not_found`, `forbidden`, `item_published` unless it is published without these assets,
    /// `stage_not_yours`, `stage_required`, `invalid_argument`.
    pub(crate) fn fail_stages(&mut self, message: Message, args: &api::FailStages) -> api::Result<api::Item> {
        let Message { caller, now, .. } = message;
        self.check_uploader(caller)?;
        let id: ItemId = args.item.parse().wire()?;
        let stored = self.own_item(caller, id)?;
        let is_known = |failed: &api::FailedStage| {
            stored.failed.iter().any(|known| known.asset.as_str() == failed.asset)
        };
        if stored.draft.is_none() && args.stages.iter().all(is_known) {
            return Ok(wire::item(id, &stored));
        }
        let (mut item, mut draft) = self.draft(id)?;
        let plan = self.plan(&draft)?;
        for failed in &args.stages {
            check(&plan, failed)?;
        }
        for failed in &args.stages {
            let stage = draft.stages.iter_mut().find(|stage| stage.asset.as_str() == failed.asset);
            if let Some(stage) = stage.filter(|stage| item.asset(stage.asset.as_str()).is_none()) {
                let (code, message) = (failed.error.code.clone(), failed.error.message.clone());
                stage.state = StageState::Failed { code, message };
            }
        }
        self.renew(item.session, now + self.store.config().wire()?.session_nanos)?;
        item.draft = Some(draft);
        let (id, item) = self.settle(id, item, now)?;
        Ok(wire::item(id, &item))
    }
}

fn check(plan: &Plan, failed: &api::FailedStage) -> api::Result<()> {
    let yours = || plan.stages().iter().filter(|stage| stage.placement == Placement::Client);
    let refuse = |code, what: &str, allowed: Vec<&str>| {
        let name: String = failed.asset.chars().take(64).collect();
        let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
        Err(api::Error::new(code, format!("asset `{name}` {what} in pipeline `{}`: {allowed}", plan.name())))
    };
    let Some(stage) = yours().find(|stage| stage.asset.as_str() == failed.asset) else {
        let all = yours().map(|stage| stage.asset.as_str()).collect();
        return refuse(api::code::STAGE_NOT_YOURS, "is not made by the client, which makes", all);
    };
    if !stage.optional {
        let optional = yours().filter(|stage| stage.optional).map(|stage| stage.asset.as_str()).collect();
        return refuse(api::code::STAGE_REQUIRED, "is required; optional stages of the client", optional);
    }
    let api::Error { code, message, .. } = &failed.error;
    let is_code = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if !(1..=MAX_CODE).contains(&code.len()) || !code.bytes().all(is_code) {
        let found: String = code.chars().take(MAX_CODE).flat_map(char::escape_default).collect();
        let message = format!("code `{found}`; 1 to {MAX_CODE} of a-z, 0-9 and _ are allowed");
        return Err(api::Error::new(api::code::INVALID_ARGUMENT, message));
    }
    if message.len() > MAX_MESSAGE {
        let message = format!("a message of {} bytes; at most {MAX_MESSAGE} are allowed", message.len());
        return Err(api::Error::new(api::code::INVALID_ARGUMENT, message));
    }
    Ok(())
}
