//! Uploads of weight: 20 MB in 1.9 MB chunks, interleaved sessions, upgrades in the middle, and every refusal.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candid::Principal;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, Photo, photo_of_20_mb, small_photos};

fn chunks(upload: &api::Upload, photo: &Photo) -> u32 {
    u32::try_from(photo.bytes.len().div_ceil(upload.chunk_size as usize)).unwrap()
}

#[test]
fn twenty_megabytes_arrive_whole() {
    let darkroom = Darkroom::new();
    let photo = photo_of_20_mb();
    assert!(photo.bytes.len() > 15_000_000, "{}", photo.bytes.len());
    let upload = darkroom.begin(photo, None);
    assert_eq!(upload.chunk_size, 1_900_032);
    let finished = darkroom.upload_original(photo);
    assert_eq!(*finished.item.assets[0].sha256, photo.sha256().0);
    assert!(darkroom.bytes(&finished.item.id, &finished.item.assets[0]) == photo.bytes);
}

#[test]
fn interleaved_sessions_of_one_file_do_not_collide() {
    let darkroom = Darkroom::new();
    let photo = photo_of_20_mb();
    let uploads: Vec<_> = (0..3).map(|_| darkroom.begin(photo, None)).collect();
    for index in (0..chunks(&uploads[0], photo)).rev() {
        for upload in &uploads {
            darkroom.put(upload, photo, index).unwrap();
        }
    }
    for upload in &uploads {
        let item = darkroom.finish(upload.session).unwrap().item;
        assert_eq!(*item.assets[0].sha256, photo.sha256().0);
        assert!(darkroom.bytes(&item.id, &item.assets[0]) == photo.bytes);
    }
}

#[test]
fn an_upgrade_in_the_middle_loses_nothing() {
    let darkroom = Darkroom::new();
    let photo = photo_of_20_mb();
    let upload = darkroom.begin(photo, Some("once"));
    let total = chunks(&upload, photo);
    // Odd chunks first, so that waiting chunks and a half-way hash go through the upgrades.
    let order: Vec<u32> =
        (0..total).filter(|i| i % 2 == 1).chain((0..total).filter(|i| i % 2 == 0)).collect();
    for (sent, index) in order.iter().enumerate() {
        darkroom.put(&upload, photo, *index).unwrap();
        if sent % 3 == 0 {
            darkroom.upgrade();
            let status: api::Result<api::SessionStatus> = darkroom.query("session_status", (upload.session,));
            let present: u32 = status.unwrap().coverage.iter().map(|range| range.end - range.start).sum();
            assert_eq!(present as usize, sent + 1);
        }
    }
    // The same key: the same session, complete.
    let again = darkroom.begin(photo, Some("once"));
    assert_eq!(again.session, upload.session);
    assert_eq!(again.coverage, [api::ChunkRange { start: 0, end: total }]);
    let item = darkroom.finish(upload.session).unwrap().item;
    assert_eq!(*item.assets[0].sha256, photo.sha256().0);
    assert!(darkroom.bytes(&item.id, &item.assets[0]) == photo.bytes);
}

#[test]
fn every_refusal_is_typed_and_leaves_the_session_usable() {
    let args = api::InitArgs {
        access: Some(api::Access::Authenticated),
        limits: Some(api::Limits { chunk_size: Some(65_536), ..Default::default() }),
        ..Default::default()
    };
    let darkroom = Darkroom::with(Some(args));
    let photo = &small_photos()[0];
    let upload = darkroom.begin(photo, None);
    let total = chunks(&upload, photo);
    assert!(total > 2);
    let first = &photo.bytes[..65_536];
    let code = |result: api::Result<api::ChunkReceipt>| result.unwrap_err().code;
    let put = |index, bytes: &[u8]| darkroom.put_bytes(darkroom.owner, upload.session, index, bytes);

    // A wrong SHA-256 of the chunk.
    let wrong = api::PutChunk {
        session: upload.session,
        index: 0,
        bytes: first.to_vec().into(),
        sha256: Digest::of(b"other").0.into(),
    };
    assert_eq!(code(darkroom.update("put_chunk", (wrong,))), "chunk_hash");
    // Out of range, too large, too small.
    assert_eq!(code(put(total, first)), "chunk_out_of_range");
    assert_eq!(code(put(0, &photo.bytes[..65_537])), "chunk_length");
    assert_eq!(code(put(0, &first[1..])), "chunk_length");
    // From another caller, and to a session that is not there.
    let stranger = Principal::self_authenticating([9]);
    assert_eq!(code(darkroom.put_bytes(stranger, upload.session, 0, first)), "session_not_found");
    assert_eq!(code(darkroom.put_bytes(darkroom.owner, 999, 0, first)), "session_not_found");
    // Other bytes under a stored index.
    assert!(!put(0, first).unwrap().repeated);
    assert!(put(0, first).unwrap().repeated);
    assert_eq!(code(put(0, &vec![7; 65_536])), "chunk_conflict");
    // Finish with a chunk missing.
    let error = darkroom.finish(upload.session).unwrap_err();
    assert_eq!((error.code.as_str(), error.retryable), ("incomplete", true));
    for index in 1..total {
        darkroom.put(&upload, photo, index).unwrap();
    }
    let item = darkroom.finish(upload.session).unwrap().item;
    assert_eq!(*item.assets[0].sha256, photo.sha256().0);
    // After finish: other bytes are refused, the answer to a repeated finish is the same.
    assert_eq!(code(put(0, &vec![7; 65_536])), "session_finished");
    assert_eq!(darkroom.finish(upload.session).unwrap().item, item);
    assert!(darkroom.bytes(&item.id, &item.assets[0]) == photo.bytes);
}

#[test]
fn a_wrong_whole_is_refused_and_can_be_given_up() {
    let darkroom = Darkroom::new();
    let photo = &small_photos()[2];
    let mut other = photo.clone();
    let last = other.bytes.len() - 1;
    other.bytes[last] ^= 1;
    let upload = darkroom.begin(photo, None);
    // The last chunk finishes by itself, or would; it is stored all the same, and no call makes it right.
    assert_eq!(darkroom.put(&upload, &other, 0).unwrap_err().code, "hash_mismatch");
    assert_eq!(darkroom.put(&upload, &other, 0).unwrap_err().code, "hash_mismatch");
    assert_eq!(darkroom.put(&upload, photo, 0).unwrap_err().code, "chunk_conflict");
    assert_eq!(darkroom.finish(upload.session).unwrap_err().code, "hash_mismatch");
    let status: api::Result<api::SessionStatus> = darkroom.query("session_status", (upload.session,));
    assert_eq!(status.unwrap().coverage, [api::ChunkRange { start: 0, end: 1 }]);
    let freed: api::Result<api::Freed> = darkroom.update("abort_upload", (upload.session,));
    assert_eq!(freed.unwrap().bytes, photo.bytes.len() as u64);
    assert_eq!(darkroom.item(&upload.item).unwrap_err().code, api::code::ITEM_NOT_FOUND);
    let status: api::Result<api::SessionStatus> = darkroom.query("session_status", (upload.session,));
    assert_eq!(status.unwrap_err().code, api::code::SESSION_NOT_FOUND);
}

#[test]
fn who_may_not_upload_is_refused_at_begin() {
    let darkroom = Darkroom::new();
    let photo = &small_photos()[2];
    let begin = |caller: Principal, size: u64, name: &str| -> api::Result<api::Upload> {
        let args = api::BeginUpload {
            pipeline: None,
            file_name: name.to_owned(),
            media_type: photo.media_type.to_owned(),
            size,
            sha256: None,
            visibility: None,
            idempotency_key: None,
        };
        darkroom.begin_as(caller, &args)
    };
    let code = |result: api::Result<api::Upload>| result.unwrap_err().code;
    assert_eq!(code(begin(Principal::anonymous(), 1, "a.jpg")), api::code::FORBIDDEN);
    assert_eq!(code(begin(Principal::self_authenticating([9]), 1, "a.jpg")), api::code::FORBIDDEN);
    assert_eq!(code(begin(darkroom.owner, 0, "a.jpg")), "invalid_size");
    assert_eq!(code(begin(darkroom.owner, u64::MAX, "a.jpg")), api::code::LIMIT);
    assert_eq!(code(begin(darkroom.owner, 1, "a/b.jpg")), api::code::INVALID_ARGUMENT);
    let grant = api::InitArgs {
        access: Some(api::Access::Principals(vec![Principal::self_authenticating([9])])),
        ..Default::default()
    };
    let refused: api::Result<()> =
        darkroom.update_as(Principal::self_authenticating([9]), "configure", (grant.clone(),));
    assert_eq!(refused.unwrap_err().code, api::code::FORBIDDEN);
    darkroom.update::<api::Result<()>>("configure", (grant,)).unwrap();
    begin(Principal::self_authenticating([9]), 1, "a.jpg").unwrap();
}

#[test]
fn sessions_expire_and_leave_nothing() {
    let limits = api::Limits { chunk_size: Some(65_536), ..Default::default() };
    let darkroom = Darkroom::with(Some(api::InitArgs { limits: Some(limits), ..Default::default() }));
    let photo = &small_photos()[0];
    assert!(photo.bytes.len() > 65_536);
    let upload = darkroom.begin(photo, Some("key"));
    darkroom.put(&upload, photo, 0).unwrap();
    darkroom.network.advance_time(std::time::Duration::from_secs(25 * 3600));
    darkroom.network.tick();
    let late = darkroom.put(&upload, photo, 0);
    assert!(["session_expired", "session_not_found"].contains(&late.unwrap_err().code.as_str()));
    for _ in 0..10 {
        darkroom.network.tick();
    }
    assert_eq!(darkroom.item(&upload.item).unwrap_err().code, api::code::ITEM_NOT_FOUND);
    // The key is free again.
    assert_ne!(darkroom.begin(photo, Some("key")).session, upload.session);
}
