//! Every call may be repeated, as after a lost reply: the same effect, the same answer.

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, File, derivatives, files_from_all, principal, put_assets_args, small_photos};

use crate::{CHUNK, chunk, code, held, limits};

#[test]
fn every_call_of_an_upload_may_be_repeated() {
    let darkroom = Darkroom::with(Some(files_from_all(limits(|_| ()))));
    let (owner, start) = (principal(1), darkroom.usage_as(principal(1)));
    for declared in [true, false] {
        let file = File::new(1, 3 * chunk() + 5);
        let begin = file.declared(declared, Some("key"));
        let upload = darkroom.begin_as(owner, &begin).unwrap();
        let usage = darkroom.usage_as(owner);
        // Begun again, it is the same session, and nothing more is reserved.
        let again = darkroom.begin_as(owner, &begin).unwrap();
        assert_eq!((again.session, &again.item), (upload.session, &upload.item));
        assert_eq!(darkroom.usage_as(owner), usage);
        for index in [2, 0, 3, 1] {
            let receipt = darkroom.put_of(owner, &upload, &file, index).unwrap();
            let usage = darkroom.usage_as(owner);
            for _ in 0..2 {
                let again = darkroom.put_of(owner, &upload, &file, index).unwrap();
                assert_eq!(again, api::ChunkReceipt { repeated: true, ..receipt.clone() });
            }
            assert_eq!(darkroom.usage_as(owner), usage);
        }
        let finished = darkroom.finish_as(owner, upload.session).unwrap();
        let usage = darkroom.usage_as(owner);
        for _ in 0..2 {
            assert_eq!(darkroom.finish_as(owner, upload.session).unwrap(), finished);
            let receipt = darkroom.put_of(owner, &upload, &file, 1).unwrap();
            assert!(receipt.repeated);
            assert_eq!(receipt.item.as_ref(), Some(&finished.item));
        }
        // The key still stands for it, complete.
        let again = darkroom.begin_as(owner, &begin).unwrap();
        assert_eq!((again.session, again.item), (upload.session, upload.item.clone()));
        assert_eq!(again.coverage, [api::ChunkRange { start: 0, end: 4 }]);
        assert_eq!(darkroom.usage_as(owner), usage);
        darkroom.assert_stored(owner, &finished.item, &file);
        let published = code(darkroom.abort_as(owner, upload.session));
        assert_eq!(published, api::code::ITEM_PUBLISHED);

        let freed = darkroom.delete_as(owner, &upload.item).unwrap();
        assert_eq!(freed.bytes, file.size);
        for _ in 0..2 {
            assert_eq!(darkroom.delete_as(owner, &upload.item).unwrap(), freed);
        }
        // To others it is not there, and it never was.
        assert_eq!(code(darkroom.delete_as(principal(2), &upload.item)), api::code::ITEM_NOT_FOUND);
        assert_eq!(darkroom.usage_as(owner), start);
    }
}

#[test]
fn an_abort_may_be_repeated_and_frees_the_key() {
    let darkroom = Darkroom::with(Some(files_from_all(limits(|_| ()))));
    let (owner, start) = (principal(1), darkroom.usage_as(principal(1)));
    let file = File::new(1, 3 * chunk() + 5);
    let begin = file.declared(true, Some("key"));
    let upload = darkroom.begin_as(owner, &begin).unwrap();
    for index in [0, 3] {
        darkroom.put_of(owner, &upload, &file, index).unwrap();
    }
    let freed = darkroom.abort_as(owner, upload.session).unwrap();
    assert_eq!(freed.bytes, chunk() + 5);
    assert_eq!(darkroom.usage_as(owner), start);
    darkroom.upgrade();
    let next = darkroom.begin_as(owner, &begin).unwrap();
    assert_ne!(next.session, upload.session);
    darkroom.put_of(owner, &next, &file, 0).unwrap();
    let usage = darkroom.usage_as(owner);
    for _ in 0..2 {
        assert_eq!(darkroom.abort_as(owner, upload.session).unwrap(), freed);
    }
    assert_eq!(darkroom.usage_as(owner), usage, "the new session is not touched");
    assert_eq!(code(darkroom.abort_as(principal(2), upload.session)), api::code::SESSION_NOT_FOUND);
    for ended in [
        darkroom.put_of(owner, &upload, &file, 1).map(|_| ()),
        darkroom.finish_as(owner, upload.session).map(|_| ()),
    ] {
        assert_eq!(code(ended), api::code::SESSION_NOT_FOUND);
    }
}

#[test]
fn derivatives_may_be_repeated() {
    let args = limits(|_| ());
    let darkroom = Darkroom::with(Some(api::InitArgs { limits: Some(args), ..Default::default() }));
    let (owner, start) = (darkroom.owner, darkroom.usage_as(darkroom.owner));
    let photo = &small_photos()[0];
    let upload = darkroom.begin(photo, None);
    let mut assets = put_assets_args(&upload.item, &derivatives(photo).unwrap());
    let preview = assets.assets.remove(0);
    let put = |assets: &api::PutAssets| darkroom.update::<api::Result<api::Item>>("put_assets", (assets,));
    let item = put(&assets).unwrap();
    let usage = darkroom.usage_as(owner);
    for _ in 0..2 {
        assert_eq!(put(&assets).unwrap(), item);
    }
    // Some of them again with one that is new: the new one counts, once.
    let declared = api::PutAsset { bytes: Vec::new().into(), ..preview.clone() };
    let size = preview.bytes.len() as u64;
    let begin = api::BeginAsset { item: upload.item.clone(), asset: declared, size };
    let begin = || darkroom.update::<api::Result<api::Upload>>("begin_asset", (&begin,));
    assert_eq!(darkroom.usage_as(owner), usage);
    let session = begin().unwrap();
    let reserved = darkroom.usage_as(owner);
    assert_eq!(begin().unwrap().session, session.session);
    assert_eq!(darkroom.usage_as(owner), reserved);
    let chunks = preview.bytes.chunks(CHUNK as usize).zip(0u32..);
    let mut last = None;
    for (bytes, index) in chunks {
        last = darkroom.put_bytes(owner, session.session, index, bytes).unwrap().item;
        assert!(darkroom.put_bytes(owner, session.session, index, bytes).unwrap().repeated);
    }
    let finished = darkroom.finish_as(owner, session.session).unwrap();
    assert_eq!(last.as_ref(), Some(&finished.item), "the SHA-256 was declared");
    assert_eq!(darkroom.finish_as(owner, session.session).unwrap(), finished);
    for (index, bytes) in (0u32..).zip(photo.bytes.chunks(CHUNK as usize)) {
        darkroom.put_bytes(owner, upload.session, index, bytes).unwrap();
    }
    let item = darkroom.finish_as(owner, upload.session).unwrap().item;
    assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::PUBLISHED, 4));
    // Published, the same derivatives are still the same answer; others are refused.
    assert_eq!(put(&assets).unwrap(), item);
    let freed = darkroom.delete_as(owner, &item.id).unwrap();
    assert_eq!(darkroom.delete_as(owner, &item.id).unwrap(), freed);
    assert_eq!(darkroom.usage_as(owner), start);
}

#[test]
fn other_bytes_under_a_stored_index_are_refused_with_both_hashes() {
    let darkroom = Darkroom::with(Some(files_from_all(limits(|_| ()))));
    let owner = principal(1);
    let file = File::new(1, 3 * chunk() + 5);
    let other = File::new(2, 3 * chunk() + 5);
    let upload = darkroom.begin_as(owner, &file.declared(true, None)).unwrap();
    // Of a chunk that is hashed, and of one that waits.
    for index in [0, 2] {
        darkroom.put_of(owner, &upload, &file, index).unwrap();
        let (status, usage) = (darkroom.status_as(owner, upload.session), darkroom.usage_as(owner));
        let error = darkroom.put_of(owner, &upload, &other, index).unwrap_err();
        assert_eq!((error.code.as_str(), error.retryable), ("chunk_conflict", false));
        for bytes in [file.chunk(index, CHUNK), other.chunk(index, CHUNK)] {
            assert!(error.message.contains(&Digest::of(&bytes).to_string()), "{error}");
        }
        assert_eq!((darkroom.status_as(owner, upload.session), darkroom.usage_as(owner)), (status, usage));
    }
    for index in [1, 3] {
        darkroom.put_of(owner, &upload, &file, index).unwrap();
    }
    let item = darkroom.finish_as(owner, upload.session).unwrap().item;
    assert_eq!(code(darkroom.put_of(owner, &upload, &other, 1)), "session_finished");
    darkroom.assert_stored(owner, &item, &file);
}

#[test]
fn a_key_stands_for_one_declaration() {
    let darkroom = Darkroom::with(Some(files_from_all(limits(|_| ()))));
    let (owner, file) = (principal(1), File::new(1, 1000));
    let first = file.declared(true, Some("key"));
    let upload = darkroom.begin_as(owner, &first).unwrap();
    let usage = darkroom.usage_as(owner);
    let others = [
        api::BeginUpload { size: 1001, ..first.clone() },
        api::BeginUpload { sha256: Some([1; 32].into()), ..first.clone() },
        api::BeginUpload { media_type: "image/png".to_owned(), ..first.clone() },
        api::BeginUpload { file_name: "other.bin".to_owned(), ..first.clone() },
        api::BeginUpload { visibility: Some(api::Visibility::Private), ..first.clone() },
    ];
    for other in &others {
        let error = darkroom.begin_as(owner, other).unwrap_err();
        assert_eq!(error.code, api::code::KEY_CONFLICT, "{other:?}");
        assert!(error.message.contains(&file.name), "{error}");
    }
    let whole = darkroom.whole_as(owner, &File::new(2, 1000), Some("key"));
    assert_eq!(code(whole), api::code::KEY_CONFLICT);
    assert_eq!(darkroom.usage_as(owner), usage);
    assert_eq!(held(&usage.own), (1000, 1, 1));
    // Finished, it still does.
    let item = darkroom.put_of(owner, &upload, &file, 0).unwrap().item.unwrap();
    for other in &others {
        assert_eq!(code(darkroom.begin_as(owner, other)), api::code::KEY_CONFLICT, "{other:?}");
    }
    darkroom.assert_stored(owner, &item, &file);
    for key in ["", &"k".repeat(129)] {
        let begun = darkroom.begin_as(owner, &file.declared(true, Some(key)));
        assert_eq!(code(begun), api::code::INVALID_ARGUMENT);
    }
}
