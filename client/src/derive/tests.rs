//! What is made, in which order, and what may fail.

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
    let assets = deriver().derive(original, &all, made).await.unwrap().assets;
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
    let together = together.unwrap().assets;
    assert_eq!(decoder.0.load(Ordering::Relaxed), 1);
    for asset in ["preview", "thumbnail", "placeholder"] {
        let alone = deriver.derive(original.clone(), &set(&[asset]), |_| ()).await.unwrap().assets;
        assert_eq!(together[asset].sha256, alone[asset].sha256, "{asset}");
        assert_eq!(together[asset].source, alone[asset].source, "{asset}");
    }
    assert_eq!(decoder.0.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn only_what_is_needed_is_made() {
    let bytes = darkroom_codec::testing::photo(64, 48, 80, 1);
    let original = Content { bytes: bytes.into(), media: MediaType::JPEG };
    let assets = deriver().derive(original, &set(&["preview"]), |_| ()).await.unwrap().assets;
    assert_eq!(assets.keys().collect::<Vec<_>>(), ["preview"]);
}

#[tokio::test]
async fn a_failed_stage_is_named() {
    let original = Content { bytes: Bytes::from_static(b"\xff\xd8\xff"), media: MediaType::JPEG };
    let error = deriver().derive(original, &set(&["preview"]), |_| ()).await.unwrap_err();
    assert!(matches!(&error, Error::Stage { asset, .. } if asset == "preview"), "{error}");
}

#[tokio::test]
async fn an_optional_stage_that_fails_takes_along_what_is_made_from_it_and_nothing_else() {
    let mut config = Config::standard();
    let stages = &mut config.pipelines[0].lanes[1].stages;
    for stage in &mut stages[1..] {
        stage.optional = true;
    }
    stages[1].params = [("max_bytes".to_owned(), 256.into())].into_iter().collect();
    let plan = Arc::new(config.validate(&registry()).unwrap().remove(0));
    let bytes = darkroom_codec::testing::photo(640, 480, 80, 1);
    let original = Content { bytes: bytes.into(), media: MediaType::JPEG };
    let deriver = Deriver { plan, ..deriver() };
    let all = set(&["preview", "thumbnail", "placeholder"]);
    let derived = deriver.derive(original, &all, |_| ()).await.unwrap();
    assert_eq!(derived.assets.keys().collect::<Vec<_>>(), ["preview"]);
    assert_eq!(derived.failed.keys().collect::<Vec<_>>(), ["thumbnail"]);
    assert_eq!(derived.failed["thumbnail"].code(), "over_budget");
}
