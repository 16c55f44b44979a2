//! Private assets that a token opens: verified as gateways verify, and nothing of them without it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candid::Principal;
use darkroom_api as api;
use darkroom_tests::{Darkroom, File, Gateway, files_from_all, network_with_root_key, principal};

const CHUNK: u32 = 65_536;

fn darkroom() -> Darkroom {
    let limits = api::Limits { chunk_size: Some(CHUNK), ..Default::default() };
    Darkroom::on(network_with_root_key(), Some(files_from_all(limits)))
}

/// A file of the owner's with the number 1.
fn store(darkroom: &Darkroom, file: &File, visibility: api::Visibility) -> api::Item {
    let declared = api::BeginUpload { visibility: Some(visibility), ..file.declared(true, None) };
    let upload = darkroom.begin_as(principal(1), &declared).unwrap();
    for index in 0..file.chunks(upload.chunk_size) {
        darkroom.put_of(principal(1), &upload, file, index).unwrap();
    }
    darkroom.finish_as(principal(1), upload.session).unwrap().item
}

fn create(darkroom: &Darkroom, who: Principal, item: &str, seconds: u64) -> api::Result<api::CreatedToken> {
    let args = api::CreateToken {
        item: item.to_owned(),
        asset: "original".to_owned(),
        lifetime_seconds: Some(seconds),
    };
    darkroom.update_as(who, "create_token", (args,))
}

fn revoke(darkroom: &Darkroom, who: Principal, token: &api::Token) -> api::Result<()> {
    darkroom.update_as(who, "revoke_token", (&token.id,))
}

fn header<'a>(response: &'a api::HttpResponse, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// All of an answer but its certificate.
fn shown(mut response: api::HttpResponse) -> (u16, Vec<(String, String)>, Vec<u8>) {
    response.headers.retain(|(name, _)| name != "ic-certificate");
    response.headers.sort();
    (response.status_code, response.headers, response.body.into_vec())
}

/// That each path is answered as one where nothing ever was, by any method, and that this verifies.
fn assert_nothing(gateway: &Gateway<'_>, urls: &[String]) {
    let anything: &[(&str, &str)] = &[("range", "bytes=0-0"), ("if-none-match", "*")];
    for method in ["GET", "HEAD", "POST", "OPTIONS"] {
        let nothing = shown(gateway.get(method, "/nothing", &[]));
        for url in urls {
            assert_eq!(shown(gateway.get(method, url, &[])), nothing, "{method} {url}");
            assert_eq!(shown(gateway.get(method, url, anything)), nothing, "{method} {url}");
        }
    }
}

/// All answers that a token opens.
fn assert_open(gateway: &Gateway<'_>, path: &str, file: &File) {
    let size = file.size;
    let (first, bytes) = gateway.whole(path);
    assert_eq!(first.status_code, if size > u64::from(CHUNK) { 206 } else { 200 });
    assert!(bytes == file.bytes(), "{path}: other bytes");
    let etag = header(&first, "etag").unwrap();
    assert!(!etag.contains(&file.sha256().to_string()), "the tag names the content");
    let head = gateway.get("HEAD", path, &[]);
    assert_eq!((head.status_code, head.body.len()), (200, 0));
    assert_eq!(header(&head, "content-length"), Some(size.to_string().as_str()));
    let unchanged = gateway.get("GET", path, &[("if-none-match", etag)]);
    assert_eq!((unchanged.status_code, unchanged.body.len()), (304, 0));
    let beyond = gateway.get("GET", path, &[("range", &format!("bytes={size}-"))]);
    assert_eq!(beyond.status_code, 416);
    assert_eq!(header(&beyond, "content-range"), Some(format!("bytes */{size}").as_str()));
    let last = gateway.get("GET", path, &[("range", "bytes=-1")]);
    assert_eq!((last.status_code, last.body.last()), (206, file.bytes().last()));
    for response in [&first, &head, &unchanged, &beyond, &last] {
        assert_eq!(header(response, "cache-control"), Some("private, no-store"));
        assert_eq!(header(response, "referrer-policy"), Some("no-referrer"));
        assert_eq!(header(response, "x-robots-tag"), Some("noindex"));
        assert_eq!(header(response, "x-content-type-options"), Some("nosniff"));
    }
    for method in ["POST", "DELETE", "OPTIONS"] {
        let refused = gateway.get(method, path, &[]);
        assert_eq!((refused.status_code, header(&refused, "allow")), (405, Some("GET, HEAD")));
    }
}

#[test]
fn a_token_opens_one_asset_and_nothing_else_does() {
    let darkroom = darkroom();
    let gateway = Gateway::new(&darkroom);
    // One chunk; a few; as many as have a tree of answers beside them.
    let files = [File::new(1, 5000), File::new(2, 150_000), File::new(3, 2_000_000)];
    let items = files.each_ref().map(|file| store(&darkroom, file, api::Visibility::Private));
    let public = store(&darkroom, &File::new(4, 5000), api::Visibility::Public);
    let shared = items.each_ref().map(|item| create(&darkroom, principal(1), &item.id, 3600).unwrap());
    let second = create(&darkroom, principal(1), &items[2].id, 3600).unwrap();

    let mut nothing: Vec<String> = Vec::new();
    for ((item, token), file) in items.iter().zip(&shared).zip(&files) {
        let segments: Vec<_> = token.path.split('/').collect();
        let with = |at: usize, text: &str| {
            let mut segments = segments.clone();
            segments[at] = text;
            segments.join("/")
        };
        nothing.extend([
            format!("/{}/original", item.id),
            format!("/{}", item.id),
            format!("/sha256/{}", file.sha256()),
            format!("/private/{}/original", item.id),
            with(2, &"7".repeat(32)),
            with(3, &"7".repeat(32)),
            with(3, second.path.split('/').nth(3).unwrap()),
            with(4, &public.id),
            with(5, "thumbnail"),
            with(5, "original/"),
            segments[..3].join("/"),
            format!("{}/", segments[..3].join("/")),
            segments[..4].join("/"),
        ]);
    }
    nothing
        .extend(["/private", "/private/", "/private/%3C*%3E", "/private/%3C*%3E/a/b/c"].map(str::to_owned));
    for upgraded in [false, true] {
        if upgraded {
            darkroom.upgrade();
        }
        for (token, file) in shared.iter().chain([&second]).zip(files.iter().chain([&files[2]])) {
            assert_open(&gateway, &token.path, file);
        }
        assert_nothing(&gateway, &nothing);
        assert_eq!(gateway.get("GET", &format!("/{}/original", public.id), &[]).status_code, 200);
    }

    // Another owner may not share, end or see; its answers are those for what is not there.
    for item in [items[0].id.as_str(), "aaaaaaaaaaaaaaaa"] {
        assert_eq!(create(&darkroom, principal(2), item, 3600).unwrap_err().code, "item_not_found");
    }
    let refused = revoke(&darkroom, principal(2), &shared[0].token).unwrap_err();
    assert_eq!(refused.code, "token_not_found");
    let list = |who| -> api::Result<api::TokenPage> {
        darkroom.query_as(who, "list_tokens", (api::ListTokens::default(),))
    };
    assert_eq!(list(principal(1)).unwrap().tokens.len(), 4);
    assert_eq!(list(principal(2)).unwrap().tokens.len(), 0);
    // A controller may, whoever the owner is.
    let controllers = create(&darkroom, darkroom.owner, &items[0].id, 3600).unwrap();
    assert_open(&gateway, &controllers.path, &files[0]);

    // Revoked; and gone with the item, however many there are.
    revoke(&darkroom, darkroom.owner, &controllers.token).unwrap();
    revoke(&darkroom, principal(1), &second.token).unwrap();
    assert_nothing(&gateway, &[controllers.path, second.path]);
    assert_open(&gateway, &shared[2].path, &files[2]);
    for (item, token) in items.iter().zip(&shared) {
        darkroom.delete_as(principal(1), &item.id).unwrap();
        assert_nothing(&gateway, std::slice::from_ref(&token.path));
    }
    assert_eq!(list(principal(1)).unwrap().tokens.len(), 0);
    darkroom.delete_as(principal(1), &public.id).unwrap();
    darkroom.freed();
    assert_eq!((darkroom.store().chunks, darkroom.store().bytes), (0, 0));
}

#[test]
fn a_token_opens_nothing_from_its_last_moment_on() {
    let darkroom = darkroom();
    let gateway = Gateway::new(&darkroom);
    let file = File::new(1, 150_000);
    let item = store(&darkroom, &file, api::Visibility::Private);
    let short = create(&darkroom, principal(1), &item.id, 60).unwrap();
    let long = create(&darkroom, principal(1), &item.id, 7200).unwrap();
    assert_open(&gateway, &short.path, &file);
    // Before a timer has ended it, and after.
    darkroom.network.advance_time(std::time::Duration::from_secs(61));
    darkroom.network.tick();
    assert_nothing(&gateway, std::slice::from_ref(&short.path));
    assert_eq!(revoke(&darkroom, principal(1), &short.token).unwrap_err().code, "token_not_found");
    darkroom.later(700);
    assert_nothing(&gateway, std::slice::from_ref(&short.path));
    assert_open(&gateway, &long.path, &file);
    darkroom.later(7200);
    assert_nothing(&gateway, &[short.path, long.path]);
}

#[test]
fn what_is_altered_does_not_verify() {
    let darkroom = darkroom();
    let gateway = Gateway::new(&darkroom);
    let files = [File::new(1, 5000), File::new(2, 5000)];
    let items = files.each_ref().map(|file| store(&darkroom, file, api::Visibility::Private));
    let [one, other] = items.map(|item| create(&darkroom, principal(1), &item.id, 3600).unwrap());
    let (request, response) = gateway.ask("GET", &one.path, &[]);
    gateway.verify(&request, &response).unwrap();
    let refused = |change: &dyn Fn(&mut api::HttpResponse)| {
        let mut altered = response.clone();
        change(&mut altered);
        assert!(gateway.verify(&request, &altered).is_err(), "{altered:?}");
    };
    refused(&|response| response.body.push(0));
    refused(&|response| response.status_code = 404);
    for index in 0..response.headers.len() {
        refused(&|response| {
            response.headers.remove(index);
        });
        refused(&|response| response.headers[index].1.push('x'));
    }
    // The answer of another token, and that of paths where nothing is, are none here.
    for url in [other.path.as_str(), "/nothing", "/private/nothing"] {
        let (_, response) = gateway.ask("GET", url, &[]);
        assert!(gateway.verify(&request, &response).is_err(), "{url}");
    }
    let (_, head) = gateway.ask("HEAD", &one.path, &[]);
    assert!(gateway.verify(&request, &head).is_err());
}
