//! Lanes: resumable work on an item.
//!
//! A lane's state is a plain value that is passed in and given back, so that it can be saved between two
//! messages and tested without a canister. One [`advance`](Lane::advance) does a bounded piece of work.

mod derive;

pub use derive::Derive;

use serde::{Deserialize, Serialize};

use crate::asset::{AssetName, Derivative};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::media::MediaType;
use crate::pipeline::{Placement, Plan, PlannedStage};

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
    /// A complete asset, `None` while it is not complete.
    ///
    /// # Errors
    /// When it cannot be read.
    fn source(&self, asset: &AssetName) -> Result<Option<Stored>>;

    /// Keeps what a stage made.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn keep(&mut self, stage: &PlannedStage, made: Made) -> Result<()>;

    /// Hears why a stage failed. Nothing else depends on it, so the lane goes on unless this returns an error.
    ///
    /// # Errors
    /// `error`, where a failed stage is to end the lane.
    fn fail(&mut self, _stage: &PlannedStage, error: Error) -> Result<()> {
        Err(error)
    }
}

/// The bytes of a complete asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// All of them.
    pub bytes: Vec<u8>,
    /// What they are.
    pub media: MediaType,
    /// Their SHA-256, as it was computed when they arrived: they are not hashed again.
    pub sha256: Digest,
}

/// A derivative with what its recipe records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The asset.
    pub derivative: Derivative,
    /// SHA-256 of the source that it was made from.
    pub source: Digest,
}

/// How far the derivatives of an item are: the assets that are complete, and the stages that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    done: Vec<AssetName>,
    #[serde(default)]
    failed: Vec<AssetName>,
}

impl Progress {
    /// Of an item whose assets named here are complete.
    pub fn new(done: impl IntoIterator<Item = AssetName>) -> Progress {
        Progress { done: done.into_iter().collect(), failed: Vec::new() }
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

    /// Records that an asset is to be made again.
    pub fn reopen(&mut self, asset: &AssetName) {
        self.done.retain(|done| done != asset);
    }

    /// The stages of `plan` that can run now: placed here (`None` for anywhere), neither done nor failed, their source
    /// complete. They are independent of each other.
    pub fn ready<'p>(
        &self,
        plan: &'p Plan,
        placement: Option<Placement>,
    ) -> impl Iterator<Item = &'p PlannedStage> {
        plan.stages().iter().filter(move |stage| {
            placement.is_none_or(|placement| stage.placement == placement)
                && !self.is_done(stage.asset.as_str())
                && !self.failed.contains(&stage.asset)
                && self.is_done(stage.source.as_str())
        })
    }

    /// Records that a stage failed: it is not ready again.
    pub fn fail(&mut self, asset: AssetName) {
        self.failed.push(asset);
    }
}

#[cfg(test)]
mod tests;
