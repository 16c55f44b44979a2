//! Uploads over a way on which anything may happen to any call, and on a network that ends in between.

use std::path::PathBuf;
use std::time::Duration;

use candid::Principal;
use darkroom_api as api;
use darkroom_client::{Darkroom, Outcome, RetryPolicy, Toolkit, UploadOptions};
use darkroom_codec::CODECS;
use darkroom_core::Digest;
use darkroom_localnet::{Network, NetworkConfig};
use darkroom_tests::{Dice, Photo};
use ic_agent::identity::BasicIdentity;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::SIZE;
use crate::client_support::proxy::{Call, Fault};
use crate::client_support::{Place, files_only, noise, small_chunks};

/// Files for both pipelines, small and large.
struct Files {
    _dir: TempDir,
    photos: Vec<PathBuf>,
    others: Vec<PathBuf>,
}

impl Files {
    fn new() -> Files {
        let dir = tempfile::tempdir().unwrap();
        let large = Photo::jpeg(1800, 1400, 98, 1).bytes;
        assert!(large.len() > 1_900_000, "it would go in one call");
        let small = [2, 3, 4].map(|seed| Photo::jpeg(300, 200, 85, seed).bytes);
        let written = |name: String, bytes: Vec<u8>| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let photos = [large].into_iter().chain(small).enumerate();
        let photos = photos.map(|(number, bytes)| written(format!("photo-{number}.jpg"), bytes)).collect();
        let others = [SIZE, 5_000].map(|size| written(format!("other-{size}.bin"), noise(size, 1))).to_vec();
        Files { photos, others, _dir: dir }
    }

    /// Uploads all of them at once, the last from a reader too.
    async fn upload(&self, client: &Darkroom) -> Vec<(Vec<u8>, Outcome)> {
        let with =
            |pipeline: &str| UploadOptions { pipeline: Some(pipeline.to_owned()), ..Default::default() };
        let photos = self.photos.iter().map(|path| (path, "photo"));
        let files: Vec<_> = photos.chain(self.others.iter().map(|path| (path, "files"))).collect();
        let mut uploads = JoinSet::new();
        for (path, pipeline) in files {
            let (client, path, options) = (client.clone(), path.clone(), with(pipeline));
            uploads.spawn(async move {
                let outcome = client.upload_path(&path, options, drop).await;
                let outcome = outcome.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                (std::fs::read(path).unwrap(), outcome)
            });
        }
        let passing = async {
            let bytes = noise(SIZE, 9);
            let outcome = client.upload_reader(&bytes[..], bytes.len() as u64, with("files"), drop).await;
            (bytes, outcome.unwrap_or_else(|error| panic!("reader: {error}")))
        };
        let (mut uploads, passed) = tokio::join!(uploads.join_all(), passing);
        uploads.push(passed);
        uploads
    }
}

/// What is held, and how it is stored.
async fn holds(client: &Darkroom) -> (api::Holding, u64, u64) {
    let usage = client.usage().await.unwrap();
    (usage.own, usage.store.chunks, usage.store.bytes)
}

async fn verified(client: &Darkroom, uploads: &[(Vec<u8>, Outcome)]) {
    for (bytes, outcome) in uploads {
        assert_eq!(outcome.assets[0].sha256, Digest::of(bytes));
        for report in client.verify(&outcome.item).await.unwrap() {
            assert!(report.check.is_good(), "{report:?}");
        }
    }
}

/// A canister with both pipelines.
async fn canister(place: &Place) -> Principal {
    let canister = place.install(small_chunks()).await;
    let client = place.client(canister);
    let mut pipelines = client.pipelines().await.unwrap();
    pipelines.extend(files_only().pipelines.unwrap());
    client.configure(&api::InitArgs { pipelines: Some(pipelines), ..Default::default() }).await.unwrap();
    canister
}

/// A client that has found its way through the proxy by itself, the root key included.
async fn connected(place: &Place, canister: Principal) -> Darkroom {
    let toolkit = Toolkit { registry: darkroom_tests::toolkit(), decoder: &CODECS };
    let connect = Darkroom::connect(place.proxy.url(), canister)
        .identity(BasicIdentity::from_raw_key(&[1; 32]))
        .toolkit(toolkit)
        .retry(RetryPolicy { attempts: 20, first_wait: Duration::from_millis(20), ..Default::default() })
        .window(8);
    connect.await.unwrap()
}

/// Two, or as many as `FAULT_SEEDS` says.
fn seeds() -> std::ops::RangeInclusive<u64> {
    1..=std::env::var("FAULT_SEEDS").map_or(2, |seeds| seeds.parse().unwrap())
}

/// Every second call meets something.
fn faults(seed: u64) -> impl FnMut(&Call) -> Fault + Send {
    let mut dice = Dice::new(seed);
    move |_| match dice.below(20) {
        0 | 1 => Fault::LoseRequest,
        2 | 3 => Fault::LoseReply,
        4 | 5 => Fault::CutReply,
        6 => Fault::Repeat,
        7 => Fault::RepeatLate(dice.below(400) as u64),
        8 => Fault::Status(503),
        9 => Fault::Status(502),
        10 => Fault::Delay(50 + dice.below(300) as u64),
        _ => Fault::None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_on_the_way_everything_is_stored_once() {
    let place = Place::new(None);
    let files = Files::new();
    let clean = place.client(canister(&place).await);
    let uploads = files.upload(&clean).await;
    verified(&clean, &uploads).await;
    let expected = holds(&clean).await;
    assert_eq!((expected.0.items, expected.0.open_sessions), (7, 0));
    for seed in seeds() {
        let canister = canister(&place).await;
        place.proxy.rule(faults(seed));
        let client = connected(&place, canister).await;
        let uploads = files.upload(&client).await;
        println!("seed {seed}: {} calls reached the network", place.proxy.calls().len());
        let dir = tempfile::tempdir().unwrap();
        for (bytes, outcome) in &uploads {
            let target = dir.path().join(&outcome.item);
            client.download(&outcome.item, "original", &target, &Default::default(), drop).await.unwrap();
            assert_eq!(&std::fs::read(&target).unwrap(), bytes);
        }
        place.proxy.pass();
        verified(&client, &uploads).await;
        assert_eq!(holds(&client).await, expected, "seed {seed}");
        // Everything is found again, but for what came from a reader, and nothing is added.
        place.proxy.rule(faults(seed + 100));
        for path in &files.photos {
            let again = client.upload_path(path, UploadOptions::default(), drop).await.unwrap();
            assert_eq!((again.already_stored, again.sent), (true, 0), "{}", path.display());
        }
        place.proxy.pass();
        assert_eq!(holds(&client).await, expected, "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_ends_and_begins_again_loses_nothing() {
    let state = tempfile::tempdir().unwrap();
    let config =
        |port| NetworkConfig { port, state_dir: Some(state.path().to_owned()), ..NetworkConfig::default() };
    let place = Place::with(config(0));
    let canister = canister(&place).await;
    let policy = RetryPolicy {
        attempts: 300,
        first_wait: Duration::from_millis(20),
        longest_wait: Duration::from_millis(300),
        patience: None,
    };
    let client = place.client(canister).with_retry(policy);
    let Place { network, proxy } = place;
    // Slow, so that the network ends in the middle of all of them.
    proxy.rule(|_| Fault::Delay(20));
    let uploads = tokio::spawn({
        let client = client.clone();
        async move { Files::new().upload(&client).await }
    });
    proxy.answered("put_chunk", 5).await;
    let (url, root_key) = (network.url(), network.root_key());
    network.stop().unwrap();
    let before = proxy.count("put_chunk");
    let port = url.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
    let network = Network::start(config(port)).unwrap();
    assert_eq!((network.url(), network.root_key()), (url, root_key));
    let uploads = uploads.await.unwrap();
    assert!(proxy.count("put_chunk") > before + 5, "it was in the middle");
    proxy.pass();
    verified(&client, &uploads).await;
    let (own, _, _) = holds(&client).await;
    assert_eq!((own.items, own.open_sessions), (7, 0));
    let sizes: u64 = uploads.iter().flat_map(|(_, outcome)| &outcome.assets).map(|asset| asset.bytes).sum();
    assert_eq!(own.bytes, sizes, "nothing is held twice");
}
