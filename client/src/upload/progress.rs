//! How far an upload is, lane by lane.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use darkroom_core::pipeline::Plan;

use crate::upload::LaneTime;

/// What happens during an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The canister knows of the upload.
    Begun {
        /// The item.
        item: String,
        /// Whether an earlier upload is continued.
        resumed: bool,
    },
    /// The item was stored before; nothing is sent.
    AlreadyStored {
        /// The item.
        item: String,
    },
    /// A lane has begun, or moved on.
    Lane {
        /// The lane, as an index into the pipeline's lanes.
        index: usize,
        /// Its name.
        name: String,
        /// What was done last.
        what: String,
        /// How much is done.
        done: u64,
        /// Of how much.
        total: u64,
        /// What is counted.
        unit: Unit,
    },
    /// All assets are stored and visible.
    Published {
        /// The item.
        item: String,
    },
}

/// What a lane's progress is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of the original, in the lane that stores it.
    Bytes,
    /// Assets made and assets stored.
    Steps,
}

/// A lane's progress and time.
struct LaneState {
    name: String,
    done: u64,
    total: u64,
    elapsed: Duration,
}

/// Counts, times and reports.
pub(crate) struct Tracker<'a> {
    report: &'a (dyn Fn(Event) + Send + Sync),
    begun: Instant,
    original_lane: usize,
    lanes: Mutex<Vec<LaneState>>,
}

/// Steps of a stage: its asset is made, its asset is stored.
const STEPS: u64 = 2;

impl<'a> Tracker<'a> {
    pub(crate) fn new(plan: &Plan, size: u64, report: &'a (dyn Fn(Event) + Send + Sync)) -> Tracker<'a> {
        let total = |lane: usize| match plan.stages().iter().filter(|stage| stage.lane == lane).count() {
            _ if lane == plan.original_lane() => size,
            stages => STEPS * stages as u64,
        };
        let lanes = plan.lanes().iter().enumerate().map(|(index, name)| LaneState {
            name: name.clone(),
            done: 0,
            total: total(index),
            elapsed: Duration::ZERO,
        });
        Tracker {
            report,
            begun: Instant::now(),
            original_lane: plan.original_lane(),
            lanes: Mutex::new(lanes.collect()),
        }
    }

    pub(crate) fn report(&self, event: Event) {
        (self.report)(event);
    }

    /// The canister knows of the upload, and nothing is done: every lane is told of.
    pub(crate) fn begun(&self, item: &str, resumed: bool) {
        self.report(Event::Begun { item: item.to_owned(), resumed });
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).len();
        (0..lanes).for_each(|index| self.advance(index, 0, "begun"));
    }

    /// Bytes of the original are stored.
    pub(crate) fn stored_bytes(&self, bytes: u64) {
        self.advance(self.original_lane, bytes, "stored");
    }

    /// The original is complete.
    pub(crate) fn finished_original(&self) {
        self.advance(self.original_lane, 0, "verified");
    }

    /// A stage's asset is made.
    pub(crate) fn made(&self, lane: usize, asset: &str) {
        self.advance_stage(lane, 1, &format!("{asset} made"));
    }

    /// A stage's asset is stored; `made_here` says whether it was counted as made before.
    pub(crate) fn stored(&self, lane: usize, asset: &str, made_here: bool) {
        self.advance_stage(lane, if made_here { 1 } else { STEPS }, &format!("{asset} stored"));
    }

    fn advance_stage(&self, lane: usize, steps: u64, what: &str) {
        // The lane of the original counts bytes, not the stages that stand beside it.
        self.advance(lane, if lane == self.original_lane { 0 } else { steps }, what);
    }

    fn advance(&self, index: usize, by: u64, what: &str) {
        let event = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(lane) = lanes.get_mut(index) else { return };
            lane.done = lane.done.saturating_add(by).min(lane.total);
            lane.elapsed = self.begun.elapsed();
            Event::Lane {
                index,
                name: lane.name.clone(),
                what: what.to_owned(),
                done: lane.done,
                total: lane.total,
                unit: if index == self.original_lane { Unit::Bytes } else { Unit::Steps },
            }
        };
        self.report(event);
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(crate) fn lane_times(&self) -> Vec<LaneTime> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.iter().map(|lane| LaneTime { name: lane.name.clone(), elapsed: lane.elapsed }).collect()
    }
}
