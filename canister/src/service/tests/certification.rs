//! What is public is certified at both its addresses, and nothing else is.

use super::*;

fn publish(service: &mut TestService, who: u8, bytes: &[u8]) -> api::Item {
    let args = api::UploadWhole {
        upload: declaration(bytes, true, None),
        bytes: bytes.to_vec().into(),
        assets: Vec::new(),
    };
    service.upload_whole(message(owner(who), 1), &args).unwrap()
}

fn is_found(service: &TestService, path: [&str; 2]) -> bool {
    service.find(&path.map(str::to_owned)).is_some()
}

#[test]
fn each_item_is_found_by_name_and_by_content_until_it_goes() {
    let memory = VectorMemory::default();
    let mut service = open(&memory, api::Limits::default());
    let fresh = service.root();
    let items: Vec<_> =
        (0..60).map(|seed| (publish(&mut service, 1, &bytes_of(500 + seed, seed)), seed)).collect();
    let content = |seed| Digest::of(&bytes_of(500 + seed, seed)).to_string();
    let service_of_all = service.root();
    let mut service = open(&memory, api::Limits::default());
    assert_eq!(service.root(), service_of_all);
    for gone in 0..items.len() {
        for (place, (item, seed)) in items.iter().enumerate() {
            let expected = place >= gone;
            assert_eq!(is_found(&service, [&item.id, "original"]), expected, "{place} of {gone}");
            assert_eq!(is_found(&service, ["sha256", &content(*seed)]), expected, "{place} of {gone}");
        }
        service.delete_item(owner(1), 2, &items[gone].0.id).unwrap();
    }
    assert_eq!(service.root(), fresh);
}

/// The form of what is certified: another root means another form, and [`FORM`](crate::certify::answer::FORM) has to go
/// up, or what was certified before no longer fits to what is shown of it.
#[test]
fn what_is_certified_has_the_form_that_it_says() {
    let mut roots = Vec::new();
    let controller = Caller { controller: true, ..owner(9) };
    let origins = |names: &[&str]| api::Cors::Origins(names.iter().map(|name| (*name).to_owned()).collect());
    let lists = [api::Cors::Any, origins(&[]), origins(&["https://a.example", "https://b.example"])];
    for cors in lists {
        let memory = VectorMemory::default();
        let mut service = open(&memory, api::Limits::default());
        let args = api::InitArgs { cors: Some(cors), gallery: Some(false), ..Default::default() };
        service.configure(controller, &args).unwrap();
        while service.certify_some(|| false).is_ok() && service.is_certifying() {}
        for (seed, size) in [(1, 1_000), (2, 20 * CHUNK + 1)] {
            publish(&mut service, 1, &bytes_of(size, seed));
        }
        roots.push(crate::hex::text(&service.root()));
    }
    let expected = [
        "e667d495fa4918d378ead132e6a02911ff7e1fd9242c7c8b61641d166bc35d50",
        "63198418bc775ecf3b90c4b787e211efb709271bc056def7b878d4c6d08a0ca3",
        "984b7be01fc6760ba28c8e2160239d5b4c4a464b1a91120a6fa842d8ecca4c81",
    ];
    assert_eq!(roots, expected);
}
