//! Origins that may read what is served: every answer says so, certified, to each of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use darkroom_api as api;
use darkroom_tests::{Darkroom, File, Gateway, files_from_all, network_with_root_key, principal};

const A: &str = "https://a.example";
const B: &str = "http://localhost:8080";
const OTHER: &str = "https://other.example";

fn upload(darkroom: &Darkroom, file: &File, visibility: api::Visibility) -> api::Item {
    let declared = api::BeginUpload { visibility: Some(visibility), ..file.declared(true, None) };
    let upload = darkroom.begin_as(principal(1), &declared).unwrap();
    for index in 0..file.chunks(upload.chunk_size) {
        darkroom.put_of(principal(1), &upload, file, index).unwrap();
    }
    darkroom.finish_as(principal(1), upload.session).unwrap().item
}

fn configure(darkroom: &Darkroom, cors: api::Cors) {
    darkroom.configure(api::InitArgs { cors: Some(cors), ..Default::default() });
}

fn origins(origins: &[&str]) -> api::Cors {
    api::Cors::Origins(origins.iter().map(|origin| (*origin).to_owned()).collect())
}

fn header<'a>(response: &'a api::HttpResponse, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// That every kind of answer on each of these paths verifies and is for `told` when `origin` asks.
fn assert_told(gateway: &Gateway<'_>, urls: &[String], origin: Option<&str>, told: &str, varies: bool) {
    let from = |more: &[(&'static str, &'static str)]| {
        let origin = origin.map(|origin| ("Origin", origin.to_owned()));
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
        origin.into_iter().chain(more).collect::<Vec<_>>()
    };
    let last = from(&[("range", "bytes=-1")]);
    let beyond = from(&[("range", "bytes=99999999-")]);
    let unchanged = from(&[("if-none-match", "*")]);
    for url in urls {
        let asked = [
            ("GET", &from(&[]), &[200, 206, 404][..]),
            ("HEAD", &from(&[]), &[200, 404]),
            ("GET", &last, &[206, 404]),
            ("GET", &beyond, &[416, 404]),
            ("GET", &unchanged, &[304, 404]),
            ("OPTIONS", &from(&[]), &[405]),
        ];
        for (method, headers, statuses) in asked {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let response = gateway.get(method, url, &headers);
            assert!(statuses.contains(&response.status_code), "{method} {url}: {}", response.status_code);
            assert_eq!(header(&response, "access-control-allow-origin"), Some(told), "{method} {url}");
            assert_eq!(header(&response, "vary").is_some(), varies, "{method} {url}");
        }
    }
}

#[test]
fn answers_are_for_the_origins_that_are_configured() {
    let limits = api::Limits { chunk_size: Some(65_536), ..Default::default() };
    let darkroom = Darkroom::on(network_with_root_key(), Some(files_from_all(limits)));
    let gateway = Gateway::new(&darkroom);
    // One chunk, a few, and as many as have a tree beside them; and one of these behind a token.
    let files = [File::new(1, 5000), File::new(2, 150_000), File::new(3, 1_000_000)];
    let mut urls: Vec<String> = ["/nothing", "/private/nothing"].map(str::to_owned).to_vec();
    for file in &files {
        let item = upload(&darkroom, file, api::Visibility::Public);
        urls.push(format!("/{}/original", item.id));
        urls.push(format!("/sha256/{}", file.sha256()));
    }
    for seed in 4..6 {
        let private = upload(&darkroom, &File::new(seed, 400_000 * (seed - 3)), api::Visibility::Private);
        let wanted =
            api::CreateToken { item: private.id, asset: "original".to_owned(), lifetime_seconds: None };
        let created: api::Result<api::CreatedToken> =
            darkroom.update_as(principal(1), "create_token", (wanted,));
        let path = created.unwrap().path;
        urls.push(format!("{path}/more"));
        urls.push(path);
    }
    assert_told(&gateway, &urls, Some(OTHER), "*", false);

    configure(&darkroom, origins(&[A, B]));
    // Whether its turn has come or not, an answer verifies.
    for url in &urls {
        let told = gateway.get("GET", url, &[("origin", B)]);
        assert!(["*", B].contains(&header(&told, "access-control-allow-origin").unwrap()));
    }
    darkroom.certified();
    for upgraded in [false, true] {
        if upgraded {
            darkroom.upgrade();
        }
        for (origin, told) in [(Some(A), A), (Some(B), B), (Some(OTHER), A), (None, A)] {
            assert_told(&gateway, &urls, origin, told, true);
        }
    }
    let (request, response) = gateway.ask("GET", &urls[2], &[("origin", OTHER)]);
    gateway.verify(&request, &response).unwrap();
    for other in ["*", OTHER, "null"] {
        let mut altered = response.clone();
        let value = altered.headers.iter_mut().find(|(name, _)| name == "access-control-allow-origin");
        value.unwrap().1 = other.to_owned();
        assert!(gateway.verify(&request, &altered).is_err(), "{other}");
    }

    let cases =
        [(origins(&[B]), B, B), (origins(&[]), "https://nobody.invalid", A), (api::Cors::Any, "*", A)];
    for (cors, told, origin) in cases {
        configure(&darkroom, cors);
        darkroom.certified();
        assert_told(&gateway, &urls, Some(origin), told, false);
    }
}
