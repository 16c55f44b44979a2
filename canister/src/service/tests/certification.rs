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
