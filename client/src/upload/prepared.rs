//! A file that was looked at before its upload: read once, hashed, and known by what it will be declared as.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use darkroom_api as api;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::Plan;
use darkroom_core::pixels::Size;
use darkroom_core::{Digest, Error as CoreError};

use crate::darkroom::Darkroom;
use crate::error::{Error, Result};
use crate::journal::FileStamp;
use crate::schedule::{idempotency_key, needs_bytes, requires_image, stages_to_make};
use crate::thread::on_thread;
use crate::upload::UploadOptions;
use crate::upload::original::{Looked, OpenFile, Original, stamp_of, unreadable};
use crate::upload::transfer::BATCH;

/// A file or bytes, ready to be uploaded: hashed, checked against the pipeline, and known by what the upload will
/// declare. A prepared file holds no bytes, so many of them take little memory; prepared bytes are held.
///
/// It belongs to the [`Darkroom`] that made it, and its clones.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) source: Source,
    /// The file as it was when it was looked at, where it is one.
    pub(super) stamp: Option<FileStamp>,
    pub(super) length: u64,
    pub(super) media: MediaType,
    pub(super) size: Option<Size>,
    pub(super) sha256: Digest,
    /// Whether the SHA-256 comes from the journal, and not from the bytes.
    pub(super) trusted: bool,
    pub(super) plan: Arc<Plan>,
    pub(super) limits: DecodeLimits,
    pub(super) options: UploadOptions,
    pub(super) begin: api::BeginUpload,
}

/// Where the bytes are.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Bytes(Bytes),
    File(PathBuf),
}

impl Prepared {
    /// The name that the upload declares, without folders.
    pub fn file_name(&self) -> &str {
        &self.begin.file_name
    }

    /// How many bytes there are.
    pub fn bytes(&self) -> u64 {
        self.length
    }

    /// Their SHA-256.
    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// What they are.
    pub fn media_type(&self) -> &str {
        self.media.as_str()
    }

    /// Upright width and height in pixels, where the pipeline reads images.
    pub fn dimensions(&self) -> Option<(u32, u32)> {
        self.size.map(|size| (size.width, size.height))
    }

    /// The pipeline that the upload goes through.
    pub fn pipeline(&self) -> &str {
        self.plan.name()
    }

    /// By what the canister knows the upload: it follows from content, name, media type, visibility and recipes.
    pub fn idempotency_key(&self) -> &str {
        self.begin.idempotency_key.as_deref().unwrap_or_default()
    }

    /// The bytes, to be sent. A file is opened, and read where it is needed whole.
    ///
    /// # Errors
    /// [`Error::Unreadable`], [`Error::Changed`].
    pub(super) async fn open(&self) -> Result<Original> {
        let path = match &self.source {
            Source::Bytes(bytes) => return Ok(Original::Bytes(bytes.clone())),
            Source::File(path) => path.clone(),
        };
        let (stamp, length) = (self.stamp.clone(), self.length);
        let whole = is_read_whole(&self.plan, length);
        let open = move || {
            let file = OpenFile::open(&path, stamp.as_ref(), length)?;
            Ok(if whole { Original::Bytes(file.read()?) } else { Original::File(Arc::new(file)) })
        };
        on_thread(open).await?
    }

    /// The same with the SHA-256 that was found.
    pub(super) fn hashed(self, sha256: Digest) -> Prepared {
        let Prepared { plan, media, length, options, .. } = &self;
        let begin = begin_arguments(plan, media, *length, sha256, options);
        Prepared { sha256, begin, trusted: false, ..self }
    }
}

/// Whether a file is read into memory to be uploaded: as an image, or because it is small.
pub(super) fn is_read_whole(plan: &Plan, length: u64) -> bool {
    needs_bytes(plan) || length <= BATCH as u64
}

/// What is done with bytes of a file that had to be read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// They are sent next.
    Bytes,
    /// They are read again when they are sent.
    Nothing,
}

impl Darkroom {
    /// Looks at a file that is to be uploaded: reads it once, hashes it, checks that the pipeline takes it, and keeps
    /// none of its bytes. Asks the canister for its pipelines, once, and for nothing else.
    ///
    /// With [`stored`](Darkroom::stored) the files can then be told that need not be sent, and with
    /// [`upload_prepared`](Darkroom::upload_prepared) the others are uploaded without being hashed again.
    ///
    /// ```no_run
    /// # async fn example(darkroom: darkroom_client::Darkroom) -> darkroom_client::Result<()> {
    /// use darkroom_client::UploadOptions;
    ///
    /// let mut files = Vec::new();
    /// for path in ["a.jpg", "b.jpg"] {
    ///     files.push(darkroom.prepare_path(path, UploadOptions::default()).await?);
    /// }
    /// let stored = darkroom.stored(&files).await?;
    /// for (file, stored) in files.into_iter().zip(stored) {
    ///     let outcome = match stored {
    ///         Some(outcome) => outcome,
    ///         None => darkroom.upload_prepared(file, |event| drop(event)).await?,
    ///     };
    ///     println!("{} {}", outcome.item, outcome.already_stored);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Unreadable`], [`Error::Changed`] when it is written to meanwhile, [`Error::Empty`],
    /// [`Error::Processing`] for what the pipeline does not take, [`Error::UnknownPipeline`],
    /// [`Error::ProcessorVersion`], and what the calls run into.
    pub async fn prepare_path(&self, path: impl AsRef<Path>, options: UploadOptions) -> Result<Prepared> {
        self.look_at_path(path.as_ref(), options, Keep::Nothing).await
    }

    /// The same for bytes, which are kept.
    ///
    /// # Errors
    /// As [`prepare_path`](Darkroom::prepare_path).
    pub async fn prepare(&self, bytes: impl Into<Bytes>, options: UploadOptions) -> Result<Prepared> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Err(Error::Empty);
        }
        let about = self.about(&options).await?;
        let (media, size) = self.check_image(&about, &options, &bytes).await?;
        let sha256 = on_thread({
            let bytes = bytes.clone();
            move || Digest::of(&bytes)
        });
        let sha256 = sha256.await?;
        let length = bytes.len() as u64;
        let found = Found { source: Source::Bytes(bytes), stamp: None, length, media, size, trusted: false };
        Ok(found.prepared(sha256, about, options))
    }

    pub(super) async fn look_at_path(
        &self,
        path: &Path,
        mut options: UploadOptions,
        keep: Keep,
    ) -> Result<Prepared> {
        let path = path.to_owned();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        options.file_name = options.file_name.or(name);
        let stat = on_thread({
            let path = path.clone();
            move || stamp_of(&path)
        });
        let (stamp, length) = stat.await??;
        let about = self.about(&options).await?;
        if needs_bytes(&about.plan) {
            about.check_length(length)?;
        }
        let known = self.known_sha256(stamp.clone()).await?;
        // What has no length may be something else than a file, such as a pipe.
        if length == 0 || is_read_whole(&about.plan, length) {
            return self.look_whole(path, stamp, about, options, keep).await;
        }
        let looked = on_thread({
            let path = path.clone();
            move || {
                let looked = match known {
                    Some(sha256) => Looked { length, sha256, head: Looked::head_of(&path)? },
                    None => Looked::at(&path)?,
                };
                let is_same = looked.length == length && stamp_of(&path)?.0 == stamp;
                if is_same { Ok((looked, stamp)) } else { Err(Error::Changed { path }) }
            }
        });
        let (looked, stamp) = looked.await??;
        let media = options.media_type.clone().or_else(|| MediaType::sniff(&looked.head));
        let media = media.unwrap_or(MediaType::OCTET_STREAM);
        let (source, trusted) = (Source::File(path), known.is_some());
        let found = Found { source, stamp, length, media, size: None, trusted };
        Ok(found.prepared(looked.sha256, about, options))
    }

    /// Looks at a file that is read into memory.
    async fn look_whole(
        &self,
        path: PathBuf,
        stamp: Option<FileStamp>,
        about: About,
        options: UploadOptions,
        keep: Keep,
    ) -> Result<Prepared> {
        let read = on_thread({
            let path = path.clone();
            move || {
                let bytes = std::fs::read(&path).map_err(unreadable(&path))?;
                let is_same = stamp_of(&path)?.0 == stamp;
                Ok::<_, Error>((Bytes::from(bytes), stamp.filter(|_| is_same), is_same))
            }
        });
        let (bytes, stamp, is_same) = read.await??;
        if bytes.is_empty() {
            return Err(Error::Empty);
        }
        if !is_same && keep == Keep::Nothing {
            return Err(Error::Changed { path });
        }
        let (media, size) = self.check_image(&about, &options, &bytes).await?;
        // The bytes are at hand, so what the journal says of them is not needed.
        let sha256 = on_thread({
            let bytes = bytes.clone();
            move || Digest::of(&bytes)
        });
        let sha256 = sha256.await?;
        let length = bytes.len() as u64;
        let source = match keep {
            Keep::Bytes => Source::Bytes(bytes),
            Keep::Nothing => Source::File(path),
        };
        let found = Found { source, stamp, length, media, size, trusted: false };
        Ok(found.prepared(sha256, about, options))
    }

    /// The pipeline of an upload, which must be one that can be gone through from here.
    pub(super) async fn about(&self, options: &UploadOptions) -> Result<About> {
        let catalog = self.catalog().await?;
        let plan = Arc::new(catalog.plan(options.pipeline.as_deref(), &self.toolkit.registry)?);
        catalog.check_versions(&plan, &stages_to_make(&plan, &BTreeSet::new()))?;
        Ok(About { plan, limits: catalog.images() })
    }

    /// Refuses files that the pipeline cannot read, before the canister hears of them. Gives what the file is,
    /// and its upright size.
    async fn check_image(
        &self,
        about: &About,
        options: &UploadOptions,
        bytes: &Bytes,
    ) -> Result<(MediaType, Option<Size>)> {
        let media = options.media_type.clone().or_else(|| MediaType::sniff(bytes));
        if !requires_image(&about.plan) {
            return Ok((media.unwrap_or(MediaType::OCTET_STREAM), None));
        }
        let Some(media) = media else {
            let start: Vec<_> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            let reason =
                format!("it is of no image format that is known (it starts with {})", start.join(" "));
            return Err(CoreError::NotAnImage { reason }.into());
        };
        let (decoder, bytes, limits) = (self.toolkit.decoder, bytes.clone(), about.limits);
        let size = on_thread({
            let media = media.clone();
            move || decoder.size(&media, &bytes, limits)
        });
        let size = size.await??;
        Ok((media, Some(size)))
    }
}

/// What the canister is to do with an upload.
pub(super) struct About {
    pub(super) plan: Arc<Plan>,
    /// What may be decoded and made of images.
    pub(super) limits: DecodeLimits,
}

impl About {
    /// Refuses more bytes of an image than may be read into memory.
    ///
    /// # Errors
    /// [`Error::Processing`].
    pub(super) fn check_length(&self, found: u64) -> Result<()> {
        let allowed = self.limits.bytes;
        if found <= allowed {
            return Ok(());
        }
        Err(CoreError::ImageTooLarge { what: "file size in bytes", found, allowed }.into())
    }
}

/// What was found out, but for the SHA-256.
struct Found {
    source: Source,
    stamp: Option<FileStamp>,
    length: u64,
    media: MediaType,
    size: Option<Size>,
    trusted: bool,
}

impl Found {
    fn prepared(self, sha256: Digest, about: About, options: UploadOptions) -> Prepared {
        let Found { source, stamp, length, media, size, trusted } = self;
        let About { plan, limits } = about;
        let begin = begin_arguments(&plan, &media, length, sha256, &options);
        Prepared { source, stamp, length, media, size, sha256, trusted, plan, limits, options, begin }
    }
}

pub(super) fn begin_arguments(
    plan: &Plan,
    media: &MediaType,
    size: u64,
    sha256: Digest,
    options: &UploadOptions,
) -> api::BeginUpload {
    let file_name = options.file_name.as_deref().unwrap_or("file");
    let file_name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name).to_owned();
    let media_type = media.to_string();
    let private = options.visibility == api::Visibility::Private;
    let key = idempotency_key(sha256, &file_name, &media_type, private, plan);
    api::BeginUpload {
        pipeline: Some(plan.name().to_owned()),
        file_name,
        media_type,
        size,
        sha256: Some(sha256.0.into()),
        visibility: Some(options.visibility),
        idempotency_key: Some(key),
    }
}

#[cfg(test)]
mod tests {
    use candid::Principal;
    use darkroom_codec::CODECS;
    use darkroom_core::pipeline::Config;
    use ic_agent::Agent;

    use super::*;
    use crate::catalog::Catalog;
    use crate::config::to_wire;
    use crate::darkroom::Toolkit;

    /// A canister of which only the catalog is asked: a pipeline of optional stages, and 10 bytes of an image at most.
    async fn with_optional_stages() -> Darkroom {
        let registry = darkroom_processors::registry().unwrap();
        let mut pipelines = to_wire(&Config::standard());
        let lanes = pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.lanes);
        for stage in lanes.flat_map(|lane| &mut lane.stages) {
            stage.optional = stage.source.as_ref().map(|_| true);
        }
        let info = |descriptor: &darkroom_core::processor::Descriptor| api::ProcessorInfo {
            id: descriptor.id().to_owned(),
            version: descriptor.version(),
            kind: descriptor.kind().0.to_owned(),
            accepts: Vec::new(),
            params: None,
        };
        let processors = registry.iter().map(info).collect();
        let images = api::ImageLimits { max_bytes: Some(10), ..Default::default() };
        let limits = api::Limits { images: Some(images), ..Default::default() };
        let agent = Agent::builder().with_url("http://127.0.0.1:1").build().unwrap();
        let toolkit = Toolkit { registry, decoder: &CODECS };
        let darkroom = Darkroom::new(agent, Principal::management_canister(), toolkit);
        let catalog = Catalog::of(pipelines, processors, limits);
        darkroom.shared.catalog.get_or(async { Ok(catalog) }).await.unwrap();
        darkroom
    }

    #[tokio::test]
    async fn what_is_read_whole_has_a_length_that_is_allowed() {
        let darkroom = with_optional_stages().await;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.txt");
        std::fs::write(&path, "0123456789").unwrap();
        let prepared = darkroom.prepare_path(&path, UploadOptions::default()).await.unwrap();
        assert!(needs_bytes(&prepared.plan) && !requires_image(&prepared.plan));
        std::fs::write(&path, "0123456789a").unwrap();
        let refused = darkroom.prepare_path(&path, UploadOptions::default()).await.unwrap_err();
        assert!(
            matches!(refused, Error::Processing(CoreError::ImageTooLarge { found: 11, allowed: 10, .. })),
            "{refused}"
        );
    }

    /// A record that was left by a process that ended after publication must not be believed where bytes are read.
    #[tokio::test]
    async fn what_is_read_whole_is_hashed_whatever_the_journal_says() {
        let dir = tempfile::tempdir().unwrap();
        let darkroom = with_optional_stages().await.with_journal(dir.path().join("uploads"));
        let path = dir.path().join("notes.txt");
        std::fs::write(&path, "right").unwrap();
        let long_ago = crate::clock::now() - std::time::Duration::from_secs(60);
        std::fs::File::options().append(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        let (stamp, size) = stamp_of(&path).unwrap();
        let upload = api::Upload {
            item: "cbonwy6wynhnhbqe".to_owned(),
            session: 1,
            chunk_size: 65_536,
            coverage: Vec::new(),
            expires_at: 1,
        };
        let begun = crate::journal::Begun {
            canister: darkroom.canister(),
            idempotency_key: "key",
            upload: &upload,
            size,
            sha256: Digest::of(b"wrong"),
            file: stamp.clone(),
        };
        darkroom.journal.as_ref().unwrap().save(begun, crate::clock::now()).unwrap();
        assert_eq!(darkroom.known_sha256(stamp.clone()).await.unwrap(), Some(Digest::of(b"wrong")));
        let prepared = darkroom.prepare_path(&path, UploadOptions::default()).await.unwrap();
        assert_eq!((prepared.sha256(), prepared.trusted), (Digest::of(b"right"), false));
        darkroom.forget_records(vec!["key".to_owned()]).await;
        assert_eq!(darkroom.known_sha256(stamp).await.unwrap(), None);
    }
}
