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
                    source => assets.get(source).map(|asset| asset.content.clone()),
                };
                // A stage is ready only when its source is there.
                let Some(source) = source else { continue };
                let shared = Arc::new(Shared { source, stages, read: OnceCell::new() });
                for index in &shared.stages {
                    running.spawn(self.clone().run(*index, shared.clone()));
                }
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
mod tests {
    use super::*;
    use darkroom_codec::CODECS;
    use darkroom_core::decode::DecodePlan;
    use darkroom_core::pipeline::Config;
    use darkroom_core::pixels::Pixels;
    use darkroom_core::registry::Registry;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn registry() -> Registry {
        darkroom_processors::registry().unwrap()
    }

    fn deriver() -> Deriver {
        let plan = Config::standard().validate(&registry()).unwrap().remove(0);
        Deriver {
            plan: Arc::new(plan),
            decoder: &CODECS,
            limits: DecodeLimits::default(),
            threads: Arc::new(Semaphore::new(2)),
        }
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

    /// Counts what is decoded from the original.
    #[derive(Default)]
    struct Counting(AtomicU32);

    impl Decode for Counting {
        fn size(&self, media: &MediaType, bytes: &[u8], limits: DecodeLimits) -> darkroom_core::Result<Size> {
            CODECS.size(media, bytes, limits)
        }

        fn decode(
            &self,
            media: &MediaType,
            bytes: &[u8],
            at_least: Size,
            limits: DecodeLimits,
        ) -> darkroom_core::Result<Pixels> {
            self.0.fetch_add(1, Ordering::Relaxed);
            CODECS.decode(media, bytes, at_least, limits)
        }

        fn decode_many(
            &self,
            media: &MediaType,
            bytes: &[u8],
            requests: &[Size],
            limits: DecodeLimits,
        ) -> darkroom_core::Result<Vec<Arc<Pixels>>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            CODECS.decode_many(media, bytes, requests, limits)
        }

        fn plan(
            &self,
            media: &MediaType,
            bytes: &[u8],
            requests: &[Size],
            limits: DecodeLimits,
        ) -> darkroom_core::Result<DecodePlan> {
            CODECS.plan(media, bytes, requests, limits)
        }
    }

    #[tokio::test]
    async fn stages_of_one_source_share_a_decode_and_make_what_each_makes_alone() {
        let mut config = Config::standard();
        for stage in &mut config.pipelines[0].lanes[1].stages {
            stage.source = Some("original".to_owned());
        }
        let plan = Arc::new(config.validate(&registry()).unwrap().remove(0));
        let decoder: &'static Counting = Box::leak(Box::default());
        let deriver = Deriver { plan, decoder, ..deriver() };
        let bytes = darkroom_codec::testing::photo(3000, 2000, 80, 1);
        let original = Content { bytes: bytes.into(), media: MediaType::JPEG };
        let together =
            deriver.derive(original.clone(), &set(&["preview", "thumbnail", "placeholder"]), |_| ()).await;
        let together = together.unwrap();
        assert_eq!(decoder.0.load(Ordering::Relaxed), 1);
        for asset in ["preview", "thumbnail", "placeholder"] {
            let alone = deriver.derive(original.clone(), &set(&[asset]), |_| ()).await.unwrap();
            assert_eq!(together[asset].sha256, alone[asset].sha256, "{asset}");
            assert_eq!(together[asset].source, alone[asset].source, "{asset}");
        }
        assert_eq!(decoder.0.load(Ordering::Relaxed), 4);
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
