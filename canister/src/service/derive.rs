//! Stages that run here, from job records in stable memory. Those of one source share a message and its decode where
//! they are estimated to fit together; after a trap the one that the message began with runs in a message of its own,
//! so that a trap or an exhausted budget fails one stage and nothing else.

use darkroom_api as api;
use darkroom_core::lane::Lane;
use darkroom_core::pipeline::{MAX_STAGES, Plan};
use ic_stable_structures::Memory;

use super::bench::Bench;
use super::publish::{derive, is_unverified, progress};
use super::{Service, Wire};
use crate::store::{ItemRecord, JobRecord, StageState};

/// How often a stage is begun before an interruption (an upgrade, a lack of resources) fails it.
const MAX_ATTEMPTS: u32 = 3;

/// The most bytes of a reason that is kept.
const MAX_REASON: usize = 1000;

/// A job that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// Its place in the queue.
    pub(crate) number: u64,
    /// Whether others may run in its message.
    pub(crate) has_company: bool,
}

impl<M: Memory + Clone> Service<M> {
    /// The next job, counted as begun; jobs whose item is gone or that were begun too often are ended first. A job that
    /// cannot be read, or whose item cannot, goes: it holds up no other.
    pub(crate) fn next_job(&mut self, now: u64) -> Option<Job> {
        loop {
            let job = u64::from_be_bytes(self.store.jobs.keys(..).next()?);
            match self.begin_job(job, now) {
                Ok(true) => {
                    let company = self.company_of(job).is_ok_and(|jobs| jobs.len() > 1);
                    return Some(Job { number: job, has_company: company });
                }
                Ok(false) => {}
                Err(_) => {
                    self.store.jobs.remove(&job.to_be_bytes());
                }
            }
        }
    }

    /// Counts a job as begun, or ends it; false then.
    fn begin_job(&mut self, job: u64, now: u64) -> api::Result<bool> {
        let key = job.to_be_bytes();
        let Some(mut record) = self.store.jobs.get(&key).wire()? else { return Ok(false) };
        if record.attempts >= MAX_ATTEMPTS {
            let last = record.last.map(|last| format!(", last: {last}")).unwrap_or_default();
            let message = format!("interrupted {MAX_ATTEMPTS} times{last}");
            self.fail_job(job, &api::Error::new(api::code::INTERRUPTED, message), now)?;
            return Ok(false);
        }
        record.attempts += 1;
        let begins = self.is_wanted(&record)? && self.mark(&record, StageState::Running)?;
        if begins {
            self.store.jobs.insert(key, &record);
        } else {
            self.store.jobs.remove(&key);
        }
        Ok(begins)
    }

    /// The jobs that may share the message of one. A pipeline that no longer holds together fails the job when it is run,
    /// and not the queue.
    fn company_of(&self, job: u64) -> api::Result<Vec<(u64, JobRecord)>> {
        let Some(record) = self.store.jobs.get(&job.to_be_bytes()).wire()? else { return Ok(Vec::new()) };
        let (_, draft) = self.draft(record.item)?;
        let plan = self.plan(&draft)?;
        self.company(job, &record, &plan)
    }

    /// Runs a job that [`next_job`](Self::next_job) gave, and ends it: a processor's error fails the stage. Others of
    /// its item may run with it.
    pub(crate) fn run_job(&mut self, job: u64, now: u64) -> api::Result<()> {
        let Some(record) = self.store.jobs.get(&job.to_be_bytes()).wire()? else { return Ok(()) };
        self.run_stages(job, &record, now).or_else(|error| self.fail_job(job, &error, now))
    }

    /// Has a job whose message trapped run again without company, which may have been the reason.
    pub(crate) fn isolate_job(&mut self, job: u64) -> api::Result<()> {
        let key = job.to_be_bytes();
        if let Some(mut record) = self.store.jobs.get(&key).wire()? {
            record.alone = true;
            // The attempt was not its own.
            record.attempts = record.attempts.saturating_sub(1);
            self.mark(&record, StageState::Queued)?;
            self.store.jobs.insert(key, &record);
        }
        Ok(())
    }

    /// Ends a job as failed, with the reason in its stage. What was to be verified goes; an item that is complete without
    /// it is published.
    pub(crate) fn fail_job(&mut self, job: u64, error: &api::Error, now: u64) -> api::Result<()> {
        let key = job.to_be_bytes();
        let Some(record) = self.store.jobs.get(&key).wire()? else { return Ok(()) };
        self.store.jobs.remove(&key);
        // What a trap says may be long, and everybody is shown it.
        let end = error.message.floor_char_boundary(MAX_REASON);
        let state = StageState::Failed { code: error.code.clone(), message: error.message[..end].to_owned() };
        if !self.mark(&record, state)? {
            return Ok(());
        }
        let (mut item, mut draft) = self.draft(record.item)?;
        // Nothing follows from a pipeline that no longer holds together.
        let Ok(plan) = self.plan(&draft) else { return Ok(()) };
        if plan.stage(record.asset.as_str()).is_some_and(|stage| is_unverified(&item, stage))
            && let Some(at) = item.assets.iter().position(|asset| asset.name == record.asset)
        {
            let asset = item.assets.remove(at);
            self.drop_asset(&item.owner, &mut draft, &asset)?;
        }
        item.draft = Some(draft);
        self.settle(record.item, item, now).map(|_| ())
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

    /// Whether a job's stage waits for it: not if its source was refused after it was queued, or another job ran it.
    fn is_wanted(&self, job: &JobRecord) -> api::Result<bool> {
        let item = self.store.items.get(&job.item.0).wire()?;
        let draft = item.and_then(|item| item.draft);
        let mut stages = draft.iter().flat_map(|draft| &draft.stages);
        let stage = stages.find(|stage| stage.asset == job.asset);
        Ok(stage.is_some_and(|stage| matches!(stage.state, StageState::Queued | StageState::Running)))
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

    /// The jobs that may share the message of `first`, itself among them: stages of the same item and source.
    fn company(&self, first: u64, job: &JobRecord, plan: &Plan) -> api::Result<Vec<(u64, JobRecord)>> {
        let mut company = vec![(first, job.clone())];
        if job.alone {
            return Ok(company);
        }
        let place = |job: &JobRecord| plan.stages().iter().position(|stage| stage.asset == job.asset);
        let source = |job: &JobRecord| place(job).map(|place| &plan.stages()[place].source);
        // An item's stages are queued one after the other.
        for key in self.store.jobs.keys(first.to_be_bytes()..).skip(1).take(MAX_STAGES) {
            let Ok(Some(next)) = self.store.jobs.get(&key) else { continue };
            // The lane begins with what stands first in the plan, and that has to be this job.
            let follows = place(&next) > place(job);
            if next.item == job.item && !next.alone && follows && source(&next) == source(job) {
                company.push((u64::from_be_bytes(key), next));
            }
        }
        Ok(company)
    }

    /// Runs the stage of a job, and with it as many of the same source as the budget has room for.
    fn run_stages(&mut self, first: u64, job: &JobRecord, now: u64) -> api::Result<()> {
        let (item, draft) = self.draft(job.item)?;
        let plan = self.plan(&draft)?;
        let mut jobs = self.company(first, job, &plan)?;
        // Its source was refused meanwhile, or it is made: there is nothing to do until it is queued again.
        for (key, job) in jobs.extract_if(.., |(_, job)| !is_due(&item, &plan, job)).collect::<Vec<_>>() {
            self.store.jobs.remove(&key.to_be_bytes());
            if item.asset(job.asset.as_str()).is_none() {
                self.mark(&job, StageState::Waiting)?;
            }
        }
        if jobs.iter().all(|(key, _)| *key != first) {
            // Its item may be complete without it.
            let item = self.item(job.item)?;
            return self.settle(job.item, item, now).map(|_| ());
        }
        let (item, draft) = self.draft(job.item)?;
        // The lane takes what is ready; all but the stages of these jobs are made to look done.
        let mut done = progress(&item);
        let assets = plan.stages().iter().map(|stage| &stage.asset);
        let (due, others): (Vec<_>, Vec<_>) =
            assets.partition(|asset| jobs.iter().any(|(_, job)| job.asset == **asset));
        others.into_iter().for_each(|asset| done.complete(asset.clone()));
        // Also what a client has made: it is made again.
        due.into_iter().for_each(|asset| done.reopen(asset));
        let images = self.store.config().wire()?.images;
        let mut bench = Bench { service: self, item, draft, ended: Vec::new() };
        derive(&plan, &images).advance(done, &mut bench).wire()?;
        let Bench { mut item, draft, ended, .. } = bench;
        item.draft = Some(draft);
        self.settle(job.item, item, now)?;
        for (asset, result) in ended {
            let Some((key, _)) = jobs.iter().find(|(_, job)| job.asset == asset) else { continue };
            match result {
                Ok(()) => {
                    self.store.jobs.remove(&key.to_be_bytes());
                }
                Err(error) => self.fail_job(*key, &error, now)?,
            }
        }
        Ok(())
    }
}

/// Whether a job's source is there and its asset is not, or not verified.
fn is_due(item: &ItemRecord, plan: &Plan, job: &JobRecord) -> bool {
    plan.stage(job.asset.as_str()).is_some_and(|stage| {
        let is_open = item.asset(stage.asset.as_str()).is_none() || is_unverified(item, stage);
        is_open && item.asset(stage.source.as_str()).is_some()
    })
}
