//! Rounds and time: what a round takes, what its messages see, and who moves the clock.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::{Decode, Encode, Principal};
use common::{PROXY, bare, pocket_ic, proxy};
use darkroom_localnet::{Network, NetworkConfig, RoundConfig};
use ic_agent::Agent;
use ic_management_canister_types as types;
use pocket_ic::{PocketIc, Time};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

fn time(reply: &[u8]) -> u64 {
    u64::from_le_bytes(reply.try_into().unwrap())
}

/// A network with such rounds, an agent of it and a canister that tells the time.
async fn network(length: u64, ingress_bytes: u64) -> (Network, Agent, Principal) {
    let round = Some(RoundConfig { length: Duration::from_millis(length), ingress_bytes });
    let network = Network::start(NetworkConfig { round, ..NetworkConfig::default() }).unwrap();
    let agent = Agent::builder().with_url(network.url()).build().unwrap();
    agent.fetch_root_key().await.unwrap();
    let ic = Principal::management_canister();
    let args = types::ProvisionalCreateCanisterWithCyclesArgs {
        amount: None,
        settings: None,
        specified_id: None,
        sender_canister_version: None,
    };
    let create = agent
        .update(&ic, "provisional_create_canister_with_cycles")
        .with_effective_canister_id(network.default_effective_canister_id())
        .with_arg(Encode!(&args).unwrap());
    let reply = create.call_and_wait().await.unwrap();
    let id = Decode!(&reply, types::CanisterIdRecord).unwrap().canister_id;
    let args = types::InstallCodeArgs {
        mode: types::CanisterInstallMode::Install,
        canister_id: id,
        wasm_module: wat::parse_str(PROXY).unwrap(),
        arg: vec![],
        sender_canister_version: None,
    };
    let install =
        agent.update(&ic, "install_code").with_effective_canister_id(id).with_arg(Encode!(&args).unwrap());
    install.call_and_wait().await.unwrap();
    (network, agent, id)
}

#[tokio::test]
async fn more_than_a_round_takes_waits_for_the_next() {
    let (network, agent, id) = network(50, 1_000).await;
    let calls: Vec<_> = (0..13)
        .map(|n| {
            let agent = agent.clone();
            let size = if n == 5 { 3_000 } else { 300 };
            tokio::spawn(async move {
                let reply = agent.update(&id, "when").with_arg(vec![0; size]).call_and_wait().await.unwrap();
                (time(&reply), size)
            })
        })
        .collect();
    let mut rounds: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for call in calls {
        let (time, size) = call.await.unwrap();
        rounds.entry(time).or_default().push(size);
    }
    for sizes in rounds.values() {
        assert!(sizes.iter().sum::<usize>() <= 1_000 || sizes[..] == [3_000], "{rounds:?}");
    }
    assert!(rounds.len() >= 5, "{rounds:?}");
    network.stop().unwrap();
}

#[tokio::test]
async fn queries_do_not_wait_for_rounds() {
    let (network, agent, id) = network(500, 1_000).await;
    let mut times = Vec::new();
    for _ in 0..50 {
        times.push(time(&agent.query(&id, "now").with_arg(vec![]).call().await.unwrap()));
    }
    assert!(times.is_sorted());
    times.dedup();
    assert!(times.len() < 25, "a query waited for a round: {times:?}");
    network.stop().unwrap();
}

fn nanos(pic: &PocketIc) -> u64 {
    pic.get_time().as_nanos_since_unix_epoch()
}

#[test]
fn time_stands_still_until_somebody_moves_it() {
    let pic = pocket_ic();
    let start = nanos(&pic);
    assert_eq!(start, 1_620_328_630_000_000_001);
    let id = proxy(&pic);
    let submit = || pic.submit_call(id, Principal::anonymous(), "when", vec![]).unwrap();
    let now = || time(&pic.query_call(id, Principal::anonymous(), "now", vec![]).unwrap());
    assert_eq!(now(), nanos(&pic), "queries see the network's time");
    assert_eq!(now(), nanos(&pic), "and leave it alone");
    // Messages of one round see one time; the next round has a later one.
    let sent = [submit(), submit(), submit()];
    pic.tick();
    let times = sent.map(|message| time(&pic.await_call(message).unwrap()));
    assert!(times.iter().all(|time| *time == times[0]), "{times:?}");
    let before = nanos(&pic);
    pic.tick();
    assert_eq!(nanos(&pic), before + 1);
    pic.advance_time(Duration::from_secs(3));
    assert_eq!(nanos(&pic), before + 1 + 3_000_000_000);
    let message = submit();
    pic.tick();
    assert_eq!(time(&pic.await_call(message).unwrap()), before + 1 + 3_000_000_000);
    // Not back, whatever is tried.
    let back = Time::from_nanos_since_unix_epoch(start);
    let refused = std::panic::catch_unwind(AssertUnwindSafe(|| pic.set_time(back))).unwrap_err();
    let why = refused.downcast_ref::<String>().unwrap();
    assert!(why.contains("SettingTimeIntoPast"), "{why}");
    assert_eq!(nanos(&pic), before + 1 + 3_000_000_000);
    pic.set_certified_time(Time::from_nanos_since_unix_epoch(start + (1 << 60)));
    assert!(nanos(&pic) >= start + (1 << 60));
}

#[test]
fn the_clock_of_a_live_network_is_the_wall_s() {
    let pic = pocket_ic();
    let id = proxy(&pic);
    assert!(!pic.auto_progress_enabled());
    let message = pic.submit_call(id, Principal::anonymous(), "when", vec![]).unwrap();
    pic.auto_progress();
    assert!(pic.auto_progress_enabled());
    // Rounds come by themselves, in the present.
    let seen = time(&pic.await_call_no_ticks(message).unwrap());
    assert!(seen > 1_700_000_000_000_000_000, "{seen}");
    let again = std::panic::catch_unwind(AssertUnwindSafe(|| pic.auto_progress())).unwrap_err();
    let why = again.downcast_ref::<String>().unwrap();
    assert!(why.contains("Auto progress mode has already been enabled."), "{why}");
    pic.stop_progress();
    assert!(!pic.auto_progress_enabled());
    let now = nanos(&pic);
    pic.advance_time(Duration::from_secs(5));
    assert_eq!(nanos(&pic), now + 5_000_000_000);
}

#[test]
fn time_and_rounds_outlive_a_restart_and_instances_are_apart() {
    let dir = tempfile::tempdir().unwrap();
    let start = || bare().with_application_subnet().with_state_dir(dir.path().to_owned()).build();
    let pic = start();
    let other = pocket_ic();
    pic.advance_time(Duration::from_secs(1_000));
    let now = nanos(&pic);
    assert!(nanos(&other) < now);
    drop(pic);
    assert_eq!(nanos(&start()), now);
}
