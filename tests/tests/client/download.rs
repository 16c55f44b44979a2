//! Assets read back: whole, in part, and into files that are gone on with.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use darkroom_client::{Darkroom, DownloadEvent, DownloadOptions, Error, UploadOptions};

use crate::client_support::proxy::Fault;
use crate::client_support::{CHUNK, Place, files, files_only, noise};
use crate::{CHUNKS, SIZE};

const OPTIONS: DownloadOptions = DownloadOptions { overwrite: false };

async fn stored_file(place: &Place) -> (Darkroom, String, Vec<u8>) {
    let canister = place.install(files_only()).await;
    let client = place.client(canister);
    let bytes = noise(SIZE, 1);
    let outcome = client.upload(bytes.clone(), UploadOptions::default(), drop).await.unwrap();
    (client, outcome.item, bytes)
}

/// A download that is cut off once some chunks are on the disk; gives the part that is left.
async fn cut_off(place: &Place, client: &Darkroom, item: &str, target: &Path) -> PathBuf {
    place.proxy.rule(|call| match call.method.as_deref() {
        // Eight are asked for at once, so the ninth is the last.
        Some("get_chunk") if call.passed >= 8 => Fault::Hold,
        _ => Fault::None,
    });
    let task = tokio::spawn({
        let (client, item, target) = (client.clone(), item.to_owned(), target.to_owned());
        async move { client.download(&item, "original", target, &OPTIONS, drop).await }
    });
    let dir = target.parent().unwrap();
    let parts =
        || files(dir, ".part").into_iter().map(|path| (std::fs::metadata(&path).unwrap().len(), path));
    let begun = Instant::now();
    let (_, part) = loop {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing arrives");
        if let Some(part) = parts().find(|(length, _)| *length >= 2 * u64::from(CHUNK)) {
            break part;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let busy = client.download(item, "original", target, &OPTIONS, drop).await.unwrap_err();
    assert!(matches!(busy, Error::Busy { .. }), "{busy}");
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    place.proxy.settled().await;
    place.proxy.pass();
    assert!(!target.exists());
    part
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_goes_on_where_it_was_cut_off() {
    let place = Place::new(None);
    let (client, item, bytes) = stored_file(&place).await;
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("file.bin");
    let part = cut_off(&place, &client, &item, &target).await;
    // What was being written when it ended may be half a chunk.
    let left = std::fs::metadata(&part).unwrap().len();
    std::fs::File::options().append(true).open(&part).unwrap().set_len(left - 1_000).unwrap();
    let events = Mutex::new(Vec::new());
    let note = |event| events.lock().unwrap().push(event);
    let downloaded = client.download(&item, "original", &target, &OPTIONS, note).await.unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), bytes);
    let total = SIZE as u64;
    let present = total - downloaded.fetched;
    assert!(present >= u64::from(CHUNK) && present.is_multiple_of(CHUNK.into()), "{present}");
    let chunks = usize::try_from(present / u64::from(CHUNK)).unwrap();
    assert_eq!(place.proxy.count("get_chunk"), CHUNKS - chunks);
    let events = events.into_inner().unwrap();
    assert_eq!(events[0], DownloadEvent::Begun { present, total });
    assert_eq!(events.last(), Some(&DownloadEvent::Bytes { done: total, total }));
    assert_eq!(files(dir.path(), "").len(), 1, "only the file is left");

    // What is there stays, unless it may be replaced; and nothing is fetched to find that out.
    place.proxy.pass();
    std::fs::write(&target, "mine").unwrap();
    let refused = client.download(&item, "original", &target, &OPTIONS, drop).await.unwrap_err();
    assert!(matches!(refused, Error::Exists { .. }), "{refused}");
    assert!(place.proxy.calls().is_empty());
    assert_eq!(std::fs::read(&target).unwrap(), b"mine");
    let replace = DownloadOptions { overwrite: true };
    let downloaded = client.download(&item, "original", &target, &replace, drop).await.unwrap();
    assert_eq!((downloaded.fetched, std::fs::read(&target).unwrap()), (total, bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_part_is_found_out_and_fetched_anew() {
    let place = Place::new(None);
    let (client, item, bytes) = stored_file(&place).await;
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("file.bin");
    let part = cut_off(&place, &client, &item, &target).await;
    let mut damaged = std::fs::read(&part).unwrap();
    damaged[1_000] ^= 1;
    std::fs::write(&part, damaged).unwrap();
    let downloaded = client.download(&item, "original", &target, &OPTIONS, drop).await.unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), bytes);
    assert!(downloaded.fetched > SIZE as u64, "the rest of the damaged part, then everything");
    assert_eq!(files(dir.path(), "").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_an_asset_are_certified() {
    let place = Place::new(None);
    let (client, item, bytes) = stored_file(&place).await;
    let chunk = u64::from(CHUNK);
    let size = SIZE as u64;
    for (range, chunks) in [
        (0..1, 1),
        (chunk - 1..chunk, 1),
        (chunk - 1..chunk + 1, 2),
        (chunk..2 * chunk, 1),
        (3 * chunk + 5..6 * chunk + 7, 4),
        (size - 1..size, 1),
        (size..size, 0),
        (0..size, CHUNKS),
    ] {
        place.proxy.pass();
        let (asset, part) = client.get_range(&item, "original", range.clone()).await.unwrap();
        let place_of = |at: u64| usize::try_from(at).unwrap();
        assert_eq!(part, bytes[place_of(range.start)..place_of(range.end)], "{range:?}");
        assert_eq!(asset.bytes, size);
        assert_eq!(place.proxy.count("get_chunk"), chunks, "{range:?}");
    }
    for (start, end) in [(0, size + 1), (5, 4), (u64::MAX, u64::MAX)] {
        let refused = client.get_range(&item, "original", start..end).await.unwrap_err();
        assert!(matches!(refused, Error::OutOfRange { .. }), "{refused}");
    }
    let refused = client.get_range(&item, "preview", 0..1).await.unwrap_err();
    assert!(matches!(refused, Error::UnknownAsset { .. }), "{refused}");
}
