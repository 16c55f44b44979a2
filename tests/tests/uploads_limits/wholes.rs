//! A small file in one call, with or without its derivatives.

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{
    Darkroom, File, Photo, derivatives, files_from_all, principal, put_assets_args, small_photos,
};

use crate::{chunk, code, held, limits};

fn whole(photo: &Photo, key: Option<&str>, derivatives: api::PutAssets) -> api::UploadWhole {
    api::UploadWhole { assets: derivatives.assets, ..photo.whole(None, key) }
}

fn send(darkroom: &Darkroom, args: &api::UploadWhole) -> api::Result<api::Item> {
    darkroom.update("upload_whole", (args,))
}

#[test]
fn a_photo_with_its_derivatives_in_one_call() {
    let limits = limits(|_| ());
    let darkroom = Darkroom::with(Some(api::InitArgs { limits: Some(limits), ..Default::default() }));
    let (owner, start) = (darkroom.owner, darkroom.usage_as(darkroom.owner));
    for (number, photo) in small_photos().iter().enumerate() {
        let made = derivatives(photo).unwrap();
        let args = whole(photo, Some(&format!("photo {number}")), put_assets_args("", &made));
        let item = send(&darkroom, &args).unwrap();
        assert_eq!(
            (item.state.as_str(), item.assets.len()),
            (api::item_state::PUBLISHED, 4),
            "{}",
            photo.name
        );
        let bytes = std::iter::once(&photo.bytes).chain(made.iter().map(|(_, made)| &made.derivative.bytes));
        for (asset, bytes) in item.assets.iter().zip(bytes) {
            assert_eq!(*asset.sha256, Digest::of(bytes).0, "{} {}", photo.name, asset.name);
            assert!(darkroom.bytes(&item.id, asset) == *bytes, "{} {}", photo.name, asset.name);
        }
        // With its key, a repeated call gives the same item and stores nothing.
        let usage = darkroom.usage_as(owner);
        for _ in 0..2 {
            assert_eq!(send(&darkroom, &args).unwrap(), item);
            darkroom.upgrade();
        }
        assert_eq!(darkroom.usage_as(owner), usage);
        assert_eq!(usage.own.open_sessions, 0);
        darkroom.delete_as(owner, &item.id).unwrap();
    }
    darkroom.later(2 * 24 * 60 * 60);
    darkroom.freed();
    assert_eq!(darkroom.usage_as(owner), start);
}

#[test]
fn derivatives_that_are_missing_may_follow() {
    let darkroom = Darkroom::new();
    let photo = &small_photos()[0];
    let mut assets = put_assets_args("", &derivatives(photo).unwrap());
    let rest = assets.assets.split_off(1);
    let args = whole(photo, Some("key"), assets);
    let item = send(&darkroom, &args).unwrap();
    assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::OPEN, 2));
    assert_eq!(send(&darkroom, &args).unwrap(), item);
    // By the same call with more of them, which stores nothing else anew, or by `put_assets`.
    let mut more = args.clone();
    more.assets.push(rest[0].clone());
    let bytes = darkroom.store().bytes;
    let item = send(&darkroom, &more).unwrap();
    assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::OPEN, 3));
    assert_eq!(darkroom.store().bytes, bytes + rest[0].bytes.len() as u64);
    let put = api::PutAssets { item: item.id.clone(), assets: vec![rest[1].clone()] };
    let item = darkroom.update::<api::Result<api::Item>>("put_assets", (put,)).unwrap();
    assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::PUBLISHED, 4));
    assert_eq!(send(&darkroom, &args).unwrap(), item);
}

#[test]
fn a_whole_goes_on_where_an_upload_with_its_key_stopped() {
    let darkroom = Darkroom::with(Some(files_from_all(limits(|_| ()))));
    let (owner, file) = (principal(1), File::new(1, 3 * chunk() + 5));
    let upload = darkroom.begin_as(owner, &file.declared(false, Some("key"))).unwrap();
    for index in [1, 3] {
        darkroom.put_of(owner, &upload, &file, index).unwrap();
    }
    let item = darkroom.whole_as(owner, &file, Some("key")).unwrap();
    assert_eq!((&item.id, item.state.as_str()), (&upload.item, api::item_state::PUBLISHED));
    darkroom.assert_stored(owner, &item, &file);
    assert_eq!(darkroom.store().bytes, file.size);
    assert_eq!(held(&darkroom.usage_as(owner).own), (file.size, 1, 0));
    assert_eq!(darkroom.finish_as(owner, upload.session).unwrap().item, item);
}

#[test]
fn without_a_key_each_call_is_another_item() {
    let darkroom = Darkroom::with(Some(files_from_all(limits(|_| ()))));
    let (owner, file) = (principal(1), File::new(1, 1000));
    let first = darkroom.whole_as(owner, &file, None).unwrap();
    let second = darkroom.whole_as(owner, &file, None).unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(held(&darkroom.usage_as(owner).own), (2000, 2, 0));
    // The SHA-256 may be left out: the canister computes it.
    let upload = file.declared(false, None);
    let args = api::UploadWhole { upload, bytes: file.bytes().into(), assets: Vec::new() };
    let third: api::Result<api::Item> = darkroom.update_as(owner, "upload_whole", (args,));
    darkroom.assert_stored(owner, &third.unwrap(), &file);
}

#[test]
fn what_is_wrong_is_refused_and_leaves_nothing() {
    let limits = limits(|limits| limits.max_file_size = Some(500_000));
    let darkroom = Darkroom::with(Some(api::InitArgs { limits: Some(limits), ..Default::default() }));
    let owner = darkroom.owner;
    let photos = small_photos();
    let made = derivatives(&photos[0]).unwrap();
    let good = || whole(&photos[0], Some("key"), put_assets_args("", &made));
    assert!(photos[0].bytes.len() < 500_000);
    let before = darkroom.usage_as(owner);
    let changed = |change: &dyn Fn(&mut api::UploadWhole)| {
        let mut args = good();
        change(&mut args);
        args
    };
    let large = Photo { bytes: vec![7; 500_001], ..photos[0].clone() };
    let cases: Vec<(&str, api::UploadWhole)> = vec![
        ("hash_mismatch", changed(&|args| args.bytes[100] ^= 1)),
        ("hash_mismatch", changed(&|args| args.upload.sha256 = Some([3; 32].into()))),
        (api::code::INVALID_ARGUMENT, changed(&|args| args.upload.size += 1)),
        (api::code::INVALID_ARGUMENT, changed(&|args| args.bytes.push(0))),
        (api::code::INVALID_ARGUMENT, changed(&|args| args.upload.file_name = "a/b".to_owned())),
        (api::code::UNKNOWN_PIPELINE, changed(&|args| args.upload.pipeline = Some("none".to_owned()))),
        ("chunk_hash", changed(&|args| args.assets[1].bytes[10] ^= 1)),
        (api::code::STAGE_NOT_YOURS, changed(&|args| args.assets[1].name = "original".to_owned())),
        (api::code::PROCESSOR_VERSION, changed(&|args| args.assets[2].processor_version += 1)),
        (api::code::INVALID_ARGUMENT, changed(&|args| args.assets.push(args.assets[0].clone()))),
        (api::code::LIMIT, whole(&large, None, api::PutAssets { item: String::new(), assets: Vec::new() })),
    ];
    for (expected, args) in &cases {
        let error = send(&darkroom, args).unwrap_err();
        assert_eq!(error.code, *expected, "{error}");
        darkroom.freed();
        assert_eq!(darkroom.usage_as(owner), before, "{error}");
    }
    // The key was used by none of them.
    let item = send(&darkroom, &good()).unwrap();
    assert_eq!(item.state, api::item_state::PUBLISHED);
    // With the key taken, other bytes are refused, and the item stays.
    let mut other =
        whole(&photos[2], Some("key"), api::PutAssets { item: String::new(), assets: Vec::new() });
    assert_eq!(code(send(&darkroom, &other)), api::code::KEY_CONFLICT);
    other.upload.idempotency_key = None;
    send(&darkroom, &other).unwrap();
    assert_eq!(send(&darkroom, &good()).unwrap(), item);
}
