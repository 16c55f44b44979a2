//! The lane that makes derivatives.

use super::{Lane, Made, Progress, Step, Stored, Workbench};
use crate::cost::Cost;
use crate::decode::{Decode, DecodeLimits};
use crate::error::{Error, Result};
use crate::media::MediaType;
use crate::pipeline::{MAX_INLINE, Placement, Plan, PlannedStage, Storage};
use crate::source::Source;

/// Makes the derivatives of a plan that are placed here. An advance runs one stage, and with it those of the same
/// source that fit the budget together: they share one decode.
pub struct Derive<'a> {
    /// The stages.
    pub plan: &'a Plan,
    /// Which of them run here; `None` for all, whatever their placement.
    pub placement: Option<Placement>,
    /// What reads the sources.
    pub decoder: &'a dyn Decode,
    /// What is decoded at most.
    pub limits: DecodeLimits,
    /// What one advance may take; `None` for whatever it takes.
    pub budget: Option<Cost>,
}

impl<'a> Derive<'a> {
    /// The source of stages, with what they will ask for: they share one decode.
    ///
    /// # Errors
    /// When the size of the source cannot be read.
    pub fn source<'s>(
        &self,
        stages: &[&PlannedStage],
        bytes: &'s [u8],
        media: &MediaType,
    ) -> Result<Source<'s>>
    where
        'a: 's,
    {
        let source = Source::new(bytes, media.clone(), self.decoder, self.limits);
        let mut requests = Vec::new();
        for stage in stages {
            requests.extend(stage.processor.request(source.size()?, &stage.params)?);
        }
        Ok(source.with_requests(requests))
    }

    /// What it will take to decode once for all stages and then to run one after the other; `None` where one of them
    /// cannot tell.
    ///
    /// # Errors
    /// When the header of the source cannot be read.
    pub fn cost(&self, stages: &[&PlannedStage], bytes: &[u8], media: &MediaType) -> Result<Option<Cost>> {
        let source = self.source(stages, bytes, media)?;
        let plan = source.plan()?;
        let mut work = Cost::default();
        for stage in stages {
            let request = stage.processor.request(plan.size, &stage.params)?;
            let place = source.requests().iter().position(|planned| Some(*planned) == request);
            let decoded = place.and_then(|place| plan.decoded.get(place)).unwrap_or(&plan.size);
            match stage.processor.cost(plan.size, *decoded, &stage.params)? {
                Some(cost) => work = work.then(cost),
                None => return Ok(None),
            }
        }
        // What was decoded stays until the last stage has run.
        Ok(Some(plan.cost.then(work.beside(plan.kept))))
    }

    /// The first of `ready` with those that fit the budget beside it.
    ///
    /// # Errors
    /// [`Error::TooCostly`] when the first alone does not fit.
    fn batch<'s>(
        &self,
        ready: &[&'s PlannedStage],
        bytes: &[u8],
        media: &MediaType,
    ) -> Result<Vec<&'s PlannedStage>> {
        let Some((budget, (first, others))) = self.budget.zip(ready.split_first()) else {
            return Ok(ready.to_vec());
        };
        let mut batch = vec![*first];
        // A source that cannot be read has an error when it is processed, which says more.
        let Ok(Some(cost)) = self.cost(&batch, bytes, media) else { return Ok(batch) };
        cost.check(budget)?;
        for stage in others {
            batch.push(stage);
            let cost = self.cost(&batch, bytes, media);
            if !matches!(cost, Ok(Some(cost)) if cost.check(budget).is_ok()) {
                batch.pop();
            }
        }
        Ok(batch)
    }

    /// Runs one stage on its source.
    ///
    /// # Errors
    /// What the processor finds, and [`Error::InvalidSize`] for an inline asset that is too large.
    pub fn run(&self, stage: &PlannedStage, source: &Source<'_>) -> Result<Made> {
        let derivative = stage.processor.process(source, &stage.params)?;
        let size = derivative.bytes.len();
        if stage.storage == Storage::Inline && size > MAX_INLINE {
            return Err(Error::InvalidSize { found: size as u64, allowed: MAX_INLINE as u64 });
        }
        Ok(Made { derivative, source: source.digest() })
    }
}

impl Lane for Derive<'_> {
    type State = Progress;

    fn advance(&self, mut progress: Progress, bench: &mut dyn Workbench) -> Result<Step<Progress>> {
        let ready: Vec<_> = progress.ready(self.plan, self.placement).collect();
        let Some(first) = ready.first() else { return Ok(Step::Done) };
        let Stored { bytes, media, sha256 } = bench.source(&first.source)?.ok_or_else(|| Error::Corrupt {
            what: "progress",
            reason: format!("source `{}` is not complete", first.source),
        })?;
        let company: Vec<_> = ready.iter().copied().filter(|stage| stage.source == first.source).collect();
        let batch = match self.batch(&company, &bytes, &media) {
            Ok(batch) => batch,
            Err(error) => {
                bench.fail(first, error)?;
                progress.fail(first.asset.clone());
                return Ok(Step::Pending(progress));
            }
        };
        let source = self.source(&batch, &bytes, &media);
        // Without a size there are no requests to share.
        let source = source.unwrap_or_else(|_| Source::new(&bytes, media, self.decoder, self.limits));
        let source = source.with_digest(sha256);
        for stage in batch {
            match self.run(stage, &source).and_then(|made| bench.keep(stage, made)) {
                Ok(()) => progress.complete(stage.asset.clone()),
                Err(error) => {
                    bench.fail(stage, error)?;
                    progress.fail(stage.asset.clone());
                }
            }
        }
        Ok(Step::Pending(progress))
    }
}
