//! `darkroom run`, killed in the middle and run again.

#![allow(clippy::unwrap_used, reason = "tests fail where it panics")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use candid::{Decode, Encode, Principal};
use darkroom_api as api;
use ic_agent::Agent;
use ic_agent::identity::BasicIdentity;
use serde_json::Value;
use support::{Place, asset, text};

/// A process that is killed when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A network that runs on its own, with rounds, so that an upload takes its time.
fn network(place: &Place) -> (Running, String) {
    let mut command = place.command();
    command.args(["localnet", "start", "--port", "0", "--round-ms", "400"]);
    let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut url = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
    (child, url.trim().to_owned())
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
    let (_network, url) = network(&place);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let agent = agent(&place, &runtime, &url);

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
    let line = place.store(&[text(&large)]).remove(0);
    assert_eq!(asset(&line, "original")["bytes"], std::fs::metadata(&large).unwrap().len());
    assert!(records(&place).is_empty());
    assert_eq!(place.run(&["ls", "--json"]).code(0).json().len(), 2);
    place.run(&["verify", line["item"].as_str().unwrap()]).code(0);
}
