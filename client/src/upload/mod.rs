//! One upload: both lanes side by side, then every asset checked.

mod check;
mod lanes;
mod options;
mod outcome;
mod progress;
mod transfer;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use darkroom_api as api;
use darkroom_core::asset::ORIGINAL;
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::Plan;
use darkroom_core::pixels::Size;
use darkroom_core::source::DecodeLimits;
use darkroom_core::{Digest, Error as CoreError};

use crate::darkroom::Darkroom;
use crate::derive::Content;
use crate::error::{Error, ErrorKind, Result};
use crate::schedule::{idempotency_key, reads_original, stages_to_make};

pub use options::UploadOptions;
pub use outcome::{LaneTime, Outcome, StoredAsset};
pub use progress::{Event, Unit};

use progress::Tracker;

/// What is known of an upload before it begins.
struct Job<'a> {
    darkroom: &'a Darkroom,
    plan: Arc<Plan>,
    original: Content,
    /// The original's upright size, where its header tells it.
    size: Option<Size>,
    sha256: Digest,
    options: &'a UploadOptions,
    begin: api::BeginUpload,
    tracker: Tracker<'a>,
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
            move || std::fs::read(path)
        });
        let bytes = read.await?.map_err(|source| Error::Unreadable { path, source })?;
        self.upload(bytes, options, progress).await
    }

    /// Uploads bytes through all lanes of a pipeline, and gives the stored item once every asset was checked.
    /// `progress` hears what happens.
    ///
    /// An upload of the same bytes under the same name through the same recipes continues where an earlier one
    /// was interrupted, and gives the stored item where it was not. A file that fails leaves nothing behind;
    /// only when the network fails, what was sent stays until its session expires, to be continued.
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
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Err(Error::Empty);
        }
        let catalog = self.catalog().await?;
        let plan = Arc::new(catalog.plan(options.pipeline.as_deref(), &self.toolkit.registry)?);
        catalog.check_versions(&plan, &stages_to_make(&plan, &BTreeSet::new()))?;
        let media = options.media_type.clone().or_else(|| MediaType::sniff(&bytes));
        let (media, size) = self.check_image(&plan, media, &bytes).await?;
        let original = Content { bytes, media };
        let sha256 = on_thread({
            let bytes = original.bytes.clone();
            move || Digest::of(&bytes)
        });
        let sha256 = sha256.await?;
        let tracker = Tracker::new(&plan, original.bytes.len() as u64, &progress);
        let begin = begin_arguments(&plan, &original, sha256, &options);
        let turn = self.shared.turn(begin.idempotency_key.as_deref().unwrap_or_default());
        let _turn = turn.lock().await;
        let job = Job { darkroom: self, plan, original, size, sha256, options: &options, begin, tracker };
        let result = match job.attempt().await {
            // What an earlier upload left cannot be continued; it is gone now.
            Err(failure) if failure.stale => job.attempt().await,
            result => result,
        };
        if result.as_ref().is_err_and(|failure| failure.error.kind() == ErrorKind::Refused) {
            // The canister may have been configured anew.
            self.forget_catalog().await;
        }
        result.map_err(|failure| failure.error)
    }

    /// Refuses files that the pipeline cannot read, before the canister hears of them. Gives what the file is,
    /// and its upright size.
    async fn check_image(
        &self,
        plan: &Plan,
        media: Option<MediaType>,
        bytes: &Bytes,
    ) -> Result<(MediaType, Option<Size>)> {
        if !reads_original(plan) {
            return Ok((media.unwrap_or(MediaType::OCTET_STREAM), None));
        }
        let Some(media) = media else {
            let start: Vec<_> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            let reason = format!("it is neither JPEG nor PNG (it starts with {})", start.join(" "));
            return Err(CoreError::NotAnImage { reason }.into());
        };
        let (decoder, bytes) = (self.toolkit.decoder, bytes.clone());
        let size = on_thread({
            let media = media.clone();
            move || decoder.size(&media, &bytes, DecodeLimits::default())
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

/// Why an attempt failed.
struct Failure {
    error: Error,
    /// Whether it comes from what an earlier upload left, so that beginning anew may help.
    stale: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, stale: false }
    }
}

impl Job<'_> {
    /// Begins or continues, and goes through to the end.
    async fn attempt(&self) -> Result<Outcome, Failure> {
        let calls = &self.darkroom.calls;
        let upload: api::Upload = calls.update("begin_upload", &self.begin).await?;
        let resumed = !upload.coverage.is_empty();
        let known: Option<api::Item> =
            if resumed { Some(calls.query("item", &upload.item).await?) } else { None };
        if let Some(item) = known.as_ref().filter(|item| item.state == api::item_state::PUBLISHED) {
            self.tracker.report(Event::AlreadyStored { item: item.id.clone() });
            return Ok(self.already_stored(&item.id).await?);
        }
        if let Some(item) = known.as_ref().filter(|item| item.state == api::item_state::FAILED) {
            self.abort(&upload).await;
            let (item, state) = (item.id.clone(), item.state.clone());
            return Err(Failure { error: Error::Unfinished { item, state, seconds: 0 }, stale: true });
        }
        self.tracker.report(Event::Begun { item: upload.item.clone(), resumed });
        match self.both_lanes(&upload, known.as_ref()).await {
            Ok((item, sent)) => Ok(self.outcome(&item, sent, false)),
            Err(error) => {
                // Without a network there is nobody to tell, and the next upload can go on from here.
                if error.kind() != ErrorKind::Network {
                    self.abort(&upload).await;
                }
                Err(Failure { stale: is_stale(&error, resumed), error })
            }
        }
    }

    /// Drops the unpublished item. What fails here expires by itself.
    async fn abort(&self, upload: &api::Upload) {
        let _: Result<api::Freed> = self.darkroom.calls.update("abort_upload", &upload.session).await;
    }

    fn outcome(&self, item: &api::Item, sent: u64, already_stored: bool) -> Outcome {
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

fn is_stale(error: &Error, resumed: bool) -> bool {
    let Error::Refused { source, .. } = error else { return false };
    let lost = [api::code::SESSION_EXPIRED, api::code::SESSION_NOT_FOUND, api::code::ITEM_NOT_FOUND];
    resumed || lost.contains(&source.code.as_str())
}

/// Runs work that keeps a processor busy, or waits for a disk, on a thread of its own.
async fn on_thread<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        let reason = "it panicked".to_owned();
        Error::Processing(CoreError::ProcessorFailed { processor: "reader".to_owned(), reason })
    })
}
