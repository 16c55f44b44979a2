//! Limits, cycles, and removal in bounded steps.

use super::*;

fn quota(bytes: u64, items: u64, open_sessions: u32) -> Option<api::Quota> {
    Some(api::Quota { bytes: Some(bytes), items: Some(items), open_sessions: Some(open_sessions) })
}

fn refused(limits: api::Limits, sizes: &[usize]) -> api::Error {
    let mut service = open(&VectorMemory::default(), limits);
    let mut last = None;
    for (number, size) in sizes.iter().enumerate() {
        assert_eq!(last, None, "only the last is refused");
        let bytes = bytes_of(*size, number);
        last = service.begin_upload(message(owner(1), 1), &declaration(&bytes, true, None)).err();
    }
    last.unwrap()
}

#[test]
fn each_limit_names_itself_what_was_found_and_what_is_allowed() {
    let limits = api::Limits::default;
    for (limits, sizes, expected) in [
        (
            api::Limits { per_principal: quota(100, 9, 9), ..limits() },
            [60, 41],
            "limits.per_principal.bytes: 60 held and 41 more asked for; 100 are allowed",
        ),
        (
            api::Limits { per_principal: quota(100, 1, 9), ..limits() },
            [1, 1],
            "limits.per_principal.items: 1 held and 1 more asked for; 1 are allowed",
        ),
        (
            api::Limits { per_principal: quota(100, 9, 1), ..limits() },
            [1, 1],
            "limits.per_principal.open_sessions: 1 held and 1 more asked for; 1 are allowed",
        ),
        (
            api::Limits { total: quota(100, 9, 9), ..limits() },
            [60, 41],
            "limits.total.bytes: 60 held and 41 more asked for; 100 are allowed",
        ),
        (
            api::Limits { max_file_size: Some(10), ..limits() },
            [10, 11],
            "limits.max_file_size: the file has 11 bytes; 10 are allowed",
        ),
        (
            api::Limits { max_chunks: Some(2), ..limits() },
            [2 * CHUNK, 2 * CHUNK + 1],
            "limits.max_chunks: the file has 3 chunks of 65536 bytes; 2 are allowed",
        ),
    ] {
        let error = refused(limits, &sizes);
        assert_eq!(error.code, api::code::LIMIT);
        assert!(error.message.starts_with(expected), "{}", error.message);
    }
}

#[test]
fn low_cycles_refuse_at_begin_and_leave_no_trace() {
    let mut service =
        open(&VectorMemory::default(), api::Limits { min_cycles: Some(1000), ..Default::default() });
    let empty = service.counts();
    let begin = |service: &mut TestService, liquid_cycles| {
        let message = Message { liquid_cycles, ..message(owner(1), 1) };
        service.begin_upload(message, &declaration(&[7; 4], true, Some("key".to_owned())))
    };
    let error = begin(&mut service, 10_999).unwrap_err();
    assert_eq!((error.code.as_str(), error.retryable), (api::code::LOW_CYCLES, false));
    assert!(error.message.contains("10999") && error.message.contains("11000"), "{}", error.message);
    assert_eq!(service.counts(), empty);
    let upload = begin(&mut service, 11_000).unwrap();
    // Coming back to what was begun takes none.
    assert_eq!(begin(&mut service, 0).unwrap(), upload);
}

#[test]
fn a_whole_upload_is_all_or_nothing() {
    let mut service = open(&VectorMemory::default(), api::Limits::default());
    let empty = service.counts();
    let bytes = bytes_of(100_000, 1);
    let asset = api::PutAsset {
        name: "nothing".to_owned(),
        media_type: "image/jpeg".to_owned(),
        bytes: vec![1].into(),
        sha256: Digest::of(&[1]).0.into(),
        width: None,
        height: None,
        processor_version: 1,
        source_sha256: Digest::of(&bytes).0.into(),
    };
    let upload = declaration(&bytes, true, None);
    let whole = |upload: &api::BeginUpload, bytes: &[u8], assets: &[api::PutAsset]| api::UploadWhole {
        upload: upload.clone(),
        bytes: bytes.to_vec().into(),
        assets: assets.to_vec(),
    };
    let mut other = bytes.clone();
    other[5] ^= 1;
    for (args, code) in [
        (whole(&upload, &bytes, &[asset]), api::code::STAGE_NOT_YOURS),
        (whole(&upload, &bytes[1..], &[]), api::code::INVALID_ARGUMENT),
        (whole(&upload, &other, &[]), "hash_mismatch"),
    ] {
        assert_eq!(service.upload_whole(message(owner(1), 1), &args).unwrap_err().code, code);
    }
    // Of what was undone only the place in the queue of expiry is left, until its time.
    service.reap(2 * EXPIRY, 100).unwrap();
    assert_eq!(service.counts(), empty);
    let item = service.upload_whole(message(owner(1), 1), &whole(&upload, &bytes, &[])).unwrap();
    assert_eq!(
        (item.state.as_str(), *item.assets[0].sha256),
        (api::item_state::PUBLISHED, Digest::of(&bytes).0)
    );
}

#[test]
fn very_many_chunks_are_freed_in_steps_and_given_back_at_once() {
    let memory = VectorMemory::default();
    let mut service = open(&memory, api::Limits::default());
    let empty = service.counts();
    let bytes = vec![3; 1100 * CHUNK];
    let upload = service.begin_upload(message(owner(1), 1), &declaration(&bytes, false, None)).unwrap();
    for index in 0..1100 {
        service.put_chunk(message(owner(1), 2), &chunk(upload.session, index, &bytes[..CHUNK])).unwrap();
    }
    let freed = service.abort_upload(owner(1), 3, SessionId(upload.session)).unwrap();
    assert_eq!(freed.bytes, bytes.len() as u64);
    let usage = service.usage(owner(1)).unwrap();
    assert_eq!((usage.own.bytes, usage.own.open_sessions, usage.store.being_freed), (0, 0, 1));
    assert_eq!(usage.store.chunks, 600);
    // An upgrade in between loses nothing.
    let mut service = open(&memory, api::Limits::default());
    assert!(service.collect_garbage());
    assert!(!service.collect_garbage());
    service.reap(2 * EXPIRY, 100).unwrap();
    assert_eq!(service.counts(), empty);
}

/// What holds from now on is told by each use of a session; it is kept to.
#[test]
fn sessions_end_in_the_time_that_holds_since_they_were_used() {
    let memory = VectorMemory::default();
    let long = api::Limits { session_seconds: Some(31_622_400), ..Default::default() };
    let mut service = open(&memory, api::Limits::default());
    let controller = Caller { controller: true, ..owner(9) };
    let configure = |service: &mut TestService, limits| {
        let args = api::InitArgs { limits: Some(limits), ..Default::default() };
        service.configure(controller, &args).unwrap();
    };
    configure(&mut service, long);
    let bytes = bytes_of(3 * CHUNK, 1);
    let uploads = ["put", "begun", "finished"].map(|key| {
        let declared = declaration(&bytes, false, Some(key.to_owned()));
        (service.begin_upload(message(owner(1), 1), &declared).unwrap(), declared)
    });
    configure(&mut service, api::Limits { session_seconds: Some(60), ..Default::default() });
    let put = |service: &mut TestService, upload: &api::Upload, index| {
        let part = bytes.chunks(CHUNK).nth(index).unwrap();
        service.put_chunk(message(owner(1), 2), &chunk(upload.session, index, part)).unwrap();
    };
    put(&mut service, &uploads[0].0, 1);
    service.begin_upload(message(owner(1), 2), &uploads[1].1).unwrap();
    (0..3).for_each(|index| put(&mut service, &uploads[2].0, index));
    service.finish_upload(message(owner(1), 2), SessionId(uploads[2].0.session)).unwrap();
    assert_eq!(service.check(), Vec::<String>::new());
    while service.reap(2 + EXPIRY, 20).unwrap() {}
    let usage = service.usage(owner(1)).unwrap();
    assert_eq!((usage.own.open_sessions, usage.own.items, usage.store.sessions), (0, 1, 0));
    assert_eq!(service.check(), Vec::<String>::new());
}
