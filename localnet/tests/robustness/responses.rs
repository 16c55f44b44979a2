//! Canisters that answer the gateway with what no HTTP server would send. They are asked for raw, since nothing of it
//! would pass otherwise.

use crate::connections::exchange;
use crate::interface::gateway;
use crate::management::bombs;
use crate::raw::{Random, seed};
use crate::victim::Victim;
use crate::{mutate, rounds};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use candid::{CandidType, Encode, Principal};
use std::time::Duration;

/// Answers `http_request` with what was given to `set` last.
const ECHO: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_arg_data_size" (func $size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $copy (param i32 i32 i32)))
  (memory 40)
  (func $set
    (i32.store (i32.const 0) (call $size))
    (call $copy (i32.const 8) (i32.const 0) (call $size))
    (call $reply))
  (func $give (call $append (i32.const 8) (i32.load (i32.const 0))) (call $reply))
  (export "canister_update set" (func $set))
  (export "canister_update http_request_update" (func $give))
  (export "canister_query http_request" (func $give))
  (export "canister_query more" (func $give)))"#;

candid::define_function!(Callback : () -> () query);

#[derive(CandidType, Clone, Default)]
struct Response {
    status_code: u16,
    headers: Vec<(String, String)>,
    body: serde_bytes::ByteBuf,
    upgrade: Option<bool>,
    streaming_strategy: Option<Streaming>,
}

#[derive(CandidType, Clone)]
enum Streaming {
    Callback(Strategy),
}

#[derive(CandidType, Clone)]
struct Strategy {
    callback: Callback,
    token: Vec<u8>,
}

fn response(status_code: u16, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Response { status_code, headers, body: body.to_vec().into(), upgrade: None, streaming_strategy: None }
}

#[track_caller]
fn get(address: &str, id: Principal, method: &str) -> String {
    get_from(address, &format!("{id}.raw"), method)
}

#[track_caller]
fn get_from(address: &str, host: &str, method: &str) -> String {
    let head = format!("{method} / HTTP/1.1\r\nhost: {host}.localhost\r\nconnection: close\r\n\r\n");
    let answer = exchange(address, head.as_bytes(), Duration::from_secs(60));
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(text.starts_with("HTTP/1.1 "), "{method}: {text:?}");
    text
}

#[test]
fn framing_is_the_gateways_own() {
    let mut victim = Victim::start();
    let address = gateway(&victim);
    let id = victim.install(&wat::parse_str(ECHO).unwrap());
    let set = |victim: &Victim, given: Response| {
        victim.call(id, "set", &Encode!(&given).unwrap()).unwrap();
    };
    for length in ["2", "400", "4", "-1", "x", "18446744073709551616"] {
        set(&victim, response(200, &[("Content-Length", length), ("content-length", "1")], b"four"));
        let text = get(&address, id, "GET");
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("\r\n\r\nfour"), "{length}: {text}");
        assert_eq!(text.matches("content-length").count(), 1, "{text}");
        get(&address, id, "HEAD");
    }
    // Of what has no body, the canister knows the length.
    set(&victim, response(200, &[("content-length", "1234")], b""));
    let text = get(&address, id, "HEAD");
    assert!(text.contains("content-length: 1234\r\n"), "{text}");
    for headers in [
        [("transfer-encoding", "chunked"), ("connection", "upgrade")],
        [("a b", "c"), ("x", "y\r\nset-cookie: z")],
        [("", ""), ("\u{e9}", "\u{e9}")],
        [("upgrade", "websocket"), ("trailer", "x")],
    ] {
        set(&victim, response(200, &headers, b"four"));
        let text = get(&address, id, "GET");
        assert!(text.ends_with("four") && !text.contains("set-cookie"), "{text}");
    }
    for status in [0, 1, 99, 100, 101, 103, 199, 204, 205, 304, 599, 999, 1_000, 65_535] {
        set(&victim, response(status, &[("content-length", "9")], b"four"));
        get(&address, id, "GET");
        get(&address, id, "HEAD");
    }
    let many: Vec<(String, String)> = (0..40_000).map(|n| (format!("x-{n}"), String::new())).collect();
    set(&victim, Response { headers: many, ..response(200, &[], b"four") });
    assert!(get(&address, id, "GET").starts_with("HTTP/1.1 502"));
    victim.check();
}

#[test]
fn ranges_and_streams_that_lie_end() {
    let mut victim = Victim::start();
    let address = gateway(&victim);
    let id = victim.install(&wat::parse_str(ECHO).unwrap());
    for range in [
        "bytes 0-3/4",
        "bytes 0-3/18446744073709551615",
        "bytes 0-18446744073709551614/18446744073709551615",
        "bytes 0-3/8",
        "bytes 0-2/8",
        "bytes 4-7/8",
    ] {
        victim
            .call(id, "set", &Encode!(&response(206, &[("content-range", range)], b"four")).unwrap())
            .unwrap();
        get(&address, id, "GET");
        get_from(&address, &id.to_string(), "GET");
    }
    for (canister, method) in [(id, "none"), (id, "more"), (Principal::management_canister(), "raw_rand")] {
        let callback = Callback::new(canister, method.into());
        let strategy = Strategy { callback, token: vec![1; 1_000] };
        let given = Response {
            streaming_strategy: Some(Streaming::Callback(strategy)),
            ..response(200, &[("content-length", "4")], b"four")
        };
        victim.call(id, "set", &Encode!(&given).unwrap()).unwrap();
        get(&address, id, "GET");
        get_from(&address, &id.to_string(), "GET");
    }
    victim.check();
}

#[test]
fn candid_that_explodes_is_no_response() {
    let seed = seed();
    println!("DARKROOM_SEED={seed}");
    let mut victim = Victim::start();
    let address = gateway(&victim);
    let id = victim.install(&wat::parse_str(ECHO).unwrap());
    let callback = Callback::new(id, "more".into());
    let strategy = Some(Streaming::Callback(Strategy { callback, token: vec![1; 10] }));
    let good = Response { streaming_strategy: strategy, ..response(200, &[("a", "b")], b"four") };
    let good = Encode!(&good).unwrap();
    victim.endure(rounds(3), |victim, round| {
        let mut random = Random::new(seed.wrapping_add(round));
        let junk = (0..80).map(|_| mutate::bytes(&mut random, &good));
        for reply in bombs().into_iter().chain([token_bomb()]).chain(junk) {
            victim.call(id, "set", &reply).unwrap();
            get(&address, id, "GET");
            get_from(&address, &id.to_string(), "GET");
        }
    });
}

/// Headers that the library which verifies would take all memory or all of the stack for, or that mean nothing to it.
#[test]
fn certificates_that_explode_are_refused() {
    let seed = seed();
    println!("DARKROOM_SEED={seed}");
    let mut victim = Victim::start();
    let address = gateway(&victim);
    let id = victim.install(&wat::parse_str(ECHO).unwrap());
    let nested = |byte: u8| vec![byte; 500_000];
    let map = |size: u8| [&[0xbb, 0, 0, 0][..], &[size; 5]].concat();
    let mut bombs = vec![nested(0x81), nested(0xa1), nested(0xc1), nested(0xe0), map(1), map(255)];
    bombs.extend([vec![0x9b, 0, 0, 0, 255, 255, 255, 255, 255], vec![0x9a, 0, 4, 0, 0, 0x81]]);
    bombs.push([&[0xa1, 0x6a][..], b"delegation", &[0xa1, 0x6b], b"certificate", &[0x49], &map(1)].concat());
    let fields: Vec<String> = bombs.iter().map(|bytes| BASE64_STANDARD.encode(bytes)).collect();
    victim.endure(rounds(3), |victim, round| {
        let mut random = Random::new(seed.wrapping_add(round));
        let mut headers: Vec<[String; 2]> = Vec::new();
        for field in &fields {
            for name in ["certificate", "tree", "expr_path"] {
                headers.push([format!("version=2, {name}=:{field}:"), String::new()]);
                headers
                    .push([format!("certificate=:oWR0cmVlgQA=:, tree=:gQA=:, {name}=:{field}:"), "a".into()]);
            }
        }
        for byte in ["[", "(", "{", "a(", "\"", " ", "\\"] {
            headers.push(["certificate=:oWR0cmVlgQA=:, tree=:gQA=:, version=2".into(), byte.repeat(200_000)]);
        }
        for _ in 0..100 {
            let good =
                b"certificate=:omR0cmVlgQBpc2lnbmF0dXJlQA==:, tree=:gQA=:, expr_path=:gWFh:, version=2";
            let junk = String::from_utf8_lossy(&mutate::bytes(&mut random, good)).into_owned();
            headers.push([junk, "default_certification(ValidationArgs{no_certification:Empty{}})".into()]);
        }
        for [certificate, expression] in &headers {
            let both = [("IC-Certificate", certificate.as_str()), ("ic-certificateExpression", expression)];
            victim.call(id, "set", &Encode!(&response(200, &both, b"four")).unwrap()).unwrap();
            let text = get_from(&address, &id.to_string(), "GET");
            assert!(text.starts_with("HTTP/1.1 503") && !text.ends_with("four"), "{text}");
        }
    });
}

/// A good response, but for a token that is a vector of as many nulls as can be said.
fn token_bomb() -> Vec<u8> {
    #[derive(CandidType)]
    struct Bomb {
        callback: Callback,
        token: Vec<candid::Reserved>,
    }
    #[derive(CandidType)]
    enum Exploding {
        Callback(Bomb),
    }
    #[derive(CandidType)]
    struct Given {
        status_code: u16,
        headers: Vec<(String, String)>,
        body: serde_bytes::ByteBuf,
        streaming_strategy: Option<Exploding>,
    }
    let callback = Callback::new(Principal::anonymous(), "more".into());
    // Enough to take the memory of a machine if each one is kept, few enough to be written down.
    let token = std::iter::repeat_with(|| candid::Reserved).take(300).collect();
    let given = Given {
        status_code: 200,
        headers: Vec::new(),
        body: b"four".to_vec().into(),
        streaming_strategy: Some(Exploding::Callback(Bomb { callback, token })),
    };
    let bytes = Encode!(&given).unwrap();
    // 300 in LEB128 becomes 2^40.
    let at = bytes.windows(2).rposition(|w| w == [0xac, 0x02]).unwrap();
    [&bytes[..at], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x20], &bytes[at + 2..]].concat()
}
