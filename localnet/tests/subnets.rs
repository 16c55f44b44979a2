//! Several subnets: their ranges, canisters on each of them, calls between them, certificates for all.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::{Decode, Encode, Nat, Principal};
use common::{PROXY, bare, builder, counter, counts, passed};
use ic_agent::Agent;
use ic_management_canister_types as types;
use pocket_ic::PocketIc;
use pocket_ic::common::rest::{CanisterIdRange, SubnetKind};
use std::collections::BTreeSet;

fn install(pic: &PocketIc, id: Principal, wat: &str) {
    pic.install_canister(id, wat::parse_str(wat).unwrap(), vec![], None);
}

fn holds(range: &CanisterIdRange, id: Principal) -> bool {
    (range.start.canister_id.as_slice()..=range.end.canister_id.as_slice()).contains(&id.as_slice())
}

#[test]
fn each_subnet_has_its_ids_and_they_call_each_other() {
    let pic = builder().with_nns_subnet().with_application_subnet().build();
    let topology = pic.topology();
    let nns = topology.get_nns().unwrap();
    let apps = topology.get_app_subnets();
    assert_eq!(apps.len(), 2);
    let mut ranges: Vec<_> =
        topology.subnet_configs.values().flat_map(|config| config.canister_ranges.clone()).collect();
    ranges.sort();
    assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start), "{ranges:?}");
    assert!(pic.root_key().is_some());
    let mut made = Vec::new();
    for subnet in [nns, apps[0], apps[1], apps[1]] {
        let id = pic.create_canister_on_subnet(None, None, subnet);
        assert_eq!(pic.get_subnet(id), Some(subnet));
        assert!(topology.subnet_configs[&subnet].canister_ranges.iter().any(|r| holds(r, id)), "{id}");
        install(&pic, id, PROXY);
        // The canister knows as well.
        let reply = pic.query_call(id, Principal::anonymous(), "where", vec![]).unwrap();
        assert_eq!(reply, subnet.as_slice());
        made.push(id);
    }
    assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), made.len());
    // From one to the next, through all of them.
    let inner = passed(made[2], "when", &[]);
    let outer = passed(made[1], "call", &inner);
    let reply = pic.update_call(made[0], Principal::anonymous(), "call", outer).unwrap();
    assert_eq!(reply.len(), 8);
    assert_eq!(pic.get_subnet_metrics(apps[1]).unwrap().num_canisters, 2);
    assert_eq!(pic.get_subnet_metrics(nns).unwrap().num_canisters, 1);
}

#[test]
fn a_canister_makes_canisters_on_its_own_subnet() {
    let pic = builder().with_application_subnet().build();
    let apps = pic.topology().get_app_subnets();
    for subnet in apps {
        let id = pic.create_canister_on_subnet(None, None, subnet);
        install(&pic, id, PROXY);
        let arg = Encode!(&types::CreateCanisterArgs::default()).unwrap();
        let call = passed(Principal::management_canister(), "create_canister", &arg);
        let reply = pic.update_call(id, Principal::anonymous(), "call", call).unwrap();
        let made = Decode!(&reply, types::CanisterIdRecord).unwrap().canister_id;
        assert_eq!(pic.get_subnet(made), Some(subnet));
        assert_eq!(pic.get_controllers(made), vec![id]);
    }
}

#[test]
fn without_a_choice_canisters_are_on_the_application_subnet() {
    let pic = builder().with_nns_subnet().build();
    let topology = pic.topology();
    let app = topology.get_app_subnets()[0];
    let first = pic.create_canister();
    assert_eq!(pic.get_subnet(first), Some(app));
    assert_eq!(topology.default_effective_canister_id.canister_id, first.as_slice());
    // Alone, the NNS takes that part.
    let pic = bare().with_nns_subnet().build();
    assert_eq!(pic.get_subnet(pic.create_canister()), pic.topology().get_nns());
    // And without one there is no root key to tell.
    assert_eq!(builder().build().root_key(), None);
}

#[test]
fn ids_of_the_maker_s_choice_are_those_of_the_mainnet() {
    let pic = builder().with_nns_subnet().with_ii_subnet().build();
    let subnet_of = |text: &str| {
        let id = pic.create_canister_with_id(None, None, Principal::from_text(text).unwrap()).unwrap();
        let subnet = pic.get_subnet(id).unwrap();
        assert!(pic.topology().subnet_configs[&subnet].canister_ranges.iter().any(|r| holds(r, id)));
        pic.topology().subnet_configs[&subnet].subnet_kind
    };
    assert_eq!(subnet_of("rrkah-fqaaa-aaaaa-aaaaq-cai"), SubnetKind::NNS);
    assert_eq!(subnet_of("rdmx6-jaaaa-aaaaa-aaadq-cai"), SubnetKind::II);
    // No subnet here has this one.
    assert_eq!(subnet_of("2ipq2-uqaaa-aaaar-qailq-cai"), SubnetKind::Application);
    let again =
        pic.create_canister_with_id(None, None, Principal::from_text("rrkah-fqaaa-aaaaa-aaaaq-cai").unwrap());
    assert!(again.unwrap_err().contains("CanisterIdAlreadyExists"));
    let own = pic.topology().default_effective_canister_id.canister_id;
    let taken = pic.create_canister_with_id(None, None, Principal::from_slice(&own)).unwrap_err();
    assert!(taken.contains("belongs to the canister allocation ranges of the test environment"), "{taken}");
}

#[test]
fn subnets_outlive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let start = || builder().with_nns_subnet().with_state_dir(dir.path().to_owned()).build();
    let pic = start();
    let (topology, nns) = (pic.topology(), pic.topology().get_nns().unwrap());
    let id = pic.create_canister_on_subnet(None, None, nns);
    drop(pic);
    let pic = start();
    assert_eq!(pic.topology(), topology);
    assert_eq!(pic.get_subnet(id), Some(nns));
    assert_ne!(pic.create_canister_on_subnet(None, None, nns), id);
}

#[test]
fn agents_verify_canisters_of_every_subnet() {
    let mut pic = builder().with_nns_subnet().with_application_subnet().build();
    let topology = pic.topology();
    let mut ids: Vec<Principal> =
        topology.subnet_configs.keys().map(|s| pic.create_canister_on_subnet(None, None, *s)).collect();
    let outside = Principal::from_text("2ipq2-uqaaa-aaaar-qailq-cai").unwrap();
    ids.push(pic.create_canister_with_id(None, None, outside).unwrap());
    for id in &ids {
        pic.install_canister(*id, counter(), vec![], None);
    }
    let url = pic.make_live(None);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let agent = Agent::builder().with_url(url).build().unwrap();
        agent.fetch_root_key().await.unwrap();
        for id in ids {
            let reply = agent.update(&id, "inc").with_arg(vec![]).call_and_wait().await.unwrap();
            assert_eq!(counts(&reply), [1, 1, 1]);
            let reply = agent.query(&id, "get").with_arg(vec![]).call().await.unwrap();
            assert_eq!(counts(&reply), [1, 1, 1]);
            assert_eq!(agent.read_state_canister_module_hash(id).await.unwrap().len(), 32);
        }
        for (subnet, config) in topology.subnet_configs {
            let ranges = agent.read_state_subnet_canister_ranges(subnet).await.unwrap();
            let first = Principal::from_slice(&config.canister_ranges[0].start.canister_id);
            assert!(ranges.iter().any(|(start, _)| *start == first));
            let args = types::ProvisionalCreateCanisterWithCyclesArgs {
                settings: None,
                amount: Some(Nat::from(1u64 << 50)),
                specified_id: None,
                sender_canister_version: None,
            };
            let reply = agent
                .update(&Principal::management_canister(), "provisional_create_canister_with_cycles")
                .with_effective_canister_id(first)
                .with_arg(Encode!(&args).unwrap())
                .call_and_wait()
                .await
                .unwrap();
            let id = Decode!(&reply, types::CanisterIdRecord).unwrap().canister_id;
            assert!(config.canister_ranges.iter().any(|r| holds(r, id)));
        }
    });
}

/// Spins as often as its argument says.
const SPINNER: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_arg_data_copy" (func $arg (param i32 i32 i32)))
  (memory 1)
  (func $spin (local $n i64)
    (call $arg (i32.const 0) (i32.const 0) (i32.const 8))
    (local.set $n (i64.load (i32.const 0)))
    (loop $l
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $l (i64.gt_s (local.get $n) (i64.const 0))))
    (call $reply))
  (export "canister_query spin" (func $spin)))"#;

#[test]
fn subnets_differ_in_limits_and_in_what_they_cost() {
    let me = Principal::anonymous();
    // Some 6e9 instructions: more than a query may use anywhere but where benchmarks are run.
    let work = 700_000_000u64.to_le_bytes().to_vec();
    let ask = |pic: &PocketIc| {
        let id = pic.create_canister();
        pic.add_cycles(id, 1 << 60);
        install(pic, id, SPINNER);
        let before = pic.cycle_balance(id);
        pic.update_call(id, me, "spin", 9u64.to_le_bytes().to_vec()).unwrap();
        (before - pic.cycle_balance(id), pic.query_call(id, me, "spin", work.clone()))
    };
    let (paid, answer) = ask(&common::pocket_ic());
    assert!(paid > 0);
    assert_eq!(answer.unwrap_err().error_code, pocket_ic::ErrorCode::CanisterInstructionLimitExceeded);
    let (paid, answer) = ask(&bare().with_benchmarking_application_subnet().build());
    assert!(paid > 0);
    answer.unwrap();
    let (paid, answer) = ask(&bare().with_system_subnet().build());
    assert_eq!(paid, 0, "on system subnets nothing costs anything");
    answer.unwrap();
}
