//! Certifying anew: in pieces, over upgrades, and never a 404 where something is.

use base64::Engine as _;

use super::*;
use crate::store::Walk;

const CONTROLLER: Caller = Caller { principal: Principal::anonymous(), controller: true };

const ITEMS: usize = 3000;

fn publish(service: &mut TestService, seed: usize, visibility: api::Visibility) -> api::Item {
    let bytes = bytes_of(100 + seed, seed);
    let upload = api::BeginUpload { visibility: Some(visibility), ..declaration(&bytes, true, None) };
    let args = api::UploadWhole { upload, bytes: bytes.clone().into(), assets: Vec::new() };
    service.upload_whole(message(owner(1), 1), &args).unwrap()
}

fn share(service: &mut TestService, item: &api::Item, seed: u64) -> String {
    let args =
        api::CreateToken { item: item.id.clone(), asset: "original".to_owned(), lifetime_seconds: None };
    service.create_token(owner(1), 2, &args, Digest::of(&seed.to_be_bytes()).0).unwrap().path
}

fn status(service: &TestService, url: &str) -> u16 {
    let request = api::HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new().into(),
        certificate_version: Some(2),
    };
    let response = super::respond(service, &request, 2);
    let has = |name: &str| response.headers.iter().any(|(found, _)| found == name);
    assert_eq!(
        (has("ic-certificate"), has("retry-after")),
        match response.status_code {
            503 => (false, true),
            _ => (true, false),
        }
    );
    response.status_code
}

/// What an upgrade that brings another form does.
fn reopened_in_another_form(memory: &VectorMemory, mut service: TestService) -> TestService {
    service.store.certified.paths.begin(u32::MAX);
    drop(service);
    open(memory, api::Limits::default())
}

/// Certifies so many pieces.
fn certify(service: &mut TestService, pieces: usize) -> bool {
    let left = std::cell::Cell::new(pieces);
    let enough = || {
        left.set(left.get() - 1);
        left.get() == 0
    };
    service.certify_some(enough).unwrap()
}

#[test]
fn what_is_there_is_served_or_pending_until_all_of_it_is_served() {
    let memory = VectorMemory::default();
    let mut service = open(&memory, api::Limits::default());
    assert!(!service.is_certifying(), "there is nothing in a fresh canister");
    let mut urls = Vec::new();
    for seed in 0..ITEMS {
        let item = publish(&mut service, seed, api::Visibility::Public);
        urls.push(format!("/{}/original", item.id));
        urls.push(format!("/sha256/{}", crate::hex::text(&*item.assets[0].sha256)));
    }
    let mut hidden = Vec::new();
    for seed in ITEMS..ITEMS + 50 {
        let item = publish(&mut service, seed, api::Visibility::Private);
        urls.push(share(&mut service, &item, seed as u64));
        hidden.push(format!("/{}/original", item.id));
    }
    let root = service.root();
    let never = ["/nothing", "/sha256/nothing", "/private/nothing", "/private", "/a/b/c"];

    let mut service = reopened_in_another_form(&memory, service);
    assert!(service.is_certifying());
    assert_ne!(service.root(), root);
    let mut served_before = 0;
    for round in 0.. {
        // All states there are between two messages; an upgrade between any two of them changes nothing.
        let mut served = 0;
        for url in urls.iter().step_by(1 + round % 7) {
            match status(&service, url) {
                200 => served += 1,
                found => assert_eq!(found, 503, "{url}"),
            }
        }
        for url in hidden.iter().step_by(7) {
            assert!([404, 503].contains(&status(&service, url)), "{url}");
        }
        for url in never {
            assert_eq!(status(&service, url), 404, "{url}");
        }
        assert!(round > 0 || served == 0);
        served_before = served_before.max(served);
        if !certify(&mut service, 400) {
            break;
        }
        service = open(&memory, api::Limits::default());
    }
    assert!(served_before > ITEMS, "it is served piece by piece");
    assert!(!service.is_certifying() && !certify(&mut service, 1));
    for url in &urls {
        assert_eq!(status(&service, url), 200, "{url}");
    }
    for url in &hidden {
        assert_eq!(status(&service, url), 404, "{url}");
    }
    assert_eq!(service.root(), root);
}

#[test]
fn what_changes_meanwhile_is_certified_at_once() {
    let memory = VectorMemory::default();
    let mut service = open(&memory, api::Limits::default());
    let items: Vec<_> = (0..40).map(|seed| publish(&mut service, seed, api::Visibility::Public)).collect();
    let secret = publish(&mut service, 99, api::Visibility::Private);
    let old = share(&mut service, &secret, 1);
    let mut service = reopened_in_another_form(&memory, service);
    certify(&mut service, 15);
    let url = |item: &api::Item| format!("/{}/original", item.id);
    let more: Vec<_> = (100..140).map(|seed| publish(&mut service, seed, api::Visibility::Public)).collect();
    let new = share(&mut service, &secret, 2);
    for url in more.iter().map(url).chain([new.clone()]) {
        assert_eq!(status(&service, &url), 200, "{url}");
    }
    assert_eq!(status(&service, &old), 503);
    // Some are certified and some are not; after it is deleted, none is anywhere.
    for item in &items {
        service.delete_item(owner(1), 3, &item.id).unwrap();
        assert!([404, 503].contains(&status(&service, &url(item))));
    }
    while certify(&mut service, 10) {}
    let expected = service.root();
    for url in more.iter().map(url).chain([new, old]) {
        assert_eq!(status(&service, &url), 200, "{url}");
    }
    for item in &items {
        assert_eq!(status(&service, &url(item)), 404);
    }
    // As if it had never been otherwise.
    let mut service = reopened_in_another_form(&memory, service);
    while certify(&mut service, 1000) {}
    assert_eq!(service.root(), expected);
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("https://{number}.example")).collect()
}

/// Configures whom answers are for.
fn allow(service: &mut TestService, cors: api::Cors) -> api::Result<()> {
    service.configure(CONTROLLER, &api::InitArgs { cors: Some(cors), ..Default::default() })
}

/// Whom an answer to a request from an origin is for; its proof is of the tree as it is.
fn told(service: &TestService, url: &str, origin: &str) -> String {
    let request = api::HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: vec![("Origin".to_owned(), origin.to_owned())],
        body: Vec::new().into(),
        certificate_version: Some(2),
    };
    let response = super::respond(service, &request, 2);
    let header = |name: &str| {
        let found = response.headers.iter().find(|(found, _)| found == name);
        found.unwrap_or_else(|| panic!("{url}: {} has no {name}", response.status_code)).1.as_str()
    };
    let tree = header("ic-certificate").split("tree=:").nth(1).unwrap().split(':').next().unwrap();
    let tree = base64::engine::general_purpose::STANDARD.decode(tree).unwrap();
    let tree: ic_certification::HashTree = serde_cbor::from_slice(&tree).unwrap();
    assert_eq!(tree.digest(), service.root(), "{url}");
    header("access-control-allow-origin").to_owned()
}

#[test]
fn answers_for_other_origins_stay_valid_until_their_turn_comes() {
    let memory = VectorMemory::default();
    let mut service = open(&memory, api::Limits::default());
    let mut urls = Vec::new();
    for seed in 0..60 {
        let item = publish(&mut service, seed, api::Visibility::Public);
        urls.push(format!("/{}/original", item.id));
        urls.push(format!("/sha256/{}", crate::hex::text(&*item.assets[0].sha256)));
    }
    for seed in 60..70 {
        let item = publish(&mut service, seed, api::Visibility::Private);
        urls.push(share(&mut service, &item, seed as u64));
    }
    let root = service.root();
    let [a, b, c] = ["https://a.example", "https://b.example", "http://localhost:8080"];
    let origins =
        |origins: &[&str]| api::Cors::Origins(origins.iter().map(|&origin| origin.into()).collect());
    allow(&mut service, origins(&[a, b])).unwrap();
    for pieces in [1, 10, 20] {
        certify(&mut service, pieces);
        service = open(&memory, api::Limits::default());
        let old = urls.iter().filter(|url| told(&service, url, b) == "*").count();
        assert!(old > 0 && old < urls.len(), "{old}");
        assert!(urls.iter().all(|url| ["*", b].contains(&told(&service, url, b).as_str())));
        assert_eq!(told(&service, "/nothing", b), b);
    }
    // Others again, before it is done; what is published meanwhile is for them.
    allow(&mut service, origins(&[b, c])).unwrap();
    certify(&mut service, 5);
    let item = publish(&mut service, 99, api::Visibility::Public);
    assert_eq!(told(&service, &format!("/{}/original", item.id), c), c);
    let kinds: std::collections::BTreeSet<_> = urls.iter().map(|url| told(&service, url, c)).collect();
    assert_eq!(kinds, ["*", a, c].map(str::to_owned).into());
    while certify(&mut service, 7) {}
    for url in urls.iter().map(String::as_str).chain(["/nothing"]) {
        for (origin, expected) in [(b, b), (c, c), (a, b), ("null", b)] {
            assert_eq!(told(&service, url, origin), expected, "{url}");
        }
    }
    // The way back leads to where it began.
    service.delete_item(owner(1), 3, &item.id).unwrap();
    allow(&mut service, origins(&[])).unwrap();
    while certify(&mut service, 7) {}
    assert_eq!(told(&service, &urls[0], a), "https://nobody.invalid");
    allow(&mut service, api::Cors::Any).unwrap();
    while certify(&mut service, 7) {}
    assert_eq!(service.root(), root);
}

#[test]
fn what_is_no_list_of_origins_is_refused_by_name() {
    let mut service = open(&VectorMemory::default(), api::Limits::default());
    let root = service.root();
    for (origins, expected) in [
        (numbered(9), "has 9; at most 8 are allowed"),
        (vec!["https://a.example/".to_owned()], "has `https://a.example/`; allowed are http or https"),
        (vec!["*".to_owned()], "has `*`; allowed are"),
        (["https://a.example"; 2].map(str::to_owned).to_vec(), "has `https://a.example` twice"),
    ] {
        let error = allow(&mut service, api::Cors::Origins(origins)).unwrap_err();
        assert_eq!(error.code, "invalid_config");
        let expected = format!("invalid configuration: cors.origins {expected}");
        assert!(error.message.starts_with(&expected), "{}", error.message);
        assert_eq!(service.root(), root);
    }
    allow(&mut service, api::Cors::Origins(numbered(8))).unwrap();
}

#[test]
fn a_damaged_record_holds_up_no_other() {
    let memory = VectorMemory::default();
    let mut service = open(&memory, api::Limits::default());
    let items: Vec<_> = (0..10).map(|seed| publish(&mut service, seed, api::Visibility::Public)).collect();
    let ids: Vec<[u8; 10]> = service.store.items.keys(..).collect();
    service.store.items.damage(&ids[4]);
    let mut service = reopened_in_another_form(&memory, service);
    let mut errors = Vec::new();
    loop {
        match service.certify_some(|| false) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => errors.push(error.code),
        }
    }
    assert_eq!(errors, ["corrupt"]);
    let found = items.iter().filter(|item| status(&service, &format!("/{}/original", item.id)) == 200);
    assert_eq!(found.count(), 9);
}

#[test]
fn a_canister_of_layout_3_has_everything_certified() {
    let memory = VectorMemory::default();
    let mut service = open(&memory, api::Limits::default());
    let item = publish(&mut service, 1, api::Visibility::Public);
    let root = service.root();
    drop(service);
    // Layout 3 had none of the memories that layout 4 adds, and all that is in those before is the same.
    crate::store::pretend_layout(&memory, 3);
    let service = open(&memory, api::Limits::default());
    assert_eq!(service.store.walk(), None::<Walk>);
    assert_eq!((service.root(), status(&service, &format!("/{}/original", item.id))), (root, 200));
    assert_eq!(service.usage(owner(1)).unwrap().store.layout_version, 4);
}

/// From few to many and back: what one chunk has, what chunks have beside them, and what a token opens.
#[test]
fn any_list_of_origins_is_served() {
    let memory = VectorMemory::default();
    let mut service = open(&memory, api::Limits::default());
    let sizes = [100, 2 * CHUNK, 6 * CHUNK, 20 * CHUNK];
    let mut urls = Vec::new();
    for (seed, size) in sizes.into_iter().enumerate() {
        for visibility in [api::Visibility::Public, api::Visibility::Private] {
            let bytes = bytes_of(size, seed);
            let upload = api::BeginUpload { visibility: Some(visibility), ..declaration(&bytes, true, None) };
            let args = api::UploadWhole { upload, bytes: bytes.clone().into(), assets: Vec::new() };
            let item = service.upload_whole(message(owner(1), 1), &args).unwrap();
            match visibility {
                api::Visibility::Private => urls.push(share(&mut service, &item, seed as u64)),
                api::Visibility::Public => {
                    urls.push(format!("/{}/original", item.id));
                    urls.push(format!("/sha256/{}", Digest::of(&bytes)));
                }
            }
        }
    }
    let lists = [1, 3, 4, 8, 2, 5, 0].map(|count| api::Cors::Origins(numbered(count)));
    for cors in lists.into_iter().chain([api::Cors::Any]) {
        allow(&mut service, cors.clone()).unwrap();
        assert_eq!(service.check(), Vec::<String>::new(), "{cors:?}: not yet");
        while service.certify_some(|| false).unwrap() {}
        let origins = match &cors {
            api::Cors::Origins(origins) if !origins.is_empty() => origins.clone(),
            _ => vec!["https://other.example".to_owned()],
        };
        for (url, origin) in urls.iter().flat_map(|url| origins.iter().map(move |origin| (url, origin))) {
            let told = told(&service, url, origin);
            match &cors {
                api::Cors::Any => assert_eq!(told, "*", "{url}"),
                api::Cors::Origins(origins) if origins.is_empty() => assert_ne!(told, *origin, "{url}"),
                api::Cors::Origins(_) => assert_eq!(told, *origin, "{url}"),
            }
        }
        assert_eq!(service.check(), Vec::<String>::new(), "{cors:?}");
    }
}

/// Whoever comes later with the same content has it, and goes as if nothing were.
#[test]
fn a_damaged_item_keeps_no_content_from_others() {
    let memory = VectorMemory::default();
    let mut service = open(&memory, api::Limits::default());
    let item = |service: &mut TestService, content: usize| publish(service, content, api::Visibility::Public);
    let damaged = item(&mut service, 1);
    let id: ItemId = damaged.id.parse().unwrap();
    service.store.items.damage(&id.0);
    let content = format!("/sha256/{}", Digest::of(&bytes_of(101, 1)));
    for _ in 0..2 {
        let other = item(&mut service, 1);
        assert_eq!(status(&service, &format!("/{}/original", other.id)), 200);
        allow(&mut service, api::Cors::Origins(numbered(1))).unwrap();
        while service.certify_some(|| false).is_err() || service.is_certifying() {}
        assert_eq!(told(&service, &content, "https://0.example"), "https://0.example");
        service.delete_item(owner(1), 2, &other.id).unwrap();
        assert_eq!(status(&service, &format!("/{}/original", other.id)), 404);
        allow(&mut service, api::Cors::Any).unwrap();
        while service.certify_some(|| false).is_err() || service.is_certifying() {}
    }
}
