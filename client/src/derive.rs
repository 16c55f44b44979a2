//! Lane B: the stages that run here, each on a thread as soon as its source is made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use darkroom_core::Digest;
use darkroom_core::asset::{AssetName, ORIGINAL};
use darkroom_core::lane::{Derive, Made, Progress};
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::Plan;
use darkroom_core::pixels::Size;
use darkroom_core::source::{Decode, DecodeLimits};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::error::{Error, Result};

/// Bytes and what they are.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Bytes,
    pub(crate) media: MediaType,
}

/// An asset that was made here.
#[derive(Clone, Debug)]
pub(crate) struct LocalAsset {
    pub(crate) content: Content,
    pub(crate) size: Option<Size>,
    pub(crate) sha256: Digest,
    pub(crate) source: Digest,
}

/// Runs stages.
#[derive(Clone)]
pub(crate) struct Deriver {
    pub(crate) plan: Arc<Plan>,
    pub(crate) decoder: &'static dyn Decode,
    /// As many stages run at once, over all uploads.
    pub(crate) threads: Arc<Semaphore>,
}

impl Deriver {
    /// Makes the assets named in `needed`, whatever their placement: processors are deterministic, so a source
    /// that the canister makes for itself is the same here. `made` hears of each one.
    pub(crate) async fn derive(
        &self,
        original: Content,
        needed: &BTreeSet<String>,
        made: impl Fn(&str),
    ) -> Result<BTreeMap<String, LocalAsset>> {
        let mut progress = Progress::new([AssetName::original()]);
        let mut begun = BTreeSet::new();
        let mut assets: BTreeMap<String, LocalAsset> = BTreeMap::new();
        let mut running = JoinSet::new();
        loop {
            let ready: Vec<usize> = {
                let derive = self.stages();
                let ready: Vec<&str> = derive.ready(&progress).map(|stage| stage.asset.as_str()).collect();
                let is_next =
                    |asset: &str| ready.contains(&asset) && needed.contains(asset) && !begun.contains(asset);
                let stages = self.plan.stages().iter().enumerate();
                stages.filter(|(_, stage)| is_next(stage.asset.as_str())).map(|(index, _)| index).collect()
            };
            for index in ready {
                let stage = &self.plan.stages()[index];
                begun.insert(stage.asset.as_str().to_owned());
                let source = match stage.source.as_str() {
                    ORIGINAL => Some(original.clone()),
                    source => assets.get(source).map(|asset| asset.content.clone()),
                };
                // A stage is ready only when its source is there.
                let Some(source) = source else { continue };
                running.spawn(self.clone().run(index, source));
            }
            let Some(joined) = running.join_next().await else { return Ok(assets) };
            let (index, result) = joined.map_err(|_| panicked("a stage"))?;
            let stage = &self.plan.stages()[index];
            let asset = result.map_err(|source| Error::Stage { asset: stage.asset.to_string(), source })?;
            progress.complete(stage.asset.clone());
            made(stage.asset.as_str());
            assets.insert(stage.asset.to_string(), asset);
        }
    }

    fn stages(&self) -> Derive<'_> {
        Derive { plan: &self.plan, placement: None, decoder: self.decoder, limits: DecodeLimits::default() }
    }

    /// One stage on a thread of its own.
    async fn run(self, index: usize, source: Content) -> (usize, darkroom_core::Result<LocalAsset>) {
        // The semaphore is never closed.
        let _permit = self.threads.clone().acquire_owned().await;
        let processor = self.plan.stages()[index].processor.id();
        let result = tokio::task::spawn_blocking(move || {
            let stage = &self.plan.stages()[index];
            self.stages().run(stage, &source.bytes, source.media).map(LocalAsset::from)
        });
        (index, result.await.unwrap_or_else(|_| Err(panicked(processor))))
    }
}

fn panicked(processor: &str) -> darkroom_core::Error {
    let reason = "it panicked".to_owned();
    darkroom_core::Error::ProcessorFailed { processor: processor.to_owned(), reason }
}

impl From<Made> for LocalAsset {
    fn from(made: Made) -> LocalAsset {
        let sha256 = Digest::of(&made.derivative.bytes);
        let content = Content { bytes: made.derivative.bytes.into(), media: made.derivative.media };
        LocalAsset { content, size: made.derivative.meta.size, sha256, source: made.source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use darkroom_codec::CODECS;
    use darkroom_core::pipeline::Config;
    use darkroom_core::processors;
    use darkroom_core::registry::Registry;
    use std::sync::Mutex;

    fn deriver() -> Deriver {
        let registry =
            Registry::new(&processors![darkroom_thumbnail, darkroom_preview, darkroom_placeholder]).unwrap();
        let plan = Config::standard().validate(&registry).unwrap().remove(0);
        Deriver { plan: Arc::new(plan), decoder: &CODECS, threads: Arc::new(Semaphore::new(2)) }
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[tokio::test]
    async fn stages_run_in_order_of_their_sources() {
        let bytes = darkroom_codec::testing::photo(64, 48, 80, 1);
        let original = Content { bytes: bytes.clone().into(), media: MediaType::JPEG };
        let order = Mutex::new(Vec::new());
        let all = set(&["preview", "thumbnail", "placeholder"]);
        let made = |asset: &str| order.lock().unwrap().push(asset.to_owned());
        let assets = deriver().derive(original, &all, made).await.unwrap();
        assert_eq!(*order.lock().unwrap(), ["preview", "thumbnail", "placeholder"]);
        assert_eq!(assets["preview"].source, Digest::of(&bytes));
        assert_eq!(assets["thumbnail"].source, assets["preview"].sha256);
    }

    #[tokio::test]
    async fn only_what_is_needed_is_made() {
        let bytes = darkroom_codec::testing::photo(64, 48, 80, 1);
        let original = Content { bytes: bytes.into(), media: MediaType::JPEG };
        let assets = deriver().derive(original, &set(&["preview"]), |_| ()).await.unwrap();
        assert_eq!(assets.keys().collect::<Vec<_>>(), ["preview"]);
    }

    #[tokio::test]
    async fn a_failed_stage_is_named() {
        let original = Content { bytes: Bytes::from_static(b"\xff\xd8\xff"), media: MediaType::JPEG };
        let error = deriver().derive(original, &set(&["preview"]), |_| ()).await.unwrap_err();
        assert!(matches!(&error, Error::Stage { asset, .. } if asset == "preview"), "{error}");
    }
}
