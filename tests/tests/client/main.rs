//! Uploads through the client, on localnet: cut off after every chunk and continued, by two clients at once, with
//! every sort of journal, over a way that loses and refuses.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../client_support/mod.rs"]
mod client_support;
mod download;
mod faults;
mod stored;
mod streams;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use candid::Principal;
use client_support::proxy::{Call, Fault};
use client_support::{CHUNK, Place, files, files_only, noise, small_chunks};
use darkroom_api as api;
use darkroom_client::{Darkroom, Error, Outcome, UploadOptions};
use darkroom_tests::Photo;
use peak_alloc::PeakAlloc;
use tempfile::TempDir;

/// Says what a process of its own has allocated.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Too large for one call.
const SIZE: usize = 8 * CHUNK as usize + 1_000;
/// Its chunks.
const CHUNKS: usize = 9;

async fn upload(client: &Darkroom, path: &Path) -> Outcome {
    client.upload_path(path, UploadOptions::default(), drop).await.unwrap()
}

async fn stored(client: &Darkroom, outcome: &Outcome) -> Vec<u8> {
    client.get(&outcome.item, "original").await.unwrap().1.to_vec()
}

/// A file of its own, written to a while ago.
fn file(dir: &TempDir, seed: u64) -> (PathBuf, Vec<u8>) {
    let (path, bytes) = (dir.path().join(format!("file-{seed}")), noise(SIZE, seed));
    std::fs::write(&path, &bytes).unwrap();
    settle(&path);
    (path, bytes)
}

fn settle(path: &Path) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    std::fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Lets so many chunks through and keeps the others waiting.
fn only(chunks: usize) -> impl FnMut(&Call) -> Fault + Send {
    move |call| match call.method.as_deref() {
        Some("put_chunk") if call.passed >= chunks => Fault::Hold,
        _ => Fault::None,
    }
}

/// An upload that is cut off once `chunks` chunks are stored and, where there is a journal, it is written.
async fn cut_off(place: &Place, client: Darkroom, path: &Path, chunks: usize, journal: Option<&Path>) {
    place.proxy.rule(only(chunks));
    let before = journal.map_or(0, |dir| files(dir, ".json").len());
    let task = tokio::spawn({
        let path = path.to_owned();
        async move { client.upload_path(path, UploadOptions::default(), drop).await }
    });
    place.proxy.answered("begin_upload", 1).await;
    place.proxy.answered("put_chunk", chunks).await;
    while journal.is_some_and(|dir| files(dir, ".json").len() == before) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    place.proxy.settled().await;
    place.proxy.pass();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_cut_off_after_any_chunk_sends_only_what_is_missing() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    for chunks in 0..CHUNKS {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("journal");
        let (path, bytes) = file(&dir, chunks as u64);
        let killed = place.client(canister).with_journal(&journal);
        cut_off(&place, killed, &path, chunks, Some(&journal)).await;
        let records = files(&journal, ".json");
        assert_eq!(records.len(), 1);
        // The same client again, one on another machine, one whose record is damaged.
        let (client, way) = match chunks % 3 {
            0 => (place.client(canister).with_journal(&journal), "session_status"),
            1 => (place.client(canister), "begin_upload"),
            _ => {
                std::fs::write(&records[0], "{\"darkroom_journal\": 1").unwrap();
                (place.client(canister).with_journal(&journal), "begin_upload")
            }
        };
        let outcome = upload(&client, &path).await;
        let proxy = &place.proxy;
        assert_eq!(proxy.count("put_chunk"), CHUNKS - chunks, "after {chunks}: {:?}", proxy.calls());
        assert_eq!(proxy.count("session_status") + proxy.count("begin_upload"), 1, "{:?}", proxy.calls());
        assert_eq!(proxy.count(way), 1, "{:?}", proxy.calls());
        assert_eq!(proxy.count("finish_upload"), 0, "the last chunk finishes");
        // Chunks come in any order; the last one is short.
        let missing = (CHUNKS - chunks) as u64 * u64::from(CHUNK);
        let without_last = missing - u64::from(CHUNK) + SIZE as u64 % u64::from(CHUNK);
        assert!([missing, without_last].contains(&outcome.sent), "{} after {chunks}", outcome.sent);
        assert!(!outcome.already_stored);
        assert_eq!(stored(&client, &outcome).await, bytes);
        let left = usize::from(chunks % 3 == 1);
        assert_eq!(files(&journal, "").len(), left, "a published upload is in no journal");
    }
    let usage = place.client(canister).usage().await.unwrap();
    assert_eq!((usage.own.items, usage.own.open_sessions), (CHUNKS as u64, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_upload_is_found_and_nothing_is_sent() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes) = file(&dir, 1);
    let client = place.client(canister);
    let first = upload(&client, &path).await;
    assert_eq!(place.proxy.calls()[3..].len(), 1 + CHUNKS, "begin and chunks: {:?}", place.proxy.calls());
    place.proxy.pass();
    let second = upload(&client, &path).await;
    assert_eq!((second.item.as_str(), second.already_stored, second.sent), (first.item.as_str(), true, 0));
    assert_eq!((place.proxy.count("begin_upload"), place.proxy.count("put_chunk")), (1, 0));
    assert_eq!(stored(&client, &second).await, bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_of_one_owner_upload_one_file_at_once() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes) = file(&dir, 1);
    let journal = dir.path().join("journal");
    let client = || place.client(canister).with_journal(&journal);
    let (one, other) = (client(), client());
    let (first, second) = tokio::join!(upload(&one, &path), upload(&other, &path));
    assert_eq!(first.item, second.item);
    assert_eq!(stored(&one, &first).await, bytes);
    let usage = one.usage().await.unwrap();
    assert_eq!((usage.own.items, usage.own.open_sessions, usage.store.bytes), (1, 0, SIZE as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_is_wrong_is_of_no_consequence() {
    let place = Place::new(None);
    let (one, other) = (place.install(files_only()).await, place.install(files_only()).await);
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let (path, bytes) = file(&dir, 1);
    let client = |canister: Principal| place.client(canister).with_journal(&journal);
    cut_off(&place, client(one), &path, 3, Some(&journal)).await;
    let record = files(&journal, ".json").remove(0);
    let kept = std::fs::read_to_string(&record).unwrap();

    // The same file on another canister goes its own way and leaves the record alone.
    let elsewhere = upload(&client(other), &path).await;
    assert_eq!(place.proxy.count("put_chunk"), CHUNKS);
    assert_eq!(stored(&client(other), &elsewhere).await, bytes);
    assert_eq!(files(&journal, ""), std::slice::from_ref(&record));

    // A session that the canister does not know, and one that is of another size.
    let session: u64 = serde_json::from_str::<serde_json::Value>(&kept).unwrap()["session"].as_u64().unwrap();
    let unknown = kept.replace(&format!("\"session\": {session}"), "\"session\": 424242");
    let resized = kept.replace(&format!("\"chunk_size\": {CHUNK}"), "\"chunk_size\": 65536");
    for (wrong, more) in [(unknown, 2), (resized, 1)] {
        assert_ne!(wrong, kept);
        std::fs::write(&record, wrong).unwrap();
        cut_off(&place, client(one), &path, more, None).await;
    }
    let outcome = upload(&client(one), &path).await;
    assert_eq!(place.proxy.count("put_chunk"), CHUNKS - 6, "{:?}", place.proxy.calls());
    assert_eq!(stored(&client(one), &outcome).await, bytes);
    assert!(files(&journal, "").is_empty());
}

/// Has the only record believe that a file is as it was, as on systems that do not tell when it changed last.
fn unseen(journal: &Path, path: &Path) {
    let record = files(journal, ".json").remove(0);
    let mut kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let data = std::fs::metadata(path).unwrap();
        let changed = &mut kept["file"]["unix"]["changed"];
        assert!(changed.is_array(), "{changed}");
        *changed = serde_json::json!([data.ctime(), data.ctime_nsec()]);
    }
    std::fs::write(&record, serde_json::to_vec(&kept).unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_unseen_is_stored_as_it_is_now() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let (path, _) = file(&dir, 1);
    let client = || place.client(canister).with_journal(&journal);
    cut_off(&place, client(), &path, 3, Some(&journal)).await;
    let bytes = noise(SIZE, 2);
    std::fs::write(&path, &bytes).unwrap();
    settle(&path);
    unseen(&journal, &path);
    let outcome = upload(&client(), &path).await;
    let puts = place.proxy.count("put_chunk");
    assert!(puts <= 2 * CHUNKS, "what is wrong is found out the first time: {puts}");
    assert_eq!(stored(&client(), &outcome).await, bytes);
    let usage = client().usage().await.unwrap();
    assert_eq!((usage.own.items, usage.own.open_sessions), (1, 0), "nothing is left of the other");
    assert!(files(&journal, "").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_requests_lost_replies_and_refusals_for_overload_lose_nothing() {
    let place = Place::new(None);
    let canister = place.install(small_chunks()).await;
    let photos = [Photo::jpeg(1800, 1400, 98, 1), Photo::jpeg(800, 600, 85, 2)];
    assert!(photos[0].bytes.len() > 1_900_000, "{}", photos[0].bytes.len());
    place.proxy.rule(|call| match call.number % 7 {
        1 => Fault::LoseReply,
        3 => Fault::LoseRequest,
        5 => Fault::Status(503),
        _ => Fault::None,
    });
    let client = place.client(canister);
    let mut items = Vec::new();
    for photo in &photos {
        let outcome = client.upload(photo.bytes.clone(), UploadOptions::default(), drop).await.unwrap();
        assert_eq!(outcome.assets.len(), 4);
        items.push(outcome);
    }
    place.proxy.pass();
    for (photo, outcome) in photos.iter().zip(&items) {
        assert_eq!(stored(&client, outcome).await, photo.bytes);
        for report in client.verify(&outcome.item).await.unwrap() {
            assert!(report.check.is_good(), "{report:?}");
        }
    }
    let usage = client.usage().await.unwrap();
    assert_eq!((usage.own.items, usage.own.open_sessions), (2, 0), "repeated calls did nothing twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_takes_two_at_a_time_gets_everything() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    place.proxy.rule(|call| match call.method.as_deref() {
        Some("put_chunk") if call.under_way >= 2 => Fault::Status(429),
        _ => Fault::None,
    });
    let bytes = noise(20 * CHUNK as usize, 1);
    let client = place.client(canister);
    let outcome = client.upload(bytes.clone(), UploadOptions::default(), drop).await.unwrap();
    assert_eq!(place.proxy.count("put_chunk"), 20, "what was refused did not arrive");
    assert_eq!(stored(&client, &outcome).await, bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definite_refusal_is_not_repeated() {
    let place = Place::new(None);
    let quota = api::Quota { bytes: Some(100_000), ..Default::default() };
    let args = files_only();
    let limits = args.limits.clone().map(|limits| api::Limits { per_principal: Some(quota), ..limits });
    let canister = place.install(api::InitArgs { limits, ..args }).await;
    for (who, code) in [(1, api::code::LIMIT), (2, api::code::FORBIDDEN)] {
        for (size, method) in [(SIZE, "begin_upload"), (200_000, "upload_whole")] {
            place.proxy.pass();
            let client = place.client_as(who, canister);
            let refused = client.upload(noise(size, 1), UploadOptions::default(), drop).await.unwrap_err();
            assert_eq!(refused.code(), Some(code), "{refused}");
            assert!(matches!(&refused, Error::Refused { call, .. } if *call == method), "{refused}");
            assert_eq!(place.proxy.count(method), 1, "{:?}", place.proxy.calls());
            assert_eq!(place.proxy.count("put_chunk"), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_a_continued_upload_drops_nothing_and_sends_nothing_again() {
    let place = Place::new(None);
    let canister = place.install(small_chunks()).await;
    let dir = tempfile::tempdir().unwrap();
    let photo = Photo::jpeg(1800, 1400, 98, 1);
    assert!(photo.bytes.len() > 1_900_000, "too small for several calls: {}", photo.bytes.len());
    let path = dir.path().join("photo.jpg");
    std::fs::write(&path, &photo.bytes).unwrap();
    let client = || place.client(canister);
    cut_off(&place, client(), &path, 3, None).await;
    // Room for the original, and none for a derivative.
    let quota = |bytes: usize| api::Quota { bytes: Some(bytes as u64), ..Default::default() };
    let configure = async |bytes| {
        let limits = api::Limits { per_principal: Some(quota(bytes)), ..Default::default() };
        client().configure(&api::InitArgs { limits: Some(limits), ..Default::default() }).await.unwrap();
    };
    configure(photo.bytes.len()).await;
    let refused = client().upload_path(&path, UploadOptions::default(), drop).await.unwrap_err();
    assert_eq!(refused.code(), Some(api::code::LIMIT), "{refused}");
    assert_eq!((place.proxy.count("put_assets"), place.proxy.count("abort_upload")), (1, 0));
    place.proxy.pass();
    configure(usize::MAX).await;
    let outcome = upload(&client(), &path).await;
    let chunks = photo.bytes.len().div_ceil(CHUNK as usize);
    assert!(place.proxy.count("put_chunk") <= chunks - 3, "{:?}", place.proxy.calls());
    assert_eq!((outcome.assets.len(), stored(&client(), &outcome).await), (4, photo.bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_photo_with_its_derivatives_is_one_call() {
    let place = Place::new(None);
    let canister = place.install(small_chunks()).await;
    let photo = Photo::jpeg(1200, 900, 90, 1);
    let client = place.client(canister);
    let first = client.upload(photo.bytes.clone(), UploadOptions::default(), drop).await.unwrap();
    let mut calls = place.proxy.calls();
    calls.sort();
    // Whether it is stored is asked while the derivatives are made.
    assert_eq!(calls, ["find_uploads", "limits", "pipelines", "processors", "upload_whole"]);
    assert_eq!((first.assets.len(), first.sent), (4, photo.bytes.len() as u64));
    for report in client.verify(&first.item).await.unwrap() {
        assert!(report.check.is_good(), "{report:?}");
    }
    place.proxy.pass();
    let again = place.client(canister).upload(photo.bytes.clone(), UploadOptions::default(), drop).await;
    let again = again.unwrap();
    assert_eq!((again.item, again.already_stored, again.sent), (first.item, true, 0));
    assert_eq!(again.assets, first.assets);
    // One node is asked, then the network; and nothing is sent or fetched.
    assert_eq!(place.proxy.count("find_uploads"), 2);
    assert_eq!(place.proxy.calls().len(), 5, "{:?}", place.proxy.calls());
    assert_eq!(client.usage().await.unwrap().own.items, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_photo_waits_for_what_the_canister_makes() {
    let place = Place::new(None);
    let canister = place.install(small_chunks()).await;
    let client = place.client(canister);
    let mut pipelines = client.pipelines().await.unwrap();
    let stages =
        pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.lanes).flat_map(|lane| &mut lane.stages);
    for stage in stages.filter(|stage| stage.asset == "thumbnail") {
        stage.placement = Some(api::Placement::Canister);
    }
    client.configure(&api::InitArgs { pipelines: Some(pipelines), ..Default::default() }).await.unwrap();
    let photo = Photo::jpeg(1200, 900, 90, 2);
    let outcome = client.upload(photo.bytes.clone(), UploadOptions::default(), drop).await.unwrap();
    assert_eq!((outcome.assets.len(), place.proxy.count("put_chunk")), (4, 0));
    for report in client.verify(&outcome.item).await.unwrap() {
        assert!(report.check.is_good(), "{report:?}");
    }
    assert_eq!(client.usage().await.unwrap().own.open_sessions, 0);
}
