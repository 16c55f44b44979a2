//! Assets read back, chunk by chunk, and hashed on the way.

mod file;
mod part;

use std::ops::Range;

use bytes::Bytes;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::hash::{RollingHash, RollingSha256};
use futures_util::{Stream, StreamExt, stream};
use serde_bytes::ByteBuf;

use crate::darkroom::Darkroom;
use crate::error::{Error, Result};
use crate::upload::StoredAsset;

pub use file::{DownloadEvent, DownloadOptions, Downloaded};

/// Chunks on their way at once.
pub(crate) const IN_FLIGHT: usize = 8;

impl Darkroom {
    /// An asset's bytes; they have the SHA-256 that the network has certified.
    ///
    /// # Errors
    /// [`Error::UnknownAsset`], [`Error::Mismatch`], and what the calls run into.
    pub async fn get(&self, item: &str, asset: &str) -> Result<(StoredAsset, Bytes)> {
        let mut bytes = Vec::new();
        let stored = self.get_into(item, asset, |chunk| {
            bytes.extend_from_slice(chunk);
            Ok(())
        });
        Ok((stored.await?, bytes.into()))
    }

    /// Writes an asset's bytes to `sink`, in order, a few chunks in memory at most. What was written counts
    /// only when this gives `Ok`: the SHA-256 of the whole is known at the end.
    ///
    /// # Errors
    /// As [`get`](Darkroom::get), and [`Error::Write`].
    pub async fn get_into(
        &self,
        item: &str,
        asset: &str,
        sink: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<StoredAsset> {
        // Nodes give the bytes at once, the network says meanwhile what they must be.
        let fetch = async {
            let item = self.item(item).await?;
            let asset = self.asset_of(&item, asset)?;
            self.stream(&item, asset, IN_FLIGHT, sink).await?;
            Ok(Digest(*asset.sha256))
        };
        let (found, certified) = tokio::try_join!(fetch, self.certified_asset(item, asset))?;
        same(&certified, found)?;
        Ok((&certified).into())
    }

    /// A part of an asset: the bytes from `range.start` up to but not including `range.end`. The SHA-256 of the whole says
    /// nothing of a part, so the chunks that it lies in are fetched with certified answers, which take a round of
    /// consensus. All of the part is in memory.
    ///
    /// ```no_run
    /// # async fn example(darkroom: darkroom_client::Darkroom) -> darkroom_client::Result<()> {
    /// let (asset, head) = darkroom.get_range("cbonwy6wynhnhbqe", "original", 0..1_000).await?;
    /// assert_eq!(head.len(), 1_000);
    /// println!("of {} bytes", asset.bytes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless `start <= end <= size`, [`Error::UnknownAsset`], and what the calls run into.
    pub async fn get_range(
        &self,
        item: &str,
        asset: &str,
        range: Range<u64>,
    ) -> Result<(StoredAsset, Bytes)> {
        let asset = self.certified_asset(item, asset).await?;
        let Range { start, end } = range;
        if start > end || end > asset.size {
            return Err(Error::OutOfRange { asset: asset.name, start, end, size: asset.size });
        }
        if start == end {
            return Ok(((&asset).into(), Bytes::new()));
        }
        let chunk_size = u64::from(asset.chunk_size.max(1));
        let index = |at: u64| u32::try_from(at / chunk_size).unwrap_or(u32::MAX);
        let mut bytes = Vec::new();
        let chunks = (index(start)..=index(end - 1)).map(|index| {
            let get = api::GetChunk { item: item.to_owned(), asset: asset.name.clone(), index };
            async move { self.calls.update::<_, ByteBuf>("get_chunk", &get).await }
        });
        let mut chunks = stream::iter(chunks).buffered(IN_FLIGHT);
        while let Some(chunk) = chunks.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        let place = |at: u64| usize::try_from(at - start / chunk_size * chunk_size).unwrap_or(usize::MAX);
        let part = bytes.get(place(start)..place(end)).ok_or_else(|| Error::Answer {
            call: "get_chunk",
            reason: "chunks are shorter than the item says".to_owned(),
        })?;
        Ok(((&asset).into(), Bytes::copy_from_slice(part)))
    }

    /// The asset of this name.
    pub(crate) fn asset_of<'i>(&self, item: &'i api::Item, name: &str) -> Result<&'i api::Asset> {
        item.assets.iter().find(|asset| asset.name == name).ok_or_else(|| Error::UnknownAsset {
            item: item.id.clone(),
            asset: name.to_owned(),
            known: item.assets.iter().map(|asset| asset.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The asset of this name, as the network has certified it.
    async fn certified_asset(&self, item: &str, asset: &str) -> Result<api::Asset> {
        let item = self.certified_item(item).await?;
        self.asset_of(&item, asset).cloned()
    }

    /// An asset's bytes, which have the SHA-256 of the item.
    pub(crate) async fn fetch(
        &self,
        item: &api::Item,
        asset: &api::Asset,
        in_flight: usize,
    ) -> Result<Bytes> {
        let mut bytes = Vec::new();
        let collect = |chunk: &[u8]| {
            bytes.extend_from_slice(chunk);
            Ok(())
        };
        self.stream(item, asset, in_flight, collect).await?;
        Ok(bytes.into())
    }

    /// Gives an asset's bytes to `sink`, chunk by chunk, and compares their SHA-256 with that of the item.
    pub(crate) async fn stream(
        &self,
        item: &api::Item,
        asset: &api::Asset,
        in_flight: usize,
        mut sink: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<()> {
        let mut chunks = self.chunks(item, asset, 0, in_flight);
        let mut hash = RollingSha256::default();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            hash.update(&chunk);
            sink(&chunk).map_err(Error::Write)?;
        }
        same(asset, hash.finish())
    }

    /// The chunks of an asset from one of them on, in order, as one node gives them.
    fn chunks<'d>(
        &'d self,
        item: &'d api::Item,
        asset: &'d api::Asset,
        from: u32,
        in_flight: usize,
    ) -> impl Stream<Item = Result<ByteBuf>> + Unpin + Send + use<'d> {
        let chunks = stream::iter((from..asset.chunks).map(move |index| {
            let get = api::GetChunk { item: item.id.clone(), asset: asset.name.clone(), index };
            async move { self.calls.query::<_, ByteBuf>("get_chunk", &get).await }
        }));
        Box::pin(chunks.buffered(in_flight.max(1)))
    }
}

/// Refuses bytes that are not the asset's.
fn same(asset: &api::Asset, found: Digest) -> Result<()> {
    let expected = Digest(*asset.sha256);
    if expected == found {
        return Ok(());
    }
    Err(Error::Mismatch { asset: asset.name.clone(), expected, found })
}
