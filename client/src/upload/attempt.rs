//! From the first call to the outcome: which way an upload goes, and what is left when it fails.

use darkroom_api as api;
use darkroom_core::asset::ORIGINAL;

use crate::error::{Error, ErrorKind, Result};
use crate::upload::lanes::is_published;
use crate::upload::whole::{Open, Whole};
use crate::upload::{Event, Job, Outcome, StoredAsset};

/// Attempts in all: one that went on from the journal, one that went on from what the canister had, a new one.
const ATTEMPTS: u32 = 3;

/// Why an attempt failed.
pub(super) struct Failure {
    error: Error,
    /// Whether it comes from what an earlier upload left, so that beginning anew may help.
    stale: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, stale: false }
    }
}

/// An open session to go on with.
pub(super) struct Start {
    pub(super) upload: api::Upload,
    /// The item as it stands, unless nothing of it is there.
    pub(super) known: Option<api::Item>,
    /// Whether `known` comes from an update call, whose answers are certified.
    pub(super) certified: bool,
    /// Whether the session was named by the journal, not by the canister.
    pub(super) from_journal: bool,
}

impl Job<'_> {
    /// Goes through to the end. What an earlier upload left and cannot be continued is dropped on the way.
    pub(super) async fn run(&self) -> Result<Outcome> {
        let mut attempts = 1;
        loop {
            match self.attempt().await {
                Ok(outcome) => {
                    self.forget().await;
                    return Ok(outcome);
                }
                Err(failure) if failure.stale && attempts < ATTEMPTS => attempts += 1,
                Err(failure) => return Err(failure.error),
            }
        }
    }

    /// Continues or begins, the shortest way: with what the journal names, else in one call where the file is
    /// small, else by asking the canister for a session.
    async fn attempt(&self) -> Result<Outcome, Failure> {
        if let Some(start) = self.from_journal().await? {
            return self.go_on(start, Open::default()).await;
        }
        match self.whole().await? {
            Whole::Done(outcome) => Ok(outcome),
            Whole::Open(open) => self.go_on(self.begin().await?, open).await,
        }
    }

    /// The session that the canister gives for what the upload declares.
    async fn begin(&self) -> Result<Start> {
        let calls = &self.darkroom.calls;
        let upload: api::Upload = calls.update("begin_upload", &self.begin).await?;
        let covered: u64 = upload.coverage.iter().map(|range| u64::from(range.end - range.start)).sum();
        let total = self.begin.size.div_ceil(upload.chunk_size.max(1).into());
        // What is all there is probably published, and then only a certified answer will do.
        let certified = covered >= total;
        let known = match covered {
            // Nothing has arrived, so there is nothing to ask for.
            0 => None,
            _ if certified => Some(self.darkroom.certified_item(&upload.item).await?),
            _ => Some(self.darkroom.item(&upload.item).await?),
        };
        Ok(Start { upload, known, certified, from_journal: false })
    }

    async fn go_on(&self, start: Start, open: Open) -> Result<Outcome, Failure> {
        let Start { upload, known, certified, from_journal } = start;
        if let Some(item) = known.as_ref().filter(|item| is_published(item)) {
            self.tracker.report(Event::AlreadyStored { item: item.id.clone() });
            let read = if certified { None } else { Some(self.darkroom.certified_item(&item.id).await?) };
            return Ok(self.already_stored(read.as_ref().unwrap_or(item)).await?);
        }
        // What has just been taken whole is not resumed, and if it has failed its reason is wanted.
        let resumed = !open.taken && (known.is_some() || !upload.coverage.is_empty());
        if let Some(item) = known.as_ref().filter(|item| resumed && item.state == api::item_state::FAILED) {
            self.abort(&upload).await;
            let (item, state) = (item.id.clone(), item.state.clone());
            return Err(Failure { error: Error::Unfinished { item, state, seconds: 0 }, stale: true });
        }
        self.tracker.report(Event::Begun { item: upload.item.clone(), resumed });
        let lanes = self.both_lanes(&upload, known.as_ref(), open.made);
        let (_, result) = tokio::join!(self.keep(&upload), lanes);
        match result {
            Ok((item, sent)) => Ok(self.outcome(&item, sent, false)),
            // The next upload can go on from here.
            Err(error) if passes(&error) => Err(Failure { error, stale: false }),
            Err(error) if from_journal && error.kind() == ErrorKind::Refused => {
                // What the journal led to was learned from queries; the canister's own word may be another.
                self.forget().await;
                Err(Failure { error, stale: true })
            }
            Err(error) => {
                self.abort(&upload).await;
                Err(Failure { stale: is_stale(&error, resumed), error })
            }
        }
    }

    /// Drops the unpublished item. What fails here expires by itself.
    async fn abort(&self, upload: &api::Upload) {
        self.forget().await;
        let _: Result<api::Freed> = self.darkroom.calls.update("abort_upload", &upload.session).await;
    }

    pub(super) fn outcome(&self, item: &api::Item, sent: u64, already_stored: bool) -> Outcome {
        self.tracker.report(Event::Published { item: item.id.clone() });
        let mut assets: Vec<_> = item.assets.iter().map(StoredAsset::from).collect();
        if let (Some(original), Some(size)) =
            (assets.iter_mut().find(|asset| asset.name == ORIGINAL), self.size)
        {
            (original.width, original.height) = (Some(size.width), Some(size.height));
        }
        Outcome {
            item: item.id.clone(),
            pipeline: item.pipeline.clone(),
            assets,
            lanes: self.tracker.lane_times(),
            elapsed: self.tracker.elapsed(),
            already_stored,
            sent,
        }
    }
}

/// Whether what failed has nothing to do with the file, and may be over later: the network, a canister that is to
/// be given cycles or says itself that it will do.
fn passes(error: &Error) -> bool {
    match error {
        Error::Refused { source, .. } => source.retryable || source.code == api::code::LOW_CYCLES,
        error => error.kind() == ErrorKind::Network,
    }
}

fn is_stale(error: &Error, resumed: bool) -> bool {
    let Error::Refused { source, .. } = error else { return false };
    let lost = [api::code::SESSION_EXPIRED, api::code::SESSION_NOT_FOUND, api::code::ITEM_NOT_FOUND];
    resumed || lost.contains(&source.code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, retryable: bool) -> Error {
        let source = api::Error { retryable, ..api::Error::new(code, "no") };
        Error::Refused { call: "put_chunk", source }
    }

    #[test]
    fn only_what_may_be_over_later_leaves_the_session_standing() {
        assert!(passes(&refused(api::code::LOW_CYCLES, false)));
        assert!(passes(&refused("hash_mismatch", true)));
        for error in [refused(api::code::LIMIT, false), refused("hash_mismatch", false), Error::Empty] {
            assert!(!passes(&error), "{error}");
        }
    }

    #[test]
    fn a_lost_session_and_what_was_continued_are_begun_anew() {
        assert!(is_stale(&refused(api::code::SESSION_EXPIRED, false), false));
        assert!(is_stale(&refused(api::code::ASSET_CONFLICT, false), true));
        assert!(!is_stale(&refused(api::code::ASSET_CONFLICT, false), false));
        assert!(!is_stale(&Error::Empty, true));
    }
}
