//! Assets read back, chunk by chunk, and hashed on the way.

use bytes::Bytes;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::hash::{RollingHash, RollingSha256};
use futures_util::{StreamExt, stream};
use serde_bytes::ByteBuf;

use crate::darkroom::Darkroom;
use crate::error::{Error, Result};
use crate::upload::StoredAsset;

/// Chunks on their way at once.
pub(crate) const IN_FLIGHT: usize = 8;

impl Darkroom {
    /// An asset's bytes; their SHA-256 is that of the item.
    ///
    /// # Errors
    /// [`Error::UnknownAsset`], [`Error::Mismatch`], and what the calls run into.
    pub async fn get(&self, item: &str, asset: &str) -> Result<(StoredAsset, Bytes)> {
        let item = self.item(item).await?;
        let asset = self.asset_of(&item, asset)?;
        Ok((asset.into(), self.fetch(&item, asset, IN_FLIGHT).await?))
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
        let item = self.item(item).await?;
        let asset = self.asset_of(&item, asset)?;
        self.stream(&item, asset, IN_FLIGHT, sink).await?;
        Ok(asset.into())
    }

    /// The asset of this name.
    pub(crate) fn asset_of<'i>(&self, item: &'i api::Item, name: &str) -> Result<&'i api::Asset> {
        item.assets.iter().find(|asset| asset.name == name).ok_or_else(|| Error::UnknownAsset {
            item: item.id.clone(),
            asset: name.to_owned(),
            known: item.assets.iter().map(|asset| asset.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

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

    async fn stream(
        &self,
        item: &api::Item,
        asset: &api::Asset,
        in_flight: usize,
        mut sink: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<()> {
        let mut chunks = stream::iter((0..asset.chunks).map(|index| {
            let get = api::GetChunk { item: item.id.clone(), asset: asset.name.clone(), index };
            async move { self.calls.query::<_, ByteBuf>("get_chunk", &get).await }
        }))
        .buffered(in_flight.max(1));
        let mut hash = RollingSha256::default();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            hash.update(&chunk);
            sink(&chunk).map_err(Error::Write)?;
        }
        let (expected, found) = (Digest(*asset.sha256), hash.finish());
        if expected != found {
            return Err(Error::Mismatch { asset: asset.name.clone(), expected, found });
        }
        Ok(())
    }
}
