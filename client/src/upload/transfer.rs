//! Bytes on their way: chunks in a window, small assets together.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::pipeline::PlannedStage;
use futures_util::{StreamExt, future, stream};
use serde_bytes::ByteBuf;

use crate::calls::Entry;
use crate::derive::LocalAsset;
use crate::error::{Error, Result};
use crate::schedule::{batches, chunk_range, missing_chunks};
use crate::upload::{Job, Original, later};

/// Bytes of files and assets in one message: it holds 2 MiB, its other fields take some of it.
pub(super) const BATCH: usize = 1_900_000;

/// The most bytes that chunks of one upload on their way may take.
const BYTES_IN_FLIGHT: usize = 64 << 20;

/// How often the bytes of a chunk on its way are in memory: as they are read, encoded, signed, and by the agent, which
/// keeps them for another attempt. Measured, with what the allocator of a test counts.
pub(super) const COPIES: usize = 5;

/// The most calls of `finish_upload` without progress in between.
const IDLE_CALLS: u32 = 20;

impl Job<'_> {
    /// Sends the missing chunks of `original`, several at a time, and has the session finished where the last of
    /// them has not done that. `stored` hears of the bytes of each, those that were there before included. Gives
    /// the bytes that were sent, and the item as it stands then.
    pub(super) async fn send_chunks(
        &self,
        upload: &api::Upload,
        original: &Original,
        stored: impl Fn(u64),
    ) -> Result<(u64, api::Item)> {
        let size = original.length();
        let missing = missing_chunks(size, upload.chunk_size, &upload.coverage)?;
        let range = |index| chunk_range(size, upload.chunk_size, index);
        let length = |range: Range<u64>| range.end - range.start;
        let total: u64 = missing.iter().map(|index| length(range(*index))).sum();
        stored(size - total);
        let mut sends = stream::iter(missing.into_iter().map(|index| {
            let range = range(index);
            let chunk = original.clone();
            async move {
                let sent = self.send_chunk(upload.session, index, chunk, range.clone()).await;
                sent.map(|receipt| (length(range), receipt))
            }
        }))
        .buffer_unordered(self.in_flight(upload.chunk_size, COPIES));
        let mut item = None;
        // The first refusal ends this, and with it whatever else is on its way.
        while let Some(sent) = sends.next().await {
            let (length, receipt) = sent?;
            stored(length);
            item = later(item, receipt.item);
        }
        let item = match item {
            Some(item) => item,
            None => self.finish(upload.session).await?,
        };
        Ok((total, item))
    }

    /// Chunks that are on their way at once: what the options say, and no more than there is memory for where so many
    /// copies are made of each.
    pub(super) fn in_flight(&self, chunk_size: u32, copies: usize) -> usize {
        let each = (chunk_size.max(1) as usize).saturating_mul(copies);
        self.options.in_flight.min(BYTES_IN_FLIGHT / each).max(1)
    }

    /// Sends a part of the bytes, which is read when it is its turn.
    pub(super) async fn send_chunk(
        &self,
        session: u64,
        index: u32,
        original: Original,
        range: Range<u64>,
    ) -> Result<api::ChunkReceipt> {
        let put = move || {
            let chunk = original.part(range.clone())?;
            let sha256 = Digest::of(&chunk).0.into();
            Ok(api::PutChunk { session, index, sha256, bytes: ByteBuf::from(chunk) })
        };
        self.darkroom.calls.carry("put_chunk", Entry::InTurn, put).await
    }

    /// Has a session finished: the canister may need several messages to hash what came out of order.
    pub(super) async fn finish(&self, session: u64) -> Result<api::Item> {
        let (mut idle, mut hashed) = (0, 0);
        loop {
            let finish: api::FinishUpload = self.darkroom.calls.update("finish_upload", &session).await?;
            if finish.done {
                return Ok(finish.item);
            }
            if finish.hashed > hashed {
                (idle, hashed) = (0, finish.hashed);
                continue;
            }
            idle += 1;
            if idle > IDLE_CALLS {
                let (item, state) = (finish.item.id, finish.item.state);
                return Err(Error::Unfinished { item, state, seconds: self.tracker.elapsed().as_secs() });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sends derivatives, as few messages as they fit into and all at once; one that is too large for a message
    /// in chunks. Gives the item after the last of them.
    pub(super) async fn send_assets(
        &self,
        item: &str,
        assets: &[(&PlannedStage, &LocalAsset)],
    ) -> Result<Option<api::Item>> {
        let sizes: Vec<usize> = assets.iter().map(|(_, asset)| asset.content.bytes.len()).collect();
        let large = assets.iter().filter(|(_, asset)| asset.content.bytes.len() > BATCH);
        let large = large.map(|(stage, asset)| async move {
            let size = asset.content.bytes.len() as u64;
            let begin = api::BeginAsset { item: item.to_owned(), asset: declare(stage, asset), size };
            let upload: api::Upload = self.darkroom.calls.update("begin_asset", &begin).await?;
            let bytes = Original::Bytes(asset.content.bytes.clone());
            let (_, item) = self.send_chunks(&upload, &bytes, |_| ()).await?;
            Ok::<_, Error>(item)
        });
        let small = batches(&sizes, BATCH).into_iter().map(|batch| {
            let batch: Vec<_> = batch.into_iter().map(|index| assets[index]).collect();
            let put = with_bytes(&batch);
            let item = item.to_owned();
            // The chunks would all go before it otherwise, and it would come last.
            let put = move || Ok(api::PutAssets { item: item.clone(), assets: put() });
            self.darkroom.calls.carry("put_assets", Entry::Now, put)
        });
        let (large, small) = tokio::try_join!(future::try_join_all(large), future::try_join_all(small))?;
        Ok(large.into_iter().chain(small).fold(None, |last, item| later(last, Some(item))))
    }
}

/// Makes what travels of derivatives; the bytes are copied only then.
pub(super) fn with_bytes(
    assets: &[(&PlannedStage, &LocalAsset)],
) -> impl Fn() -> Vec<api::PutAsset> + Send + Sync + use<> {
    let declared: Vec<_> =
        assets.iter().map(|(stage, asset)| (declare(stage, asset), asset.content.bytes.clone())).collect();
    let put = |(declared, bytes): &(api::PutAsset, Bytes)| api::PutAsset {
        bytes: ByteBuf::from(bytes.to_vec()),
        ..declared.clone()
    };
    move || declared.iter().map(put).collect()
}

/// What is said of a derivative, without its bytes.
fn declare(stage: &PlannedStage, asset: &LocalAsset) -> api::PutAsset {
    api::PutAsset {
        name: stage.asset.to_string(),
        media_type: asset.content.media.to_string(),
        bytes: ByteBuf::new(),
        sha256: asset.sha256.0.into(),
        width: asset.size.map(|size| size.width),
        height: asset.size.map(|size| size.height),
        processor_version: stage.processor.version(),
        source_sha256: asset.source.0.into(),
    }
}
