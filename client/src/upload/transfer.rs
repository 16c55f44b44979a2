//! Bytes on their way: chunks in a window, small assets together.

use std::time::Duration;

use bytes::Bytes;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::pipeline::PlannedStage;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_bytes::ByteBuf;

use crate::derive::LocalAsset;
use crate::error::{Error, Result};
use crate::schedule::{batches, chunk_range, missing_chunks};
use crate::upload::{Job, on_thread};

/// Bytes of assets in one `put_assets`: a message holds 2 MiB, its other fields take some of it.
const BATCH: usize = 1_900_000;

/// The most calls of `finish_upload` without progress in between.
const IDLE_CALLS: u32 = 20;

impl Job<'_> {
    /// Sends the missing chunks of `bytes`, several at a time. `stored` hears of the bytes of each, those that
    /// were there before included. Gives the bytes that were sent.
    pub(super) async fn send_chunks(
        &self,
        upload: &api::Upload,
        bytes: &Bytes,
        stored: impl Fn(u64),
    ) -> Result<u64> {
        let missing = missing_chunks(bytes.len() as u64, upload.chunk_size, &upload.coverage);
        let range = |index| chunk_range(bytes.len(), upload.chunk_size, index);
        let total: u64 = missing.iter().map(|index| range(*index).len() as u64).sum();
        stored(bytes.len() as u64 - total);
        let stored = &stored;
        let sends = stream::iter(missing.into_iter().map(|index| {
            let chunk = bytes.slice(range(index));
            async move {
                let length = chunk.len() as u64;
                self.send_chunk(upload.session, index, chunk).await?;
                stored(length);
                Ok::<_, Error>(())
            }
        }));
        sends.buffer_unordered(self.options.in_flight.max(1)).try_collect::<Vec<()>>().await?;
        Ok(total)
    }

    async fn send_chunk(&self, session: u64, index: u32, chunk: Bytes) -> Result<()> {
        let put = on_thread(move || api::PutChunk {
            session,
            index,
            sha256: Digest::of(&chunk).0.into(),
            bytes: ByteBuf::from(chunk),
        });
        let put = put.await?;
        let _: api::ChunkReceipt = self.darkroom.calls.update("put_chunk", &put).await?;
        Ok(())
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

    /// Sends derivatives, as few messages as they fit into; one that is too large for a message in chunks.
    /// Gives the item after the last of them.
    pub(super) async fn send_assets(
        &self,
        item: &str,
        assets: &[(&PlannedStage, &LocalAsset)],
    ) -> Result<Option<api::Item>> {
        let sizes: Vec<usize> = assets.iter().map(|(_, asset)| asset.content.bytes.len()).collect();
        let mut after = None;
        for (stage, asset) in assets.iter().filter(|(_, asset)| asset.content.bytes.len() > BATCH) {
            let size = asset.content.bytes.len() as u64;
            let begin = api::BeginAsset { item: item.to_owned(), asset: declare(stage, asset), size };
            let upload: api::Upload = self.darkroom.calls.update("begin_asset", &begin).await?;
            self.send_chunks(&upload, &asset.content.bytes, |_| ()).await?;
            after = Some(self.finish(upload.session).await?);
        }
        for batch in batches(&sizes, BATCH) {
            let with_bytes = |index: usize| {
                let (stage, asset) = assets[index];
                let bytes = ByteBuf::from(asset.content.bytes.clone());
                api::PutAsset { bytes, ..declare(stage, asset) }
            };
            let assets = batch.into_iter().map(with_bytes).collect();
            let put = api::PutAssets { item: item.to_owned(), assets };
            after = Some(self.darkroom.calls.update("put_assets", &put).await?);
        }
        Ok(after)
    }
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
