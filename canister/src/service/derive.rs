//! Stages that run here. Each runs in a message of its own, from a job record in stable memory, so that a trap
//! or an exhausted budget fails that stage and nothing else.

use darkroom_api as api;
use darkroom_core::asset::AssetName;
use darkroom_core::chunk::ChunkStore;
use darkroom_core::id::ChunkKey;
use darkroom_core::lane::{Lane, Made, Workbench};
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::PlannedStage;
use darkroom_core::{Digest, Error};
use ic_stable_structures::Memory;

use super::publish::{derive, progress};
use super::upload::done;
use super::{Service, Wire, insert_asset};
use crate::store::{
    AssetRecord, Draft, HoldingRecord, ItemRecord, JobRecord, Location, Origin, RecipeRecord, StageState,
};

/// How often a stage is begun before an interruption (an upgrade, a lack of resources) fails it.
const MAX_ATTEMPTS: u32 = 3;

impl<M: Memory + Clone> Service<M> {
    /// The next job, counted as begun; jobs whose item is gone or that were begun too often are ended first.
    pub(crate) fn next_job(&mut self) -> api::Result<Option<u64>> {
        loop {
            let Some(key) = self.store.jobs.keys(..).next() else { return Ok(None) };
            let job = u64::from_be_bytes(key);
            let Some(mut record) = self.store.jobs.get(&key).wire()? else { return Ok(None) };
            if record.attempts >= MAX_ATTEMPTS {
                let last = record.last.map(|last| format!(", last: {last}")).unwrap_or_default();
                let message = format!("interrupted {MAX_ATTEMPTS} times{last}");
                self.fail_job(job, &api::Error::new("interrupted", message))?;
                continue;
            }
            record.attempts += 1;
            if self.mark(&record, StageState::Running)? {
                self.store.jobs.insert(key, &record);
                return Ok(Some(job));
            }
            self.store.jobs.remove(&key);
        }
    }

    /// Runs a job that [`next_job`](Self::next_job) gave, and ends it: a processor's error fails the stage.
    pub(crate) fn run_job(&mut self, job: u64, now: u64) -> api::Result<()> {
        let key = job.to_be_bytes();
        let Some(record) = self.store.jobs.get(&key).wire()? else { return Ok(()) };
        match self.run_stage(&record, now) {
            Ok(()) => {
                self.store.jobs.remove(&key);
                Ok(())
            }
            Err(error) => self.fail_job(job, &error),
        }
    }

    /// Ends a job as failed, with the reason in its stage.
    pub(crate) fn fail_job(&mut self, job: u64, error: &api::Error) -> api::Result<()> {
        let key = job.to_be_bytes();
        if let Some(record) = self.store.jobs.get(&key).wire()? {
            self.store.jobs.remove(&key);
            let state = StageState::Failed { code: error.code.clone(), message: error.message.clone() };
            self.mark(&record, state)?;
        }
        Ok(())
    }

    /// Leaves a job in the queue: with a reason, its attempt counts.
    pub(crate) fn postpone_job(&mut self, job: u64, reason: Option<String>) -> api::Result<()> {
        let key = job.to_be_bytes();
        if let Some(mut record) = self.store.jobs.get(&key).wire()? {
            if reason.is_none() {
                record.attempts = record.attempts.saturating_sub(1);
            }
            record.last = reason;
            self.mark(&record, StageState::Queued)?;
            self.store.jobs.insert(key, &record);
        }
        Ok(())
    }

    /// Whether jobs wait.
    pub(crate) fn has_jobs(&self) -> bool {
        self.store.jobs.len() > 0
    }

    /// Notes the state of a job's stage; false when its item is gone or published.
    fn mark(&mut self, job: &JobRecord, state: StageState) -> api::Result<bool> {
        let Some(mut item) = self.store.items.get(&job.item.0).wire()? else { return Ok(false) };
        let stages = item.draft.iter_mut().flat_map(|draft| &mut draft.stages);
        let Some(stage) = stages.into_iter().find(|stage| stage.asset == job.asset) else { return Ok(false) };
        stage.state = state;
        stage.attempts = job.attempts;
        self.store.items.insert(job.item.0, &item);
        Ok(true)
    }

    fn run_stage(&mut self, job: &JobRecord, now: u64) -> api::Result<()> {
        let (item, draft) = self.draft(job.item)?;
        let plan = self.plan(&draft)?;
        let source = plan.stage(job.asset.as_str()).and_then(|stage| item.asset(stage.source.as_str()));
        if source.is_none() || item.asset(job.asset.as_str()).is_some() {
            // Its source was refused meanwhile, or it is made: there is nothing to do until it is queued again.
            if source.is_none() {
                self.mark(job, StageState::Waiting)?;
            }
            return Ok(());
        }
        // The lane takes the first stage that is ready; all but this job's are made to look done.
        let mut done = progress(&item);
        let others = plan.stages().iter().map(|stage| &stage.asset).filter(|asset| **asset != job.asset);
        others.for_each(|asset| done.complete(asset.clone()));
        let mut bench = Bench { service: self, item, draft };
        derive(&plan).advance(done, &mut bench).wire()?;
        let Bench { mut item, draft, .. } = bench;
        item.draft = Some(draft);
        self.settle(job.item, item, now)
    }
}

/// An item on the bench of the lane that makes its derivatives.
struct Bench<'a, M: Memory> {
    service: &'a mut Service<M>,
    item: ItemRecord,
    draft: Draft,
}

impl<M: Memory + Clone> Workbench for Bench<'_, M> {
    fn source(&self, name: &AssetName) -> Result<Option<(Vec<u8>, MediaType)>, Error> {
        let Some(asset) = self.item.asset(name.as_str()) else { return Ok(None) };
        Ok(Some((self.service.bytes(asset)?, asset.media.clone())))
    }

    fn keep(&mut self, stage: &PlannedStage, made: Made) -> Result<(), Error> {
        let plan = darkroom_core::pipeline::Plan::new(&self.draft.pipeline, self.service.registry())?;
        let bytes = &made.derivative.bytes;
        let failed = |error: api::Error| Error::ProcessorFailed {
            processor: stage.processor.id().to_owned(),
            reason: error.message,
        };
        let add = HoldingRecord { bytes: bytes.len() as u64, ..HoldingRecord::default() };
        let config = self.service.store.config()?;
        self.service.reserve(&self.item.owner, add, &config).map_err(failed)?;
        let location =
            self.service.store_bytes(&self.item, &plan, stage.asset.as_str(), bytes).or_else(|error| {
                self.service.give_back(&self.item.owner, add).map_err(failed)?;
                Err(failed(error))
            })?;
        let record = AssetRecord {
            name: stage.asset.clone(),
            media: made.derivative.media,
            size: bytes.len() as u64,
            sha256: Digest::of(bytes),
            meta: made.derivative.meta,
            location,
            origin: Origin::Verified(RecipeRecord {
                source: stage.source.clone(),
                source_sha256: made.source,
                processor: stage.processor.id().to_owned(),
                version: stage.processor.version(),
                params: stage.canonical_params.clone(),
                on_canister: true,
            }),
            session: None,
        };
        done(&mut self.draft, record.name.as_str());
        insert_asset(&mut self.item, &plan, record);
        Ok(())
    }
}

impl<M: Memory + Clone> Service<M> {
    /// All bytes of an asset.
    fn bytes(&self, asset: &AssetRecord) -> Result<Vec<u8>, Error> {
        let (blob, count) = match &asset.location {
            Location::Inline(bytes) => return Ok(bytes.clone()),
            Location::Chunks { blob, count, .. } => (*blob, *count),
        };
        let mut bytes = Vec::with_capacity(usize::try_from(asset.size).unwrap_or_default());
        for index in 0..count {
            let chunk = self.store.chunks.get(ChunkKey { blob, index }).ok_or_else(|| Error::Corrupt {
                what: "asset",
                reason: format!("chunk {index} of `{}` is not in the store", asset.name),
            })?;
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}
