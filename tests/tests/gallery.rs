//! Documents: the descriptions of items, and the gallery. Each answer is checked as gateways check it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use darkroom_api::document::{Entry, Head, Item, Page};
use darkroom_api::{self as api, provenance};
use darkroom_core::Digest;
use darkroom_tests::{
    Darkroom, File, Gateway, Photo, derivatives, network_with_root_key, put_assets_args, small_photos,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const JSON: &str = "application/json";
const FILES: [(&str, &str); 7] = [
    ("/", "text/html; charset=utf-8"),
    ("/gallery/gallery.css", "text/css; charset=utf-8"),
    ("/gallery/gallery.js", "text/javascript; charset=utf-8"),
    ("/gallery/pages.js", "text/javascript; charset=utf-8"),
    ("/gallery/thumbhash.js", "text/javascript; charset=utf-8"),
    ("/gallery/tile.js", "text/javascript; charset=utf-8"),
    ("/gallery/viewer.js", "text/javascript; charset=utf-8"),
];

fn darkroom(gallery: Option<bool>) -> Darkroom {
    let darkroom =
        Darkroom::on(network_with_root_key(), Some(api::InitArgs { gallery, ..Default::default() }));
    darkroom.take_files();
    darkroom
}

fn switch(darkroom: &Darkroom, on: bool) {
    darkroom.configure(api::InitArgs { gallery: Some(on), ..Default::default() });
}

/// Publishes a photo with its three derivatives in one call.
fn publish(darkroom: &Darkroom, photo: &Photo, visibility: Option<api::Visibility>) -> api::Item {
    let made = derivatives(photo).unwrap();
    let upload = api::BeginUpload {
        pipeline: None,
        file_name: photo.name.clone(),
        media_type: photo.media_type.to_owned(),
        size: photo.bytes.len() as u64,
        sha256: Some(photo.sha256().0.into()),
        visibility,
        idempotency_key: None,
    };
    let assets = put_assets_args("", &made).assets;
    let args = api::UploadWhole { upload, bytes: photo.bytes.clone().into(), assets };
    let item = darkroom.update::<api::Result<api::Item>>("upload_whole", (args,)).unwrap();
    assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::PUBLISHED, 4));
    item
}

fn headers(response: &api::HttpResponse) -> BTreeMap<&str, &str> {
    response.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// All answers on the path of a document; gives its body.
fn assert_document(gateway: &Gateway<'_>, url: &str, media: &str) -> Vec<u8> {
    let whole = gateway.get("GET", url, &[]);
    assert_eq!(whole.status_code, 200, "{url}");
    let found = headers(&whole);
    let etag = format!("\"{}\"", Digest::of(&whole.body));
    assert_eq!((found["content-type"], found["etag"]), (media, etag.as_str()), "{url}");
    assert_eq!((found["cache-control"], found["x-content-type-options"]), ("no-cache", "nosniff"));
    let policy = found["content-security-policy"];
    assert!(policy.starts_with("default-src 'none'; "), "{url}: {policy}");
    assert_eq!(policy.contains("script-src 'self'"), url == "/", "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");

    let head = gateway.get("HEAD", url, &[]);
    assert_eq!((head.status_code, head.body.len()), (200, 0));
    assert_eq!(headers(&head)["content-length"], whole.body.len().to_string());
    for method in ["GET", "HEAD"] {
        for tag in [etag.as_str(), &format!("\"other\", W/{etag}"), "*"] {
            let unchanged = gateway.get(method, url, &[("if-none-match", tag)]);
            assert_eq!((unchanged.status_code, unchanged.body.len()), (304, 0), "{url} {tag}");
            assert_eq!(headers(&unchanged)["etag"], etag);
        }
    }
    for header in [("if-none-match", "\"other\""), ("range", "bytes=1-2")] {
        assert_eq!(gateway.get("GET", url, &[header]).body, whole.body, "{url} {header:?}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let refused = gateway.get(method, url, &[]);
        assert_eq!((refused.status_code, headers(&refused)["allow"]), (405, "GET, HEAD"));
    }
    whole.body.into_vec()
}

fn read<T: DeserializeOwned>(gateway: &Gateway<'_>, url: &str) -> T {
    serde_json::from_slice(&assert_document(gateway, url, JSON)).unwrap()
}

fn assert_missing(gateway: &Gateway<'_>, urls: &[&str]) {
    for url in urls {
        assert_eq!(gateway.get("GET", url, &[]).status_code, 404, "{url}");
        assert_eq!(gateway.get("HEAD", url, &[]).status_code, 404, "{url}");
        assert_eq!(gateway.get("POST", url, &[]).status_code, 405, "{url}");
    }
}

/// All entries, the newest first, and how many pages they are on.
fn entries(gateway: &Gateway<'_>) -> (Vec<Entry>, usize) {
    let head: Head = read(gateway, "/gallery/head.json");
    let (mut entries, mut pages, mut next) = (Vec::new(), 0, head.newest);
    while let Some(number) = next {
        let page: Page = read(gateway, &format!("/gallery/pages/{number}.json"));
        assert!(page.page == number && (1..=16).contains(&page.entries.len()), "{page:?}");
        entries.extend(page.entries);
        (pages, next) = (pages + 1, page.older);
    }
    assert_eq!(head.count, entries.len() as u64);
    (entries, pages)
}

fn ids(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.id.as_str()).collect()
}

/// Where the first page begins.
const FIRST: &str = "/gallery/pages/0-aaaaaaaaaaaaaaaa.json";

/// Paths beside those of documents, on which nothing is whether there is a gallery or not.
const NOWHERE: [&str; 16] = [
    "/index.html",
    "/%3C$%3E",
    "/gallery",
    "/gallery/",
    "/gallery/nothing.js",
    "/gallery/Gallery.js",
    "/gallery/head.json/",
    "/gallery/head.json/more",
    "/gallery/gallery.js/%3C$%3E",
    "/gallery/pages",
    "/gallery/pages/",
    "/gallery/pages/0-aaaaaaaaaaaaaaaa",
    "/gallery/pages/00-aaaaaaaaaaaaaaaa.json",
    "/gallery/pages/9-aaaaaaaaaaaaaaaa.json",
    "/gallery/pages/0-aaaaaaaaaaaaaaaa.json/more",
    "/gallery/pages/0-aaaaaaaaaaaaaaaa.json/%3C$%3E",
];

#[test]
fn a_gallery_is_there_when_it_is_switched_on_and_items_are_described_always() {
    let darkroom = darkroom(None);
    let gateway = Gateway::new(&darkroom);
    let of_gallery: Vec<&str> = FILES.iter().map(|(url, _)| *url).collect();
    let of_gallery = [of_gallery, vec!["/gallery/head.json", FIRST]].concat();
    assert_missing(&gateway, &of_gallery);
    switch(&darkroom, true);
    assert_missing(&gateway, &[FIRST]);
    assert_eq!(read::<Head>(&gateway, "/gallery/head.json"), Head { count: 0, newest: None });

    let photos = small_photos();
    let items: Vec<_> = photos.iter().map(|photo| publish(&darkroom, photo, None)).collect();
    let private = publish(&darkroom, &photos[0], Some(api::Visibility::Private));
    let pipeline = Some("file".to_owned());
    let file = File::new(1, 1000);
    let upload = api::BeginUpload { pipeline, ..file.declared(true, None) };
    let args = api::UploadWhole { upload, bytes: file.bytes().into(), assets: Vec::new() };
    let file: api::Item = darkroom.update::<api::Result<_>>("upload_whole", (args,)).unwrap();
    let expected: Vec<&str> = items.iter().rev().map(|item| item.id.as_str()).collect();
    let private_paths = [
        format!("/{}", private.id),
        format!("/{}/", private.id),
        format!("/{}/{}", private.id, "thumbnail"),
        format!("/{}/", items[0].id),
        format!("/{}/%3C$%3E", items[0].id),
        format!("/{}/%3C$%3E/more", items[0].id),
        format!("/{}/original/%3C$%3E", items[0].id),
        format!("/{}/{}", items[0].id, items[0].id),
    ];
    let mut nowhere: Vec<&str> = private_paths.iter().map(String::as_str).collect();
    nowhere.extend(NOWHERE);

    // Init, configuration and upgrades leave it as it was switched last.
    for step in ["on", "upgraded", "off", "upgraded", "on"] {
        match step {
            "upgraded" => darkroom.upgrade(),
            _ => switch(&darkroom, step == "on"),
        }
        let is_on = gateway.get("GET", "/", &[]).status_code == 200;
        if step != "upgraded" {
            assert_eq!(is_on, step == "on");
        }
        for (url, media) in FILES.iter().filter(|_| is_on) {
            assert!(!assert_document(&gateway, url, media).is_empty());
        }
        if is_on {
            assert_eq!(ids(&entries(&gateway).0), expected);
        } else {
            assert_missing(&gateway, &of_gallery);
        }
        assert_missing(&gateway, &nowhere);
        for item in items.iter().chain([&file]) {
            let found: Item = read(&gateway, &format!("/{}", item.id));
            assert_eq!((&found.id, found.assets.len()), (&item.id, item.assets.len()));
            assert_eq!(found.gallery.is_some(), item.id != file.id);
        }
    }
    for item in items.iter().chain([&file]) {
        darkroom.delete_as(darkroom.owner, &item.id).unwrap();
        assert_missing(&gateway, &[&format!("/{}", item.id), &format!("/{}/original", item.id)]);
    }
    assert_eq!(entries(&gateway), (Vec::new(), 0));
    assert_missing(&gateway, &nowhere);
}

#[test]
fn a_description_says_what_is_known_of_an_item() {
    let darkroom = darkroom(Some(true));
    let gateway = Gateway::new(&darkroom);
    let photo = Photo { name: "Grüße \"1\" <b>.jpg".to_owned(), ..small_photos().swap_remove(1) };
    let item = publish(&darkroom, &photo, None);
    let found: Value = read(&gateway, &format!("/{}", item.id));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (asset, wire) in found["assets"].as_array().unwrap().iter().zip(&item.assets) {
        let sha256 = hex(wire.sha256.as_slice());
        let path = asset["path"].as_str().unwrap();
        assert_eq!(path, format!("/{}/{}", item.id, wire.name));
        assert_eq!(asset["content_path"], format!("/sha256/{sha256}"));
        assert_eq!((&asset["sha256"], &asset["size"]), (&json!(sha256), &json!(wire.size)));
        assert_eq!((&asset["width"], &asset["height"]), (&json!(wire.width), &json!(wire.height)));
        let (_, bytes) = gateway.whole(path);
        assert_eq!(Digest::of(&bytes).to_string(), sha256);
        assert_eq!(bytes, gateway.whole(asset["content_path"].as_str().unwrap()).1);
        match &wire.recipe {
            None => assert_eq!(asset["provenance"], provenance::UPLOADED),
            Some(recipe) => {
                assert_eq!(asset["provenance"], provenance::CLAIMED);
                let expected = json!({
                    "source": recipe.source,
                    "source_sha256": hex(recipe.source_sha256.as_slice()),
                    "processor": recipe.processor,
                    "version": recipe.version,
                    "params": serde_json::from_str::<Value>(&recipe.params).unwrap(),
                    "placement": "client",
                });
                assert_eq!(asset["recipe"], expected);
            }
        }
    }
    let placeholder = &found["assets"][3];
    let data = placeholder["data"]["base64"].as_str().unwrap();
    assert_eq!(data, found["gallery"]["placeholder"]);
    assert_eq!(data.len() as u64, placeholder["size"].as_u64().unwrap().div_ceil(3) * 4);
    assert!(found["assets"][0].get("recipe").is_none() && found["assets"][0].get("data").is_none());
    assert_eq!((&found["file_name"], &found["media_type"]), (&json!(photo.name), &json!("image/jpeg")));
    assert_eq!((&found["size"], &found["pipeline"]), (&json!(photo.bytes.len()), &json!("photo")));
    for (time, nanos) in [("created_at", item.created_at), ("published_at", item.published_at.unwrap())] {
        let text = found[time].as_str().unwrap();
        assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
        assert!(text[20..23] == format!("{:03}", nanos / 1_000_000 % 1000), "{text} {nanos}");
    }
    let (thumbnail, preview) = (&found["gallery"]["thumbnail"], &found["gallery"]["preview"]);
    assert_eq!(*thumbnail, json!({ "asset": "thumbnail", "width": 320, "height": 320 }));
    assert_eq!(*preview, json!({ "asset": "preview", "width": 1200, "height": 900 }));
    assert_eq!(found["gallery"]["file_name"], photo.name);
}

fn ids_of(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

/// Small photos of one picture, each of its own name.
fn publish_many(darkroom: &Darkroom, count: usize) -> Vec<String> {
    let photo = Photo::jpeg(64, 48, 80, 1);
    let named = |number| Photo { name: format!("{number}.jpg"), ..photo.clone() };
    (0..count).map(|number| publish(darkroom, &named(number), None).id).collect()
}

#[test]
fn pages_hold_sixteen_and_lead_past_what_is_deleted() {
    let darkroom = darkroom(Some(true));
    let gateway = Gateway::new(&darkroom);
    let mut expected = publish_many(&darkroom, 53);
    expected.reverse();
    let check = |expected: &[String], pages: usize| {
        let (found, on) = entries(&gateway);
        assert_eq!((ids(&found), on), (ids_of(expected), pages));
    };
    check(&expected, 4);
    let second: Page = read(&gateway, FIRST);
    assert_eq!((ids(&second.entries), second.older), (ids_of(&expected[37..]), None));
    // All of a page in the middle (numbers 16 to 31), one by one; then the newest, the oldest, and some.
    let place = |number: usize| 52 - number;
    let middle: Vec<String> = expected[place(31)..=place(16)].to_vec();
    for (count, id) in middle.iter().enumerate() {
        darkroom.delete_as(darkroom.owner, id).unwrap();
        expected.retain(|other| other != id);
        check(&expected, if count == 15 { 3 } else { 4 });
    }
    for id in [0, 0, 0, 0, 0, expected.len() - 6, 3, 7] {
        darkroom.delete_as(darkroom.owner, &expected.remove(id)).unwrap();
    }
    check(&expected, 2);
    darkroom.upgrade();
    check(&expected, 2);
    // New ones come first.
    let mut more = publish_many(&darkroom, 20);
    more.reverse();
    check(&[more, expected].concat(), 4);
}

#[test]
fn what_is_altered_does_not_verify() {
    let darkroom = darkroom(Some(true));
    let gateway = Gateway::new(&darkroom);
    let item = publish(&darkroom, &small_photos()[0], None);
    let description = format!("/{}", item.id);
    let urls = ["/", "/gallery/gallery.js", "/gallery/head.json", FIRST, &description];
    let answers = urls.map(|url| gateway.ask("GET", url, &[]));
    for (at, (request, response)) in answers.iter().enumerate() {
        gateway.verify(request, response).unwrap();
        let refused = |change: &dyn Fn(&mut api::HttpResponse)| {
            let mut altered = response.clone();
            change(&mut altered);
            assert!(gateway.verify(request, &altered).is_err(), "{}: {altered:?}", request.url);
        };
        refused(&|response| response.body.push(b' '));
        refused(&|response| response.body[0] ^= 1);
        refused(&|response| response.status_code = 404);
        for index in 0..response.headers.len() {
            refused(&|response| response.headers[index].1.push('x'));
            refused(&|response| drop(response.headers.remove(index)));
        }
        for (_, other) in answers.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, pair)| pair) {
            assert!(gateway.verify(request, other).is_err(), "{}: the answer of another path", request.url);
        }
        let (_, missing) = gateway.ask("GET", "/nothing", &[]);
        assert!(gateway.verify(request, &missing).is_err(), "{}: 404", request.url);
    }
    // What was true before a change is not what is certified now.
    let (request, old) = gateway.ask("GET", FIRST, &[]);
    publish(&darkroom, &small_photos()[3], None);
    let (_, new) = gateway.ask("GET", FIRST, &[]);
    let proof = |response: &api::HttpResponse| headers(response)["ic-certificate"].to_owned();
    let mut stale = old.clone();
    stale.headers.retain(|(name, _)| name != "ic-certificate");
    stale.headers.push(("ic-certificate".to_owned(), proof(&new)));
    gateway.verify(&request, &new).unwrap();
    assert!(gateway.verify(&request, &stale).is_err());
}

/// What a publication costs does not depend on how many there were.
#[test]
fn costs_stay_flat_with_the_number_of_photos() {
    const MOST: usize = 800;
    let darkroom = darkroom(Some(true));
    let gateway = Gateway::new(&darkroom);
    let photo = Photo::jpeg(640, 480, 85, 1);
    let balance = || darkroom.network.cycle_balance(darkroom.id);
    let spent = |action: &mut dyn FnMut()| {
        let before = balance();
        action();
        before - balance()
    };
    let sixteen = || {
        let mut last = String::new();
        let published = spent(&mut || (0..16).for_each(|_| last = publish(&darkroom, &photo, None).id)) / 16;
        let deleted = spent(&mut || {
            darkroom.delete_as(darkroom.owner, &last).unwrap();
        });
        (published, deleted)
    };
    publish_many(&darkroom, 32);
    let few = sixteen();
    publish_many(&darkroom, MOST - 48);
    let many = sixteen();
    switch(&darkroom, false);
    let off = sixteen();
    println!(
        "cycles of (publishing, deleting): {few:?} of 48 photos, {many:?} of {MOST}, {off:?} switched off"
    );
    for (few, many) in [(few.0, many.0), (few.1, many.1)] {
        assert!(many < few + few / 4, "{few} cycles, then {many}");
    }
    switch(&darkroom, true);
    let (found, _) = entries(&gateway);
    assert_eq!(found.len(), MOST + 2 * 16 - 3);
}
