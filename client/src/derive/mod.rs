//! Lane B: the stages that run here, each on a thread as soon as its source is made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use darkroom_core::Digest;
use darkroom_core::asset::{AssetName, ORIGINAL};
use darkroom_core::decode::{Decode, DecodeLimits, Decoded};
use darkroom_core::lane::{Derive, Made, Progress};
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::Plan;
use darkroom_core::pixels::Size;
use darkroom_core::source::Source;
use tokio::sync::{OnceCell, Semaphore};
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

/// What was made here, and what could not be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Derived {
    pub(crate) assets: BTreeMap<String, LocalAsset>,
    /// Why optional stages failed, by their assets.
    pub(crate) failed: BTreeMap<String, darkroom_core::Error>,
}

/// The source of stages that become ready together.
struct Shared {
    source: Content,
    /// Places in the plan.
    stages: Vec<usize>,
    read: OnceCell<Read>,
}

/// What is read of a source once.
#[derive(Clone)]
struct Read {
    sha256: Digest,
    decoded: Decoded,
}

/// Runs stages.
#[derive(Clone)]
pub(crate) struct Deriver {
    pub(crate) plan: Arc<Plan>,
    pub(crate) decoder: &'static dyn Decode,
    pub(crate) limits: DecodeLimits,
    /// As many stages run at once, over all uploads.
    pub(crate) threads: Arc<Semaphore>,
}

impl Deriver {
    /// Makes the assets named in `needed`, whatever their placement: processors are deterministic, so a source
    /// that the canister makes for itself is the same here. `made` hears of each one. Optional stages may fail; what is
    /// made from theirs is not made either.
    pub(crate) async fn derive(
        &self,
        original: Content,
        needed: &BTreeSet<String>,
        made: impl Fn(&str),
    ) -> Result<Derived> {
        let mut progress = Progress::new([AssetName::original()]);
        let mut begun = BTreeSet::new();
        let mut derived = Derived::default();
        let mut running = JoinSet::new();
        loop {
            let ready: Vec<usize> = {
                let ready: Vec<&str> =
                    progress.ready(&self.plan, None).map(|stage| stage.asset.as_str()).collect();
                let is_next =
                    |asset: &str| ready.contains(&asset) && needed.contains(asset) && !begun.contains(asset);
                let stages = self.plan.stages().iter().enumerate();
                stages.filter(|(_, stage)| is_next(stage.asset.as_str())).map(|(index, _)| index).collect()
            };
            // All stages of one source become ready together, and share what they read of it.
            let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for index in ready {
                let stage = &self.plan.stages()[index];
                begun.insert(stage.asset.as_str().to_owned());
                groups.entry(stage.source.as_str()).or_default().push(index);
            }
            for (source, stages) in groups {
                let source = match source {
                    ORIGINAL => Some(original.clone()),
                    source => derived.assets.get(source).map(|asset| asset.content.clone()),
                };
                // A stage is ready only when its source is there.
                let Some(source) = source else { continue };
                let shared = Arc::new(Shared { source, stages, read: OnceCell::new() });
                for index in &shared.stages {
                    running.spawn(self.clone().run(*index, shared.clone()));
                }
            }
            let Some(joined) = running.join_next().await else { return Ok(derived) };
            let (index, result) = joined.map_err(|_| panicked("a stage"))?;
            let stage = &self.plan.stages()[index];
            let name = stage.asset.to_string();
            let asset = match result {
                Ok(asset) => asset,
                Err(error) if stage.optional => {
                    derived.failed.insert(name, error);
                    continue;
                }
                Err(source) => return Err(Error::Stage { asset: name, source }),
            };
            progress.complete(stage.asset.clone());
            made(stage.asset.as_str());
            derived.assets.insert(name, asset);
        }
    }

    fn stages(&self) -> Derive<'_> {
        Derive { plan: &self.plan, placement: None, decoder: self.decoder, limits: self.limits, budget: None }
    }

    /// One stage on a thread of its own, once its source was read for all stages that share it.
    async fn run(self, index: usize, shared: Arc<Shared>) -> (usize, darkroom_core::Result<LocalAsset>) {
        let read = shared.read.get_or_init(|| self.clone().read(shared.clone())).await.clone();
        let processor = self.plan.stages()[index].processor.id();
        let result = self.on_thread(move |deriver| {
            let Content { bytes, media } = &shared.source;
            let source = Source::new(bytes, media.clone(), deriver.decoder, deriver.limits);
            let source = source.with_digest(read.sha256).with_decoded(read.decoded);
            deriver.stages().run(&deriver.plan.stages()[index], &source).map(LocalAsset::from)
        });
        (index, result.await.unwrap_or_else(|| Err(panicked(processor))))
    }

    /// Hashes a source, and decodes it where several stages want its pixels.
    async fn read(self, shared: Arc<Shared>) -> Read {
        let bytes = shared.source.bytes.clone();
        let read = self.on_thread(move |deriver| {
            let Content { bytes, media } = &shared.source;
            let stages: Vec<_> = shared.stages.iter().map(|index| &deriver.plan.stages()[*index]).collect();
            // A source without a size has an error for each of its stages to find.
            let source = deriver.stages().source(&stages, bytes, media).ok();
            let decoded = source.filter(|_| stages.len() > 1).map(|source| source.decode());
            Read { sha256: Digest::of(bytes), decoded: decoded.unwrap_or_default() }
        });
        // What panics here does so in each stage, which then says so.
        read.await.unwrap_or_else(|| Read { sha256: Digest::of(&bytes), decoded: Decoded::new() })
    }

    /// Runs on a thread as soon as one is free; `None` when it panicked.
    async fn on_thread<R: Send + 'static>(
        self,
        work: impl FnOnce(&Deriver) -> R + Send + 'static,
    ) -> Option<R> {
        // The semaphore is never closed.
        let _permit = self.threads.clone().acquire_owned().await;
        tokio::task::spawn_blocking(move || work(&self)).await.ok()
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
mod tests;
