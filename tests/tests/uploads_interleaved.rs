//! Sixteen uploads of 20 MB, their chunks in flight in a random order, some repeated, some with other bytes: each
//! file comes out right, and after deleting them the store is as it was before.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeSet, VecDeque};

use candid::Principal;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, Dice, File, files_from_all, principal};
use pocket_ic::common::rest::RawMessageId;

/// Calls that wait for their answers at once, as a client's window is.
const IN_FLIGHT: usize = 12;

/// What a call brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A chunk for the first time, or once more.
    Right,
    /// Other bytes for a chunk that has been acknowledged.
    Conflict,
}

struct Upload {
    owner: Principal,
    file: File,
    upload: api::Upload,
    acknowledged: BTreeSet<u32>,
    repeated: usize,
    item: Option<api::Item>,
}

impl Upload {
    fn call(&self, darkroom: &Darkroom, index: u32, kind: Kind) -> RawMessageId {
        let mut bytes = self.file.chunk(index, self.upload.chunk_size);
        if kind == Kind::Conflict {
            bytes[0] ^= 1;
        }
        let sha256 = Digest::of(&bytes).0.into();
        let args = api::PutChunk { session: self.upload.session, index, bytes: bytes.into(), sha256 };
        let args = candid::encode_one(args).unwrap();
        darkroom.network.submit_call(darkroom.id, self.owner, "put_chunk", args).unwrap()
    }

    fn answered(&mut self, index: u32, kind: Kind, answer: api::Result<api::ChunkReceipt>) {
        match (kind, answer) {
            (Kind::Right, Ok(receipt)) => {
                self.repeated += usize::from(receipt.repeated);
                assert_eq!(receipt.repeated, !self.acknowledged.insert(index), "{} {index}", self.file.name);
                self.item = receipt.item.or(self.item.take());
            }
            (Kind::Conflict, Err(error)) => {
                assert!(["chunk_conflict", "session_finished"].contains(&error.code.as_str()), "{error}");
            }
            (kind, answer) => panic!("{} {index} {kind:?}: {answer:?}", self.file.name),
        }
    }
}

/// Sends all chunks of all uploads in a random order, every tenth of them twice, and now and then other bytes for
/// one that is there. Returns how many of those were refused.
fn send_all(darkroom: &Darkroom, uploads: &mut [Upload], dice: &mut Dice) -> usize {
    let mut calls: Vec<(usize, u32)> = Vec::new();
    for (number, upload) in uploads.iter().enumerate() {
        calls.extend((0..upload.file.chunks(upload.upload.chunk_size)).map(|index| (number, index)));
    }
    let repeats: Vec<_> = calls.iter().step_by(10).copied().collect();
    calls.extend(repeats);
    dice.shuffle(&mut calls);
    let mut flight = VecDeque::new();
    let mut conflicts = 0;
    let land = |uploads: &mut [Upload], flight: &mut VecDeque<(usize, u32, Kind, RawMessageId)>| {
        let (number, index, kind, call) = flight.pop_front().unwrap();
        let reply = darkroom.network.await_call(call).unwrap();
        let answer = candid::decode_one::<api::Result<api::ChunkReceipt>>(&reply).unwrap();
        uploads[number].answered(index, kind, answer);
    };
    for (sent, (number, index)) in calls.into_iter().enumerate() {
        while flight.len() >= IN_FLIGHT {
            land(uploads, &mut flight);
        }
        flight.push_back((number, index, Kind::Right, uploads[number].call(darkroom, index, Kind::Right)));
        let other = dice.below(uploads.len());
        if sent % 12 == 11
            && let Some(index) = {
                let stored = &uploads[other].acknowledged;
                stored.iter().nth(dice.below(stored.len())).copied()
            }
        {
            conflicts += 1;
            let call = uploads[other].call(darkroom, index, Kind::Conflict);
            flight.push_back((other, index, Kind::Conflict, call));
        }
    }
    while !flight.is_empty() {
        land(uploads, &mut flight);
    }
    conflicts
}

fn memory_size(darkroom: &Darkroom) -> candid::Nat {
    darkroom.network.canister_status(darkroom.id, Some(darkroom.owner)).unwrap().memory_size
}

#[test]
fn sixteen_sessions_of_20_mb_in_a_random_order() {
    let darkroom = Darkroom::with(Some(files_from_all(api::Limits::default())));
    let start = darkroom.store();
    assert_eq!((start.bytes, start.chunks, start.sessions), (0, 0, 0));
    let mut dice = Dice::new(16);
    let mut uploads: Vec<Upload> = Vec::new();
    for number in 0..16u8 {
        let owner = principal(number % 4);
        // Lengths of the last chunk differ, so that freed extents do.
        let file = File::new(number.into(), 20_000_000 - u64::from(number) * 777);
        let upload = darkroom.begin_as(owner, &file.declared(number % 3 != 0, None)).unwrap();
        uploads.push(Upload { owner, file, upload, acknowledged: BTreeSet::new(), repeated: 0, item: None });
    }
    for number in 0..4 {
        let own = darkroom.usage_as(principal(number)).own;
        let reserved = uploads.iter().filter(|upload| upload.owner == principal(number));
        let reserved: u64 = reserved.map(|upload| upload.file.size).sum();
        assert_eq!((own.items, own.open_sessions, own.bytes), (4, 4, reserved));
    }
    // One more, which nobody goes on with.
    let left = File::new(99, 5_000_000);
    let abandoned = darkroom.begin_as(principal(9), &left.declared(true, None)).unwrap();
    darkroom.put_of(principal(9), &abandoned, &left, 1).unwrap();

    let conflicts = send_all(&darkroom, &mut uploads, &mut dice);
    assert!(conflicts >= 8, "only {conflicts} conflicts were tried");
    let repeated: usize = uploads.iter().map(|upload| upload.repeated).sum();
    let chunks: usize = uploads.iter().map(|upload| upload.acknowledged.len()).sum();
    assert_eq!(repeated, chunks.div_ceil(10), "each second sending of a chunk is known as one");

    let mut bytes = 0;
    for upload in &uploads {
        let finished = darkroom.finish_as(upload.owner, upload.upload.session).unwrap().item;
        assert!(upload.item.as_ref().is_none_or(|item| *item == finished), "{}", upload.file.name);
        assert_eq!(finished.state, api::item_state::PUBLISHED);
        darkroom.assert_stored(upload.owner, &finished, &upload.file);
        bytes += upload.file.size;
    }
    let full = darkroom.usage_as(principal(0));
    assert_eq!(full.store.bytes, bytes + 1_900_032);
    assert_eq!((full.total.bytes, full.total.items), (bytes + left.size, 17));
    assert_eq!((full.total.open_sessions, full.own.open_sessions), (1, 0));
    let size = memory_size(&darkroom);

    // Deleted in another order than stored, with the abandoned one between them.
    let mut order: Vec<usize> = (0..uploads.len()).collect();
    dice.shuffle(&mut order);
    for number in order {
        let upload = &uploads[number];
        let freed = darkroom.delete_as(upload.owner, &upload.upload.item).unwrap();
        assert_eq!(freed.bytes, upload.file.size);
    }
    darkroom.later(25 * 60 * 60);
    darkroom.later(60 * 60);
    darkroom.freed();
    assert_eq!(darkroom.store(), start, "the store is as it was");
    for number in [0, 1, 2, 3, 9] {
        let usage = darkroom.usage_as(principal(number));
        for held in [&usage.own, &usage.total] {
            assert_eq!((held.bytes, held.items, held.open_sessions), (0, 0, 0), "principal {number}");
        }
    }
    let gone = darkroom.status_as(principal(9), abandoned.session).unwrap_err();
    assert_eq!(gone.code, api::code::SESSION_NOT_FOUND);

    // What was given back is used again: the canister's memory does not grow beyond what it was.
    for number in 0..3u8 {
        let file = File::new(100 + u64::from(number), 20_000_000);
        let item = darkroom.upload_file(principal(number), &file, true, None);
        darkroom.assert_stored(principal(number), &item, &file);
    }
    assert!(memory_size(&darkroom) <= size, "{} > {size}", memory_size(&darkroom));
}
