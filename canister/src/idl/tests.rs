//! Messages against the library's.

use candid::Principal;
use darkroom_api as api;
use proptest::prelude::*;

use super::*;

fn upload() -> impl Strategy<Value = api::BeginUpload> {
    let visibility = prop::option::of(prop::bool::ANY).prop_map(|private| {
        private.map(|private| if private { api::Visibility::Private } else { api::Visibility::Public })
    });
    let texts = (prop::option::of(".{0,20}"), ".{0,200}", ".{0,20}", prop::option::of(".{0,20}"));
    (texts, any::<u64>(), prop::option::of(any::<[u8; 32]>()), visibility).prop_map(
        |((pipeline, file_name, media_type, idempotency_key), size, sha256, visibility)| api::BeginUpload {
            pipeline,
            file_name,
            media_type,
            size,
            sha256: sha256.map(Into::into),
            visibility,
            idempotency_key,
        },
    )
}

fn put_asset(upload: &api::BeginUpload, bytes: &[u8]) -> api::PutAsset {
    api::PutAsset {
        name: upload.file_name.clone(),
        media_type: upload.media_type.clone(),
        bytes: bytes.to_vec().into(),
        sha256: [2; 32].into(),
        source_sha256: [1; 32].into(),
        width: Some(7),
        height: None,
        processor_version: 3,
    }
}

fn is_read<T: CandidType + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let bytes = candid::encode_one(value).unwrap();
    assert_eq!(read::read::<T>(&bytes).as_ref(), Some(value));
    for end in 0..bytes.len() {
        assert_eq!(read::read::<T>(&bytes[..end]), None, "{end} of {} bytes", bytes.len());
    }
    assert_eq!(read::read::<T>(&[bytes.as_slice(), &[0]].concat()), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arguments_are_read_as_the_library_reads_them(
        upload in upload(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        headers in prop::collection::vec((".{0,20}", ".{0,20}"), 0..5),
        version in prop::option::of(any::<u16>()),
    ) {
        is_read(&upload);
        is_read(&upload.size);
        is_read(&api::PutChunk { session: 1, index: 2, bytes: bytes.clone().into(), sha256: [3; 32].into() });
        let assets = vec![put_asset(&upload, &bytes), put_asset(&upload, &[])];
        is_read(&api::UploadWhole { upload: upload.clone(), bytes: bytes.clone().into(), assets });
        is_read(&api::HttpRequest {
            method: "GET".to_owned(),
            url: upload.file_name,
            headers,
            body: bytes.into(),
            certificate_version: version,
        });
    }

    /// What is read of any bytes, the library reads too.
    #[test]
    fn nothing_is_read_that_the_library_refuses(
        upload in upload(),
        bytes in prop::collection::vec(any::<u8>(), 0..20),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let changed = |mut bytes: Vec<u8>| {
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            bytes
        };
        let begin = changed(candid::encode_one(&upload).unwrap());
        if let Some(read) = read::read::<api::BeginUpload>(&begin) {
            prop_assert_eq!(candid::decode_one::<api::BeginUpload>(&begin).unwrap(), read);
        }
        let assets = vec![put_asset(&upload, &bytes)];
        let whole = api::UploadWhole { upload, bytes: bytes.into(), assets };
        let whole = changed(candid::encode_one(&whole).unwrap());
        if let Some(read) = read::read::<api::UploadWhole>(&whole) {
            prop_assert_eq!(candid::decode_one::<api::UploadWhole>(&whole).unwrap(), read);
        }
    }

    #[test]
    fn answers_are_those_of_the_library(
        headers in prop::collection::vec((".{0,20}", ".{0,20}"), 0..5),
        body in prop::collection::vec(any::<u8>(), 0..300),
        status_code in any::<u16>(),
    ) {
        let head = api::HttpResponse { status_code, headers, body: Vec::new().into(), upgrade: None };
        let mut sent = Vec::new();
        let pieces = |append: &mut dyn FnMut(&[u8])| body.chunks(100).for_each(append);
        encode_http(&head, body.len() as u64, pieces, &mut |bytes| sent.extend_from_slice(bytes));
        let whole = api::HttpResponse { body: body.into(), ..head };
        prop_assert_eq!(sent, candid::encode_one(&whole).unwrap());
        prop_assert_eq!(encode(whole.clone()), candid::encode_one(&whole).unwrap());
    }
}

/// A type that nothing of the message has a value of, and that the message does not define.
#[test]
fn types_that_are_not_there_are_left_to_the_library() {
    let upload = api::BeginUpload {
        pipeline: None,
        file_name: "a".to_owned(),
        media_type: "b".to_owned(),
        size: 1,
        sha256: None,
        visibility: None,
        idempotency_key: None,
    };
    let bytes = candid::encode_one(&upload).unwrap();
    assert_eq!(read::read(&bytes), Some(upload));
    let places: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] == 0x6e).map(|at| at + 1).collect();
    assert!(!places.is_empty());
    for at in places {
        for code in [0x3f, 0x6a] {
            let mut bytes = bytes.clone();
            bytes[at] = code;
            assert!(candid::decode_one::<api::BeginUpload>(&bytes).is_err(), "{code:x} at {at}");
            assert_eq!(read::read::<api::BeginUpload>(&bytes), None, "{code:x} at {at}");
        }
    }
}

/// Types that differ from those that are expected in what Candid allows.
#[test]
fn what_is_not_plain_is_left_to_the_library() {
    #[derive(CandidType)]
    struct More {
        session: u64,
        index: u32,
        bytes: serde_bytes::ByteBuf,
        sha256: api::Sha256,
        more: Option<Principal>,
    }
    let more = More { session: 1, index: 2, bytes: vec![3].into(), sha256: [4; 32].into(), more: None };
    let bytes = candid::encode_one(more).unwrap();
    assert_eq!(read::read::<api::PutChunk>(&bytes), None);
    assert_eq!(decode::<api::PutChunk>(bytes).session, 1);
    assert_eq!(read::read::<u64>(&candid::encode_one(candid::Nat::from(7u8)).unwrap()), None);
    assert_eq!(read::read::<u64>(&candid::encode_args((1u64, 2u64)).unwrap()), None);
}

#[test]
fn an_answer_of_either_kind_is_written() {
    for answer in [Ok(api::Freed { bytes: 7 }), Err(api::Error::new("code", "message"))] {
        for _ in 0..2 {
            assert_eq!(encode(answer.clone()), candid::encode_one(&answer).unwrap());
        }
    }
}
