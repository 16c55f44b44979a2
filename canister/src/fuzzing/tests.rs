//! The seeds of the targets, run as the targets run them.

use darkroom_api as api;
use darkroom_core::testing::{over_seeds, write_seed};

#[test]
fn arguments() {
    over_seeds("candid_args", super::candid_args);
}

#[test]
fn calls() {
    over_seeds("service", super::service);
}

#[test]
fn requests() {
    over_seeds("http", super::http);
}

fn argument<T: candid::CandidType>(pick: u8, name: &str, value: &T) {
    write_seed("candid_args", name, &[pick], &candid::encode_one(value).unwrap());
}

#[test]
#[ignore = "writes the seeds: run by hand"]
fn write_seeds() {
    write_arguments();
    write_calls();
    let requests = [
        ("whole", "GET /{public}/original\n"),
        ("part", "GET /{public}/original\nrange: bytes=70000-\n"),
        ("suffix", "GET /{public}/original\nRange: bytes=-5\nif-range: \"a\"\n"),
        ("head", "HEAD /{public}/original\norigin: https://example.org\n"),
        ("known", "GET /sha256/{sha256}\nif-none-match: W/\"{sha256}\", *\n"),
        ("since", "GET /{public}/original\nif-modified-since: Thu, 01 Jan 1970 00:16:40 GMT\n"),
        ("post", "POST /{public}/original\n\nbody"),
        ("described", "GET /{public}\n"),
        ("private", "GET /{private}/original\n"),
        ("private description", "GET /{private}\n"),
        ("shared", "GET {secret}\nrange: bytes=1-\n"),
        ("shared asset", "GET {secret}/more?a=b#c\n"),
        ("gallery", "GET /\n"),
        ("gallery file", "GET /gallery/gallery.js\nif-none-match: \"x\"\n"),
        ("gallery head", "GET /gallery/head.json\n"),
        ("gallery page", "GET /gallery/pages/0000000000000000-00000000000000000000.json\n"),
        ("metrics", "GET /metrics?x\n"),
        ("nothing", "GET /%2f%zz/../a//b/%ff\n"),
        ("options", "OPTIONS /{public}/original\naccess-control-request-method: GET\n"),
    ];
    for (name, text) in requests {
        write_seed("http", name, &[4], text.as_bytes());
    }
    write_seed("http", "no-certificate", &[1], b"GET /{public}/original\n");
}

fn write_arguments() {
    let upload = api::BeginUpload {
        pipeline: Some("photo".to_owned()),
        file_name: "a.png".to_owned(),
        media_type: "image/png".to_owned(),
        size: 7,
        sha256: Some([3; 32].into()),
        visibility: Some(api::Visibility::Private),
        idempotency_key: None,
    };
    let asset = api::PutAsset {
        name: "thumbnail".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: b"bytes".to_vec().into(),
        sha256: [2; 32].into(),
        width: Some(7),
        height: None,
        processor_version: 3,
        source_sha256: [1; 32].into(),
    };
    let item = || "item".to_owned();
    let bytes = || b"bytes".to_vec().into();
    argument(0, "begin", &upload);
    argument(1, "chunk", &api::PutChunk { session: 1, index: 2, bytes: bytes(), sha256: [3; 32].into() });
    let assets = || vec![asset.clone(), asset.clone()];
    argument(2, "whole", &api::UploadWhole { upload, bytes: bytes(), assets: assets() });
    argument(3, "assets", &api::PutAssets { item: item(), assets: assets() });
    argument(4, "asset", &api::BeginAsset { item: item(), asset: asset.clone(), size: 9 });
    argument(5, "session", &7u64);
    argument(5, "large-session", &candid::Nat::from(7u8));
    argument(6, "item", &item());
    let request = api::HttpRequest {
        method: "GET".to_owned(),
        url: "/".to_owned(),
        headers: vec![("range".to_owned(), "bytes=1-".to_owned())],
        body: bytes(),
        certificate_version: Some(2),
    };
    argument(7, "request", &request);
    let error = api::Error::new("damaged", "it is");
    let stages = vec![api::FailedStage { asset: item(), error }];
    argument(8, "failed", &api::FailStages { item: item(), stages });
    let again =
        api::Reprocess { item: item(), pipeline: Some(item()), verify: Some(true), idempotency_key: None };
    argument(9, "again", &again);
    let token = api::CreateToken { item: item(), asset: item(), lifetime_seconds: Some(60) };
    argument(10, "token", &token);
    argument(11, "tokens", &api::ListTokens { item: Some(item()), after: None, limit: Some(7) });
    let principals = vec![candid::Principal::anonymous(), candid::Principal::management_canister()];
    let args = api::InitArgs {
        access: Some(api::Access::Principals(principals)),
        cors: Some(api::Cors::Origins(vec!["https://example.org".to_owned()])),
        ..super::service::configuration()
    };
    argument(12, "configuration", &args);
    argument(13, "initial", &Some(args));
    argument(14, "page", &api::ListItems { after: Some(item()), limit: Some(7) });
    argument(15, "keys", &vec![item(), item()]);
    argument(16, "get", &api::GetChunk { item: item(), asset: item(), index: 1 });
    argument(17, "several", &assets());
}

/// Inputs of `service`, by the form that is drawn there.
fn write_calls() {
    // A PNG with its SHA-256, public, in the pipeline `photo`.
    let whole = [5, 0, 0, 1, 0b1_0000, 0].as_slice();
    // Three chunks, sent and finished.
    let begin = [0, 0, 1, 0x80, 0, 3, 4, 0b1_0010, 1].as_slice();
    let put = |index: u8| [1, 0, 0, index, 9];
    let chunks = [put(0), put(2), put(1), put(3), put(4)].concat();
    let finish = [2, 0, 0, 1].as_slice();
    let (jobs, upgrade, later) = ([12, 0].as_slice(), [10, 0].as_slice(), [11, 0, 200].as_slice());
    write_seed("service", "whole", &[], &[whole, jobs, upgrade].concat());
    write_seed("service", "chunks", &[], &[begin, &chunks, upgrade, finish].concat());
    write_seed("service", "abandoned", &[], &[begin, &put(1), later, finish].concat());
    write_seed("service", "aborted", &[], &[begin, &chunks[..10], &[3, 0, 0, 1]].concat());
    write_seed("service", "deleted", &[], &[whole, jobs, &[4, 0, 0, 1]].concat());
    // Private, in `raw`.
    let private = [5, 0, 0, 1, 0b101_0010, 1, 0].as_slice();
    let token = [8, 0, 0, 2, 0, 0, 1, 1].as_slice();
    let get = [9, 1, 0, 1, 0, 1, 5, 0, 0, 0].as_slice();
    write_seed("service", "token", &[], &[private, token, get, upgrade, get, &[8, 0, 0, 0]].concat());
    write_seed("service", "again", &[], &[whole, jobs, &[13, 0, 0, 1, 1, 1, 1, 1, 0], jobs].concat());
    write_seed("service", "trap", &[], &[whole, &[16, 0, 0, 4, 1, 2, 3, 4, 0], jobs].concat());
    write_seed(
        "service",
        "failed",
        &[],
        &[whole, &[15, 0, 0, 2, 111, 112, 0, 1, 111, 2, 0, 1], jobs].concat(),
    );
    write_seed("service", "claimed", &[], &[whole, &[6, 0, 0, 1, 0, 1, 0, 4, 0], jobs].concat());
    write_seed(
        "service",
        "claimed-in-chunks",
        &[],
        &[whole, &[7, 0, 0, 1, 0, 0, 4, 0, 0x55, 0x55], &chunks].concat(),
    );
    write_seed(
        "service",
        "origins",
        &[],
        &[whole, &[14, 2, 1, 2, 0, 3, 97, 98, 99], jobs, &[17, 0], upgrade].concat(),
    );
    let raw = candid::encode_one(vec!["a".to_owned()]).unwrap();
    let length = u16::try_from(raw.len()).unwrap().to_be_bytes();
    write_seed("service", "raw", &[], &[&[18, 0, 9], &length[..], &raw].concat());
}
