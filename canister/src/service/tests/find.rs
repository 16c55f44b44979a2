//! What a caller has uploaded before, found by its idempotency keys.

use super::*;

fn key(name: &str) -> String {
    format!("darkroom-1:{name}")
}

fn upload(service: &mut TestService, caller: Caller, seed: usize, name: &str) -> api::Item {
    let bytes = bytes_of(1_000, seed);
    let upload = declaration(&bytes, true, Some(key(name)));
    let whole = api::UploadWhole { upload, bytes: bytes.into(), assets: Vec::new() };
    service.upload_whole(message(caller, 1), &whole).unwrap()
}

fn found(service: &TestService, caller: Caller, names: &[&str]) -> Vec<Option<String>> {
    let keys: Vec<_> = names.iter().map(|name| key(name)).collect();
    let items = service.find_uploads(caller, &keys).unwrap();
    items.into_iter().map(|item| item.map(|item| item.id)).collect()
}

#[test]
fn the_caller_s_own_published_items_are_found_in_the_order_of_the_keys() {
    let mut service = open(&VectorMemory::default(), api::Limits::default());
    let a = upload(&mut service, owner(1), 1, "a");
    let b = upload(&mut service, owner(1), 2, "b");
    let names = ["b", "unknown", "a", "b"];
    let expected = [Some(b.id.clone()), None, Some(a.id.clone()), Some(b.id.clone())];
    assert_eq!(found(&service, owner(1), &names), expected);
    assert_eq!(service.find_uploads(owner(1), &[key("a")]).unwrap(), [Some(a.clone())], "the whole item");

    // The same keys are other keys of others, of controllers and of nobody too.
    let controller = Caller { controller: true, ..owner(9) };
    let nobody = Caller { principal: Principal::anonymous(), controller: false };
    for other in [owner(2), controller, nobody] {
        assert_eq!(found(&service, other, &names), [None, None, None, None]);
    }
    let theirs = upload(&mut service, owner(2), 1, "a");
    assert_eq!(found(&service, owner(2), &["a", "b"]), [Some(theirs.id), None]);

    service.delete_item(owner(1), 2, &a.id).unwrap();
    assert_eq!(found(&service, owner(1), &["a", "b"]), [None, Some(b.id)], "what is gone is not found");
}

#[test]
fn private_items_are_found_by_their_owner_and_open_ones_by_nobody() {
    let mut service = open(&VectorMemory::default(), api::Limits::default());
    let bytes = bytes_of(2 * CHUNK, 1);
    let declared = api::BeginUpload {
        visibility: Some(api::Visibility::Private),
        ..declaration(&bytes, true, Some(key("a")))
    };
    let begun = service.begin_upload(message(owner(1), 1), &declared).unwrap();
    for (index, part) in bytes.chunks(CHUNK).enumerate() {
        assert_eq!(found(&service, owner(1), &["a"]), [None], "before chunk {index}");
        service.put_chunk(message(owner(1), 1), &chunk(begun.session, index, part)).unwrap();
    }
    assert_eq!(found(&service, owner(1), &["a"]), [Some(begun.item)]);
    assert_eq!(found(&service, owner(2), &["a"]), [None]);
}

#[test]
fn so_many_keys_are_looked_up_and_only_those_that_uploads_can_have() {
    let service = open(&VectorMemory::default(), api::Limits::default());
    let keys = |count: usize| vec![key("a"); count];
    assert_eq!(service.find_uploads(owner(1), &[]).unwrap(), []);
    assert_eq!(service.find_uploads(owner(1), &keys(100)).unwrap().len(), 100);
    let refused = service.find_uploads(owner(1), &keys(101)).unwrap_err();
    assert_eq!(refused.code, api::code::LIMIT);
    assert_eq!(refused.message, "101 idempotency keys; 100 are allowed in a call");
    for wrong in [String::new(), "x".repeat(129)] {
        let refused = service.find_uploads(owner(1), &[key("a"), wrong]).unwrap_err();
        assert_eq!(refused.code, api::code::INVALID_ARGUMENT);
    }
}

/// A picture of 24 KiB in base64, as the params of a watermark may have it.
fn large_picture() -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut png = darkroom_codec::testing::png_with_alpha(16, 16, 1);
    png.resize(24 << 10, 0);
    let group = |bytes: &[u8]| bytes.iter().fold(0, |group, byte| group << 8 | usize::from(*byte));
    let digit = |group: usize, place: usize| char::from(DIGITS[group >> (18 - 6 * place) & 63]);
    png.chunks(3).map(group).flat_map(|group| (0..4).map(move |place| digit(group, place))).collect()
}

#[test]
fn so_many_items_are_given_as_a_reply_holds() {
    let params = Some(format!(r#"{{"image":"{}"}}"#, large_picture()));
    let watermark = api::Stage { params, ..stage("watermark", "original", api::Placement::Client) };
    let mut service = open_with(&VectorMemory::default(), vec![watermark], api::Limits::default());
    let names: Vec<_> = (0..60).map(|number| number.to_string()).collect();
    for (seed, name) in names.iter().enumerate() {
        let bytes = darkroom_codec::testing::photo(40, 30, 80, seed as u64);
        let assets = vec![super::derivatives::claimed("watermark", &bytes, &bytes)];
        let upload = declaration(&bytes, true, Some(key(name)));
        let upload = api::BeginUpload { media_type: "image/jpeg".to_owned(), ..upload };
        let whole = api::UploadWhole { upload, bytes: bytes.into(), assets };
        let item = service.upload_whole(message(owner(1), 1), &whole).unwrap();
        assert_eq!(item.state, api::item_state::PUBLISHED);
    }
    let keys: Vec<_> = names.iter().map(|name| key(name)).collect();
    let refused = service.find_uploads(owner(1), &keys).unwrap_err();
    assert_eq!(refused.code, api::code::LIMIT);
    let message = "the items of 60 idempotency keys take more than 1500000 bytes; ask for fewer";
    assert_eq!((refused.message.as_str(), refused.retryable), (message, false));
    let found = service.find_uploads(owner(1), &keys[..44]).unwrap();
    assert!(found.iter().all(Option::is_some));
    let reply = candid::encode_one(api::Result::Ok(found)).unwrap();
    assert!((1_400_000..1_500_000).contains(&reply.len()), "{} bytes", reply.len());

    // A page ends where a reply does.
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = service.list(owner(2), &api::ListItems { after, limit: Some(100) }).unwrap();
        assert!(candid::encode_one(api::Result::Ok(page.clone())).unwrap().len() < 1_500_000);
        listed.push(page.items.len());
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(listed, [44, 16]);
}
