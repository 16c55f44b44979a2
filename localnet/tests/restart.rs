//! State on disk: clean restarts, kills at any moment, foreign versions, two processes on one directory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/process.rs"]
mod process;
#[path = "common/raw.rs"]
mod raw;

use candid::Principal;
use common::{counter, counts};
use darkroom_localnet::{Error, Network, NetworkConfig};
use ic_management_canister_types as types;
use pocket_ic::PocketIc;
use process::Server;
use sha2::Digest;

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

/// What is seen of the counter from outside.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    /// Heap, global, stable memory.
    counts: [u32; 3],
    heap_pages: u64,
    stable_pages: u64,
    /// Which of two modules is installed.
    module: usize,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Inc,
    Grow,
    Upgrade,
    Reinstall,
}

impl Step {
    /// What the step makes of the canister.
    fn after(self, seen: &Seen) -> Seen {
        let mut after = seen.clone();
        match self {
            Step::Inc => after.counts.iter_mut().for_each(|n| *n += 1),
            Step::Grow => {
                (after.heap_pages, after.stable_pages) = (seen.heap_pages + 1, seen.stable_pages + 1)
            }
            Step::Upgrade => {
                (after.counts[0], after.counts[1], after.heap_pages) = (0, 0, 1);
                after.module = 1 - seen.module;
            }
            Step::Reinstall => {
                after = Seen { counts: [0; 3], heap_pages: 1, stable_pages: 1, module: 1 - seen.module };
            }
        }
        after
    }

    fn run(self, pic: &PocketIc, id: Principal, modules: &[Vec<u8>; 2], seen: &Seen) {
        let other = modules[1 - seen.module].clone();
        match self {
            Step::Inc => drop(update(pic, id, "inc")),
            Step::Grow => drop(update(pic, id, "grow")),
            Step::Upgrade => pic.upgrade_canister(id, other, vec![], None).unwrap(),
            Step::Reinstall => pic.reinstall_canister(id, other, vec![], None).unwrap(),
        }
    }
}

fn look(pic: &PocketIc, id: Principal, modules: &[Vec<u8>; 2]) -> Seen {
    let counts = counts(&pic.query_call(id, Principal::anonymous(), "get", vec![]).unwrap());
    let status = pic.canister_status(id, None).unwrap();
    let size = |bytes: &candid::Nat| u64::try_from(&bytes.0).unwrap() / 65_536;
    let hash = status.module_hash.unwrap();
    Seen {
        counts,
        heap_pages: size(&status.memory_metrics.wasm_memory_size),
        stable_pages: size(&status.memory_metrics.stable_memory_size),
        module: modules.iter().position(|m| sha2::Sha256::digest(m)[..] == hash[..]).unwrap(),
    }
}

#[test]
fn a_kill_within_any_step_leaves_what_was_before_or_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let seed = raw::seed();
    let mut random = raw::Random::new(seed);
    let marked = |mark: &str| {
        // What an upgrade has to go through takes its time.
        let section = format!("(@custom \"mark\" \"{mark}\") (memory 1)");
        wat::parse_str(common::COUNTER.replace("(memory 1)", &section)).unwrap()
    };
    let modules = [marked("one"), marked("two")];
    let id = Principal::from_text("lxzze-o7777-77777-aaaaa-cai").unwrap();
    let mut seen = Seen { counts: [0; 3], heap_pages: 1, stable_pages: 1, module: 0 };
    for round in 0..16 {
        let server = Server::start();
        let pic = server.instance(dir.path());
        if round == 0 {
            assert_eq!(pic.create_canister(), id);
            pic.install_canister(id, modules[0].clone(), vec![], None);
        }
        // Steps one after the other, until the server dies in one of them.
        let (acknowledged, progress) = std::sync::mpsc::channel();
        let (steps, mut expected) = (modules.clone(), seen.clone());
        let mut order = raw::Random::new(random.next());
        let worker = std::thread::spawn(move || {
            loop {
                let step = *order.pick(&[Step::Inc, Step::Grow, Step::Upgrade, Step::Inc, Step::Reinstall]);
                let next = step.after(&expected);
                acknowledged.send((expected.clone(), next.clone(), step)).unwrap();
                let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    step.run(&pic, id, &steps, &expected);
                }));
                if done.is_err() {
                    std::mem::forget(pic);
                    return;
                }
                expected = next;
            }
        });
        process::spin(5_000 + random.below(60_000));
        server.kill();
        worker.join().unwrap();
        let (before, after, step) = progress.iter().last().unwrap();
        let server = Server::start();
        let pic = server.instance(dir.path());
        // A message that was acknowledged but not executed is executed now.
        pic.tick();
        seen = look(&pic, id, &modules);
        assert!(
            seen == before || seen == after,
            "seed {seed}, round {round}, {step:?}: {seen:?} is neither {before:?} nor {after:?}"
        );
        let next = Step::Inc.after(&seen);
        Step::Inc.run(&pic, id, &modules, &seen);
        assert_eq!(look(&pic, id, &modules), next);
        seen = next;
        std::mem::forget(pic);
        server.kill();
    }
    let files = std::fs::read_dir(dir.path().join("memory")).unwrap().count();
    // The memories of one canister, and at most what one kill left behind.
    assert!(files <= 4, "{files} files");
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
