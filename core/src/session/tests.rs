//! A session against a simple model, and each refusal.

use proptest::prelude::*;

use super::*;
use crate::chunk::HeapChunkStore;

fn session(bytes: &[u8], chunk_size: u32) -> Session {
    let declared = Declared { size: bytes.len() as u64, chunk_size, sha256: Some(Digest::of(bytes)) };
    Session::new(SessionId(1), b"owner", declared, 0).unwrap()
}

fn put(session: &mut Session, store: &mut HeapChunkStore, index: u32, bytes: &[u8]) -> Result<Put> {
    session.put_chunk(store, index, bytes, Digest::of(bytes), 0)
}

#[test]
fn each_refusal_is_typed_and_leaves_the_session_usable() {
    let (mut session, mut store) = (session(b"abcdefgh", 3), HeapChunkStore::default());
    let code = |result: Result<Put>| result.unwrap_err().code();
    assert_eq!(code(put(&mut session, &mut store, 3, b"abc")), "chunk_out_of_range");
    assert_eq!(code(put(&mut session, &mut store, 0, b"abcd")), "chunk_length");
    assert_eq!(code(put(&mut session, &mut store, 2, b"ghi")), "chunk_length");
    assert_eq!(code(session.put_chunk(&mut store, 0, b"abc", Digest::of(b"x"), 0)), "chunk_hash");
    assert_eq!(put(&mut session, &mut store, 0, b"abc").unwrap(), Put::Stored);
    assert_eq!(put(&mut session, &mut store, 0, b"abc").unwrap(), Put::Repeated);
    assert_eq!(code(put(&mut session, &mut store, 0, b"xyz")), "chunk_conflict");
    assert_eq!(session.finish(&store, 0).unwrap_err(), Error::Incomplete { missing: 2, total: 3, first: 1 });
    put(&mut session, &mut store, 2, b"gh").unwrap();
    put(&mut session, &mut store, 1, b"def").unwrap();
    assert_eq!(session.finish(&store, 0).unwrap(), Some(Digest::of(b"abcdefgh")));
    assert_eq!(put(&mut session, &mut store, 1, b"def").unwrap(), Put::Repeated);
    assert_eq!(code(put(&mut session, &mut store, 1, b"xyz")), "session_finished");
}

#[test]
fn a_wrong_whole_is_found_at_finish() {
    let declared = Declared { size: 3, chunk_size: 3, sha256: Some(Digest::of(b"abc")) };
    let mut session = Session::new(SessionId(1), b"owner", declared, 0).unwrap();
    let mut store = HeapChunkStore::default();
    put(&mut session, &mut store, 0, b"xyz").unwrap();
    assert_eq!(session.finish(&store, 0).unwrap_err().code(), "hash_mismatch");
    assert_eq!(session.finished(), None);
}

#[test]
fn sizes_are_checked() {
    let new = |size, chunk_size| {
        Session::new(SessionId(1), b"", Declared { size, chunk_size, sha256: None }, 0).map(|_| ())
    };
    assert_eq!(new(0, 10).unwrap_err(), Error::InvalidSize { found: 0, allowed: 1_000_000 });
    assert!(new(1_000_000, 10).is_ok());
    assert!(new(1_000_001, 10).is_err());
    assert!(new(u64::MAX, u32::MAX).is_err());
}

#[test]
fn a_full_store_changes_nothing() {
    let (mut session, mut store) = (session(b"abcdef", 3), HeapChunkStore::with_limit(4));
    put(&mut session, &mut store, 1, b"def").unwrap();
    assert_eq!(put(&mut session, &mut store, 0, b"abc").unwrap_err().code(), "store_full");
    assert_eq!(session.coverage().present(), 1);
    assert_eq!(store.used(), 3);
}

#[test]
fn a_refused_chunk_leaves_no_trace_in_the_rolling_hash() {
    let bytes = [5u8; 64 * 40];
    let (mut session, mut store) = (session(&bytes, 64 * 16), HeapChunkStore::with_limit(64 * 24));
    put(&mut session, &mut store, 0, &bytes[..64 * 16]).unwrap();
    let before = serde_json::to_value(&session).unwrap();
    let unchanged = |session: &Session| assert_eq!(serde_json::to_value(session).unwrap(), before);

    let next = &bytes[64 * 16..64 * 32];
    let refused = session.put_chunk(&mut store, 1, next, Digest::of(b"other"), 0).unwrap_err();
    assert_eq!(
        refused,
        Error::ChunkHash { index: 1, found: Digest::of(next), declared: Digest::of(b"other") }
    );
    unchanged(&session);
    assert_eq!(put(&mut session, &mut store, 1, next).unwrap_err().code(), "store_full");
    unchanged(&session);
    assert_eq!(put(&mut session, &mut store, 0, &[6; 64 * 16]).unwrap_err().code(), "chunk_conflict");
    unchanged(&session);
    assert_eq!(put(&mut session, &mut store, 0, &bytes[..64 * 16]).unwrap(), Put::Repeated);
    unchanged(&session);
}

/// A chunk that is next for the rolling hash, but came before and waits, is hashed once.
#[test]
fn a_waiting_chunk_that_is_repeated_is_not_hashed_again() {
    let bytes: Vec<u8> = (0..=255).collect();
    let (mut session, mut store) = (session(&bytes, 64), HeapChunkStore::default());
    for index in [3, 2, 1, 0] {
        put(&mut session, &mut store, index, &bytes[64 * index as usize..][..64]).unwrap();
    }
    assert_eq!(session.hashed_bytes(), 128);
    assert_eq!(put(&mut session, &mut store, 2, &bytes[128..192]).unwrap(), Put::Repeated);
    assert_eq!(session.hashed_bytes(), 128);
    while session.finish(&store, 0).unwrap().is_none() {}
    assert_eq!(session.finished(), Some(Digest::of(&bytes)));
}

#[test]
fn hashing_is_bounded_per_call() {
    let bytes = [7u8; 100];
    let (mut session, mut store) = (session(&bytes, 10), HeapChunkStore::default());
    for index in (0..10).rev() {
        put(&mut session, &mut store, index, &bytes[..10]).unwrap();
    }
    // Chunk 0 closed the gap and, at budget 0, took one waiting chunk with it.
    assert_eq!(session.hashed_bytes(), 20);
    let mut calls = 0;
    while session.finish(&store, 25).unwrap().is_none() {
        calls += 1;
    }
    assert_eq!(calls, 3);
}

proptest! {
    /// Any order of arrival, with repeats, saved and restored between any two messages.
    #[test]
    fn any_order_gives_the_digest(
        bytes in prop::collection::vec(any::<u8>(), 1..200),
        chunk_size in 1u32..20,
        order in prop::collection::vec(any::<u16>(), 0..100),
        budget in 0u64..50,
    ) {
        let (mut session, mut store) = (session(&bytes, chunk_size), HeapChunkStore::default());
        let chunks: Vec<&[u8]> = bytes.chunks(chunk_size as usize).collect();
        let order = order.into_iter().map(|i| usize::from(i) % chunks.len()).chain(0..chunks.len());
        for place in order {
            let index = u32::try_from(place).unwrap();
            let before = session.coverage().contains(index);
            let put = session
                .put_chunk(&mut store, index, chunks[place], Digest::of(chunks[place]), budget)
                .unwrap();
            prop_assert_eq!(put == Put::Repeated, before);
            let saved = serde_json::to_vec(&session).unwrap();
            session = serde_json::from_slice(&saved).unwrap();
        }
        while session.finish(&store, budget).unwrap().is_none() {}
        prop_assert_eq!(session.finished(), Some(Digest::of(&bytes)));
        prop_assert_eq!(store.remove(session.blob), bytes.len() as u64);
    }
}

#[test]
fn a_backlog_is_caught_up_with_while_more_chunks_come() {
    let bytes: Vec<u8> = (0..100).collect();
    let (mut session, mut store) = (session(&bytes, 1), HeapChunkStore::default());
    let mut put = |index: u32| {
        let chunk = &bytes[index as usize..=index as usize];
        session.put_chunk(&mut store, index, chunk, Digest::of(chunk), 2).unwrap();
        session.hashed_bytes()
    };
    for index in 1..=20 {
        assert_eq!(put(index), 0, "the first is missing");
    }
    // Beside itself, each chunk has two of the waiting ones hashed, until none waits.
    assert_eq!(put(0), 3);
    for (index, hashed) in (21..).zip((5..=39).step_by(2)) {
        assert_eq!(put(index), hashed.min(u64::from(index) + 1));
    }
    for index in 39..100 {
        assert_eq!(put(index), u64::from(index) + 1);
    }
    assert_eq!(session.finish(&store, 0).unwrap(), Some(Digest::of(&bytes)));
}

#[test]
fn a_hash_that_is_declared_later_counts_and_one_declared_before_stays() {
    let declared = Declared { size: 3, chunk_size: 3, sha256: None };
    let mut session = Session::new(SessionId(1), b"owner", declared, 0).unwrap();
    let mut store = HeapChunkStore::default();
    put(&mut session, &mut store, 0, b"abc").unwrap();
    session.declare(Digest::of(b"xyz"));
    session.declare(Digest::of(b"abc"));
    assert_eq!(session.finish(&store, 0).unwrap_err().code(), "hash_mismatch");
}
