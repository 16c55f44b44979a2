//! What is in the gallery, and in which order, however it came there.

use super::*;
use crate::store::Place;

const JPEG: [u8; 4] = [0xff, 0xd8, 0xff, 0xe0];

fn publish(service: &mut TestService, number: usize, media: &str, hidden: bool) -> String {
    let bytes = [&JPEG, &bytes_of(200, number)[..]].concat();
    let upload = api::BeginUpload {
        media_type: media.to_owned(),
        visibility: hidden.then_some(api::Visibility::Private),
        ..declaration(&bytes, true, None)
    };
    let args = api::UploadWhole { upload, bytes: bytes.into(), assets: Vec::new() };
    service.upload_whole(message(owner(1), number as u64), &args).unwrap().id
}

fn listed(service: &TestService) -> Vec<String> {
    let mut listed = Vec::new();
    let mut next = service.store.gallery.newest();
    while let Some(page) = next {
        let entries = service.store.gallery.page(page).unwrap().unwrap();
        assert!(service.store.gallery.certified().get(page.file_name().as_bytes()).is_some());
        listed.extend(entries.iter().map(|entry| entry.item.to_string()));
        next = service.store.gallery.older(page);
    }
    listed
}

#[test]
fn public_pictures_are_in_it_newest_first_also_when_all_is_certified_anew() {
    let memory = VectorMemory::default();
    let mut service = open(&memory, api::Limits::default());
    let mut expected = Vec::new();
    for number in 0..60 {
        match number % 6 {
            4 => drop(publish(&mut service, number, "image/jpeg", true)),
            5 => drop(publish(&mut service, number, "application/octet-stream", false)),
            _ => expected.insert(0, publish(&mut service, number, "image/jpeg", false)),
        }
    }
    assert_eq!(listed(&service), expected);
    // By id, which is not the order of publication.
    service.store.certified.paths.begin(0);
    drop(service);
    let mut service = open(&memory, api::Limits::default());
    while service.certify_some(|| false).unwrap() {}
    assert_eq!(listed(&service), expected);
    for id in &expected {
        service.delete_item(owner(1), 100, id).unwrap();
    }
    assert!(listed(&service).is_empty());
    assert_eq!(service.store.gallery.certified().len(), 0);
}

#[test]
fn to_switch_it_on_and_off_leaves_the_tree_as_it_was() {
    let mut service = open(&VectorMemory::default(), api::Limits::default());
    (0..20).for_each(|number| drop(publish(&mut service, number, "image/jpeg", false)));
    let controller = Caller { controller: true, ..owner(2) };
    let mut switch = |on| {
        let args = api::InitArgs { gallery: Some(on), ..Default::default() };
        service.configure(controller, &args).unwrap();
        (service.root(), service.find_document(&["".to_owned()]).is_some())
    };
    let [off, on, again, off_again] = [false, true, true, false].map(&mut switch);
    assert_eq!((off, on), (off_again, again));
    assert!(on.1 && !off.1 && on.0 != off.0);
    assert!(service.configure(owner(2), &api::InitArgs::default()).is_err());
}

#[test]
fn an_item_is_described_as_long_as_it_is_public_and_there() {
    let mut service = open(&VectorMemory::default(), api::Limits::default());
    let [shown, hidden] = [false, true].map(|hidden| publish(&mut service, 1, "image/jpeg", hidden));
    let find = |service: &TestService, id: &str| service.find_document(&[id.to_owned()]).is_some();
    assert!(find(&service, &shown) && !find(&service, &hidden) && !find(&service, "aaaaaaaaaaaaaaaa"));
    assert_eq!(
        service.store.gallery.newest().map(Place::file_name).as_deref(),
        Some("0-aaaaaaaaaaaaaaaa.json")
    );
    service.delete_item(owner(1), 2, &shown).unwrap();
    assert!(!find(&service, &shown));
}
