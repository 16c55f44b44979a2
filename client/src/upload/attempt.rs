//! From the first call to the outcome: which way an upload goes, and what is left when it fails.

use darkroom_api as api;

use crate::error::{Error, ErrorKind, Result};
use crate::schedule::covered;
use crate::upload::lanes::is_published;
use crate::upload::whole::{Open, Whole};
use crate::upload::{Event, Job, Outcome};

/// Attempts in all: one that went on from the journal, one that went on from what the canister had, a new one.
const ATTEMPTS: u32 = 3;

/// Why an attempt failed.
pub(super) struct Failure {
    pub(super) error: Error,
    /// Whether it comes from what an earlier upload left, so that beginning anew may help.
    pub(super) stale: bool,
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
    /// Goes through to the end. What an earlier upload left and cannot be continued is dropped on the way, unless
    /// it may be the SHA-256 that is wrong: then nothing is sent again before that is known.
    pub(super) async fn run(&self) -> Result<Outcome, Failure> {
        let mut attempts = 1;
        loop {
            match self.attempt().await {
                Ok(outcome) => {
                    self.forget().await;
                    return Ok(outcome);
                }
                Err(failure) if failure.stale && !self.trusted && attempts < ATTEMPTS => attempts += 1,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Continues or begins, the shortest way: with what the journal names, else in one call where the file is
    /// small, else by asking the canister for a session.
    async fn attempt(&self) -> Result<Outcome, Failure> {
        if let Some(start) = self.journalled().await? {
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
        let arrived = covered(&upload.coverage);
        let total = self.begin.size.div_ceil(upload.chunk_size.max(1).into());
        // What is all there is probably published, and then only a certified answer will do.
        let certified = arrived >= total;
        let known = match arrived {
            // Nothing has arrived, so there is nothing to ask for.
            0 => None,
            _ if certified => Some(self.darkroom.certified_item(&upload.item).await?),
            _ => Some(self.darkroom.item_that_is_there(&upload.item).await?),
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
            // Nothing is dropped on the word of one node.
            let item = if certified { item.clone() } else { self.darkroom.certified_item(&item.id).await? };
            if item.state == api::item_state::FAILED {
                match self.try_again(&item.id).await {
                    Ok(()) => {}
                    Err(error) if passes(&error) => return Err(Failure { error, stale: false }),
                    Err(_) => {
                        self.abort(&upload).await;
                        let error = Error::Unfinished { item: item.id, state: item.state, seconds: 0 };
                        return Err(Failure { error, stale: true });
                    }
                }
            }
        }
        self.tracker.begun(&upload.item, resumed);
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
            // What the canister could not make is kept with its reason, to be tried again.
            Err(error @ Error::CanisterStage { .. }) => Err(Failure { error, stale: false }),
            // What another upload has begun is not ended by what went wrong here.
            Err(error) if resumed && is_local(&error) => Err(Failure { error, stale: false }),
            Err(error) => {
                let stale = is_stale(&error, resumed);
                if !resumed || stale || !matches!(error, Error::Refused { .. }) {
                    self.abort(&upload).await;
                }
                Err(Failure { stale, error })
            }
        }
    }

    /// Has the stages that failed wait for their turn again.
    async fn try_again(&self, item: &str) -> Result<()> {
        let args = api::Reprocess { item: item.to_owned(), ..Default::default() };
        self.darkroom.calls.update::<_, api::Reprocessed>("reprocess", &args).await.map(drop)
    }

    /// Drops what was declared with a SHA-256 that the file does not have.
    pub(super) async fn drop_session(&self) {
        let begun: Result<api::Upload> = self.darkroom.calls.update("begin_upload", &self.begin).await;
        if let Ok(upload) = begun {
            self.abort(&upload).await;
        }
    }

    /// Drops the unpublished item. What fails here expires by itself.
    pub(super) async fn abort(&self, upload: &api::Upload) {
        self.forget().await;
        let _: Result<api::Freed> = self.darkroom.calls.update("abort_upload", &upload.session).await;
    }

    pub(super) fn outcome(&self, item: &api::Item, sent: u64, already_stored: bool) -> Outcome {
        self.tracker.report(Event::Published { item: item.id.clone() });
        Outcome {
            lanes: self.tracker.lane_times(),
            elapsed: self.tracker.elapsed(),
            already_stored,
            sent,
            ..Outcome::of(item, self.size)
        }
    }
}

/// Whether what failed has nothing to do with the file, and may be over later: the network, a canister that is to
/// be given cycles or says itself that it will do, or that has not finished yet.
fn passes(error: &Error) -> bool {
    match error {
        Error::Refused { source, .. } => source.retryable || source.code == api::code::LOW_CYCLES,
        Error::Unfinished { .. } => true,
        error => error.kind() == ErrorKind::Network,
    }
}

/// Whether it went wrong on this machine, whatever the canister has.
fn is_local(error: &Error) -> bool {
    matches!(
        error,
        Error::Stage { .. }
            | Error::Processing(_)
            | Error::Unreadable { .. }
            | Error::Changed { .. }
            | Error::Write(_)
    )
}

/// What a new beginning cures: a session that is lost, and, of an upload that was continued, what does not fit to
/// this one. Any other refusal would be met again.
fn is_stale(error: &Error, resumed: bool) -> bool {
    use api::code::{ASSET_CONFLICT, ITEM_NOT_FOUND, PROCESSOR_VERSION, SESSION_EXPIRED, SESSION_NOT_FOUND};
    let Error::Refused { source, .. } = error else { return false };
    let lost = [SESSION_EXPIRED, SESSION_NOT_FOUND, ITEM_NOT_FOUND];
    let unfit = [ASSET_CONFLICT, PROCESSOR_VERSION, "chunk_conflict", "hash_mismatch", "session_finished"];
    lost.contains(&source.code.as_str()) || resumed && unfit.contains(&source.code.as_str())
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
        let (item, state) = ("a".to_owned(), "processing".to_owned());
        assert!(passes(&Error::Unfinished { item, state, seconds: 900 }));
        for error in [refused(api::code::LIMIT, false), refused("hash_mismatch", false), Error::Empty] {
            assert!(!passes(&error), "{error}");
        }
    }

    #[test]
    fn a_lost_session_and_what_was_continued_are_begun_anew() {
        assert!(is_stale(&refused(api::code::SESSION_EXPIRED, false), false));
        assert!(is_stale(&refused(api::code::ASSET_CONFLICT, false), true));
        assert!(!is_stale(&refused(api::code::ASSET_CONFLICT, false), false));
        for code in [api::code::LIMIT, api::code::FORBIDDEN, "store_full"] {
            assert!(!is_stale(&refused(code, false), true), "{code}");
        }
        assert!(!is_stale(&Error::Empty, true));
    }
}
