//! Lanes: resumable work on an item.
//!
//! A lane's state is a plain value that is passed in and given back, so that it can be saved between two
//! messages and tested without a canister. One [`advance`](Lane::advance) does a bounded piece of work.

use serde::{Deserialize, Serialize};

use crate::asset::{AssetName, Derivative};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::media::MediaType;
use crate::pipeline::{MAX_INLINE, Placement, Plan, PlannedStage, Storage};
use crate::source::{Decode, DecodeLimits, Source};

/// What a bounded piece of work led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<S> {
    /// There is more to do, from this state.
    Pending(S),
    /// Nothing is left that can be done here.
    Done,
}

/// An independent path through a pipeline.
pub trait Lane {
    /// What is saved between two advances.
    type State: Serialize + for<'de> Deserialize<'de>;

    /// Does a bounded piece of work.
    ///
    /// # Errors
    /// Whatever the work runs into; the state that was passed in can be tried again.
    fn advance(&self, state: Self::State, bench: &mut dyn Workbench) -> Result<Step<Self::State>>;
}

/// Where a lane finds its sources and leaves its results.
pub trait Workbench {
    /// The bytes and media type of a complete asset, `None` while it is not complete.
    ///
    /// # Errors
    /// When it cannot be read.
    fn source(&self, asset: &AssetName) -> Result<Option<(Vec<u8>, MediaType)>>;

    /// Keeps what a stage made.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn keep(&mut self, stage: &PlannedStage, made: Made) -> Result<()>;
}

/// A derivative with what its recipe records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The asset.
    pub derivative: Derivative,
    /// SHA-256 of the source that it was made from.
    pub source: Digest,
}

/// How far the derivatives of an item are: the assets that are complete.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    done: Vec<AssetName>,
}

impl Progress {
    /// Of an item whose assets named here are complete.
    pub fn new(done: impl IntoIterator<Item = AssetName>) -> Progress {
        Progress { done: done.into_iter().collect() }
    }

    /// Whether an asset is complete.
    pub fn is_done(&self, asset: &str) -> bool {
        self.done.iter().any(|done| done.as_str() == asset)
    }

    /// Records that an asset is complete.
    pub fn complete(&mut self, asset: AssetName) {
        if !self.is_done(asset.as_str()) {
            self.done.push(asset);
        }
    }
}

/// Makes the derivatives of a plan that are placed here, one stage per advance.
pub struct Derive<'a> {
    /// The stages.
    pub plan: &'a Plan,
    /// Which of them run here; `None` for all, whatever their placement.
    pub placement: Option<Placement>,
    /// What reads the sources.
    pub decoder: &'a dyn Decode,
    /// What is decoded at most.
    pub limits: DecodeLimits,
}

impl Derive<'_> {
    /// The stages that can run now: placed here, not done, their source complete. They are independent of each
    /// other.
    pub fn ready(&self, progress: &Progress) -> impl Iterator<Item = &PlannedStage> {
        self.plan.stages().iter().filter(|stage| {
            self.placement.is_none_or(|placement| stage.placement == placement)
                && !progress.is_done(stage.asset.as_str())
                && progress.is_done(stage.source.as_str())
        })
    }

    /// Runs one stage on its source.
    ///
    /// # Errors
    /// What the processor finds, and [`Error::InvalidSize`] for an inline asset that is too large.
    pub fn run(&self, stage: &PlannedStage, bytes: &[u8], media: MediaType) -> Result<Made> {
        let source = Source::new(bytes, media, self.decoder, self.limits);
        let derivative = stage.processor.process(&source, &stage.params)?;
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
        let Some(stage) = self.ready(&progress).next() else {
            return Ok(Step::Done);
        };
        let (bytes, media) = bench.source(&stage.source)?.ok_or_else(|| Error::Corrupt {
            what: "progress",
            reason: format!("source `{}` is not complete", stage.source),
        })?;
        let made = self.run(stage, &bytes, media)?;
        bench.keep(stage, made)?;
        progress.complete(stage.asset.clone());
        Ok(Step::Pending(progress))
    }
}
