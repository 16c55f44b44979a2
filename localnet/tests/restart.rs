//! State on disk: clean restarts, kills at any moment, foreign versions, two processes on one directory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::Principal;
use common::{counter, counts};
use darkroom_localnet::{Error, Network, NetworkConfig};
use ic_management_canister_types as types;
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

    /// Begins a round and dies somewhere in it, the later the more `yields`.
    fn tick_and_die(self, pic: PocketIc, yields: u64) {
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        let (number, body) = (pic.instance_id(), r#"{"blockmakers":null}"#);
        let head = format!(
            "POST /instances/{number}/update/tick HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        for _ in 0..yields {
            std::thread::yield_now();
        }
        std::mem::forget(pic);
        self.kill();
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
        server.tick_and_die(pic, round * 200);
    }
}

/// Snapshots are taken with the code removed and loaded again, over and over; wherever the server dies, what it
/// finds again fits together.
#[test]
fn a_kill_around_snapshots_tears_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (me, ic) = (Principal::anonymous(), Principal::management_canister());
    let mut kept: Vec<(Vec<u8>, u32)> = Vec::new();
    for round in 0..8u64 {
        let server = Server::start();
        let pic = server.instance(dir.path());
        let id = Principal::from_text("lxzze-o7777-77777-aaaaa-cai").unwrap();
        if !pic.canister_exists(id) {
            assert_eq!(pic.create_canister(), id);
            pic.install_canister(id, counter(), vec![], None);
        }
        let ids: Vec<_> = pic.list_canister_snapshots(id, None).unwrap().into_iter().map(|s| s.id).collect();
        for (snapshot, counted) in &kept {
            pic.load_canister_snapshot(id, None, snapshot.clone()).unwrap();
            let reply = pic.query_call(id, me, "get", vec![]).unwrap();
            assert_eq!(counts(&reply), [*counted; 3]);
        }
        for snapshot in ids {
            pic.load_canister_snapshot(id, None, snapshot.clone()).unwrap();
            let [heap, global, stable] = update(&pic, id, "inc");
            assert!(heap == global && heap == stable, "torn: {heap} {global} {stable}");
            if !kept.iter().any(|(id, _)| *id == snapshot) {
                pic.delete_canister_snapshot(id, None, snapshot).unwrap();
            }
        }
        let [counted, ..] = update(&pic, id, "inc");
        let replaced = (kept.len() == 3).then(|| kept.remove(0).0);
        let acknowledged = pic.take_canister_snapshot(id, None, replaced).unwrap().id;
        kept.push((acknowledged.clone(), counted));
        // On its way when the server dies:
        for _ in 0..5 {
            let take = types::TakeCanisterSnapshotArgs {
                canister_id: id,
                replace_snapshot: None,
                uninstall_code: Some(true),
                sender_canister_version: None,
            };
            let load = types::LoadCanisterSnapshotArgs {
                canister_id: id,
                snapshot_id: acknowledged.clone(),
                sender_canister_version: None,
            };
            pic.submit_call(ic, me, "take_canister_snapshot", candid::encode_one(take).unwrap()).unwrap();
            pic.submit_call(ic, me, "load_canister_snapshot", candid::encode_one(load).unwrap()).unwrap();
        }
        server.tick_and_die(pic, round * 300);
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
