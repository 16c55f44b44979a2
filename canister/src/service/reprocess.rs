//! Derivatives that are missing or outdated, made again.

use darkroom_api as api;
use darkroom_core::asset::AssetName;
use darkroom_core::id::ItemId;
use darkroom_core::pipeline::{Pipeline, Placement, Plan, PlannedStage, Storage, Verify};
use darkroom_core::session::Session;
use ic_stable_structures::Memory;

use super::begin::{asset_record, waiting};
use super::checks::{checked_key, chosen_pipeline};
use super::config::wire_pipeline;
use super::publish::is_unverified;
use super::upload::done;
use super::{Service, Wire, wire};
use crate::env::Message;
use crate::store::{Draft, ItemRecord, Location, SessionRecord, StageState};

/// What a revision begins with.
struct Begin<'a> {
    id: ItemId,
    item: &'a ItemRecord,
    pipeline: Pipeline,
    kept: Vec<AssetName>,
    plan: &'a Plan,
    /// The idempotency key that the item will have.
    key: Option<[u8; 32]>,
}

impl<M: Memory + Clone> Service<M> {
    /// Makes derivatives of an item again where they are missing or not what the pipeline, as it is configured now, gives:
    /// another processor, version, source or params. A published item stays as it is until all are made, and then
    /// changes at once; see [`revise`](Self::revise). Of one that is not published, the stages that failed are tried
    /// again. A repeated call gives what the first began.
    ///
    /// # Errors
    /// `invalid_name`, `item_not_found`, `forbidden`, `unknown_pipeline`, `low_cycles`, and `invalid_argument` for the
    /// idempotency key, and where another pipeline or `verify` is asked for of an item that is not published.
    pub(crate) fn reprocess(
        &mut self,
        message: Message,
        args: &api::Reprocess,
    ) -> api::Result<api::Reprocessed> {
        self.check_uploader(message.caller)?;
        let id: ItemId = args.item.parse().wire()?;
        let item = self.own_item(message.caller, id)?;
        let config = self.store.config().wire()?;
        self.check_cycles(message.liquid_cycles, 0, &config)?;
        if item.draft.is_some() {
            return self.try_again(id, message.now, args);
        }
        let name = args.pipeline.as_deref().unwrap_or(&item.pipeline);
        let mut pipeline = chosen_pipeline(&config, Some(name))?.clone();
        if args.verify == Some(true) {
            verify_all(&mut pipeline);
        }
        let key = args.idempotency_key.as_deref().filter(|_| item.owner == message.caller.bytes());
        let key = key.map(|key| checked_key(message.caller, key)).transpose()?;
        let plan = Plan::new(&pipeline, self.registry()).wire()?;
        // What is refused is refused before the revision of before may go.
        if let Some(begun) = self.begun_revision(message.now, &item, &pipeline)? {
            return self.reprocessed(id, Some(begun));
        }
        let kept = kept(&item, &plan);
        let is_right = plan.assets().all(|asset| kept.iter().any(|kept| kept.as_str() == asset))
            && kept.len() == item.assets.len()
            && item.pipeline == pipeline.name
            && !plan.stages().iter().any(|stage| is_unverified(&item, stage));
        if is_right {
            return self.reprocessed(id, None);
        }
        let begin = Begin { id, item: &item, pipeline, kept, plan: &plan, key };
        let revision = self.begin_revision(begin, message.now)?;
        let begun = self.store.items.get(&revision.0).wire()?;
        self.reprocessed(id, begun.map(|begun| (revision, begun)))
    }

    /// The answer: an item, and its revision where there is one. With the pipeline of what is open.
    fn reprocessed(
        &self,
        id: ItemId,
        revision: Option<(ItemId, ItemRecord)>,
    ) -> api::Result<api::Reprocessed> {
        let item = self.item(id)?;
        let open = revision.as_ref().map_or(&item, |(_, revision)| revision);
        Ok(api::Reprocessed {
            pipeline: open.draft.as_ref().map(|draft| wire_pipeline(&draft.pipeline)),
            revision: revision.as_ref().map(|(id, revision)| wire::item(*id, revision)),
            item: wire::item(id, &item),
        })
    }

    /// Has the stages of an unpublished item that failed wait for their turn again.
    fn try_again(&mut self, id: ItemId, now: u64, args: &api::Reprocess) -> api::Result<api::Reprocessed> {
        let (mut item, mut draft) = self.draft(id)?;
        if let Some(other) = args.pipeline.as_ref().filter(|other| **other != item.pipeline) {
            let other: String = other.chars().take(64).collect();
            let message = format!(
                "item `{id}` is not published; it goes on with pipeline `{}` and not with `{other}`",
                item.pipeline
            );
            return Err(api::Error::new(api::code::INVALID_ARGUMENT, message));
        }
        if args.verify == Some(true) {
            let message =
                format!("item `{id}` is not published; what it has of clients can be verified when it is");
            return Err(api::Error::new(api::code::INVALID_ARGUMENT, message));
        }
        for stage in &mut draft.stages {
            if matches!(stage.state, StageState::Failed { .. }) {
                (stage.state, stage.attempts) = (StageState::Waiting, 0);
            }
        }
        self.renew(item.session, now + self.store.config().wire()?.session_nanos)?;
        item.draft = Some(draft);
        // Also a revision may be named itself, and be complete with this.
        let (id, _) = self.settle(id, item, now)?;
        self.reprocessed(id, None)
    }

    /// The revision of an item that was begun before, its time begun anew; one with another pipeline, or of which a stage
    /// has failed, is dropped.
    fn begun_revision(
        &mut self,
        now: u64,
        item: &ItemRecord,
        pipeline: &Pipeline,
    ) -> api::Result<Option<(ItemId, ItemRecord)>> {
        let Some(id) = item.revision else { return Ok(None) };
        let Some(record) = self.store.items.get(&id.0).wire()? else { return Ok(None) };
        let is_same = record.draft.as_ref().is_some_and(|draft| {
            let is_sound = |state: &StageState| !matches!(state, StageState::Failed { .. });
            draft.pipeline == *pipeline && draft.stages.iter().all(|stage| is_sound(&stage.state))
        });
        if is_same {
            self.renew(record.session, now + self.store.config().wire()?.session_nanos)?;
            return Ok(Some((id, record)));
        }
        self.drop_item(id, &record)?;
        Ok(None)
    }

    fn begin_revision(&mut self, begin: Begin<'_>, now: u64) -> api::Result<ItemId> {
        let Begin { id, item, pipeline, kept, plan, key } = begin;
        let number = self.store.next_session();
        let revision = ItemId::new(&item.owner, number);
        let assets = || item.assets.iter().filter(|asset| kept.contains(&asset.name));
        let original = item.asset(darkroom_core::asset::ORIGINAL).ok_or_else(|| {
            darkroom_core::Error::Corrupt { what: "item", reason: format!("`{id}` has no original") }
        });
        let original = original.wire()?;
        let until = now + self.store.config().wire()?.session_nanos;
        let session = Session::of_stored(number, &item.owner, original.sha256, until).wire()?;
        let mut draft = Draft { pipeline, stages: waiting(plan), sessions: Vec::new(), kept: kept.clone() };
        for asset in assets() {
            done(&mut draft, asset.name.as_str());
        }
        let record = ItemRecord {
            pipeline: draft.pipeline.name.clone(),
            key,
            session: number,
            created_at: now,
            published_at: None,
            assets: assets().cloned().collect(),
            draft: Some(draft),
            failed: Vec::new(),
            revision: None,
            revises: Some(id),
            ..item.clone()
        };
        let asset = asset_record(
            original.name.clone(),
            original.media.clone(),
            &session,
            original.meta,
            original.origin.clone(),
        );
        self.keep_new_session(SessionRecord { session, item: revision, asset });
        self.store.items.insert(id.0, &ItemRecord { revision: Some(revision), ..item.clone() });
        self.settle(revision, record, now)?;
        Ok(revision)
    }
}

/// Has the canister make again what clients make.
fn verify_all(pipeline: &mut Pipeline) {
    let stages = pipeline.lanes.iter_mut().flat_map(|lane| &mut lane.stages);
    for stage in stages.filter(|stage| stage.processor != darkroom_core::pipeline::PASSTHROUGH) {
        if stage.placement == Placement::Client {
            stage.verify = Verify::Always;
        }
    }
}

/// The assets of an item that a plan would give, in the order of the plan.
fn kept(item: &ItemRecord, plan: &Plan) -> Vec<AssetName> {
    let mut kept = vec![AssetName::original()];
    for stage in plan.stages() {
        if kept.contains(&stage.source) && is_current(item, stage) {
            kept.push(stage.asset.clone());
        }
    }
    kept
}

/// Whether an asset is what a stage makes of the source that the item has.
fn is_current(item: &ItemRecord, stage: &PlannedStage) -> bool {
    let asset = item.asset(stage.asset.as_str());
    let recipe = asset.and_then(|asset| asset.origin.recipe());
    let (Some(asset), Some(recipe), Some(source)) = (asset, recipe, item.asset(stage.source.as_str())) else {
        return false;
    };
    let is_inline = matches!(asset.location, Location::Inline(_));
    recipe.source == stage.source
        && recipe.source_sha256 == source.sha256
        && recipe.processor == stage.processor.id()
        && recipe.version == stage.processor.version()
        && recipe.params == stage.canonical_params
        && is_inline == (stage.storage == Storage::Inline)
}
