//! One upload: both lanes side by side, then every asset checked.

mod attempt;
mod check;
mod failures;
mod lanes;
mod options;
mod original;
mod outcome;
mod prepared;
mod progress;
mod reader;
mod resume;
mod stored;
mod transfer;
mod whole;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::Plan;
use darkroom_core::pixels::Size;

use crate::darkroom::Darkroom;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::FileStamp;
use crate::thread::on_thread;

pub use options::UploadOptions;
pub use outcome::{FailedStage, LaneTime, Outcome, StoredAsset};
pub use prepared::Prepared;
pub use progress::{Event, Unit};

use lanes::later;
pub(crate) use original::Original;
use prepared::{Keep, Source};
pub(crate) use progress::Tracker;

/// What is known of an upload before it begins.
pub(crate) struct Job<'a> {
    pub(crate) darkroom: &'a Darkroom,
    pub(crate) plan: Arc<Plan>,
    /// What may be decoded and made of images.
    pub(crate) limits: DecodeLimits,
    pub(crate) original: Original,
    pub(crate) media: MediaType,
    /// Bytes of the original.
    pub(crate) length: u64,
    /// The original's upright size, where its header tells it.
    pub(crate) size: Option<Size>,
    pub(crate) sha256: Digest,
    /// Whether the SHA-256 comes from the journal, and not from the bytes.
    pub(crate) trusted: bool,
    /// Whether the canister is asked for an earlier upload before anything is sent that would be found to be there.
    pub(crate) asks: bool,
    /// The file as it was read, where it is one.
    pub(crate) file: Option<FileStamp>,
    pub(crate) options: &'a UploadOptions,
    pub(crate) begin: api::BeginUpload,
    pub(crate) tracker: Tracker<'a>,
}

impl Darkroom {
    /// Uploads a file. Its name is that of the path unless the options give another.
    ///
    /// A file that the pipeline reads no image of is read twice, to hash it and to send it, a few chunks at a time:
    /// at most 64 MiB of it are in memory, whatever its size. An image is read once, whole.
    ///
    /// # Errors
    /// As [`upload`](Darkroom::upload), [`Error::Unreadable`], and [`Error::Changed`] for a file that is written to
    /// meanwhile.
    pub async fn upload_path(
        &self,
        path: impl AsRef<Path>,
        options: UploadOptions,
        progress: impl Fn(Event) + Send + Sync,
    ) -> Result<Outcome> {
        let file = self.look_at_path(path.as_ref(), options, Keep::Bytes).await?;
        self.upload_looked(file, true, &progress).await
    }

    /// Uploads bytes through all lanes of a pipeline, and gives the stored item once every asset was checked.
    /// `progress` hears what happens.
    ///
    /// A file that fits into one message (1.9 MB) together with its derivatives goes in one call. Any other is
    /// begun in one call, then all its chunks are sent side by side with the derivatives, and the last chunk has
    /// it finished; how many are on their way at once follows what the network takes.
    ///
    /// An upload of the same bytes under the same name through the same recipes continues where an earlier one
    /// was interrupted, and gives the stored item where it was not, without sending anything. A file that fails here
    /// leaves nothing behind; when the network fails, the canister is short of cycles or cannot run a required stage,
    /// or this future is dropped, what was sent stays until its session expires, to be continued. Transient failures
    /// are repeated with growing waits, a definite refusal never: it ends the upload with all that is on its way.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::Processing`] and [`Error::Stage`] for the file,
    /// [`Error::UnknownPipeline`], [`Error::ProcessorVersion`], [`Error::Refused`] and [`Error::Call`] for the
    /// canister and the way there, [`Error::Mismatch`] when a stored asset is not what was made.
    pub async fn upload(
        &self,
        bytes: impl Into<Bytes>,
        options: UploadOptions,
        progress: impl Fn(Event) + Send + Sync,
    ) -> Result<Outcome> {
        let file = self.prepare(bytes, options).await?;
        self.upload_looked(file, true, &progress).await
    }

    /// Uploads what was prepared, as [`upload`](Darkroom::upload) does, without hashing it again. A small file is sent
    /// without asking whether it is stored: that is for [`stored`](Darkroom::stored) to say, for many at once. One that
    /// is stored all the same is found to be, and nothing is added.
    ///
    /// # Errors
    /// As [`upload_path`](Darkroom::upload_path); [`Error::Changed`] also for a file that was written to since it was
    /// prepared.
    pub async fn upload_prepared(
        &self,
        file: Prepared,
        progress: impl Fn(Event) + Send + Sync,
    ) -> Result<Outcome> {
        self.upload_looked(file, false, &progress).await
    }

    async fn upload_looked(
        &self,
        mut file: Prepared,
        asks: bool,
        progress: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<Outcome> {
        let original = file.open().await?;
        let hash = || {
            let original = original.clone();
            on_thread(move || original.sha256())
        };
        loop {
            let turn = self.shared.turn(file.idempotency_key());
            let _turn = turn.lock().await;
            let options = file.options.clone();
            let job = Job {
                darkroom: self,
                plan: file.plan.clone(),
                limits: file.limits,
                original: original.clone(),
                media: file.media.clone(),
                length: file.length,
                size: file.size,
                sha256: file.sha256,
                trusted: file.trusted,
                asks,
                file: file.stamp.clone(),
                options: &options,
                begin: file.begin.clone(),
                tracker: Tracker::new(&file.plan, file.length, progress),
            };
            let failure = match job.run().await {
                Ok(outcome) => return Ok(outcome),
                Err(failure) => failure,
            };
            if failure.error.kind() == ErrorKind::Refused {
                if file.trusted {
                    // The file may have changed although nothing showed it.
                    let found = hash().await??;
                    let changed = found != file.sha256;
                    if changed {
                        job.drop_session().await;
                    }
                    if changed || failure.stale {
                        file = file.hashed(found);
                        continue;
                    }
                } else if let Source::File(path) = &file.source
                    && failure.error.code() == Some(HASH_MISMATCH)
                    && hash().await?? != file.sha256
                {
                    return Err(Error::Changed { path: path.clone() });
                }
                // The canister may have been configured anew.
                self.forget_catalog();
            }
            return Err(failure.error);
        }
    }
}

/// The canister's code for bytes that do not have the SHA-256 that was declared.
const HASH_MISMATCH: &str = "hash_mismatch";
