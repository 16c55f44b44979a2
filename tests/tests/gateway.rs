//! What browsers get through the network's HTTP gateway, which verifies: whole assets, ranges, and nothing that another
//! canister only claims.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candid::Principal;
use darkroom_api as api;
use darkroom_tests::{Darkroom, File, derivatives, network_with_root_key, put_assets_args, small_photos};
use pocket_ic::PocketIc;
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

/// Answers `http_request` with what it was installed with.
const PARROT: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_arg_data_size" (func $size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $copy (param i32 i32 i32)))
  (memory 40)
  (global $length (mut i32) (i32.const 0))
  (func $init
    (global.set $length (call $size))
    (call $copy (i32.const 0) (i32.const 0) (call $size)))
  (func $give (call $append (i32.const 0) (global.get $length)) (call $reply))
  (export "canister_init" (func $init))
  (export "canister_query http_request" (func $give)))"#;

/// A gateway to a network.
struct Front {
    url: String,
    client: Client,
}

impl Front {
    fn new(network: &PocketIc) -> Front {
        let client = Client::builder().no_proxy().build().unwrap();
        let config = json!({ "forward_to": { "PocketIcInstance": network.instance_id() } });
        let url = network.get_server_url().join("http_gateway").unwrap();
        let made = client.post(url).json(&config).send().and_then(Response::json::<Value>).unwrap();
        Front { url: format!("http://127.0.0.1:{}", made["Created"]["port"]), client }
    }

    fn send(&self, method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.url));
        request = request.header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().unwrap()
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn host(canister: Principal) -> String {
    format!("{canister}.localhost")
}

#[test]
fn browsers_get_photos_whole_in_ranges_and_only_if_they_changed() {
    let darkroom = Darkroom::on(network_with_root_key(), None);
    let front = Front::new(&darkroom.network);
    let photo = &small_photos()[0];
    darkroom.take_files();
    let made = derivatives(photo).unwrap();
    let item = darkroom.upload_original(photo).item;
    darkroom.update::<api::Result<api::Item>>("put_assets", (put_assets_args(&item.id, &made),)).unwrap();
    let get = |method: &str, path: &str, headers: &[(&str, &str)]| {
        front.send(method, &host(darkroom.id), path, headers)
    };

    let path = format!("/{}/original", item.id);
    let whole = get("GET", &path, &[]);
    assert_eq!((whole.status().as_u16(), header(&whole, "content-type")), (200, photo.media_type));
    let etag = header(&whole, "etag").to_owned();
    assert_eq!(whole.bytes().unwrap(), photo.bytes);
    let unchanged = get("GET", &path, &[("if-none-match", &etag)]);
    assert_eq!((unchanged.status().as_u16(), header(&unchanged, "etag")), (304, etag.as_str()));
    let head = get("HEAD", &path, &[]);
    assert_eq!(head.status().as_u16(), 200);
    assert_eq!(header(&head, "content-length"), photo.bytes.len().to_string());
    assert_eq!(get("GET", "/nothing/here", &[]).status().as_u16(), 404);
    assert_eq!(get("POST", &path, &[]).status().as_u16(), 405);
    let beyond = format!("bytes={}-", photo.bytes.len());
    assert_eq!(get("GET", &path, &[("range", &beyond)]).status().as_u16(), 416);
    for (stage, made) in made {
        let asset = stage.asset;
        let by_query = format!("/{}/{asset}?canisterId={}", item.id, darkroom.id);
        let got = front.send("GET", "localhost", &by_query, &[]);
        assert_eq!(got.status().as_u16(), 200, "{asset}");
        assert_eq!(got.bytes().unwrap(), made.derivative.bytes, "{asset}");
    }
}

#[test]
fn large_files_come_as_one_answer() {
    let darkroom = Darkroom::on(network_with_root_key(), None);
    let front = Front::new(&darkroom.network);
    darkroom.take_files();
    let file = File::new(1, 5_000_000);
    let declared = api::BeginUpload { pipeline: Some("file".to_owned()), ..file.declared(true, None) };
    let upload = darkroom.begin_as(darkroom.owner, &declared).unwrap();
    let chunks = file.chunks(upload.chunk_size);
    assert!(chunks > 2, "{chunks} chunks");
    for index in 0..chunks {
        darkroom.put_of(darkroom.owner, &upload, &file, index).unwrap();
    }
    let item = darkroom.finish_as(darkroom.owner, upload.session).unwrap().item;
    let path = format!("/{}/{}", item.id, item.assets[0].name);

    let whole = front.send("GET", &host(darkroom.id), &path, &[]);
    assert_eq!((whole.status().as_u16(), header(&whole, "content-range")), (200, ""));
    assert_eq!(header(&whole, "content-length"), "5000000");
    let bytes = whole.bytes().unwrap();
    assert_eq!(api::Sha256::from(darkroom_core::Digest::of(&bytes).0), item.assets[0].sha256);
    // From within a chunk on, that chunk.
    let at = usize::try_from(upload.chunk_size).unwrap() + 10;
    let part = front.send("GET", &host(darkroom.id), &path, &[("range", &format!("bytes={at}-"))]);
    assert_eq!(part.status().as_u16(), 206);
    let range = header(&part, "content-range").strip_prefix("bytes ").unwrap().to_owned();
    let first: usize = range.split('-').next().unwrap().parse().unwrap();
    let part = part.bytes().unwrap();
    assert!(first <= at && at < first + part.len(), "{range}");
    assert_eq!(part, bytes[first..first + part.len()]);
}

#[test]
fn what_another_canister_says_in_its_place_is_refused() {
    let darkroom = Darkroom::on(network_with_root_key(), None);
    let front = Front::new(&darkroom.network);
    let photo = &small_photos()[0];
    let item = darkroom.upload_original(photo).item;
    darkroom
        .update::<api::Result<api::Item>>(
            "put_assets",
            (put_assets_args(&item.id, &derivatives(photo).unwrap()),),
        )
        .unwrap();
    let path = format!("/{}/original", item.id);
    let genuine = darkroom.http("GET", &path, Vec::new());
    let network = &darkroom.network;
    let say = |answer: &api::HttpResponse| {
        let parrot = network.create_canister();
        network.add_cycles(parrot, 10_u128.pow(13));
        let answer = candid::encode_one(answer).unwrap();
        network.install_canister(parrot, wat::parse_str(PARROT).unwrap(), answer, None);
        parrot
    };
    let mut bare = genuine.clone();
    bare.headers.retain(|(name, _)| name == "content-type");
    for answer in [genuine, bare] {
        let parrot = say(&answer);
        let refused = front.send("GET", &host(parrot), &path, &[]);
        assert_eq!(refused.status().as_u16(), 503);
        let text = refused.text().unwrap();
        assert!(text.contains("does not verify"), "{text}");
        let raw = front.send("GET", &format!("{parrot}.raw.localhost"), &path, &[]);
        assert_eq!(raw.status().as_u16(), 200);
        assert_eq!(raw.bytes().unwrap(), photo.bytes);
    }
}
