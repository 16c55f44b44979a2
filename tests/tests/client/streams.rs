//! Files and readers whose bytes pass by: how much memory that takes, and what they may do wrong.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Poll};

use candid::Principal;
use darkroom_api as api;
use darkroom_client::{Darkroom, Error, RetryPolicy, Toolkit, UploadOptions};
use darkroom_codec::CODECS;
use darkroom_core::Digest;
use darkroom_core::hash::{RollingHash, RollingSha256};
use darkroom_tests::{File, Photo};
use ic_agent::Agent;
use ic_agent::identity::BasicIdentity;
use tokio::io::{AsyncRead, ReadBuf};

use crate::client_support::proxy::Fault;
use crate::client_support::{CHUNK, Place, files_only, noise, small_chunks};
use crate::{ALLOCATOR, SIZE, settle};

/// What the bytes of one upload may take, whatever its size.
const BOUND: usize = 64 << 20;
/// Bytes that are made at a time.
const BLOCK: u32 = 1 << 20;

/// Gives the bytes of a file, in pieces of different lengths, then fails where it is to.
struct Reader {
    file: File,
    block: Vec<u8>,
    given: u64,
    fails: bool,
}

impl Reader {
    fn new(seed: u64, size: u64) -> Reader {
        Reader { file: File::new(seed, size), block: Vec::new(), given: 0, fails: false }
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.given == self.file.size {
            return Poll::Ready(if self.fails { Err(io::Error::other("the line is dead")) } else { Ok(()) });
        }
        if self.given.is_multiple_of(BLOCK.into()) {
            self.block = self.file.chunk(u32::try_from(self.given / u64::from(BLOCK)).unwrap(), BLOCK);
        }
        let at = usize::try_from(self.given % u64::from(BLOCK)).unwrap();
        let length = (self.block.len() - at).min(buffer.remaining()).min(1 + at % 70_000);
        buffer.put_slice(&self.block[at..at + length]);
        self.given += length as u64;
        Poll::Ready(Ok(()))
    }
}

/// What the process of its own is told by its parent.
const NAMES: [&str; 5] = ["STREAM_URL", "STREAM_CANISTER", "STREAM_KEY", "STREAM_PATH", "STREAM_SIZE"];

/// Uploads in a process of its own, where nothing else is in memory; gives the peak of what was allocated and the item.
async fn upload_alone(place: &Place, canister: Principal, path: &Path, size: u64) -> (usize, String) {
    let root_key: String = place.network.root_key().iter().map(|byte| format!("{byte:02x}")).collect();
    let (url, path) = (place.network.url(), path.display().to_string());
    let values = [url, canister.to_text(), root_key, path, size.to_string()];
    let child = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["streams::upload_in_a_process_of_its_own", "--exact", "--ignored", "--nocapture"]);
        command.envs(NAMES.into_iter().zip(values)).output().unwrap()
    });
    let output = child.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().find_map(|line| line.split_once("peak=")).unwrap_or_else(|| panic!("{text}")).1;
    let (peak, item) = line.split_once(" item=").unwrap();
    (peak.parse().unwrap(), item.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the next test runs it in a process of its own"]
async fn upload_in_a_process_of_its_own() {
    let [url, canister, root_key, path, size] = NAMES.map(|name| std::env::var(name).unwrap());
    let identity = BasicIdentity::from_raw_key(&[1; 32]);
    let agent = Agent::builder().with_url(url).with_identity(identity).build().unwrap();
    let byte = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
    agent.set_root_key(root_key.as_bytes().chunks(2).map(byte).collect());
    let toolkit = Toolkit { registry: darkroom_tests::toolkit(), decoder: &CODECS };
    let client = Darkroom::new(agent, canister.parse().unwrap(), toolkit).with_retry(RetryPolicy::default());
    client.pipelines().await.unwrap();
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let options = UploadOptions { file_name: Some("large.bin".to_owned()), ..Default::default() };
    let size: u64 = size.parse().unwrap();
    let outcome = match path.as_str() {
        "" => client.upload_reader(Reader::new(2, size), size, options, drop).await.unwrap(),
        path => client.upload_path(path, options, drop).await.unwrap(),
    };
    println!("peak={} item={}", ALLOCATOR.peak_usage() - before, outcome.item);
}

/// Writes a file a block at a time; gives its SHA-256.
fn write_large(path: &Path, file: &File) -> Digest {
    let (mut written, mut hash) = (std::fs::File::create(path).unwrap(), RollingSha256::default());
    for index in 0..file.chunks(BLOCK) {
        let block = file.chunk(index, BLOCK);
        written.write_all(&block).unwrap();
        hash.update(&block);
    }
    hash.finish()
}

/// With `STREAM_BYTES` set, files are of that size.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_pass_by_take_little_memory_however_many_they_are() {
    let size = std::env::var("STREAM_BYTES").map_or(200_000_000, |size| size.parse().unwrap());
    let place = Place::new(None);
    let pipelines = files_only().pipelines;
    let canister = place.install(api::InitArgs { pipelines, ..Default::default() }).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.bin");
    let client = place.client(canister);
    for (path, seed) in [(path, 1), (PathBuf::new(), 2)] {
        let file = File::new(seed, size);
        let written = if path.as_os_str().is_empty() { dir.path().join("other.bin") } else { path.clone() };
        let sha256 = write_large(&written, &file);
        let begun = std::time::Instant::now();
        let (peak, item) = upload_alone(&place, canister, &path, size).await;
        println!("{size} bytes: at most {peak} bytes in memory, {:?}", begun.elapsed());
        assert!(peak < BOUND, "{peak} bytes were allocated; {BOUND} are allowed");
        let item = client.certified_item(&item).await.unwrap();
        assert_eq!((Digest(*item.assets[0].sha256), item.assets[0].size), (sha256, size));
    }
    assert_eq!(client.usage().await.unwrap().own.open_sessions, 0);
}

async fn holds_nothing(client: &Darkroom) {
    let usage = client.usage().await.unwrap();
    assert_eq!((usage.own.items, usage.own.open_sessions, usage.own.bytes), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_keep_its_word_leaves_nothing_behind() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    let client = place.client(canister);
    let options = UploadOptions::default;
    for size in [1_000, SIZE as u64] {
        let short = client.upload_reader(Reader::new(1, size), size + 1, options(), drop).await.unwrap_err();
        assert!(matches!(short, Error::Length { declared, found } if (declared, found) == (size + 1, size)));
        let long = client.upload_reader(Reader::new(1, size), size - 1, options(), drop).await.unwrap_err();
        assert!(matches!(long, Error::Length { declared, found } if (declared, found) == (size - 1, size)));
        let dead = Reader { fails: true, ..Reader::new(1, size - 1) };
        let dead = client.upload_reader(dead, size, options(), drop).await.unwrap_err();
        assert!(matches!(dead, Error::Reader(_)), "{dead}");
        holds_nothing(&client).await;
    }
    let empty = client.upload_reader(Reader::new(1, 0), 0, options(), drop).await.unwrap_err();
    assert!(matches!(empty, Error::Empty), "{empty}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_sends_nothing_more_and_its_session_stays() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    let client = place.client(canister);
    client.pipelines().await.unwrap();
    place.proxy.rule(|call| match call.method.as_deref() {
        Some("put_chunk") if call.passed >= 3 => Fault::Hold,
        _ => Fault::None,
    });
    let task = tokio::spawn({
        let client = client.clone();
        async move {
            let size = SIZE as u64;
            client.upload_reader(Reader::new(1, size), size, UploadOptions::default(), drop).await
        }
    });
    place.proxy.answered("put_chunk", 3).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    place.proxy.settled().await;
    place.proxy.pass();
    let usage = client.usage().await.unwrap();
    assert_eq!((usage.own.items, usage.own.open_sessions), (1, 1), "it ends with its time");
    // What held the window's places has given them back.
    let size = 2 * SIZE as u64;
    let outcome =
        client.upload_reader(Reader::new(2, size), size, UploadOptions::default(), drop).await.unwrap();
    assert_eq!(outcome.sent, size);
    let puts = usize::try_from(size.div_ceil(CHUNK.into())).unwrap();
    assert_eq!(place.proxy.count("put_chunk"), puts, "none was of the one that was dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reader_gives_is_stored_once_over_a_way_that_loses() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    let client = place.client(canister);
    client.pipelines().await.unwrap();
    let size = SIZE as u64;
    place.proxy.rule(|call| match call.number % 5 {
        0 => Fault::LoseReply,
        3 => Fault::LoseRequest,
        _ => Fault::None,
    });
    let options = UploadOptions { file_name: Some("a/b.bin".to_owned()), ..Default::default() };
    let outcome = client.upload_reader(Reader::new(1, size), size, options, drop).await.unwrap();
    place.proxy.pass();
    let (asset, bytes) = client.get(&outcome.item, "original").await.unwrap();
    assert_eq!((bytes, asset.sha256), (File::new(1, size).bytes().into(), outcome.assets[0].sha256));
    assert_eq!(client.item(&outcome.item).await.unwrap().file_name, "b.bin");
    let usage = client.usage().await.unwrap();
    assert_eq!((usage.own.items, usage.own.open_sessions, usage.store.bytes), (1, 0, size));
    // What fits into a message goes as bytes do, and is known again.
    let small = async || client.upload_reader(Reader::new(2, 900), 900, UploadOptions::default(), drop).await;
    let (first, second) = (small().await.unwrap(), small().await.unwrap());
    assert_eq!((first.item, first.already_stored), (second.item, !second.already_stored));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_an_image_is_read_up_to_the_canister_s_limit() {
    let place = Place::new(None);
    let photo = Photo::jpeg(400, 300, 85, 1);
    let size = photo.bytes.len() as u64;
    let images = api::ImageLimits { max_bytes: Some(size), ..Default::default() };
    let limits = small_chunks().limits.map(|limits| api::Limits { images: Some(images), ..limits });
    let canister = place.install(api::InitArgs { limits, ..Default::default() }).await;
    let client = place.client(canister);
    let options = UploadOptions::default;
    let refused = client.upload_reader(Reader::new(1, 0), size + 1, options(), drop).await.unwrap_err();
    assert_eq!(refused.code(), Some("image_too_large"), "{refused}");
    // A file is refused before it is read too: this one could not be.
    let dir = tempfile::tempdir().unwrap();
    let large = dir.path().join("large.jpg");
    std::fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
    let refused = client.upload_path(&large, options(), drop).await.unwrap_err();
    assert_eq!(refused.code(), Some("image_too_large"), "{refused}");
    let outcome = client.upload_reader(&photo.bytes[..], size, options(), drop).await.unwrap();
    assert_eq!(outcome.assets.len(), 4);
    assert!(client.verify(&outcome.item).await.unwrap().iter().all(|report| report.check.is_good()));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_through_a_pipe_by_name_is_a_file_too() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    let client = place.client(canister);
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = tokio::task::spawn_blocking({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, noise(SIZE, 1)).unwrap()
    });
    let outcome = client.upload_path(&pipe, UploadOptions::default(), drop).await.unwrap();
    writer.await.unwrap();
    assert_eq!(client.get(&outcome.item, "original").await.unwrap().1, noise(SIZE, 1));
    let empty = dir.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let refused = client.upload_path(&empty, UploadOptions::default(), drop).await.unwrap_err();
    assert!(matches!(refused, Error::Empty), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_while_it_is_sent_is_refused() {
    let place = Place::new(None);
    let canister = place.install(files_only()).await;
    let client = place.client(canister);
    client.pipelines().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file.bin");
    for change in [noise(1_000, 2), noise(SIZE, 2)] {
        std::fs::write(&path, noise(SIZE, 1)).unwrap();
        settle(&path);
        let changed = path.clone();
        let mut change = Some(change);
        place.proxy.rule(move |call| {
            if call.method.as_deref() == Some("put_chunk")
                && let Some(bytes) = change.take()
            {
                std::fs::write(&changed, bytes).unwrap();
            }
            Fault::None
        });
        let refused = client.upload_path(&path, UploadOptions::default(), drop).await.unwrap_err();
        assert!(matches!(refused, Error::Changed { .. }), "{refused}");
        place.proxy.pass();
        holds_nothing(&client).await;
    }
}
