//! `darkroom run`, killed in the middle and run again.

#![allow(clippy::unwrap_used, reason = "tests fail where it panics")]

#[path = "support/counter.rs"]
mod counter;
mod support;

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use candid::{Decode, Encode, Principal};
use counter::Counter;
use darkroom_api as api;
use ic_agent::Agent;
use ic_agent::identity::BasicIdentity;
use serde_json::Value;
use support::{Done, Network, Place, asset, text};

/// A process that is killed when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The journal of uploads in flight.
fn records(place: &Place) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(place.path(".darkroom/uploads")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}

/// The owner's agent.
fn agent(place: &Place, runtime: &tokio::runtime::Runtime, url: &str) -> Agent {
    let pem = place.path(".darkroom/identity.pem");
    let identity = BasicIdentity::from_pem_file(pem).unwrap();
    let agent = Agent::builder().with_url(url).with_identity(identity).build().unwrap();
    runtime.block_on(agent.fetch_root_key()).unwrap();
    agent
}

/// Chunks of a session that the canister has.
async fn stored(agent: &Agent, canister: Principal, session: u64) -> u32 {
    let query = agent.query(&canister, "session_status").with_arg(Encode!(&session).unwrap());
    let reply = query.call().await.unwrap();
    let status = Decode!(&reply, api::Result<api::SessionStatus>).unwrap().unwrap();
    status.coverage.iter().map(|range| range.end - range.start).sum()
}

#[test]
fn a_run_that_was_killed_is_continued() {
    let place = Place::new();
    let first = place.photo("small.jpg", 1);
    let line = place.store(&[text(&first)]).remove(0);
    let canister = Principal::from_text(line["canister"].as_str().unwrap()).unwrap();
    assert!(records(&place).is_empty(), "nothing is in flight");
    let large = place.file("large.jpg", &darkroom_codec::testing::photo(5000, 4000, 99, 2));
    let size = std::fs::metadata(&large).unwrap().len();
    let network = Network::start(&place, Some("400"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let agent = agent(&place, &runtime, &network.url);

    let mut command = place.command();
    command.args(["run", "--json", text(&large)]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = Running(command.spawn().unwrap());
    let begun = Instant::now();
    let record = loop {
        assert!(begun.elapsed() < Duration::from_secs(120), "no upload is in flight");
        assert!(run.0.try_wait().unwrap().is_none(), "the run has ended");
        let record = records(&place).first().and_then(|path| std::fs::read(path).ok());
        match record.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) {
            Some(record) => break record,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let session = record["session"].as_u64().unwrap();
    while runtime.block_on(stored(&agent, canister, session)) < 3 {
        assert!(run.0.try_wait().unwrap().is_none(), "the run has ended");
        std::thread::sleep(Duration::from_millis(10));
    }
    // SIGKILL: nothing is tidied up.
    run.0.kill().unwrap();
    run.0.wait().unwrap();
    assert_eq!(records(&place).len(), 1, "the journal has the upload");

    let done = place.run(&["run", "--json", text(&large)]);
    done.code(0).says("continues item").says(record["item"].as_str().unwrap());
    let line = done.json().remove(0);
    assert_eq!(line["item"], record["item"]);
    let sent = line["sent"].as_u64().unwrap();
    assert!(sent > 0 && sent < size, "{sent} of {size} bytes were sent");
    assert_eq!(asset(&line, "original")["bytes"], size);
    assert!(records(&place).is_empty(), "nothing is in flight any more");
    place.run(&["verify", line["item"].as_str().unwrap()]).code(0);
}

#[test]
fn a_run_whose_network_was_killed_with_it_is_continued() {
    let place = Place::new();
    let first = place.photo("small.jpg", 1);
    place.store(&[text(&first)]);
    let large = place.file("large.jpg", &darkroom_codec::testing::photo(3000, 2400, 99, 3));
    let mut command = place.command();
    command.args(["run", "--json", text(&large)]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = Running(command.spawn().unwrap());
    while records(&place).is_empty() && run.0.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    run.0.kill().unwrap();
    run.0.wait().unwrap();
    assert_eq!(records(&place).len(), 1, "nothing was interrupted");
    let line = place.store(&[text(&large)]).remove(0);
    assert_eq!(asset(&line, "original")["bytes"], std::fs::metadata(&large).unwrap().len());
    assert!(records(&place).is_empty());
    assert_eq!(place.run(&["ls", "--json"]).code(0).json().len(), 2);
    place.run(&["verify", line["item"].as_str().unwrap()]).code(0);
}

#[test]
fn a_network_that_restarts_does_not_end_a_run() {
    let place = Place::new();
    let network = Network::start(&place, Some("100"));
    place.run(&["deploy"]).code(0);
    let large = place.file("large.jpg", &darkroom_codec::testing::photo(3000, 2400, 99, 3));
    let (url, canister) = (network.url.clone(), place.canister());
    let mut command = place.command();
    command.args(["run", "--json", text(&large), "--network", &url, "--canister", &canister]);
    let mut run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while records(&place).is_empty() {
        assert!(run.try_wait().unwrap().is_none(), "the run has ended");
        std::thread::sleep(Duration::from_millis(1));
    }
    // SIGKILL: whoever calls is not told.
    drop(network);
    assert!(run.try_wait().unwrap().is_none(), "the run has ended");
    let port = url.trim_end_matches('/').rsplit_once(':').unwrap().1;
    let _network = Network::start_at(&place, port, None);
    let done = Done(run.wait_with_output().unwrap());
    let line = done.code(0).json().remove(0);
    assert_eq!(asset(&line, "original")["bytes"], std::fs::metadata(&large).unwrap().len());
}

/// Derivatives that are small beside the photos, so that what is counted are the photos.
const SMALL: &str = r#"
[[pipeline]]
name = "photo"
[[pipeline.lane]]
name = "original"
[[pipeline.lane.stage]]
asset = "original"
processor = "original"
[[pipeline.lane]]
name = "derivatives"
[[pipeline.lane.stage]]
asset = "thumbnail"
processor = "thumbnail"
source = "original"
[[pipeline.lane.stage]]
asset = "placeholder"
processor = "placeholder"
source = "thumbnail"
storage = "inline"
"#;

/// Numbers that look random and are the same each time (Knuth's MMIX generator).
fn random(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

/// Killed at ten moments, a folder is sent once, and at most a tenth of it twice. What a kill costs are the chunks that
/// are on the line then, of which there are few at once whatever the flags.
#[test]
fn a_folder_whose_upload_is_killed_ten_times_is_sent_once() {
    const FILES: u8 = 8;
    const KILLS: u64 = 10;
    let place = Place::new();
    let network = Network::start(&place, None);
    let config = place.file("small.toml", SMALL.as_bytes());
    place.run(&["deploy", "--config", text(&config)]).code(0);
    let counter = Counter::before(&network.url);
    let photo = darkroom_codec::testing::photo(4000, 3000, 97, 1);
    for number in 0..FILES {
        // A comment makes each a file of its own.
        let comment = [0xff, 0xd8, 0xff, 0xfe, 0, 3, number];
        place.file(&format!("photos/{number}.jpg"), &[&comment, &photo[2..]].concat());
    }
    let folder = (photo.len() as u64 + 5) * u64::from(FILES);
    let canister = place.canister();
    let args = ["run", "photos", "--json", "--network", &counter.url];
    let args = [&args[..], &["--canister", &canister]].concat();

    let mut seed = 8;
    for kill in 0..KILLS {
        // Somewhere in a tenth of the folder of its own, and then at any moment of what goes on there.
        // What is sent in vain is counted too, so the last kill comes before the last bytes do.
        let share = folder / (KILLS + 2);
        let moment = counter.sent().max(share * kill) + random(&mut seed, share);
        let mut command = place.command();
        let mut run =
            Running(command.args(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        while counter.sent() < moment {
            assert!(run.0.try_wait().unwrap().is_none(), "the run has ended before kill {kill}");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(random(&mut seed, 30)));
        assert!(run.0.try_wait().unwrap().is_none(), "the run has ended before kill {kill}");
        run.0.kill().unwrap();
        run.0.wait().unwrap();
    }
    let done = place.run(&args);
    let lines = done.code(0).json();
    assert_eq!(lines.len(), usize::from(FILES));
    let sent = counter.sent();
    println!(
        "{sent} bytes were sent of {folder} in {} runs: {:.3} times",
        KILLS + 1,
        sent as f64 / folder as f64
    );
    assert!(sent >= folder && sent * 10 <= folder * 11, "{sent} bytes were sent of {folder}");
    for line in &lines {
        let path = place.path(line["file"].as_str().unwrap());
        let sha256 = darkroom_core::Digest::of(&std::fs::read(path).unwrap()).to_string();
        assert_eq!(asset(line, "original")["sha256"], sha256);
    }
    assert_eq!(place.run(&["ls", "--json"]).code(0).json().len(), usize::from(FILES), "nothing is doubled");
    // One that was interrupted for sure: the last to be complete.
    let sent = |line: &&Value| line["sent"].as_u64().unwrap();
    let last = lines.iter().max_by_key(sent).unwrap();
    place.run(&["verify", last["item"].as_str().unwrap()]).code(0);
}
