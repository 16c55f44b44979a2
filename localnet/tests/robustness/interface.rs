//! The IC's HTTP interface and the gateway: request envelopes and HTTP messages, mutated.

use crate::connections::{PATIENCE, exchange};
use crate::raw::{Key, Random, at, call, open, query, read_state, seed};
use crate::victim::Victim;
use crate::{mutate, rounds};
use candid::Principal;
use serde_cbor::Value as Cbor;
use serde_json::{Value, json};

/// Opens a gateway to the instance under attack; gives its address.
pub(crate) fn gateway(victim: &Victim) -> String {
    let number: u64 = victim.base.rsplit('/').next().unwrap().parse().unwrap();
    let config = json!({ "port": null, "forward_to": { "PocketIcInstance": number } });
    let reply: Value = serde_json::from_slice(&victim.post("/http_gateway", &config).body).unwrap();
    format!("127.0.0.1:{}", reply["Created"]["port"])
}

#[test]
fn envelopes_are_refused_if_malformed() {
    let seed = seed();
    println!("DARKROOM_SEED={seed}");
    let mut victim = Victim::start();
    let (id, nobody, key) = (victim.witness, Principal::anonymous(), Key::ed25519(1));
    let subnet = Principal::self_authenticating([9; 32]);
    victim.endure(rounds(9), |victim, round| {
        // Requests expire by the network's clock.
        let now = at(i64::try_from(round * 1_000).unwrap());
        victim.ask("update/set_time", &json!({ "nanos_since_epoch": now }));
        let mut random = Random::new(seed.wrapping_add(round));
        let fresh = |content| crate::raw::expiring(content, now + 200_000_000_000);
        let status = format!("request_status/#{}/status", hex::encode([7; 32]));
        let metadata = format!("canister/#{}/metadata/x", hex::encode(id.as_slice()));
        let envelopes = [
            ("call", open(fresh(call(nobody, id, "bump", &round.to_be_bytes())))),
            ("call", key.seal(fresh(call(key.principal(), id, "bump", &round.to_be_bytes())))),
            ("query", open(fresh(query(nobody, id, "show")))),
            ("query", key.seal(fresh(query(key.principal(), id, "show")))),
            ("read_state", open(fresh(read_state(nobody, &["time", &status, &metadata])))),
            ("read_state", key.seal(fresh(read_state(key.principal(), &["time", "subnet"])))),
        ];
        for (what, envelope) in &envelopes {
            let encoded = envelope.encode_bytes();
            let value: Cbor = serde_cbor::from_slice(&encoded).unwrap();
            for case in 0..48 {
                let body = match case % 3 {
                    0 => mutate::body(&mut random, &encoded),
                    _ => mutate::cbor(&mut random, &value),
                };
                // v2 for calls: the synchronous versions wait for a round, which nobody makes here.
                let version = if *what == "call" { "v2" } else { *random.pick(&["v2", "v3"]) };
                let scope = match random.below(8) {
                    0 => format!("subnet/{subnet}"),
                    1 => format!("canister/{subnet}"),
                    2 => "canister/aaaaa-aa".to_owned(),
                    _ => format!("canister/{id}"),
                };
                let other = *random.pick(&["call", "query", "read_state"]);
                let what = if random.below(12) == 0 && version == "v2" { other } else { what };
                let path = format!("{}/api/{version}/{scope}/{what}", victim.base);
                let reply = victim.send("POST", &path, "content-type: application/cbor\r\n", &body);
                let proper = matches!(reply.status, 200 | 202 | 400..500);
                assert!(proper, "{path}, round {round}, case {case}: {} {}", reply.status, reply.text());
            }
        }
    });
}

#[test]
fn gateways_refuse_what_is_malformed() {
    let seed = seed();
    println!("DARKROOM_SEED={seed}");
    let mut victim = Victim::start();
    let address = gateway(&victim);
    let id = victim.witness;
    victim.endure(rounds(6), |_, round| {
        let mut random = Random::new(seed.wrapping_add(round));
        for case in 0..100 {
            let path = match random.below(6) {
                0 => format!("/?canisterId={id}"),
                1 => "/api/v2/status".to_owned(),
                2 => format!("/api/v3/canister/{id}/query"),
                3 => "/_/topology".to_owned(),
                4 => "/?canisterId=%ff&canisterId=".to_owned(),
                _ => "/a/b?c=d".to_owned(),
            };
            let host = match random.below(4) {
                0 => format!("{id}.localhost"),
                1 => format!("{id}.raw.localhost:1"),
                2 => ".:.:..:".to_owned(),
                _ => "localhost".to_owned(),
            };
            let method = random.pick(&["GET", "POST", "HEAD", "OPTIONS", "DELETE", "BREW"]);
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: {host}\r\nreferer: http://x/?canisterId={id}\r\n\
                 range: bytes=0-\r\naccept-encoding: gzip\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc"
            );
            let bytes = if case % 2 == 0 { mutate::bytes(&mut random, head.as_bytes()) } else { head.into_bytes() };
            let answer = exchange(&address, &bytes, PATIENCE);
            let ok = answer.is_empty() || answer.starts_with(b"HTTP/1.");
            assert!(ok, "round {round}, case {case}: {}", String::from_utf8_lossy(&answer));
        }
    });
}
