//! One upload: both lanes side by side, then every asset checked.

mod attempt;
mod check;
mod failures;
mod lanes;
mod options;
mod outcome;
mod progress;
mod resume;
mod transfer;
mod whole;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use darkroom_api as api;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::Plan;
use darkroom_core::pixels::Size;
use darkroom_core::{Digest, Error as CoreError};

use crate::darkroom::Darkroom;
use crate::derive::Content;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::FileStamp;
use crate::schedule::{idempotency_key, requires_image, stages_to_make};
use crate::thread::on_thread;

pub use options::UploadOptions;
pub use outcome::{FailedStage, LaneTime, Outcome, StoredAsset};
pub use progress::{Event, Unit};

use lanes::later;
pub(crate) use progress::Tracker;

/// What is known of an upload before it begins.
pub(crate) struct Job<'a> {
    pub(crate) darkroom: &'a Darkroom,
    pub(crate) plan: Arc<Plan>,
    /// What may be decoded and made of images.
    pub(crate) limits: DecodeLimits,
    pub(crate) original: Content,
    /// The original's upright size, where its header tells it.
    pub(crate) size: Option<Size>,
    pub(crate) sha256: Digest,
    /// Whether the SHA-256 comes from the journal, and not from the bytes.
    pub(crate) trusted: bool,
    /// The file as it was read, where it is one.
    pub(crate) file: Option<FileStamp>,
    pub(crate) options: &'a UploadOptions,
    pub(crate) begin: api::BeginUpload,
    pub(crate) tracker: Tracker<'a>,
}

impl Darkroom {
    /// Uploads a file. Its name is that of the path unless the options give another.
    ///
    /// # Errors
    /// As [`upload`](Darkroom::upload), and [`Error::Unreadable`].
    pub async fn upload_path(
        &self,
        path: impl AsRef<Path>,
        mut options: UploadOptions,
        progress: impl Fn(Event) + Send + Sync,
    ) -> Result<Outcome> {
        let path = path.as_ref().to_owned();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        options.file_name = options.file_name.or(name);
        let read = on_thread({
            let path = path.clone();
            move || read(&path)
        });
        let (bytes, file) = read.await?.map_err(|source| Error::Unreadable { path, source })?;
        self.upload_read(bytes.into(), file, options, &progress).await
    }

    /// Uploads bytes through all lanes of a pipeline, and gives the stored item once every asset was checked.
    /// `progress` hears what happens.
    ///
    /// A file that fits into one message (1.9 MB) together with its derivatives goes in one call. Any other is
    /// begun in one call, then all its chunks are sent side by side with the derivatives, and the last chunk has
    /// it finished; how many are on their way at once follows what the network takes.
    ///
    /// An upload of the same bytes under the same name through the same recipes continues where an earlier one
    /// was interrupted, and gives the stored item where it was not. A file that fails here leaves nothing behind;
    /// when the network fails, the canister is short of cycles or cannot run a required stage, or this future is
    /// dropped, what was sent stays until its session expires, to be continued. Transient failures are repeated with growing waits, a
    /// definite refusal never: it ends the upload with all that is on its way.
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
        self.upload_read(bytes.into(), None, options, &progress).await
    }

    async fn upload_read(
        &self,
        bytes: Bytes,
        file: Option<FileStamp>,
        options: UploadOptions,
        progress: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<Outcome> {
        if bytes.is_empty() {
            return Err(Error::Empty);
        }
        let known = self.known_sha256(file.clone());
        let (catalog, mut known) = tokio::try_join!(self.catalog(), known)?;
        let plan = Arc::new(catalog.plan(options.pipeline.as_deref(), &self.toolkit.registry)?);
        catalog.check_versions(&plan, &stages_to_make(&plan, &BTreeSet::new()))?;
        let media = options.media_type.clone().or_else(|| MediaType::sniff(&bytes));
        let (media, size) = self.check_image(&plan, media, &bytes, catalog.images()).await?;
        let original = Content { bytes, media };
        let hash = || {
            let bytes = original.bytes.clone();
            on_thread(move || Digest::of(&bytes))
        };
        loop {
            let trusted = known.take();
            let sha256 = match trusted {
                Some(sha256) => sha256,
                None => hash().await?,
            };
            let begin = begin_arguments(&plan, &original, sha256, &options);
            let turn = self.shared.turn(begin.idempotency_key.as_deref().unwrap_or_default());
            let _turn = turn.lock().await;
            let job = Job {
                darkroom: self,
                plan: plan.clone(),
                limits: catalog.images(),
                original: original.clone(),
                size,
                sha256,
                trusted: trusted.is_some(),
                file: file.clone(),
                options: &options,
                begin,
                tracker: Tracker::new(&plan, original.bytes.len() as u64, progress),
            };
            let failure = match job.run().await {
                Ok(outcome) => return Ok(outcome),
                Err(failure) => failure,
            };
            if failure.error.kind() == ErrorKind::Refused {
                if trusted.is_some() {
                    // The file may have changed although nothing showed it.
                    let changed = hash().await? != sha256;
                    if changed {
                        job.drop_session().await;
                    }
                    if changed || failure.stale {
                        continue;
                    }
                }
                // The canister may have been configured anew.
                self.forget_catalog().await;
            }
            return Err(failure.error);
        }
    }

    /// Refuses files that the pipeline cannot read, before the canister hears of them. Gives what the file is,
    /// and its upright size.
    async fn check_image(
        &self,
        plan: &Plan,
        media: Option<MediaType>,
        bytes: &Bytes,
        limits: DecodeLimits,
    ) -> Result<(MediaType, Option<Size>)> {
        if !requires_image(plan) {
            return Ok((media.unwrap_or(MediaType::OCTET_STREAM), None));
        }
        let Some(media) = media else {
            let start: Vec<_> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            let reason =
                format!("it is of no image format that is known (it starts with {})", start.join(" "));
            return Err(CoreError::NotAnImage { reason }.into());
        };
        let (decoder, bytes) = (self.toolkit.decoder, bytes.clone());
        let size = on_thread({
            let media = media.clone();
            move || decoder.size(&media, &bytes, limits)
        });
        let size = size.await??;
        Ok((media, Some(size)))
    }
}

fn begin_arguments(
    plan: &Plan,
    original: &Content,
    sha256: Digest,
    options: &UploadOptions,
) -> api::BeginUpload {
    let file_name = options.file_name.as_deref().unwrap_or("file");
    let file_name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name).to_owned();
    let media_type = original.media.to_string();
    let private = options.visibility == api::Visibility::Private;
    let key = idempotency_key(sha256, &file_name, &media_type, private, plan);
    api::BeginUpload {
        pipeline: Some(plan.name().to_owned()),
        file_name,
        media_type,
        size: original.bytes.len() as u64,
        sha256: Some(sha256.0.into()),
        visibility: Some(options.visibility),
        idempotency_key: Some(key),
    }
}

/// A file's bytes, and what it looked like, unless it changed while it was read.
fn read(path: &Path) -> std::io::Result<(Vec<u8>, Option<FileStamp>)> {
    let stamp = || std::fs::metadata(path).map(|data| FileStamp::of(path, &data));
    let before = stamp()?;
    let bytes = std::fs::read(path)?;
    let unchanged = before == stamp()?;
    Ok((bytes, before.filter(|_| unchanged)))
}
