//! Random interleavings of several owners' uploads, reopened between messages as an upgrade does, against a simple
//! model: stored bytes, hashes, coverage, free space and quota agree after every step, and nothing leaks.

use darkroom_core::chunk::ChunkStore;
use darkroom_core::id::ChunkKey;
use proptest::prelude::*;

use super::*;

const OWNERS: u8 = 3;
const QUOTA: (u64, u64, u32) = (600_000, 6, 3);
const TOTAL: (u64, u64, u32) = (1_200_000, 12, 6);

#[derive(Clone, Debug)]
enum Operation {
    Begin { owner: u8, size: usize, declared: bool, keyed: bool },
    Whole { owner: u8, size: usize },
    WholeAgain(usize),
    Put(usize, usize),
    Conflict(usize, usize),
    Damaged(usize, usize),
    Stranger(usize),
    Finish(usize),
    Abort(usize),
    Delete(usize),
    Wait,
    Upgrade,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let size = || 1usize..250_000;
    let operation = prop_oneof![
        3 => (0..OWNERS, size(), any::<bool>(), any::<bool>())
            .prop_map(|(owner, size, declared, keyed)| Operation::Begin { owner, size, declared, keyed }),
        1 => (0..OWNERS, size()).prop_map(|(owner, size)| Operation::Whole { owner, size }),
        1 => (0usize..8).prop_map(Operation::WholeAgain),
        12 => (0usize..8, 0usize..4).prop_map(|(upload, chunk)| Operation::Put(upload, chunk)),
        1 => (0usize..8, 0usize..4).prop_map(|(upload, chunk)| Operation::Conflict(upload, chunk)),
        1 => (0usize..8, 0usize..4).prop_map(|(upload, chunk)| Operation::Damaged(upload, chunk)),
        1 => (0usize..8).prop_map(Operation::Stranger),
        2 => (0usize..8).prop_map(Operation::Finish),
        1 => (0usize..8).prop_map(Operation::Abort),
        1 => (0usize..8).prop_map(Operation::Delete),
        1 => Just(Operation::Wait),
        2 => Just(Operation::Upgrade),
    ];
    prop::collection::vec(operation, 1..60)
}

/// What a test knows of an upload.
struct Upload {
    owner: u8,
    item: String,
    session: u64,
    declaration: api::BeginUpload,
    bytes: Vec<u8>,
    present: Vec<bool>,
    last_use: u64,
    finished: bool,
    session_is_there: bool,
}

impl Upload {
    fn chunk(&self, index: usize) -> &[u8] {
        self.bytes.chunks(CHUNK).nth(index).unwrap()
    }

    fn is_complete(&self) -> bool {
        self.present.iter().all(|present| *present)
    }

    /// Bytes of the chunks that are there, and of those from the first on without a gap.
    fn stored(&self) -> (usize, usize) {
        let sizes = self.bytes.chunks(CHUNK).map(<[u8]>::len).zip(&self.present);
        let prefix = sizes.clone().take_while(|(_, present)| **present).map(|(size, _)| size).sum();
        (sizes.filter(|(_, present)| **present).map(|(size, _)| size).sum(), prefix)
    }
}

struct World {
    memory: VectorMemory,
    service: TestService,
    now: u64,
    uploads: Vec<Upload>,
}

fn limits() -> api::Limits {
    let quota = |(bytes, items, open): (u64, u64, u32)| {
        Some(api::Quota { bytes: Some(bytes), items: Some(items), open_sessions: Some(open) })
    };
    api::Limits { per_principal: quota(QUOTA), total: quota(TOTAL), ..Default::default() }
}

impl World {
    fn new() -> World {
        let memory = VectorMemory::default();
        let service = open(&memory, limits());
        World { memory, service, now: 1_000_000_000_000, uploads: Vec::new() }
    }

    fn message(&self, owner_number: u8) -> Message {
        message(owner(owner_number), self.now)
    }

    /// What is held by an owner, or by all.
    fn held(&self, of: Option<u8>) -> (u64, u64, u32) {
        let uploads = self.uploads.iter().filter(|upload| of.is_none_or(|owner| owner == upload.owner));
        uploads.fold((0, 0, 0), |(bytes, items, open), upload| {
            (bytes + upload.bytes.len() as u64, items + 1, open + u32::from(!upload.finished))
        })
    }

    fn fits(&self, owner: u8, size: usize) -> bool {
        [(self.held(Some(owner)), QUOTA), (self.held(None), TOTAL)]
            .into_iter()
            .all(|(held, quota)| held.0 + size as u64 <= quota.0 && held.1 < quota.1 && held.2 < quota.2)
    }

    fn run(&mut self, operation: Operation) -> Result<(), TestCaseError> {
        self.now += 1;
        match operation {
            Operation::Begin { owner, size, declared, keyed } => {
                let bytes = bytes_of(size, usize::from(owner));
                let declaration = declaration(&bytes, declared, keyed.then(|| self.now.to_string()));
                let fits = self.fits(owner, size);
                let upload = self.service.begin_upload(self.message(owner), &declaration);
                if !fits {
                    prop_assert_eq!(upload.unwrap_err().code, api::code::LIMIT);
                    return Ok(());
                }
                let upload = upload.unwrap();
                if keyed {
                    let again = self.service.begin_upload(self.message(owner), &declaration).unwrap();
                    prop_assert_eq!(&again, &upload);
                }
                let present = vec![false; size.div_ceil(CHUNK)];
                let (item, session, last_use) = (upload.item, upload.session, self.now);
                self.uploads.push(Upload {
                    owner,
                    item,
                    session,
                    declaration,
                    bytes,
                    present,
                    last_use,
                    finished: false,
                    session_is_there: true,
                });
            }
            Operation::Whole { owner, size } => {
                let bytes = bytes_of(size, usize::from(owner));
                let upload = declaration(&bytes, false, Some(self.now.to_string()));
                let fits = self.fits(owner, size);
                let args = api::UploadWhole { upload, bytes: bytes.clone().into(), assets: Vec::new() };
                let item = self.service.upload_whole(self.message(owner), &args);
                if !fits {
                    prop_assert_eq!(item.unwrap_err().code, api::code::LIMIT);
                    return Ok(());
                }
                let item = item.unwrap();
                prop_assert_eq!(&item.state, api::item_state::PUBLISHED);
                self.uploads.push(Upload {
                    owner,
                    item: item.id,
                    session: u64::MAX,
                    declaration: args.upload,
                    present: vec![true; size.div_ceil(CHUNK)],
                    bytes,
                    last_use: self.now,
                    finished: true,
                    session_is_there: false,
                });
            }
            Operation::WholeAgain(number) => {
                let (now, Some(upload)) = (self.now, self.uploads.get_mut(number)) else { return Ok(()) };
                if upload.declaration.idempotency_key.is_none() {
                    return Ok(());
                }
                let bytes = upload.bytes.clone().into();
                let args = api::UploadWhole { upload: upload.declaration.clone(), bytes, assets: Vec::new() };
                let item = self.service.upload_whole(message(owner(upload.owner), now), &args).unwrap();
                prop_assert_eq!((&item.id, item.state.as_str()), (&upload.item, api::item_state::PUBLISHED));
                if !upload.finished {
                    upload.last_use = now;
                }
                upload.present.fill(true);
                upload.finished = true;
            }
            Operation::Put(number, index) => {
                let (now, Some(upload)) = (self.now, self.uploads.get_mut(number)) else { return Ok(()) };
                let index = index % upload.present.len();
                let put = chunk(upload.session, index, upload.chunk(index));
                let receipt = self.service.put_chunk(message(owner(upload.owner), now), &put);
                if !upload.session_is_there {
                    prop_assert_eq!(receipt.unwrap_err().code, api::code::SESSION_NOT_FOUND);
                    return Ok(());
                }
                let receipt = receipt.unwrap();
                prop_assert_eq!(receipt.repeated, upload.present[index]);
                if !receipt.repeated {
                    upload.last_use = now;
                }
                upload.present[index] = true;
                upload.finished |= upload.is_complete() && upload.declaration.sha256.is_some();
                prop_assert_eq!(receipt.item.is_some(), upload.finished);
                prop_assert_eq!(receipt.hashed, upload.stored().1 as u64);
            }
            Operation::Conflict(number, index) => {
                let Some(upload) = self.uploads.get(number).filter(|upload| upload.session_is_there) else {
                    return Ok(());
                };
                let index = index % upload.present.len();
                if upload.present[index] {
                    let mut other = upload.chunk(index).to_vec();
                    other[0] ^= 1;
                    let put = chunk(upload.session, index, &other);
                    let refused = self.service.put_chunk(self.message(upload.owner), &put).unwrap_err();
                    let code = if upload.finished { "session_finished" } else { "chunk_conflict" };
                    prop_assert_eq!(refused.code, code);
                }
            }
            Operation::Damaged(number, index) => {
                let Some(upload) = self.uploads.get(number).filter(|upload| upload.session_is_there) else {
                    return Ok(());
                };
                let index = index % upload.present.len();
                let mut put = chunk(upload.session, index, upload.chunk(index));
                put.bytes[0] ^= 1;
                let refused = self.service.put_chunk(self.message(upload.owner), &put).unwrap_err();
                prop_assert_eq!(refused.code, "chunk_hash");
            }
            Operation::Stranger(number) => {
                let Some(upload) = self.uploads.get(number) else { return Ok(()) };
                let stranger = self.message((upload.owner + 1) % OWNERS);
                let put = chunk(upload.session, 0, upload.chunk(0));
                let session = SessionId(upload.session);
                let code = |error: api::Error| error.code;
                for refused in [
                    self.service.put_chunk(stranger, &put).map(|_| ()).unwrap_err(),
                    self.service.finish_upload(stranger, session).map(|_| ()).unwrap_err(),
                    self.service
                        .abort_upload(stranger.caller, stranger.now, session)
                        .map(|_| ())
                        .unwrap_err(),
                    self.service
                        .session_status(stranger.caller, stranger.now, session)
                        .map(|_| ())
                        .unwrap_err(),
                ] {
                    prop_assert_eq!(code(refused), api::code::SESSION_NOT_FOUND);
                }
                let refused =
                    self.service.delete_item(stranger.caller, stranger.now, &upload.item).unwrap_err();
                let expected = if upload.finished { api::code::FORBIDDEN } else { api::code::ITEM_NOT_FOUND };
                prop_assert_eq!(code(refused), expected);
            }
            Operation::Finish(number) => {
                let (now, Some(upload)) = (self.now, self.uploads.get_mut(number)) else { return Ok(()) };
                if upload.session_is_there {
                    let message = message(owner(upload.owner), now);
                    let finished = self.service.finish_upload(message, SessionId(upload.session));
                    prop_assert_eq!(
                        finished.as_ref().is_ok_and(|finished| finished.done),
                        upload.is_complete()
                    );
                    if upload.is_complete() {
                        if !upload.finished {
                            upload.last_use = now;
                        }
                        upload.finished = true;
                        let again = self.service.finish_upload(message, SessionId(upload.session));
                        prop_assert_eq!(again, finished);
                    }
                }
            }
            Operation::Abort(number) => {
                let Some(upload) = self.uploads.get(number).filter(|upload| upload.session_is_there) else {
                    return Ok(());
                };
                let (caller, session) = (owner(upload.owner), SessionId(upload.session));
                let aborted = self.service.abort_upload(caller, self.now, session);
                if upload.finished {
                    prop_assert_eq!(aborted.unwrap_err().code, api::code::ITEM_PUBLISHED);
                } else {
                    prop_assert_eq!(aborted.as_ref().unwrap().bytes, upload.stored().0 as u64);
                    prop_assert_eq!(self.service.abort_upload(caller, self.now, session), aborted);
                    self.uploads.remove(number);
                }
            }
            Operation::Delete(number) => {
                if number < self.uploads.len() {
                    let upload = self.uploads.remove(number);
                    let deleted = self.service.delete_item(owner(upload.owner), self.now, &upload.item);
                    prop_assert_eq!(deleted.as_ref().unwrap().bytes, upload.stored().0 as u64);
                    let again = self.service.delete_item(owner(upload.owner), self.now, &upload.item);
                    prop_assert_eq!(again, deleted);
                }
            }
            Operation::Wait => {
                self.now += EXPIRY / 2;
                self.reap();
                let now = self.now;
                let rests = |upload: &Upload| upload.last_use + EXPIRY <= now;
                self.uploads.retain(|upload| upload.finished || !rests(upload));
                self.uploads.iter_mut().for_each(|upload| upload.session_is_there &= !rests(upload));
            }
            Operation::Upgrade => {
                self.service = open(&self.memory, limits());
                prop_assert_eq!(self.service.check(), Vec::<String>::new());
            }
        }
        Ok(())
    }

    fn reap(&mut self) {
        while self.service.reap(self.now, 3).unwrap() {}
    }

    fn check(&self) -> Result<(), TestCaseError> {
        for owner_number in 0..OWNERS {
            let usage = self.service.usage(owner(owner_number)).unwrap();
            let held = |held: &api::Holding| (held.bytes, held.items, held.open_sessions);
            prop_assert_eq!(held(&usage.own), self.held(Some(owner_number)));
            prop_assert_eq!(held(&usage.total), self.held(None));
        }
        for upload in &self.uploads {
            self.check_upload(upload)?;
        }
        let counts = self.service.counts();
        let stored: usize = self.uploads.iter().map(|upload| upload.stored().0).sum();
        let chunks = self.uploads.iter().flat_map(|upload| &upload.present).filter(|p| **p).count();
        prop_assert_eq!((counts.chunks, counts.used), (chunks as u64, stored as u64));
        prop_assert_eq!(counts.arena.0 - counts.arena.1, stored as u64);
        prop_assert_eq!(counts.items, self.uploads.len() as u64);
        Ok(())
    }

    fn check_upload(&self, upload: &Upload) -> Result<(), TestCaseError> {
        let caller = owner(upload.owner);
        let item = self.service.describe(caller, &upload.item).unwrap();
        prop_assert_eq!(item.state == api::item_state::PUBLISHED, upload.finished);
        if upload.finished {
            let asset = &item.assets[0];
            prop_assert_eq!(*asset.sha256, Digest::of(&upload.bytes).0);
            prop_assert_eq!(asset.chunks as usize, upload.present.len());
            let args = |index| api::GetChunk { item: item.id.clone(), asset: "original".to_owned(), index };
            for index in 0..asset.chunks {
                let bytes = self.service.get_chunk(caller, &args(index)).unwrap();
                prop_assert!(bytes == upload.chunk(index as usize));
            }
            return Ok(());
        }
        let session = SessionId(upload.session);
        let status = self.service.session_status(caller, self.now, session).unwrap();
        let covered: Vec<u32> = status.coverage.iter().flat_map(|range| range.start..range.end).collect();
        let present = (0u32..).zip(&upload.present).filter(|(_, present)| **present).map(|(index, _)| index);
        prop_assert_eq!(covered, present.collect::<Vec<_>>());
        prop_assert_eq!(status.hashed, upload.stored().1 as u64);
        let record = self.service.store.sessions.get(&session_key(session)).unwrap().unwrap();
        for (index, present) in (0u32..).zip(&upload.present) {
            let key = ChunkKey { blob: record.session.blob, index };
            let stored = self.service.store.chunks.get(key);
            prop_assert_eq!(stored.is_some(), *present);
            if let Some(stored) = stored {
                prop_assert!(stored.as_ref() == upload.chunk(index as usize));
                prop_assert_eq!(self.service.store.chunks.digest(key), Some(Digest::of(&stored)));
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_acknowledged_is_lost_and_nothing_leaks(operations in operations()) {
        let mut world = World::new();
        let empty = world.service.counts();
        for operation in operations {
            world.run(operation)?;
            world.check()?;
        }
        prop_assert_eq!(world.service.check(), Vec::<String>::new());
        for upload in std::mem::take(&mut world.uploads) {
            world.service.delete_item(owner(upload.owner), world.now, &upload.item).unwrap();
        }
        world.check()?;
        // What is kept for repeated calls goes too.
        world.now += 2 * EXPIRY;
        world.reap();
        prop_assert_eq!(world.service.counts(), empty);
    }
}
