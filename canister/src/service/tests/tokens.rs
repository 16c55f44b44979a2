//! Tokens: who gets them, what they open, and that nothing else shows what is private.

use std::collections::BTreeSet;

use base64::Engine as _;

use super::*;

const DAY: u64 = 24 * 60 * 60 * 1_000_000_000;

/// Stands for the network's randomness: other bytes for each seed.
pub(super) fn random(seed: u64) -> [u8; 32] {
    Digest::of(&seed.to_be_bytes()).0
}

fn publish(service: &mut TestService, who: u8, bytes: &[u8], visibility: api::Visibility) -> api::Item {
    let upload = api::BeginUpload { visibility: Some(visibility), ..declaration(bytes, true, None) };
    let args = api::UploadWhole { upload, bytes: bytes.to_vec().into(), assets: Vec::new() };
    service.upload_whole(message(owner(who), 1), &args).unwrap()
}

fn private(service: &mut TestService, who: u8, seed: usize) -> api::Item {
    publish(service, who, &bytes_of(500 + seed, seed), api::Visibility::Private)
}

fn wanted(item: &str) -> api::CreateToken {
    api::CreateToken { item: item.to_owned(), asset: "original".to_owned(), lifetime_seconds: None }
}

fn code<T>(result: api::Result<T>) -> String {
    result.map(|_| "ok".to_owned()).unwrap_or_else(|error| error.code)
}

/// Status and body of a GET, and the bytes of its proof: the hash tree and the path in it.
pub(super) fn get(service: &TestService, url: &str, now: u64) -> (u16, Vec<u8>, Vec<u8>) {
    let request = api::HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new().into(),
        certificate_version: Some(2),
    };
    let response = super::respond(service, &request, now);
    let certificate = response.headers.iter().find(|(name, _)| name == "ic-certificate").unwrap();
    let part = |name: &str| {
        let text = certificate.1.split(name).nth(1).unwrap().split(':').next().unwrap();
        base64::engine::general_purpose::STANDARD.decode(text).unwrap()
    };
    (response.status_code, response.body.to_vec(), [part(" tree=:"), part(" expr_path=:")].concat())
}

#[test]
fn a_token_opens_its_asset_to_who_has_it_until_it_ends() {
    let memory = VectorMemory::default();
    let mut service = open(&memory, api::Limits::default());
    let fresh = service.root();
    let item = private(&mut service, 1, 0);
    let hidden = service.root();
    assert_eq!(hidden, fresh, "nothing of a private item is certified without a token");
    let created = service.create_token(owner(1), 10, &wanted(&item.id), random(1)).unwrap();
    assert_eq!(created.token.expires_at, 10 + DAY);
    let bytes = bytes_of(500, 0);
    let (status, body, _) = get(&service, &created.path, 10);
    assert_eq!((status, body), (200, bytes.clone()));

    // All parts of the path must be right, and it is read at the time that it is asked at.
    let segments: Vec<_> = created.path.split('/').collect();
    let other = private(&mut service, 1, 1);
    let with = |at: usize, text: &str| {
        let mut segments = segments.clone();
        segments[at] = text;
        segments.join("/")
    };
    for url in [
        with(2, &"0".repeat(32)),
        with(3, &"0".repeat(32)),
        with(3, &segments[3].to_uppercase()),
        with(4, &other.id),
        with(5, "thumbnail"),
        with(5, "original/"),
        with(5, "original/more"),
        segments[..3].join("/"),
        segments[..4].join("/"),
    ] {
        assert_eq!(get(&service, &url, 10).0, 404, "{url}");
    }
    assert_eq!(get(&service, &created.path, 9 + DAY).0, 200);
    let (status, missing, _) = get(&service, &created.path, 10 + DAY);
    assert_eq!((status, &missing), (404, &get(&service, "/nothing", 10).1));

    // An upgrade keeps it, and what ends it leaves nothing behind.
    let before = service.root();
    let mut service = open(&memory, api::Limits::default());
    assert_eq!((service.root(), get(&service, &created.path, 10).1), (before, bytes));
    service.revoke_token(owner(1), 11, &created.token.id).unwrap();
    assert_eq!(code(service.revoke_token(owner(1), 11, &created.token.id)), "token_not_found");
    assert_eq!((service.root(), get(&service, &created.path, 10).0), (hidden, 404));
    let again = service.create_token(owner(1), 12, &wanted(&item.id), random(2)).unwrap();
    assert!(!service.reap_tokens(12 + DAY - 1, 10).unwrap());
    assert_ne!(service.root(), hidden);
    service.reap_tokens(12 + DAY, 10).unwrap();
    assert_eq!((service.root(), service.store.tokens.records.len()), (hidden, 0));
    assert_eq!(get(&service, &again.path, 12).0, 404);
    service.create_token(owner(1), 13, &wanted(&item.id), random(3)).unwrap();
    service.delete_item(owner(1), 14, &item.id).unwrap();
    let tokens = &service.store.tokens;
    assert_eq!((tokens.records.len(), tokens.by_owner.len(), tokens.expiries.len()), (0, 0, 0));
    assert_eq!(service.root(), hidden);
}

#[test]
fn only_owner_and_controller_share_and_only_what_can_be_shared() {
    let mut service = open(&VectorMemory::default(), api::Limits::default());
    let item = private(&mut service, 1, 0);
    let public = publish(&mut service, 1, &bytes_of(700, 7), api::Visibility::Public);
    let bytes = bytes_of(100_000, 3);
    let upload =
        api::BeginUpload { visibility: Some(api::Visibility::Private), ..declaration(&bytes, true, None) };
    let draft = service.begin_upload(message(owner(1), 1), &upload).unwrap();
    let controller = Caller { controller: true, ..owner(9) };
    let mut create = |caller, args: &api::CreateToken| {
        // What is refused before randomness is asked for is what is refused after.
        let before = code(service.check_token(caller, 10, args));
        let created = service.create_token(caller, 10, args, random(1));
        assert_eq!(code(created.clone()), before);
        created
    };
    assert_eq!(code(create(owner(2), &wanted(&item.id))), "item_not_found");
    assert_eq!(code(create(owner(2), &wanted(&public.id))), "forbidden");
    assert_eq!(code(create(owner(1), &wanted(&public.id))), "item_public");
    assert_eq!(code(create(owner(1), &wanted(&draft.item))), "item_not_published");
    assert_eq!(code(create(owner(1), &wanted("nonsense"))), "invalid_name");
    let asset = |asset: &str| api::CreateToken { asset: asset.to_owned(), ..wanted(&item.id) };
    assert_eq!(code(create(owner(1), &asset("thumbnail"))), "asset_not_found");
    for (found, allowed) in [(0, false), (59, false), (60, true), (31_622_400, true), (31_622_401, false)] {
        let args = api::CreateToken { lifetime_seconds: Some(found), ..wanted(&item.id) };
        let created = create(owner(1), &args);
        assert_eq!(created.is_ok(), allowed, "{found}");
        if let Err(error) = created {
            let expected = format!("lifetime_seconds is {found}; 60 to 31622400 are allowed");
            assert_eq!((error.code.as_str(), error.message), ("invalid_argument", expected));
        }
    }
    let created = create(controller, &wanted(&item.id)).unwrap();
    let id = &created.token.id;
    assert_eq!(code(service.revoke_token(owner(2), 11, id)), "token_not_found");
    assert_eq!(code(service.revoke_token(owner(1), 11, "nonsense")), "token_not_found");
    service.revoke_token(owner(1), 11, id).unwrap();
}

#[test]
fn tokens_of_an_item_are_limited_and_listed() {
    let mut service = open(&VectorMemory::default(), api::Limits::default());
    let items = [private(&mut service, 1, 0), private(&mut service, 1, 1), private(&mut service, 2, 2)];
    let mut seed = 0;
    for (item, count) in items.iter().zip([100, 3, 2]) {
        let who = if item.id == items[2].id { 2 } else { 1 };
        for _ in 0..count {
            seed += 1;
            let args = api::CreateToken { lifetime_seconds: Some(60 + seed), ..wanted(&item.id) };
            service.create_token(owner(who), 10, &args, random(seed)).unwrap();
        }
    }
    let error = service.check_token(owner(1), 10, &wanted(&items[0].id)).unwrap_err();
    assert!(error.message.contains("has 100 valid tokens; 100 are allowed"), "{}", error.message);
    assert_eq!(error.code, "limit");
    let list = |service: &TestService, caller, item: Option<&str>, now| {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let args = api::ListTokens { item: item.map(str::to_owned), after, limit: Some(7) };
            let page = service.list_tokens(caller, now, &args).unwrap();
            ids.extend(page.tokens.into_iter().map(|token| (token.item, token.id)));
            after = page.next;
            if after.is_none() {
                let distinct: BTreeSet<_> = ids.iter().collect();
                assert_eq!(distinct.len(), ids.len());
                return ids;
            }
        }
    };
    assert_eq!(list(&service, owner(1), None, 10).len(), 103);
    assert_eq!(list(&service, owner(2), None, 10).len(), 2);
    assert_eq!(list(&service, owner(3), None, 10).len(), 0);
    let of_second = list(&service, owner(1), Some(&items[1].id), 10);
    assert!(of_second.len() == 3 && of_second.iter().all(|(item, _)| *item == items[1].id));
    let controller = Caller { controller: true, ..owner(9) };
    assert_eq!(list(&service, controller, Some(&items[2].id), 10).len(), 2);
    let other = api::ListTokens { item: Some(items[2].id.clone()), ..Default::default() };
    assert_eq!(code(service.list_tokens(owner(1), 10, &other)), "item_not_found");
    let nonsense = api::ListTokens { after: Some("x".to_owned()), ..Default::default() };
    assert_eq!(code(service.list_tokens(owner(1), 10, &nonsense)), "invalid_argument");

    // The first has expired: it is listed no longer, and there is room for another.
    let now = 10 + 61_000_000_000;
    assert_eq!(list(&service, owner(1), None, now).len(), 102);
    service.create_token(owner(1), now, &wanted(&items[0].id), random(999)).unwrap();
    assert_eq!(list(&service, owner(1), Some(&items[0].id), now).len(), 100);
}

#[test]
fn each_token_of_a_large_file_has_a_tree_of_its_own() {
    let mut service = open(&VectorMemory::default(), api::Limits::default());
    let bytes = bytes_of(20 * CHUNK + 5, 1);
    let upload =
        api::BeginUpload { visibility: Some(api::Visibility::Private), ..declaration(&bytes, true, None) };
    let begun = service.begin_upload(message(owner(1), 1), &upload).unwrap();
    for (index, part) in bytes.chunks(CHUNK).enumerate() {
        service.put_chunk(message(owner(1), 1), &chunk(begun.session, index, part)).unwrap();
    }
    let before = service.counts();
    let create = |service: &mut TestService, seed| {
        service.create_token(owner(1), 10, &wanted(&begun.item), random(seed)).unwrap()
    };
    let tokens = [1, 2, 3].map(|seed| create(&mut service, seed));
    service.revoke_token(owner(1), 11, &tokens[1].token.id).unwrap();
    let tokens = [tokens[0].clone(), tokens[2].clone(), create(&mut service, 4)];
    assert_eq!(service.counts().chunks, before.chunks + 3);
    for token in &tokens {
        let (status, body, _) = get(&service, &token.path, 10);
        assert_eq!((status, body.len()), (206, CHUNK));
    }
    for token in &tokens {
        service.revoke_token(owner(1), 12, &token.token.id).unwrap();
    }
    assert_eq!(service.counts(), before);
}

/// Whatever is asked for, no proof has anything in it that opens a token, or that names what one opens.
#[test]
fn no_proof_shows_a_secret_or_what_is_private() {
    let mut service = open(&VectorMemory::default(), api::Limits::default());
    let public = publish(&mut service, 1, &bytes_of(700, 7), api::Visibility::Public);
    let mut shared = Vec::new();
    for seed in 0..40 {
        let item = private(&mut service, 1, seed);
        let token =
            service.create_token(owner(1), 10, &wanted(&item.id), random(1000 + seed as u64)).unwrap();
        shared.push((item, token));
    }
    // None of these is shorter than 16 bytes, and what shows one shows its first 16.
    let mut hidden: BTreeSet<[u8; 16]> = BTreeSet::new();
    let mut hide = |bytes: &[u8]| hidden.insert(*bytes.first_chunk().unwrap());
    for (item, token) in &shared {
        let secret = token.path.split('/').nth(3).unwrap();
        let raw: [u8; 16] = crate::hex::parse(secret).unwrap();
        let digest = &*item.assets[0].sha256;
        let digits = crate::hex::text(digest);
        for bytes in [secret.as_bytes(), &raw, item.id.as_bytes(), digest, digits.as_bytes()] {
            assert!(hide(bytes));
        }
    }
    let mut urls = vec!["/private".to_owned(), "/private/".to_owned(), format!("/{}", public.id)];
    urls.push(format!("/{}/original", public.id));
    for (at, (item, token)) in shared.iter().enumerate() {
        let id = &token.token.id;
        let secret = token.path.split('/').nth(3).unwrap();
        // Neighbours of the id and of the secret, at each of their digits.
        for cut in 0..=32 {
            for fill in ["0", "f", "<*>"] {
                let near = |text: &str| format!("{}{}", &text[..cut], fill.repeat(32 - cut));
                urls.push(format!("/private/{}", near(id)));
                urls.push(format!("/private/{}/x/y/z", near(id)));
                if near(secret) != *secret {
                    urls.push(format!("/private/{id}/{}/{}/original", near(secret), item.id));
                }
            }
        }
        let far = crate::hex::text(&random(5000 + at as u64));
        urls.extend([format!("/private/{far}"), format!("/private/{id}/{far}"), format!("/sha256/{far}")]);
        let rest = ["", "/", "/<*>", "/<$>", "/%00"];
        urls.extend(rest.map(|rest| format!("/private/{id}{rest}")));
        urls.extend([format!("/{}", item.id), format!("/{}/original", item.id)]);
        let digest = crate::hex::text(&*item.assets[0].sha256);
        urls.push(format!("/sha256/{digest}"));
        // With the secret and something else wrong, and by who has it all.
        urls.push(format!("/private/{id}/{secret}/{}/thumbnail", item.id));
        urls.push(token.path.clone());
    }
    assert!(urls.len() > 10_000, "{}", urls.len());
    for url in &urls {
        let (status, _, tree) = get(&service, url, 10);
        let opened = shared.iter().any(|(_, token)| token.path == *url);
        let is_public = url.starts_with(&format!("/{}", public.id));
        assert_eq!(status, if opened || is_public { 200 } else { 404 }, "{url}");
        let shown = tree.windows(16).find(|window| hidden.contains(*window));
        assert_eq!(shown.map(String::from_utf8_lossy), None, "{url}");
    }
}
