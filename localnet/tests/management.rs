//! The management canister: who may call what, settings, history, logs, chunks.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use candid::{Decode, Encode, Nat, Principal};
use common::{IC, by, counter, id_of, passed, pocket_ic, proxy, send, update, user};
use ic_management_canister_types as types;
use pocket_ic::{ErrorCode, PocketIc};
use sha2::{Digest, Sha256};
use std::time::Duration;
use types::CanisterStatusType;

#[test]
fn users_are_refused_at_once_what_they_may_not_call() {
    let pic = pocket_ic();
    let id = pic.create_canister_with_settings(Some(user(7)), None);
    for method in [
        "stop_canister",
        "start_canister",
        "canister_status",
        "delete_canister",
        "uninstall_code",
        "stored_chunks",
    ] {
        let reject = send(&pic, user(8), method, id_of(id)).unwrap_err();
        assert_eq!(reject.error_code, ErrorCode::CanisterInvalidController);
        assert_eq!(
            reject.reject_message,
            format!("Only controllers of canister {id} can call ic00 method {method}")
        );
        assert!(!reject.certified, "{method}");
    }
    let nobody = Principal::from_text("lqy7q-dh777-77777-aaaaq-cai").unwrap();
    let reject = send(&pic, user(7), "stop_canister", id_of(nobody)).unwrap_err();
    assert_eq!((reject.error_code, reject.certified), (ErrorCode::CanisterNotFound, false));
    let reject = pic.update_call(IC, user(7), "stop_canister", b"junk".to_vec()).unwrap_err();
    assert_eq!((reject.error_code, reject.certified), (ErrorCode::InvalidManagementPayload, false));
    for method in [
        "raw_rand",
        "create_canister",
        "deposit_cycles",
        "http_request",
        "sign_with_ecdsa",
        "sign_with_schnorr",
        "ecdsa_public_key",
        "vetkd_derive_key",
        "node_metrics_history",
        "bitcoin_get_balance",
        "fetch_canister_logs",
    ] {
        let reject = send(&pic, user(7), method, id_of(id)).unwrap_err();
        assert_eq!(reject.error_code, ErrorCode::CanisterRejectedMessage);
        assert_eq!(
            reject.reject_message,
            format!("ic00 method {method} can not be called via ingress messages")
        );
        assert!(!reject.certified, "{method}");
    }
    let reject = send(&pic, user(7), "canister_info", id_of(id)).unwrap_err();
    assert_eq!(reject.reject_message, "Only canisters can call ic00 method canister_info");
    let reject = send(&pic, user(7), "nothing", id_of(id)).unwrap_err();
    assert_eq!((reject.error_code, reject.certified), (ErrorCode::CanisterMethodNotFound, false));
    // Who is allowed gets a certified answer even if it is a reject.
    let reject = pic.delete_canister(id, Some(user(7))).unwrap_err();
    assert!(reject.certified);
}

#[test]
fn canisters_call_what_users_may_not() {
    let pic = pocket_ic();
    let proxy = proxy(&pic);
    let random = || Decode!(&by(&pic, proxy, "raw_rand", ()).unwrap(), Vec<u8>).unwrap();
    let (one, two) = (random(), random());
    assert_eq!(one.len(), 32);
    assert_ne!(one, two);
    let reject = pic.query_call(IC, user(7), "raw_rand", Encode!().unwrap()).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterMethodNotFound);
    let other = pic.create_canister();
    let before = pic.cycle_balance(other);
    by(&pic, proxy, "deposit_cycles", (id_of(other),)).unwrap();
    assert_eq!(pic.cycle_balance(other), before + 2_000_000_000_000);
    for method in ["sign_with_ecdsa", "http_request", "node_metrics_history", "vetkd_public_key", "nothing"] {
        let balance = pic.cycle_balance(proxy);
        let reject = by(&pic, proxy, method, ()).unwrap_err();
        assert!(
            reject.reject_message.contains(&format!("Management canister has no method '{method}'")),
            "{reject}"
        );
        assert!(balance - pic.cycle_balance(proxy) < 1_000_000_000_000, "the cycles came back");
    }
    // Not its controller.
    let reject = by(&pic, proxy, "stop_canister", (id_of(other),)).unwrap_err();
    assert!(reject.reject_message.contains("Only the controllers of the canister"), "{reject}");
    // Itself it may ask about.
    let reply = by(&pic, proxy, "canister_status", (id_of(proxy),)).unwrap();
    assert_eq!(Decode!(&reply, types::CanisterStatusResult).unwrap().status, CanisterStatusType::Running);
    pic.set_controllers(proxy, None, vec![proxy]).unwrap();
    let reject = by(&pic, proxy, "delete_canister", (id_of(proxy),)).unwrap_err();
    assert!(reject.reject_message.contains("cannot delete itself"), "{reject}");
}

#[test]
fn status_info_and_logs_can_be_queried() {
    let pic = pocket_ic();
    let (me, id) = (user(7), pic.create_canister_with_settings(Some(user(7)), None));
    let ask = |sender, method, arg| pic.query_call(IC, sender, method, arg);
    let reply = ask(me, "canister_status", Encode!(&id_of(id)).unwrap()).unwrap();
    assert_eq!(Decode!(&reply, types::CanisterStatusResult).unwrap().settings.controllers, vec![me]);
    let reject = ask(user(8), "canister_status", Encode!(&id_of(id)).unwrap()).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterInvalidController);
    let arg = Encode!(&types::CanisterInfoArgs { canister_id: id, num_requested_changes: None }).unwrap();
    let reply = ask(user(8), "canister_info", arg).unwrap();
    let info = Decode!(&reply, types::CanisterInfoResult).unwrap();
    assert_eq!((info.total_num_changes, info.recent_changes.len()), (1, 0));
    // From a composite query, too.
    let proxy = proxy(&pic);
    let call = passed(IC, "canister_status", &Encode!(&id_of(proxy)).unwrap());
    let reply = pic.query_call(proxy, me, "ask", call).unwrap();
    assert_eq!(Decode!(&reply, types::CanisterStatusResult).unwrap().status, CanisterStatusType::Running);
}

#[test]
fn logs_are_for_those_whom_the_settings_name() {
    let pic = pocket_ic();
    let me = user(7);
    let id = pic.create_canister_with_settings(Some(me), None);
    pic.install_canister(id, counter(), vec![], Some(me));
    for _ in 0..3 {
        update(&pic, id, "arm").unwrap();
        pic.advance_time(Duration::from_secs(2));
        pic.tick();
    }
    assert_eq!(pic.fetch_canister_logs(id, me).unwrap().len(), 3);
    let reject = pic.fetch_canister_logs(id, user(8)).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterRejectedMessage);
    assert!(reject.reject_message.contains("is not allowed to access canister logs"), "{reject}");
    let set = |visibility| {
        let settings = types::CanisterSettings { log_visibility: Some(visibility), ..Default::default() };
        pic.update_canister_settings(id, Some(me), settings).unwrap();
    };
    set(types::LogVisibility::AllowedViewers(vec![user(8)]));
    assert_eq!(pic.fetch_canister_logs(id, user(8)).unwrap().len(), 3);
    assert!(pic.fetch_canister_logs(id, user(9)).is_err());
    set(types::LogVisibility::Public);
    let filter = Some(types::CanisterLogFilter::ByIdx { start: 1, end: 2 });
    let arg = Encode!(&types::FetchCanisterLogsArgs { canister_id: id, filter }).unwrap();
    let reply = pic.query_call(IC, user(9), "fetch_canister_logs", arg).unwrap();
    let lines = Decode!(&reply, types::FetchCanisterLogsResult).unwrap().canister_log_records;
    assert_eq!(lines.iter().map(|line| line.idx).collect::<Vec<_>>(), [1]);
    // A limit keeps the newest; code that goes takes them all along.
    let settings = types::CanisterSettings { log_memory_limit: Some(Nat::from(0u8)), ..Default::default() };
    pic.update_canister_settings(id, Some(me), settings).unwrap();
    update(&pic, id, "trap").unwrap_err();
    assert!(pic.fetch_canister_logs(id, me).unwrap().is_empty());
    pic.uninstall_canister(id, Some(me)).unwrap();
    assert!(pic.fetch_canister_logs(id, me).unwrap().is_empty());
}

#[test]
fn settings_are_checked_and_kept() {
    let pic = pocket_ic();
    let id = pic.create_canister();
    let set = |settings| pic.update_canister_settings(id, None, settings);
    let nat = |n: u128| Some(Nat::from(n));
    let empty = types::CanisterSettings::default;
    let env = |n: usize, name: &str| {
        let value = "v".to_owned();
        Some(
            (0..n)
                .map(|i| types::EnvironmentVariable { name: format!("{name}{i}"), value: value.clone() })
                .collect(),
        )
    };
    let wrong = [
        (
            types::CanisterSettings { controllers: Some((0..11).map(user).collect()), ..empty() },
            "maximum allowed 10",
        ),
        (types::CanisterSettings { compute_allocation: nat(101), ..empty() }, "range of [0..100], got 101"),
        (
            types::CanisterSettings { memory_allocation: nat(1 << 64), ..empty() },
            "Memory allocation expected",
        ),
        (
            types::CanisterSettings { freezing_threshold: nat(1 << 64), ..empty() },
            "Freezing threshold expected",
        ),
        (
            types::CanisterSettings { wasm_memory_limit: nat(1 << 50), ..empty() },
            "Wasm memory limit expected",
        ),
        (
            types::CanisterSettings { log_memory_limit: nat(4095), ..empty() },
            "is too low. It must be at least 4096",
        ),
        (
            types::CanisterSettings { log_memory_limit: nat(3 << 20), ..empty() },
            "is too high. It must be at most 2097152",
        ),
        (
            types::CanisterSettings { environment_variables: env(21, "n"), ..empty() },
            "Too many environment variables: 21",
        ),
        (
            types::CanisterSettings { environment_variables: env(1, &"n".repeat(128)), ..empty() },
            "exceeds the maximum allowed length of 128",
        ),
        (
            types::CanisterSettings {
                log_visibility: Some(types::LogVisibility::AllowedViewers((0..11).map(user).collect())),
                ..empty()
            },
            "maximum allowed 10",
        ),
    ];
    let before = pic.canister_status(id, None).unwrap();
    for (settings, why) in wrong {
        let reject = set(settings).unwrap_err();
        assert!(reject.reject_message.contains(why), "{reject}");
        assert!(reject.certified);
    }
    assert_eq!(pic.canister_status(id, None).unwrap().settings, before.settings);
    let all = types::CanisterSettings {
        controllers: Some(vec![Principal::anonymous(), user(3)]),
        compute_allocation: nat(1),
        memory_allocation: nat(1 << 30),
        freezing_threshold: nat(1000),
        reserved_cycles_limit: nat(1 << 100),
        log_visibility: Some(types::LogVisibility::Public),
        log_memory_limit: nat(5000),
        snapshot_visibility: Some(types::SnapshotVisibility::Public),
        wasm_memory_limit: nat(1 << 31),
        wasm_memory_threshold: nat(77),
        environment_variables: env(2, "n"),
    };
    set(all.clone()).unwrap();
    let after = pic.canister_status(id, None).unwrap();
    assert_eq!(after.version, before.version + 1);
    let mut controllers = after.settings.controllers.clone();
    controllers.sort_unstable();
    let mut wanted = all.controllers.unwrap();
    wanted.sort_unstable();
    assert_eq!(controllers, wanted);
    let expected = types::DefiniteCanisterSettings {
        controllers: after.settings.controllers.clone(),
        compute_allocation: all.compute_allocation.unwrap(),
        memory_allocation: all.memory_allocation.unwrap(),
        freezing_threshold: all.freezing_threshold.unwrap(),
        reserved_cycles_limit: all.reserved_cycles_limit.unwrap(),
        log_visibility: types::LogVisibility::Public,
        log_memory_limit: all.log_memory_limit.unwrap(),
        snapshot_visibility: types::SnapshotVisibility::Public,
        wasm_memory_limit: all.wasm_memory_limit.unwrap(),
        wasm_memory_threshold: all.wasm_memory_threshold.unwrap(),
        environment_variables: all.environment_variables.unwrap(),
    };
    assert_eq!(after.settings, expected);
}

#[test]
fn the_history_says_what_was_changed_by_whom() {
    let pic = pocket_ic();
    let proxy = proxy(&pic);
    let settings = types::CanisterSettings {
        controllers: Some(vec![proxy, Principal::anonymous()]),
        environment_variables: Some(vec![types::EnvironmentVariable { name: "a".into(), value: "b".into() }]),
        ..Default::default()
    };
    let arg = types::CreateCanisterArgs { settings: Some(settings), sender_canister_version: Some(5) };
    let id = Decode!(&by(&pic, proxy, "create_canister", (arg,)).unwrap(), types::CanisterIdRecord)
        .unwrap()
        .canister_id;
    pic.install_canister(id, counter(), vec![], None);
    pic.upgrade_canister(id, counter(), vec![], None).unwrap();
    pic.reinstall_canister(id, counter(), vec![], None).unwrap();
    pic.set_controllers(id, None, vec![Principal::anonymous()]).unwrap();
    pic.uninstall_canister(id, None).unwrap();
    let info = |n| {
        let arg = types::CanisterInfoArgs { canister_id: id, num_requested_changes: Some(n) };
        Decode!(&by(&pic, proxy, "canister_info", (arg,)).unwrap(), types::CanisterInfoResult).unwrap()
    };
    let all = info(20);
    assert_eq!((all.total_num_changes, all.module_hash), (6, None));
    let hash = |text: &str| Sha256::digest(text).to_vec();
    let module = hash_of(&counter());
    let deployed = |mode| {
        let record = types::CodeDeploymentRecord { mode, module_hash: module.clone() };
        types::ChangeDetails::CodeDeployment(record)
    };
    let details: Vec<_> = all.recent_changes.iter().map(|c| c.details.clone().unwrap()).collect();
    let types::ChangeDetails::Creation(created) = &details[0] else { panic!("{details:?}") };
    assert_eq!(created.controllers.len(), 2);
    assert_eq!(
        created.environment_variables_hash,
        Some(Sha256::digest([hash("a"), hash("b")].concat()).to_vec())
    );
    let controllers = vec![Principal::anonymous()];
    assert_eq!(
        details[1..],
        [
            deployed(types::CodeDeploymentMode::Install),
            deployed(types::CodeDeploymentMode::Upgrade),
            deployed(types::CodeDeploymentMode::Reinstall),
            types::ChangeDetails::ControllersChange(types::ControllersChangeRecord { controllers }),
            types::ChangeDetails::CodeUninstall,
        ]
    );
    let maker = types::FromCanisterRecord { canister_id: proxy, canister_version: Some(5) };
    assert_eq!(all.recent_changes[0].origin, types::ChangeOrigin::FromCanister(maker));
    let user = types::FromUserRecord { user_id: Principal::anonymous() };
    assert_eq!(all.recent_changes[1].origin, types::ChangeOrigin::FromUser(user));
    assert_eq!(info(2).recent_changes, all.recent_changes[4..]);
}

fn hash_of(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

#[test]
fn chunks_are_counted_measured_and_shared_by_controllers() {
    let pic = pocket_ic();
    let (store, target) = (pic.create_canister(), pic.create_canister_with_settings(Some(user(7)), None));
    let reject = pic.upload_chunk(store, None, vec![0; (1 << 20) + 1]).unwrap_err();
    assert!(reject.reject_message.contains("exceeds the maximum chunk size of 1048576"), "{reject}");
    let wasm = counter();
    let (first, second) = wasm.split_at(wasm.len() / 2);
    let hashes = [first, second].map(|part| pic.upload_chunk(store, None, part.to_vec()).unwrap());
    assert_eq!(hashes[0], hash_of(first));
    let install = |sender: Principal, hash: Vec<u8>, store_canister| {
        let arg = types::InstallChunkedCodeArgs {
            mode: types::CanisterInstallMode::Install,
            target_canister: target,
            store_canister,
            chunk_hashes_list: hashes.iter().map(|hash| types::ChunkHash { hash: hash.clone() }).collect(),
            wasm_module_hash: hash,
            arg: vec![],
            sender_canister_version: None,
        };
        send(&pic, sender, "install_chunked_code", arg)
    };
    // The store's controller is another one.
    let reject = install(user(7), hash_of(&wasm), Some(store)).unwrap_err();
    assert_eq!(reject.error_code, ErrorCode::CanisterInvalidController);
    pic.set_controllers(store, None, vec![Principal::anonymous(), user(7)]).unwrap();
    let reject = install(user(7), hash_of(b"other"), Some(store)).unwrap_err();
    assert!(reject.reject_message.contains("does not match given hash"), "{reject}");
    let reject = install(user(7), hash_of(&wasm), None).unwrap_err();
    assert!(reject.reject_message.contains("was not found"), "{reject}");
    install(user(7), hash_of(&wasm), Some(store)).unwrap();
    assert_eq!(update(&pic, target, "inc").unwrap(), [1, 1, 1]);
    // Another canister's store holds the same chunk; clearing one leaves the other.
    pic.upload_chunk(target, Some(user(7)), first.to_vec()).unwrap();
    pic.clear_chunk_store(store, None).unwrap();
    assert_eq!(pic.stored_chunks(store, None).unwrap(), Vec::<Vec<u8>>::new());
    assert_eq!(pic.stored_chunks(target, Some(user(7))).unwrap(), vec![hashes[0].clone()]);
    for n in 0..100u8 {
        pic.upload_chunk(store, None, vec![n]).unwrap();
    }
    let reject = pic.upload_chunk(store, None, vec![200]).unwrap_err();
    assert!(reject.reject_message.contains("maximum number of entries, 100"), "{reject}");
    // One that is there already takes no place.
    pic.upload_chunk(store, None, vec![50]).unwrap();
}

/// Why a module was not installed; nothing if it was.
fn refusal(pic: &PocketIc, canister_id: Principal, text: &str) -> String {
    let args = types::InstallCodeArgs {
        mode: types::CanisterInstallMode::Reinstall,
        canister_id,
        wasm_module: wat::parse_str(text).unwrap(),
        arg: vec![],
        sender_canister_version: None,
    };
    let reply = send(pic, Principal::anonymous(), "install_code", args);
    reply.map_or_else(|reject| reject.reject_message, |_| String::new())
}

#[test]
fn a_trap_during_installation_is_in_the_log() {
    let pic = pocket_ic();
    let id = pic.create_canister();
    let trapping = r#"(module (func $init unreachable) (export "canister_init" (func $init)))"#;
    let installed = refusal(&pic, id, trapping);
    assert!(installed.contains("unreachable"), "{installed}");
    let log = pic.fetch_canister_logs(id, Principal::anonymous()).unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].content, b"[TRAP]: unreachable");
}

#[test]
fn custom_sections_are_public_or_private() {
    let pic = pocket_ic();
    let id = pic.create_canister();
    let secret = refusal(&pic, id, r#"(module (@custom "icp:secret x" "y"))"#);
    assert!(secret.contains("neither icp:public nor icp:private"), "{secret}");
    // Others are none of the system's business.
    for name in ["icp:public", "icp:public a b", "producers", "icpx:public a"] {
        assert_eq!(refusal(&pic, id, &format!("(module (@custom {name:?} \"y\"))")), "");
    }
}
