//! PocketIC's endpoints: every route with random bytes and with mutated JSON.

use crate::mutate;
use crate::raw::{Random, Reply, seed};
use crate::rounds;
use crate::victim::{IC, Victim, b64, call};
use candid::Principal;
use serde_json::{Value, json};

/// An endpoint and a good body.
struct Endpoint {
    method: &'static str,
    path: String,
    good: Value,
}

/// All of an instance's endpoints, but those that would end it or wait on purpose.
fn endpoints(victim: &Victim) -> Vec<Endpoint> {
    let id = json!({ "canister_id": b64(victim.witness) });
    let message =
        json!({ "effective_principal": { "CanisterId": b64(victim.witness) }, "message_id": b64([7; 32]) });
    let asked = |good: &Value| json!({ "raw_message_id": good, "raw_caller": { "principal_id": b64([4]) } });
    let posts = [
        ("read/query", call(victim.witness, "show", b"DIDL\0\0")),
        ("read/query", call(IC, "canister_status", b"DIDL\x01\x6c\x01\xb3\xc4\xb1\xf2\x04\x68\x01\0\x01\0")),
        ("read/ingress_status", asked(&message)),
        ("read/get_cycles", id.clone()),
        ("read/get_stable_memory", id.clone()),
        ("read/get_controllers", id.clone()),
        ("read/get_subnet", id.clone()),
        ("read/pub_key", json!({ "subnet_id": b64([1; 29]) })),
        ("update/set_time", json!({ "nanos_since_epoch": 1_700_000_000_000_000_000_u64 })),
        ("update/set_certified_time", json!({ "nanos_since_epoch": 1_700_000_000_000_000_000_u64 })),
        ("update/tick", json!({ "blockmakers": null })),
        ("update/submit_ingress_message", call(victim.witness, "bump", b"DIDL\0\0")),
        ("update/submit_ingress_message", call(IC, "start_canister", b"DIDL\x01\x6c\0\x01\0")),
        ("update/await_ingress_message", message),
        ("update/add_cycles", json!({ "canister_id": b64(victim.witness), "amount": 1_000 })),
        ("update/set_stable_memory", json!({ "canister_id": b64(victim.witness), "blob_id": b64([7; 32]) })),
        ("auto_progress", json!({ "artificial_delay_ms": 50 })),
        ("stop_progress", json!("")),
    ];
    let gets = ["read/topology", "_/topology", "read/get_time", "read/get_canister_http", "auto_progress"];
    let base = &victim.base;
    let post =
        |(path, good): (&str, Value)| Endpoint { method: "POST", path: format!("{base}/{path}"), good };
    let get = |path: &str| Endpoint { method: "GET", path: format!("{base}/{path}"), good: json!(null) };
    posts.into_iter().map(post).chain(gets.map(get)).collect()
}

/// What an endpoint may answer: success, or words on what is wrong.
#[track_caller]
fn proper(reply: &Reply, what: &str) {
    match reply.status {
        200 | 201 => {}
        400..500 => {
            let value: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let worded = value.get("message").or(value.get("Error")).is_some();
            assert!(worded, "{what}: {} {}", reply.status, reply.text());
        }
        other => panic!("{what}: {other} {}", reply.text()),
    }
}

#[test]
fn instances_refuse_what_is_malformed() {
    let seed = seed();
    println!("DARKROOM_SEED={seed}");
    let mut victim = Victim::start();
    let endpoints = endpoints(&victim);
    victim.endure(rounds(9), |victim, round| {
        let mut random = Random::new(seed.wrapping_add(round));
        for endpoint in &endpoints {
            for case in 0..16 {
                let body = match case % 3 {
                    0 => mutate::body(&mut random, endpoint.good.to_string().as_bytes()),
                    _ => mutate::json(&mut random, &endpoint.good),
                };
                let what = format!("{} of round {round}, case {case}", endpoint.path);
                proper(&victim.send(endpoint.method, &endpoint.path, "", &body), &what);
            }
        }
        // Whatever was switched on.
        victim.ask("stop_progress", &json!(""));
    });
}

#[test]
fn the_server_refuses_what_is_malformed() {
    let seed = seed();
    println!("DARKROOM_SEED={seed}");
    let mut victim = Victim::start();
    let config = json!({
        "subnet_config_set": { "nns": null, "application": [{ "state_config": "New" }], "system": [] },
        "icp_features": null,
        "initial_time": { "Timestamp": { "nanos_since_epoch": 1_700_000_000_000_000_000_u64 } },
        "http_gateway_config": null,
    });
    let gateway = json!({ "port": null, "forward_to": { "PocketIcInstance": 0 } });
    victim.endure(rounds(9), |victim, round| {
        let mut random = Random::new(seed.wrapping_add(round));
        for case in 0..20 {
            let what = format!("round {round}, case {case}");
            let reply = victim.send("POST", "/instances", "", &mutate::json(&mut random, &config));
            proper(&reply, &what);
            let made: Value = serde_json::from_slice(&reply.body).unwrap();
            if let Some(id) = made["Created"]["instance_id"].as_u64() {
                let victim_path = format!("/instances/{id}");
                assert_eq!(victim.send("DELETE", &victim_path, "", &[]).status, 200);
            }
            let reply = victim.send("POST", "/http_gateway", "", &mutate::json(&mut random, &gateway));
            proper(&reply, &what);
            let made: Value = serde_json::from_slice(&reply.body).unwrap();
            if let Some(id) = made["Created"]["instance_id"].as_u64() {
                assert_eq!(victim.post(&format!("/http_gateway/{id}/stop"), &json!("")).status, 200);
            }
            // A few blobs again and again: they are kept.
            let blob = vec![case as u8 % 4; 200 << 10];
            assert_eq!(victim.send("POST", "/blobstore", "", &blob).status, 200);
            let junk = mutate::body(
                &mut random,
                b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0",
            );
            let reply = victim.send("POST", "/blobstore/", "content-encoding: gzip\r\n", &junk);
            proper(&reply, &what);
        }
        for (method, path) in paths(&mut random) {
            let body = random.bytes(100);
            let reply = victim.send(method, &path, "", &body);
            assert!((200..500).contains(&reply.status), "{method} {path}: {}", reply.text());
        }
    });
}

/// Paths and methods that are nearly right.
fn paths(random: &mut Random) -> Vec<(&'static str, String)> {
    let id = Principal::anonymous();
    let good = [
        "/".to_owned(),
        "/status".to_owned(),
        "/instances/18446744073709551616/read/get_time".to_owned(),
        "/instances/-1/read/get_time".to_owned(),
        "/instances/0/update/../../..".to_owned(),
        "/instances//0//read//get_time".to_owned(),
        "/http_gateway/99/stop".to_owned(),
        "/http_gateway/stop".to_owned(),
        "/http_gateway//stop/stop".to_owned(),
        "/blobstore/x".to_owned(),
        "/read_graph/x/y".to_owned(),
        "/_/topology".to_owned(),
        "/instances/0/api/v2/status".to_owned(),
        format!("/instances/0/api/v3/canister/{id}/query"),
        format!("/instances/0/api/v9/canister/{id}/query"),
        "/instances/0/api/v3/canister/%00%ff/query".to_owned(),
        format!("/instances/0/api/{}", "v2/".repeat(500)),
        format!("/{}", "a".repeat(6_000)),
    ];
    let methods = ["GET", "POST", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW"];
    let mut all = Vec::new();
    for path in good {
        let changed = mutate::bytes(random, path.as_bytes());
        let ascii: String = changed.iter().filter(|b| b.is_ascii_graphic()).map(|b| char::from(*b)).collect();
        all.push((*random.pick(&methods), path));
        all.push((*random.pick(&methods), format!("/{}", ascii.trim_start_matches('/'))));
    }
    all.retain(|(method, path)| *method != "DELETE" && !path.contains("state_dir"));
    all
}
