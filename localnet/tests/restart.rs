//! State on disk: clean restarts, kills at any moment, foreign versions, two processes on one directory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::Principal;
use common::{counter, counts};
use darkroom_localnet::{Error, Network, NetworkConfig};
use pocket_ic::{PocketIc, PocketIcBuilder};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The server as a process of its own.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_darkroom-localnet"))
            .args(["--ttl", "600"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Server { process, address: format!("127.0.0.1:{}", line.trim()) }
    }

    fn instance(&self, dir: &Path) -> PocketIc {
        PocketIcBuilder::new()
            .with_server_url(format!("http://{}/", self.address).parse().unwrap())
            .with_application_subnet()
            .with_state_dir(dir.to_owned())
            .build()
    }

    /// SIGKILL: nothing can be tidied up.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn update(pic: &PocketIc, id: Principal, method: &str) -> [u32; 3] {
    counts(&pic.update_call(id, Principal::anonymous(), method, vec![]).unwrap())
}

#[test]
fn acknowledged_state_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start();
    let mut pic = server.instance(dir.path());
    let id = pic.create_canister();
    pic.install_canister(id, counter(), vec![], None);
    for n in 1..=8 {
        assert_eq!(update(&pic, id, "inc"), [n, n, n]);
        if n % 3 == 0 {
            update(&pic, id, "grow");
        }
        let time = pic.get_time();
        // The instance is leaked: dropping it would tell the server to end it properly.
        std::mem::forget(pic);
        server.kill();
        server = Server::start();
        pic = server.instance(dir.path());
        assert!(pic.get_time() >= time);
        let reply = pic.query_call(id, Principal::anonymous(), "get", vec![]).unwrap();
        assert_eq!(counts(&reply), [n, n, n]);
    }
    pic.upgrade_canister(id, counter(), vec![], None).unwrap();
    assert_eq!(update(&pic, id, "inc"), [1, 1, 9]);
}

#[test]
fn a_kill_in_the_middle_of_messages_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut last = 0;
    for round in 0..8 {
        let server = Server::start();
        let pic = server.instance(dir.path());
        let id = Principal::from_text("lxzze-o7777-77777-aaaaa-cai").unwrap();
        if !pic.canister_exists(id) {
            let made = pic.create_canister();
            assert_eq!(made, id);
            pic.install_canister(id, counter(), vec![], None);
        }
        let [heap, global, stable] =
            counts(&pic.query_call(id, Principal::anonymous(), "get", vec![]).unwrap());
        assert!(heap == global && heap == stable, "torn: {heap} {global} {stable}");
        assert!(heap >= last, "{heap} < {last}");
        last = heap;
        // Messages are on their way when the server dies; those answered before count.
        for _ in 0..20 {
            last = update(&pic, id, "inc")[0];
        }
        for _ in 0..50 {
            pic.submit_call(id, Principal::anonymous(), "inc", vec![]).unwrap();
        }
        let mut stream = std::net::TcpStream::connect(&server.address).unwrap();
        let (number, body) = (pic.instance_id(), r#"{"blockmakers":null}"#);
        let head = format!(
            "POST /instances/{number}/update/tick HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        // Each time a bit further into the round.
        for _ in 0..round * 200 {
            std::thread::yield_now();
        }
        std::mem::forget(pic);
        server.kill();
    }
}

#[tokio::test]
async fn a_network_keeps_its_keys_and_canisters() {
    let dir = tempfile::tempdir().unwrap();
    let config = || NetworkConfig { state_dir: Some(dir.path().to_owned()), ..NetworkConfig::default() };
    let network = Network::start(config()).unwrap();
    let key = network.root_key();
    let Err(Error::StateInUse { pid, .. }) = Network::start(config()) else { panic!("two owners") };
    assert_eq!(pid, std::process::id());
    network.stop().unwrap();
    let network = Network::start(config()).unwrap();
    assert_eq!(network.root_key(), key);
    drop(network);
    std::fs::write(dir.path().join("VERSION"), "99").unwrap();
    let Err(Error::StateVersion { found, .. }) = Network::start(config()) else { panic!("read the unknown") };
    assert_eq!(found, "99");
}
