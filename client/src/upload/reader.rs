//! An upload of bytes that come once, in order, and cannot be read again.

use std::collections::BTreeMap;
use std::pin::pin;

use bytes::Bytes;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::hash::{RollingHash, RollingSha256};
use darkroom_core::media::MediaType;
use futures_util::TryStreamExt;
use futures_util::stream::{BoxStream, try_unfold};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::darkroom::Darkroom;
use crate::error::{Error, Result};
use crate::schedule::needs_bytes;
use crate::thread::on_thread;
use crate::upload::lanes::is_published;
use crate::upload::original::HEAD;
use crate::upload::prepared::{About, begin_arguments, is_read_whole};
use crate::upload::transfer::COPIES;
use crate::upload::{Event, Job, Original, Outcome, Tracker, UploadOptions};

impl Darkroom {
    /// Uploads `length` bytes of a reader, such as standard input or the body of a request.
    ///
    /// Where the pipeline reads no image of them they are passed on as they come: at most 64 MiB are in memory, however
    /// many there are. The SHA-256 is computed on the way and declared at the end, so that the canister publishes
    /// nothing else. Such an upload is known by nothing beforehand: it is not continued when it is cut off, and the
    /// same bytes later are another item. What is read as an image, and what fits into one message, is read into
    /// memory, and uploaded as [`upload`](Darkroom::upload) does.
    ///
    /// Whatever fails before all bytes are there leaves nothing behind, unless the canister cannot be told. When this
    /// future is dropped, what was sent stays until its session expires.
    ///
    /// ```no_run
    /// # async fn example(darkroom: darkroom_client::Darkroom) -> Result<(), Box<dyn std::error::Error>> {
    /// use darkroom_client::UploadOptions;
    ///
    /// let bytes = b"anything that can be read";
    /// let options = UploadOptions { file_name: Some("notes.txt".to_owned()), ..Default::default() };
    /// let outcome = darkroom.upload_reader(&bytes[..], bytes.len() as u64, options, |event| drop(event)).await?;
    /// assert_eq!(outcome.assets[0].bytes, bytes.len() as u64);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`upload`](Darkroom::upload); [`Error::Reader`], [`Error::Length`] when it gives fewer bytes or more, and
    /// [`Error::Processing`] for more bytes of an image than the canister's limits allow, before anything is read.
    pub async fn upload_reader(
        &self,
        reader: impl AsyncRead + Send,
        length: u64,
        options: UploadOptions,
        progress: impl Fn(Event) + Send + Sync,
    ) -> Result<Outcome> {
        if length == 0 {
            return Err(Error::Empty);
        }
        let about = self.about(&options).await?;
        let reader = pin!(reader);
        let mut incoming = Incoming::new(reader, length);
        if !is_read_whole(&about.plan, length) {
            return self.pass_on(incoming, about, &options, &progress).await;
        }
        if needs_bytes(&about.plan) {
            about.check_length(length)?;
        }
        let bytes = incoming.next(length).await?.unwrap_or_default();
        let file = self.prepare(bytes, options).await?;
        self.upload_looked(file, true, &progress).await
    }

    async fn pass_on(
        &self,
        mut incoming: Incoming<impl AsyncRead + Send + Unpin>,
        about: About,
        options: &UploadOptions,
        progress: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<Outcome> {
        let length = incoming.declared;
        let head = incoming.head().await?;
        let media = options.media_type.clone().or_else(|| MediaType::sniff(head));
        let media = media.unwrap_or(MediaType::OCTET_STREAM);
        // A repeated call finds the session of the first by this, and no other upload does.
        let key = format!("darkroom-reader-1:{:032x}", rand::random::<u128>());
        let begin = api::BeginUpload {
            sha256: None,
            idempotency_key: Some(key),
            ..begin_arguments(&about.plan, &media, length, Digest([0; 32]), options)
        };
        let upload: api::Upload = self.calls.update("begin_upload", &begin).await?;
        let job = Job {
            darkroom: self,
            tracker: Tracker::new(&about.plan, length, progress),
            plan: about.plan,
            limits: about.limits,
            // They pass by; nothing is made of them here.
            original: Original::Bytes(Bytes::new()),
            media,
            length,
            size: None,
            sha256: Digest([0; 32]),
            trusted: false,
            asks: false,
            file: None,
            options,
            begin,
        };
        job.tracker.report(Event::Begun { item: upload.item.clone(), resumed: false });
        match job.send_incoming(&upload, &mut incoming).await {
            Ok(item) => Job { sha256: incoming.sha256(), ..job }.completed(item).await,
            Err(error) => {
                job.abort(&upload).await;
                Err(error)
            }
        }
    }
}

impl Job<'_> {
    /// Sends what comes, chunk by chunk, as there is room for it, and has the session finished with the SHA-256 that
    /// was computed on the way. Gives the item as it stands then.
    async fn send_incoming(
        &self,
        upload: &api::Upload,
        incoming: &mut Incoming<impl AsyncRead + Send + Unpin>,
    ) -> Result<api::Item> {
        // What has come is kept until it is there.
        let in_flight = self.in_flight(upload.chunk_size, COPIES + 1);
        let chunks = incoming.chunks(upload.chunk_size.max(1).into());
        let mut sends = self.sends(upload.session, chunks, in_flight);
        while let Some(length) = sends.try_next().await? {
            self.tracker.stored_bytes(length);
        }
        drop(sends);
        // Declared now, it is what the canister compares with before it publishes anything.
        let begin = api::BeginUpload { sha256: Some(incoming.sha256().0.into()), ..self.begin.clone() };
        let declared: api::Upload = self.darkroom.calls.update("begin_upload", &begin).await?;
        if declared.session != upload.session {
            self.abort(&declared).await;
            let (item, state) = (upload.item.clone(), "gone, for its session has expired".to_owned());
            return Err(Error::Unfinished { item, state, seconds: self.tracker.elapsed().as_secs() });
        }
        let item = self.finish(upload.session).await?;
        self.tracker.finished_original();
        Ok(item)
    }

    /// Sends chunks as they come, so many at once; gives the bytes of each.
    fn sends<'s>(
        &'s self,
        session: u64,
        chunks: BoxStream<'s, Result<(u32, Bytes)>>,
        in_flight: usize,
    ) -> BoxStream<'s, Result<u64>> {
        let send = move |(index, chunk): (u32, Bytes)| async move {
            let length = chunk.len() as u64;
            self.send_chunk(session, index, Original::Bytes(chunk), 0..length).await.map(|_| length)
        };
        Box::pin(chunks.map_ok(send).try_buffer_unordered(in_flight))
    }

    /// Waits for what the canister makes, and checks every asset.
    async fn completed(&self, item: api::Item) -> Result<Outcome> {
        let item = if is_published(&item) { item } else { self.wait_for_canister(&item.id).await? };
        self.count_canister_stages(&item);
        self.check(&item, BTreeMap::new()).await?;
        Ok(self.outcome(&item, self.length, false))
    }
}

/// Bytes that come once: so many are taken, in order, and hashed.
struct Incoming<R> {
    reader: R,
    hash: RollingSha256,
    /// Read to be looked at, and not given yet.
    held: Vec<u8>,
    declared: u64,
    given: u64,
}

impl<R: AsyncRead + Send + Unpin> Incoming<R> {
    fn new(reader: R, declared: u64) -> Incoming<R> {
        Incoming { reader, hash: RollingSha256::default(), held: Vec::new(), declared, given: 0 }
    }

    /// The first bytes, which are given again.
    async fn head(&mut self) -> Result<&[u8]> {
        self.hold((HEAD as u64).min(self.declared)).await?;
        Ok(&self.held)
    }

    /// The next bytes, so many unless it is the end; `None` after all of them. That no more come is known before the
    /// last are given.
    async fn next(&mut self, length: u64) -> Result<Option<Bytes>> {
        let length = length.min(self.declared - self.given);
        if length == 0 {
            return Ok(None);
        }
        self.hold(length).await?;
        let bytes = Bytes::from(std::mem::take(&mut self.held));
        self.given += length;
        if self.given == self.declared && self.reader.read(&mut [0]).await.map_err(Error::Reader)? > 0 {
            return Err(Error::Length { declared: self.declared, found: self.declared + 1 });
        }
        let (mut hash, hashed) = (std::mem::take(&mut self.hash), bytes.clone());
        self.hash = on_thread(move || {
            hash.update(&hashed);
            hash
        })
        .await?;
        Ok(Some(bytes))
    }

    /// All bytes that are still to come, in chunks with their numbers.
    fn chunks<'i>(&'i mut self, size: u64) -> BoxStream<'i, Result<(u32, Bytes)>>
    where
        R: 'i,
    {
        Box::pin(try_unfold((self, 0), move |(incoming, index)| async move {
            let chunk = incoming.next(size).await?;
            Ok(chunk.map(|chunk| ((index, chunk), (incoming, index + 1))))
        }))
    }

    /// Reads until so many are held.
    async fn hold(&mut self, length: u64) -> Result<()> {
        let missing = length.saturating_sub(self.held.len() as u64);
        // What somebody says is on its way is not believed to the last byte before it comes.
        self.held.reserve_exact(usize::try_from(missing.min(BELIEVED)).unwrap_or_default());
        (&mut self.reader).take(missing).read_to_end(&mut self.held).await.map_err(Error::Reader)?;
        let found = self.given + self.held.len() as u64;
        if (self.held.len() as u64) < length {
            return Err(Error::Length { declared: self.declared, found });
        }
        Ok(())
    }

    /// SHA-256 of what was given.
    fn sha256(&self) -> Digest {
        self.hash.clone().finish()
    }
}

/// Bytes for which there is room before they come.
const BELIEVED: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use proptest::prelude::*;
    use tokio::io::ReadBuf;

    use super::*;

    /// A reader that gives so many bytes at a time.
    struct Pieces<'a>(&'a [u8], usize);

    impl AsyncRead for Pieces<'_> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            to: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let Pieces(bytes, piece) = *self;
            let (now, later) = bytes.split_at(piece.min(bytes.len()).min(to.remaining()));
            to.put_slice(now);
            self.0 = later;
            Poll::Ready(Ok(()))
        }
    }

    proptest! {
        /// Whatever the pieces are in which bytes come and are taken, they are all given once, in order, and hashed.
        #[test]
        fn all_bytes_are_given_in_order_and_hashed(
            bytes in proptest::collection::vec(any::<u8>(), 1..3_000),
            piece in 1usize..400,
            length in 64u64..1_000,
            looked_at: bool,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let declared = bytes.len() as u64;
                let mut incoming = Incoming::new(Pieces(&bytes, piece), declared);
                if looked_at {
                    assert_eq!(incoming.head().await.unwrap(), &bytes[..bytes.len().min(64)]);
                }
                let mut given = Vec::new();
                while let Some(part) = incoming.next(length).await.unwrap() {
                    assert!(part.len() as u64 == length || (given.len() + part.len()) as u64 == declared);
                    given.extend_from_slice(&part);
                }
                assert_eq!(given, bytes);
                assert_eq!(incoming.sha256(), Digest::of(&bytes));
            });
        }
    }

    #[tokio::test]
    async fn fewer_and_more_are_errors_before_the_last_are_given() {
        let bytes = [7; 100];
        let mut short = Incoming::new(&bytes[..], 101);
        assert_eq!(short.next(64).await.unwrap().unwrap().len(), 64);
        let refused = short.next(64).await.unwrap_err();
        assert!(matches!(refused, Error::Length { declared: 101, found: 100 }), "{refused}");
        let mut long = Incoming::new(&bytes[..], 99);
        assert_eq!(long.next(64).await.unwrap().unwrap().len(), 64);
        let refused = long.next(64).await.unwrap_err();
        assert!(matches!(refused, Error::Length { declared: 99, found: 100 }), "{refused}");
        assert_eq!(refused.to_string(), "99 bytes were announced; more came");
    }
}
