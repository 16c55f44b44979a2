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
