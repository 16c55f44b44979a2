//! A stored item checked from the outside: every asset fetched and hashed, every derivative made again.

use std::collections::BTreeMap;

use bytes::Bytes;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::processor::parse_params;
use darkroom_core::source::Source;

use crate::darkroom::{Darkroom, Toolkit};
use crate::download::IN_FLIGHT;
use crate::error::{Error, Result};
use crate::upload::StoredAsset;

/// What was found out about an asset. Its bytes have the SHA-256 that the canister certified in any case.
#[derive(Clone, Debug)]
pub struct AssetReport {
    /// The asset.
    pub asset: StoredAsset,
    /// Whether its recipe gives it.
    pub check: Check,
}

/// Whether an asset is what its recipe gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Check {
    /// It is the uploaded file; there is no recipe.
    Original,
    /// It was made again, byte for byte.
    Remade,
    /// The recipe gives other bytes, with this SHA-256.
    Differs(Digest),
    /// The recipe cannot be followed here; the text says why.
    NotRemade(String),
}

impl Check {
    /// Whether nothing speaks against the asset.
    pub fn is_good(&self) -> bool {
        matches!(self, Check::Original | Check::Remade)
    }
}

impl Darkroom {
    /// Fetches every asset of an item and compares it with the certified SHA-256, then makes every derivative
    /// again from its fetched source and compares the bytes. Only what something is made from is kept in memory.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for fetched bytes that are not the certified ones, and what the calls run into. What
    /// the recipes give stands in the reports.
    pub async fn verify(&self, item: &str) -> Result<Vec<AssetReport>> {
        let item = self.certified_item(item).await?;
        let is_source = |name: &str| {
            let mut recipes = item.assets.iter().filter_map(|asset| asset.recipe.as_ref());
            recipes.any(|recipe| recipe.source == name)
        };
        let mut bytes = BTreeMap::new();
        for asset in &item.assets {
            if is_source(&asset.name) {
                bytes.insert(asset.name.clone(), self.fetch(&item, asset, IN_FLIGHT).await?);
            } else {
                self.stream(&item, asset, IN_FLIGHT, |_| Ok(())).await?;
            }
        }
        let toolkit = self.toolkit.clone();
        let limits = self.catalog().await?.images();
        let work = tokio::task::spawn_blocking(move || {
            let check = |asset: &api::Asset| AssetReport {
                asset: asset.into(),
                check: remake(&toolkit, limits, &item, asset, &bytes),
            };
            item.assets.iter().map(check).collect()
        });
        work.await.map_err(|_| {
            let reason = "it panicked".to_owned();
            Error::Processing(darkroom_core::Error::ProcessorFailed {
                processor: "verify".to_owned(),
                reason,
            })
        })
    }
}

fn remake(
    toolkit: &Toolkit,
    limits: DecodeLimits,
    item: &api::Item,
    asset: &api::Asset,
    bytes: &BTreeMap<String, Bytes>,
) -> Check {
    let Some(recipe) = &asset.recipe else { return Check::Original };
    let source = item.assets.iter().find(|source| source.name == recipe.source);
    let source = source.and_then(|source| Some((source, bytes.get(&source.name)?)));
    let Some((source, source_bytes)) = source else {
        return Check::NotRemade(format!("its source `{}` is not stored", recipe.source));
    };
    if source.sha256 != recipe.source_sha256 {
        return Check::NotRemade(format!("it was made from another `{}`", recipe.source));
    }
    match follow(toolkit, limits, recipe, source, source_bytes) {
        Ok(made) if made == Digest(*asset.sha256) => Check::Remade,
        Ok(made) => Check::Differs(made),
        Err(reason) => Check::NotRemade(reason),
    }
}

fn follow(
    toolkit: &Toolkit,
    limits: DecodeLimits,
    recipe: &api::Recipe,
    source: &api::Asset,
    bytes: &Bytes,
) -> Result<Digest, String> {
    let text = |error: darkroom_core::Error| error.to_string();
    let processor = toolkit.registry.get(&recipe.processor).map_err(text)?;
    if processor.version() != recipe.version {
        return Err(format!(
            "it was made by version {} of `{}`; version {} is here",
            recipe.version,
            recipe.processor,
            processor.version()
        ));
    }
    let params = parse_params(&recipe.processor, Some(&recipe.params)).map_err(text)?;
    let media = MediaType::parse(&source.media_type).map_err(text)?;
    let source = Source::new(bytes, media, toolkit.decoder, limits);
    let made = processor.process(&source, &params).map_err(text)?;
    Ok(Digest::of(&made.bytes))
}
