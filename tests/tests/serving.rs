//! Every answer of a public path is certified: checked with the library and the root key that gateways check with.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use darkroom_api as api;
use darkroom_tests::{
    Darkroom, File, Gateway, Photo, derivatives, files_from_all, network_with_root_key, principal,
    put_assets_args, small_photos,
};

const CHUNK: u32 = 65_536;

fn darkroom() -> Darkroom {
    let darkroom = Darkroom::on(network_with_root_key(), None);
    darkroom.take_files();
    let limits = api::Limits { chunk_size: Some(CHUNK), ..Default::default() };
    darkroom.configure(api::InitArgs { limits: Some(limits), ..Default::default() });
    darkroom
}

/// A published photo with its three derivatives.
fn publish(darkroom: &Darkroom, photo: &Photo) -> (api::Item, Vec<Vec<u8>>) {
    let made = derivatives(photo).unwrap();
    let item = darkroom.upload_original(photo).item;
    let args = put_assets_args(&item.id, &made);
    let item = darkroom.update::<api::Result<api::Item>>("put_assets", (args,)).unwrap();
    assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::PUBLISHED, 4));
    let mut bytes = vec![photo.bytes.clone()];
    bytes.extend(made.into_iter().map(|(_, made)| made.derivative.bytes));
    (item, bytes)
}

fn file_of(darkroom: &Darkroom, file: &File, visibility: Option<api::Visibility>) -> api::Item {
    let pipeline = Some("file".to_owned());
    let declared = api::BeginUpload { pipeline, visibility, ..file.declared(true, None) };
    let upload = darkroom.begin_as(darkroom.owner, &declared).unwrap();
    for index in 0..file.chunks(upload.chunk_size) {
        darkroom.put_of(darkroom.owner, &upload, file, index).unwrap();
    }
    darkroom.finish_as(darkroom.owner, upload.session).unwrap().item
}

/// Method, URL, headers, and the status of the answer.
type Asked<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], u16);

fn hex(sha256: &api::Sha256) -> String {
    sha256.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn headers(response: &api::HttpResponse) -> BTreeMap<&str, &str> {
    response.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// All that is certified of an item, at both addresses of each asset.
fn assert_served(gateway: &Gateway<'_>, item: &api::Item, bytes: &[Vec<u8>]) {
    for (asset, bytes) in item.assets.iter().zip(bytes) {
        let digest = hex(&asset.sha256);
        let etag = format!("\"{digest}\"");
        for url in [format!("/{}/{}", item.id, asset.name), format!("/sha256/{digest}")] {
            let (first, found) = gateway.whole(&url);
            assert_eq!(first.status_code, if asset.chunks == 1 { 200 } else { 206 }, "{url}");
            assert!(found == *bytes, "{url}: other bytes");
            let found = headers(&first);
            assert_eq!((found["etag"], found["content-type"]), (etag.as_str(), asset.media_type.as_str()));
            assert_eq!((found["x-content-type-options"], found["accept-ranges"]), ("nosniff", "bytes"));
            assert_eq!(found["cache-control"].contains("immutable"), url.starts_with("/sha256/"));
            let is_picture = asset.media_type.starts_with("image/");
            assert_eq!(found.contains_key("content-security-policy"), !is_picture, "{url}");
            let kind = if is_picture { "inline" } else { "attachment" };
            assert!(found["content-disposition"].starts_with(kind), "{url}: {found:?}");

            let head = gateway.get("HEAD", &url, &[]);
            assert_eq!((head.status_code, head.body.len()), (200, 0));
            assert_eq!(headers(&head)["content-length"], bytes.len().to_string());
            let unchanged = gateway.get("GET", &url, &[("if-none-match", &etag)]);
            assert_eq!((unchanged.status_code, unchanged.body.len()), (304, 0));
            let beyond = gateway.get("GET", &url, &[("range", &format!("bytes={}-", bytes.len()))]);
            assert_eq!(headers(&beyond)["content-range"], format!("bytes */{}", bytes.len()));
            assert_eq!(beyond.status_code, 416);
            let last = gateway.get("GET", &url, &[("range", "bytes=-1")]);
            assert_eq!((last.status_code, last.body.last()), (206, bytes.last()));
            for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
                let refused = gateway.get(method, &url, &[]);
                assert_eq!((refused.status_code, headers(&refused)["allow"]), (405, "GET, HEAD"));
            }
        }
    }
}

/// The certified answer on each path that belongs to an item or to nothing.
fn assert_missing(gateway: &Gateway<'_>, urls: &[String]) {
    for url in urls {
        let missing = gateway.get("GET", url, &[]);
        assert_eq!(missing.status_code, 404, "{url}");
        assert_eq!(gateway.get("HEAD", url, &[]).status_code, 404, "{url}");
        assert_eq!(gateway.get("POST", url, &[]).status_code, 405, "{url}");
    }
}

fn urls_of(item: &api::Item) -> Vec<String> {
    let both = |asset: &api::Asset| {
        [format!("/{}/{}", item.id, asset.name), format!("/sha256/{}", hex(&asset.sha256))]
    };
    item.assets.iter().flat_map(both).collect()
}

#[test]
fn all_answers_verify_also_after_an_upgrade_and_a_deletion() {
    let darkroom = darkroom();
    let gateway = Gateway::new(&darkroom);
    let nowhere = [
        "/",
        "/x",
        "/x/",
        "/x/y",
        "/x/y/z",
        "/sha256",
        "/sha256/",
        "/%3C*%3E",
        "/%3C*%3E/%3C$%3E",
        "/%3C$%3E",
    ];
    let nowhere = nowhere.map(str::to_owned);
    assert_missing(&gateway, &nowhere);

    let photos = small_photos();
    let (item, bytes) = publish(&darkroom, &photos[0]);
    let (other, other_bytes) = publish(&darkroom, &photos[3]);
    // 31 chunks, whose tree of answers is kept, and 3.
    let files = [File::new(1, 2_000_000), File::new(2, 150_000)];
    let stored = files.clone().map(|file| file_of(&darkroom, &file, None));
    let hidden = file_of(&darkroom, &File::new(3, 150_000), Some(api::Visibility::Private));
    let mut missing = urls_of(&hidden);
    missing.extend(nowhere);
    let digest = hex(&item.assets[0].sha256);
    missing.extend([
        format!("/{}/", item.id),
        format!("/{}/nothing", item.id),
        format!("/{}/original/", item.id),
        format!("/{}/original/more/still", item.id),
        format!("/{}/Original", item.id),
        format!("/{}/%2e%2e/original", item.id),
        format!("/sha256/{}", digest.to_uppercase()),
        format!("/sha256/{digest}/more"),
        format!("/sha256/{}", "0".repeat(64)),
        format!("/sha256/{}", "f".repeat(64)),
        format!("/{}?{}", "long".repeat(500), "query".repeat(500)),
    ]);
    for upgraded in [false, true] {
        if upgraded {
            darkroom.upgrade();
        }
        assert_served(&gateway, &item, &bytes);
        assert_served(&gateway, &other, &other_bytes);
        for (item, file) in stored.iter().zip(&files) {
            assert_served(&gateway, item, &[file.bytes()]);
        }
        assert_missing(&gateway, &missing);
    }

    for deleted in [&item, &stored[0]] {
        darkroom.delete_as(darkroom.owner, &deleted.id).unwrap();
        missing.extend(urls_of(deleted));
    }
    assert_missing(&gateway, &missing);
    assert_served(&gateway, &other, &other_bytes);
    assert_served(&gateway, &stored[1], &[files[1].bytes()]);
    for deleted in [&other, &stored[1]] {
        darkroom.delete_as(darkroom.owner, &deleted.id).unwrap();
        missing.extend(urls_of(deleted));
    }
    assert_missing(&gateway, &missing);
}

#[test]
fn what_is_altered_does_not_verify() {
    let darkroom = darkroom();
    let gateway = Gateway::new(&darkroom);
    let (item, _) = publish(&darkroom, &small_photos()[0]);
    let url = format!("/{}/thumbnail", item.id);
    let etag = format!("\"{}\"", hex(&item.assets[2].sha256));
    let asked: [Asked<'_>; 6] = [
        ("GET", &url, &[], 200),
        ("GET", &url, &[("range", "bytes=0-1")], 206),
        ("HEAD", &url, &[], 200),
        ("GET", &url, &[("if-none-match", &etag)], 304),
        ("GET", &url, &[("range", "bytes=99999999-")], 416),
        ("GET", "/nothing", &[], 404),
    ];
    for (method, url, conditions, status) in asked {
        let (request, response) = gateway.ask(method, url, conditions);
        assert_eq!(response.status_code, status);
        gateway.verify(&request, &response).unwrap();
        let refused = |change: &dyn Fn(&mut api::HttpResponse)| {
            let mut altered = response.clone();
            change(&mut altered);
            assert!(gateway.verify(&request, &altered).is_err(), "{method} {url} {status}: {altered:?}");
        };
        refused(&|response| response.body.push(0));
        refused(&|response| response.status_code += 1);
        refused(&|response| response.headers.push(("set-cookie".to_owned(), "a=b".to_owned())));
        for index in 0..response.headers.len() {
            refused(&|response| {
                response.headers.remove(index);
            });
            refused(&|response| response.headers[index].1.push('x'));
        }
    }
    // An answer to HEAD, and one on another path, are no answers here.
    let (request, whole) = gateway.ask("GET", &url, &[]);
    let (_, head) = gateway.ask("HEAD", &url, &[]);
    let (_, other) = gateway.ask("GET", &format!("/{}/preview", item.id), &[]);
    let (_, missing) = gateway.ask("GET", "/nothing", &[]);
    gateway.verify(&request, &whole).unwrap();
    for answer in [head, other, missing] {
        assert!(gateway.verify(&request, &answer).is_err(), "{answer:?}");
    }
    // Nor is what was there and is deleted, from the next certificate on.
    darkroom.delete_as(darkroom.owner, &item.id).unwrap();
    assert_eq!(gateway.get("GET", &url, &[]).status_code, 404);
}

#[test]
fn a_content_stays_with_who_was_first_and_goes_with_the_last() {
    let darkroom = Darkroom::on(network_with_root_key(), Some(files_from_all(api::Limits::default())));
    let gateway = Gateway::new(&darkroom);
    let file = File::new(7, 5000);
    let upload = |who: u8, media_type: &str| {
        let upload = api::BeginUpload { media_type: media_type.to_owned(), ..file.declared(true, None) };
        let args = api::UploadWhole { upload, bytes: file.bytes().into(), assets: Vec::new() };
        let item: api::Result<api::Item> = darkroom.update_as(principal(who), "upload_whole", (args,));
        item.unwrap()
    };
    let items = [(1, "application/a"), (2, "application/b"), (3, "application/c")];
    let items = items.map(|(who, media_type)| (who, media_type, upload(who, media_type)));
    let url = format!("/sha256/{}", file.sha256());
    for (who, media_type, item) in &items {
        let response = gateway.get("GET", &url, &[]);
        assert_eq!((response.status_code, headers(&response)["content-type"]), (200, *media_type));
        assert!(response.body == file.bytes());
        darkroom.delete_as(principal(*who), &item.id).unwrap();
    }
    assert_eq!(gateway.get("GET", &url, &[]).status_code, 404);
}

#[test]
fn nonsense_is_answered() {
    let darkroom = darkroom();
    let gateway = Gateway::new(&darkroom);
    let file = File::new(9, 150_000);
    let item = file_of(&darkroom, &file, None);
    let url = format!("/{}/original", item.id);
    let ranges = format!("bytes={}", vec!["0-1"; 10_000].join(","));
    for range in
        [&ranges, "bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=-", "", "bytes=99999999999999999999-"]
    {
        // The first chunk, from which a client of gateways sees that its range was not looked at.
        let response = gateway.get("GET", &url, &[("range", range)]);
        assert_eq!(headers(&response)["content-range"], "bytes 0-65535/150000");
    }
    let chunk = gateway.get("GET", &url, &[("range", "bytes=70000-70001")]);
    assert_eq!(headers(&chunk)["content-range"], "bytes 65536-131071/150000");
    let other = gateway.get("GET", &url, &[("range", "bytes=70000-"), ("if-range", "\"other\"")]);
    assert_eq!(headers(&other)["content-range"], "bytes 0-65535/150000");
    let same = headers(&chunk)["etag"].to_owned();
    let same = gateway.get("GET", &url, &[("range", "bytes=70000-"), ("if-range", &same)]);
    assert_eq!(headers(&same)["content-range"], "bytes 65536-131071/150000");
    let tags = vec!["\"other\""; 10_000].join(", ");
    assert_eq!(gateway.get("GET", &url, &[("if-none-match", &tags)]).status_code, 206);
    let weak = format!("{tags}, W/\"{}\"", file.sha256());
    assert_eq!(gateway.get("GET", &url, &[("if-none-match", &weak)]).status_code, 304);
    let modified = headers(&chunk)["last-modified"].to_owned();
    for (date, status) in
        [(modified.as_str(), 304), ("Thu, 01 Jan 1970 00:00:00 GMT", 206), ("yesterday", 206)]
    {
        assert_eq!(gateway.get("GET", &url, &[("if-modified-since", date)]).status_code, status, "{date}");
    }
    // Paths that no answer can be verified on are refused plainly.
    let (_, response) = gateway.ask("GET", "/%ff", &[]);
    assert_eq!(response.status_code, 400);
    assert_eq!(gateway.ask("NONSENSE", &url, &[]).1.status_code, 405);
    assert_eq!(gateway.ask("get", &url, &[]).1.status_code, 405);
    assert_eq!(gateway.ask("GET", "", &[]).1.status_code, 404);
}

/// Small files that are published one after the other; each costs as much as the others, however many there are, and
/// what an answer and an upgrade cost does not depend on their number either.
#[test]
fn costs_stay_flat_with_the_number_of_assets() {
    const MOST: u64 = 10_000;
    let darkroom = Darkroom::on(network_with_root_key(), Some(files_from_all(api::Limits::default())));
    let gateway = Gateway::new(&darkroom);
    let spent = |action: &dyn Fn()| {
        let before = darkroom.network.cycle_balance(darkroom.id);
        action();
        before - darkroom.network.cycle_balance(darkroom.id)
    };
    let publish = |number: u64| darkroom.whole_as(principal(1), &File::new(number, 100), None).unwrap();
    let asked = |url: &str| {
        let request = api::HttpRequest {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new().into(),
            certificate_version: Some(2),
        };
        let response: api::HttpResponse = darkroom.update("http_request", (request,));
        assert_eq!(response.status_code, 200);
    };
    let first = publish(0);
    let url = format!("/{}/original", first.id);
    let mut number = 1;
    let mut costs_at = |count: u64| {
        while number + 20 < count {
            publish(number);
            number += 1;
        }
        let added = spent(&|| (number..number + 20).for_each(|number| drop(publish(number)))) / 20;
        number += 20;
        (added, spent(&|| asked(&url)), spent(&|| darkroom.upgrade()))
    };
    let few = costs_at(100);
    let many = costs_at(MOST);
    println!("cycles of (publishing, answering, upgrading) with 100 and {MOST} items: {few:?}, {many:?}");
    for (few, many) in [(few.0, many.0), (few.1, many.1), (few.2, many.2)] {
        assert!(many < few + few / 2, "{few} cycles, then {many}");
    }
    // And all of it is certified.
    let last = publish(MOST);
    for item in [&first, &last] {
        assert_served(&gateway, item, &[File::new(if item.id == first.id { 0 } else { MOST }, 100).bytes()]);
    }
    assert_missing(&gateway, &[format!("/{}/nothing", last.id), "/aaaaaaaaaaaaaaaa/original".to_owned()]);
}
