//! Rights: who may begin, and that a session is its owner's alone.

use candid::Principal;
use darkroom_api as api;
use darkroom_tests::{Darkroom, File, derivatives, files_from_all, principal, put_assets_args, small_photos};

use crate::{chunk, code, limits};

fn access(darkroom: &Darkroom, access: api::Access) {
    darkroom.configure(api::InitArgs { access: Some(access), ..Default::default() });
}

#[test]
fn the_anonymous_a_stranger_the_granted_and_controllers() {
    let args = api::InitArgs { access: None, ..files_from_all(limits(|_| ())) };
    let darkroom = Darkroom::with(Some(args));
    let (anonymous, stranger, granted) = (Principal::anonymous(), principal(1), principal(2));
    let second = principal(3);
    darkroom
        .network
        .set_controllers(darkroom.id, Some(darkroom.owner), vec![darkroom.owner, second])
        .unwrap();
    let before = darkroom.usage_as(darkroom.owner);
    let everybody = [anonymous, stranger, granted, darkroom.owner, second];
    let cases = [
        (None, [false, false, false, true, true]),
        (Some(api::Access::Authenticated), [false, true, true, true, true]),
        (Some(api::Access::Principals(vec![granted])), [false, false, true, true, true]),
        (Some(api::Access::Principals(vec![anonymous])), [false, false, false, true, true]),
        (Some(api::Access::Controllers), [false, false, false, true, true]),
    ];
    for (given, allowed) in cases {
        if let Some(given) = given.clone() {
            access(&darkroom, given);
        }
        for (caller, allowed) in everybody.into_iter().zip(allowed) {
            let file = File::new(1, 1000);
            let begun = darkroom.begin_as(caller, &file.declared(true, None));
            let whole = darkroom.whole_as(caller, &file, None);
            if allowed {
                darkroom.abort_as(caller, begun.unwrap().session).unwrap();
                darkroom.delete_as(caller, &whole.unwrap().id).unwrap();
            } else {
                assert_eq!(code(begun), api::code::FORBIDDEN, "{given:?} {caller}");
                assert_eq!(code(whole), api::code::FORBIDDEN, "{given:?} {caller}");
            }
        }
        assert_eq!(darkroom.usage_as(darkroom.owner), before, "{given:?}");
    }
}

#[test]
fn who_loses_the_right_stores_nothing_more_and_keeps_what_is_stored() {
    let darkroom = Darkroom::with(Some(files_from_all(limits(|_| ()))));
    let (file, owner) = (File::new(1, 2 * chunk()), principal(1));
    let item = darkroom.upload_file(owner, &file, true, None);
    let [kept, dropped] = [2, 3].map(|seed| {
        let file = File::new(seed, 2 * chunk());
        let upload = darkroom.begin_as(owner, &file.declared(true, None)).unwrap();
        darkroom.put_of(owner, &upload, &file, 0).unwrap();
        (file, upload)
    });
    access(&darkroom, api::Access::Controllers);
    let before = darkroom.usage_as(owner).own;
    assert_eq!(code(darkroom.begin_as(owner, &file.declared(true, None))), api::code::FORBIDDEN);
    for index in [0, 1] {
        assert_eq!(code(darkroom.put_of(owner, &kept.1, &kept.0, index)), api::code::FORBIDDEN);
    }
    assert_eq!(code(darkroom.finish_as(owner, kept.1.session)), api::code::FORBIDDEN);
    assert_eq!(darkroom.usage_as(owner).own, before);
    darkroom.assert_stored(owner, &item, &file);
    assert_eq!(darkroom.delete_as(owner, &item.id).unwrap().bytes, file.size);
    assert_eq!(darkroom.abort_as(owner, dropped.1.session).unwrap().bytes, chunk());
    // Whose right comes back goes on where it was.
    access(&darkroom, api::Access::Principals(vec![owner]));
    let item = darkroom.put_of(owner, &kept.1, &kept.0, 1).unwrap().item.unwrap();
    darkroom.assert_stored(owner, &item, &kept.0);
}

#[test]
fn only_controllers_configure() {
    let darkroom = Darkroom::with(Some(files_from_all(limits(|_| ()))));
    let grant =
        api::InitArgs { access: Some(api::Access::Principals(vec![principal(1)])), ..Default::default() };
    for caller in [Principal::anonymous(), principal(1)] {
        let refused: api::Result<()> = darkroom.answer_as(caller, "configure", (&grant,));
        assert_eq!(code(refused), api::code::FORBIDDEN);
    }
    // Nothing changed: everybody still may.
    let file = File::new(1, 1000);
    darkroom.begin_as(principal(2), &file.declared(true, None)).unwrap();
}

#[test]
fn a_session_is_its_owner_s_alone() {
    let darkroom = Darkroom::with(Some(files_from_all(limits(|_| ()))));
    let (file, owner) = (File::new(1, 200_000), principal(1));
    let upload = darkroom.begin_as(owner, &file.declared(false, Some("key"))).unwrap();
    darkroom.put_of(owner, &upload, &file, 0).unwrap();
    let status = darkroom.status_as(owner, upload.session).unwrap();
    // Controllers are strangers here too.
    for other in [principal(2), darkroom.owner] {
        let missing = api::code::SESSION_NOT_FOUND;
        assert_eq!(code(darkroom.put_of(other, &upload, &file, 1)), missing);
        assert_eq!(code(darkroom.put_of(other, &upload, &file, 0)), missing);
        assert_eq!(code(darkroom.status_as(other, upload.session)), missing);
        assert_eq!(code(darkroom.finish_as(other, upload.session)), missing);
        assert_eq!(code(darkroom.abort_as(other, upload.session)), missing);
    }
    // The same key from another principal is another session.
    let other = darkroom.begin_as(principal(2), &file.declared(false, Some("key"))).unwrap();
    assert_ne!((other.session, other.item), (upload.session, upload.item.clone()));
    assert_eq!(darkroom.status_as(owner, upload.session).unwrap(), status);
    // A session that was never there looks the same.
    assert_eq!(code(darkroom.status_as(owner, 999)), api::code::SESSION_NOT_FOUND);
    for index in 1..file.chunks(upload.chunk_size) {
        darkroom.put_of(owner, &upload, &file, index).unwrap();
    }
    let item = darkroom.finish_as(owner, upload.session).unwrap().item;
    darkroom.assert_stored(owner, &item, &file);
}

#[test]
fn an_item_is_changed_by_its_owner_and_controllers_only() {
    let args = api::InitArgs { access: Some(api::Access::Authenticated), ..Default::default() };
    let darkroom = Darkroom::with(Some(args));
    let (photo, owner, stranger) = (&small_photos()[2], principal(1), principal(2));
    let file = File::new(1, 1000);
    let declared =
        api::BeginUpload { visibility: Some(api::Visibility::Private), ..file.declared(true, None) };
    let upload = darkroom.begin_as(owner, &declared).unwrap();
    let assets = put_assets_args(&upload.item, &derivatives(photo).unwrap());
    let mut preview = assets.assets[0].clone();
    let size = std::mem::take(&mut preview.bytes).len() as u64;
    let begin_asset = api::BeginAsset { item: upload.item.clone(), asset: preview, size };
    for other in [stranger, Principal::anonymous()] {
        // What it may not see is not there.
        let unseen = if other == stranger { api::code::ITEM_NOT_FOUND } else { api::code::FORBIDDEN };
        let put: api::Result<api::Item> = darkroom.answer_as(other, "put_assets", (&assets,));
        assert_eq!(code(put), unseen);
        let begun: api::Result<api::Upload> = darkroom.answer_as(other, "begin_asset", (&begin_asset,));
        assert_eq!(code(begun), unseen);
        assert_eq!(code(darkroom.delete_as(other, &upload.item)), unseen);
        let seen: api::Result<api::Item> = darkroom.query_as(other, "item", (&upload.item,));
        assert_eq!(code(seen), api::code::ITEM_NOT_FOUND);
        assert_eq!(code(darkroom.chunk_as(other, &upload.item, "original", 0)), api::code::ITEM_NOT_FOUND);
    }
    // A public one that is published is seen by all and deleted by its owner or a controller.
    darkroom.take_files();
    let declared =
        |key| api::BeginUpload { pipeline: Some("file".to_owned()), ..file.declared(true, Some(key)) };
    for (key, who) in [("owner", owner), ("controller", darkroom.owner)] {
        let whole =
            api::UploadWhole { upload: declared(key), bytes: file.bytes().into(), assets: Vec::new() };
        let item = darkroom.update_as::<api::Result<api::Item>>(owner, "upload_whole", (whole,)).unwrap();
        darkroom.assert_stored(stranger, &item, &file);
        assert_eq!(code(darkroom.delete_as(stranger, &item.id)), api::code::FORBIDDEN);
        assert_eq!(darkroom.delete_as(who, &item.id).unwrap().bytes, file.size);
        // Its bytes are given back to who uploaded it, whoever deleted it.
        assert_eq!(darkroom.usage_as(owner).own.items, 1, "the private one is left");
    }
}
