//! What clients do: upload, give up, delete, share; at times wrongly, at times without hearing the answer.

use darkroom_api as api;
use darkroom_tests::{File, Photo, principal};

use crate::model::{CHUNK, CLIENTS, PhotoItem, Soak, Upload};

impl Soak {
    fn new_file(&mut self) -> File {
        self.files += 1;
        // At times one that somebody has uploaded already, at times one whose answers are kept as a tree.
        if self.dice.below(4) == 0 && !self.uploads.is_empty() {
            return self.uploads[self.dice.below(self.uploads.len())].file.clone();
        }
        let chunks =
            if self.dice.below(8) == 0 { 6 + self.dice.below(14) } else { self.dice.below(5) } as u64;
        File::new(self.files, chunks * u64::from(CHUNK) + 1 + self.dice.below(CHUNK as usize) as u64)
    }

    fn declaration(&mut self, file: &File) -> api::BeginUpload {
        let visibility =
            if self.dice.below(3) == 0 { api::Visibility::Private } else { api::Visibility::Public };
        let key = format!("key {}", self.files);
        api::BeginUpload {
            visibility: Some(visibility),
            ..file.declared(self.dice.below(2) == 0, Some(&key))
        }
    }

    /// Whether so much more would be above a quota: what is held is checked elsewhere.
    fn is_too_much(&self, who: u8, bytes: u64) -> bool {
        let usage = self.darkroom.usage_as(principal(who));
        [usage.own, usage.total].iter().any(|held| {
            held.bytes + bytes > held.max_bytes
                || held.items + 1 > held.max_items
                || held.open_sessions + 1 > held.max_open_sessions
        })
    }

    pub(crate) fn begin(&mut self) -> String {
        let who = u8::try_from(self.dice.below(CLIENTS.into())).unwrap();
        let file = self.new_file();
        let declared = self.declaration(&file);
        let (now, is_too_much) = (self.now(), self.is_too_much(who, file.size));
        match self.darkroom.begin_as(principal(who), &declared) {
            Ok(upload) => {
                assert!(!is_too_much && upload.coverage.is_empty(), "{upload:?}");
                self.uploads.push(Upload::begun(who, file, declared, (upload.session, upload.item), now));
                "ok".to_owned()
            }
            Err(error) => {
                assert!(is_too_much && error.code == api::code::LIMIT, "{error}");
                error.code
            }
        }
    }

    /// A client comes back with its key: to the same session, with all that was acknowledged.
    pub(crate) fn begin_again(&mut self) -> String {
        let Some(at) = self.pick(|_| true) else { return "nothing".to_owned() };
        let now = self.now();
        let upload = &self.uploads[at];
        let again = self.darkroom.begin_as(principal(upload.who), &upload.declared);
        let may_have_expired = !upload.published && upload.may_have_expired(now);
        match again {
            Ok(again) if upload.published => {
                let covered: u32 = again.coverage.iter().map(|range| range.end - range.start).sum();
                assert_eq!((&again.item, covered), (&upload.item, upload.chunks()), "{}", upload.file.name);
                "published".to_owned()
            }
            Ok(again) if again.session == upload.session => {
                let upload = &mut self.uploads[at];
                upload.assert_coverage(&again.coverage);
                upload.used_at = now;
                upload.acknowledged =
                    again.coverage.iter().flat_map(|range| range.start..range.end).collect();
                upload.maybe.clear();
                self.look(at);
                "resumed".to_owned()
            }
            Ok(again) => {
                assert!(may_have_expired, "{}: {again:?} is another session", upload.file.name);
                let upload = &mut self.uploads[at];
                (upload.session, upload.item, upload.used_at) = (again.session, again.item, now);
                upload.acknowledged.clear();
                upload.maybe.clear();
                "anew".to_owned()
            }
            Err(error) => {
                // What had expired was removed, and there is no room now.
                assert!(may_have_expired && error.code == api::code::LIMIT, "{error}");
                self.uploads.swap_remove(at);
                error.code
            }
        }
    }

    pub(crate) fn put(&mut self) -> String {
        let Some(at) = self.pick(|upload| !upload.published) else { return "nothing".to_owned() };
        let index = u32::try_from(self.dice.below(self.uploads[at].chunks() as usize)).unwrap();
        self.put_index(at, index)
    }

    pub(crate) fn put_again(&mut self) -> String {
        let Some(at) = self.pick(|upload| !upload.published && !upload.acknowledged.is_empty()) else {
            return "nothing".to_owned();
        };
        let index = *self.uploads[at].acknowledged.first().unwrap();
        self.put_index(at, index)
    }

    fn put_index(&mut self, at: usize, index: u32) -> String {
        let (now, upload) = (self.now(), &self.uploads[at]);
        let bytes = upload.file.chunk(index, CHUNK);
        let receipt = self.darkroom.put_bytes(principal(upload.who), upload.session, index, &bytes);
        self.received(at, index, now, receipt)
    }

    fn received(
        &mut self,
        at: usize,
        index: u32,
        now: u64,
        receipt: api::Result<api::ChunkReceipt>,
    ) -> String {
        let upload = &mut self.uploads[at];
        match receipt {
            Ok(receipt) => {
                let may_be_there = upload.acknowledged.contains(&index) || upload.maybe.contains(&index);
                assert!(!receipt.repeated || may_be_there, "{}: {receipt:?}", upload.file.name);
                assert!(
                    receipt.repeated || !upload.acknowledged.contains(&index),
                    "{}: lost",
                    upload.file.name
                );
                if !receipt.repeated {
                    upload.used_at = now;
                }
                upload.acknowledged.insert(index);
                upload.maybe.remove(&index);
                upload.published |= receipt.item.is_some();
                if receipt.repeated { "repeated".to_owned() } else { "ok".to_owned() }
            }
            Err(error) => self.ended(at, now, &error),
        }
    }

    /// A session has ended, which it may only by its time.
    pub(crate) fn ended(&mut self, at: usize, now: u64, error: &api::Error) -> String {
        let upload = &self.uploads[at];
        let code = error.code.as_str();
        let is_expected = [api::code::SESSION_EXPIRED, api::code::SESSION_NOT_FOUND].contains(&code);
        // Calls take a little time too.
        let is_over = upload.may_have_expired(now + 60_000_000_000);
        assert!(is_expected && is_over && !upload.published, "{}: {error}", upload.file.name);
        if code == api::code::SESSION_NOT_FOUND {
            self.uploads.swap_remove(at);
        }
        error.code.clone()
    }

    /// Whether an upload was published by an answer that nobody had.
    pub(crate) fn look(&mut self, at: usize) {
        let upload = &self.uploads[at];
        let item: api::Result<api::Item> =
            self.darkroom.query_as(principal(upload.who), "item", (&upload.item,));
        self.uploads[at].published = item.unwrap().state == api::item_state::PUBLISHED;
    }

    /// Chunks of several clients in the same round, in any order.
    pub(crate) fn put_at_once(&mut self) -> String {
        let now = self.now();
        let mut sent = Vec::new();
        for _ in 0..5 {
            let Some(at) = self.pick(|upload| !upload.published && !upload.may_have_expired(now)) else {
                break;
            };
            let upload = &self.uploads[at];
            let index = u32::try_from(self.dice.below(upload.chunks() as usize)).unwrap();
            if sent.iter().all(|(other, chunk, _)| (*other, *chunk) != (at, index)) {
                sent.push((at, index, self.send(at, index).unwrap()));
            }
        }
        for (at, index, call) in sent.iter().rev() {
            let reply = self.darkroom.network.await_call(call.clone()).unwrap();
            let receipt: api::Result<api::ChunkReceipt> = candid::decode_one(&reply).unwrap();
            let count = self.uploads.len();
            self.received(*at, *index, now, receipt);
            assert_eq!(self.uploads.len(), count, "an upload ended that had time");
        }
        format!("{} chunks", sent.len())
    }

    /// Sends a chunk; the error is that of a message which is refused before it is executed.
    fn send(&self, at: usize, index: u32) -> api::Result<pocket_ic::common::rest::RawMessageId> {
        let upload = &self.uploads[at];
        let bytes = upload.file.chunk(index, CHUNK);
        let sha256 = darkroom_core::Digest::of(&bytes).0.into();
        let args = api::PutChunk { session: upload.session, index, bytes: bytes.into(), sha256 };
        let args = candid::encode_one(args).unwrap();
        let sent =
            self.darkroom.network.submit_call(self.darkroom.id, principal(upload.who), "put_chunk", args);
        sent.map_err(|reject| {
            api::Error::from_refusal(&reject.reject_message).unwrap_or_else(|| panic!("{reject:?}"))
        })
    }

    /// A client sends a chunk and is gone before the answer comes; perhaps the canister is stopped or replaced too.
    pub(crate) fn put_unanswered(&mut self) -> String {
        let Some(at) = self.pick(|upload| !upload.published) else { return "nothing".to_owned() };
        let index = u32::try_from(self.dice.below(self.uploads[at].chunks() as usize)).unwrap();
        let now = self.now();
        if let Err(error) = self.send(at, index) {
            return self.ended(at, now, &error);
        }
        if self.dice.below(2) == 0 {
            self.upgrade();
        }
        self.darkroom.network.tick();
        let upload = &mut self.uploads[at];
        if !upload.acknowledged.contains(&index) {
            upload.maybe.insert(index);
        }
        // All that is known may be old: what was declared whole may have been published by it.
        let is_there = self.darkroom.status_as(principal(self.uploads[at].who), self.uploads[at].session);
        if is_there.is_ok() {
            self.look(at);
        }
        "sent".to_owned()
    }

    pub(crate) fn put_damaged(&mut self) -> String {
        let now = self.now();
        let Some(at) = self.pick(|upload| !upload.published && !upload.may_have_expired(now)) else {
            return "nothing".to_owned();
        };
        let upload = &self.uploads[at];
        let index = u32::try_from(self.dice.below(upload.chunks() as usize)).unwrap();
        let mut bytes = upload.file.chunk(index, CHUNK);
        let sha256 = darkroom_core::Digest::of(&bytes).0.into();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let args = api::PutChunk { session: upload.session, index, bytes: bytes.into(), sha256 };
        let refused: api::Result<api::ChunkReceipt> =
            self.darkroom.update_as(principal(upload.who), "put_chunk", (args,));
        let code = refused.unwrap_err().code;
        assert_eq!(code, "chunk_hash");
        code
    }

    /// Another client finds nothing of what is not its own.
    pub(crate) fn stranger(&mut self) -> String {
        let Some(at) = self.pick(|_| true) else { return "nothing".to_owned() };
        let upload = &self.uploads[at];
        let other = principal((upload.who + 1) % CLIENTS);
        let put = self.darkroom.put_bytes(other, upload.session, 0, &upload.file.chunk(0, CHUNK));
        assert_eq!(put.unwrap_err().code, api::code::SESSION_NOT_FOUND);
        let deleted = self.darkroom.delete_as(other, &upload.item).unwrap_err().code;
        let is_readable = upload.published && !upload.is_private();
        assert_eq!(deleted == api::code::FORBIDDEN, is_readable, "{deleted}");
        deleted
    }

    pub(crate) fn finish(&mut self) -> String {
        let Some(at) = self.pick(|upload| !upload.published) else { return "nothing".to_owned() };
        if self.dice.below(2) == 0 {
            for index in 0..self.uploads[at].chunks() {
                let count = self.uploads.len();
                if !self.uploads[at].acknowledged.contains(&index) {
                    let seen = self.put_index(at, index);
                    if self.uploads.len() < count || seen == api::code::SESSION_EXPIRED {
                        return seen;
                    }
                }
            }
        }
        let (now, upload) = (self.now(), &self.uploads[at]);
        let is_complete = upload.acknowledged.len() == upload.chunks() as usize;
        match self.darkroom.finish_as(principal(upload.who), upload.session) {
            Ok(finished) => {
                let upload = &mut self.uploads[at];
                assert!(is_complete || !upload.maybe.is_empty(), "{}: {finished:?}", upload.file.name);
                assert_eq!(finished.item.state, api::item_state::PUBLISHED);
                (upload.published, upload.used_at) = (true, now);
                "ok".to_owned()
            }
            Err(error) if error.code == "incomplete" => {
                assert!(!is_complete, "{error}");
                error.code
            }
            Err(error) => self.ended(at, now, &error),
        }
    }

    pub(crate) fn abort(&mut self) -> String {
        let Some(at) = self.pick(|upload| !upload.published) else { return "nothing".to_owned() };
        let (now, upload) = (self.now(), &self.uploads[at]);
        let aborted = self.darkroom.abort_as(principal(upload.who), upload.session);
        match aborted {
            Ok(freed) => {
                assert_eq!(self.darkroom.abort_as(principal(upload.who), upload.session), Ok(freed));
                self.uploads.swap_remove(at);
                "ok".to_owned()
            }
            Err(error) => self.ended(at, now, &error),
        }
    }

    pub(crate) fn delete(&mut self) -> String {
        let Some(at) = self.pick(|upload| upload.published) else { return "nothing".to_owned() };
        let upload = self.uploads.swap_remove(at);
        let freed = self.darkroom.delete_as(principal(upload.who), &upload.item).unwrap();
        assert_eq!(freed.bytes, upload.file.size);
        assert_eq!(self.darkroom.delete_as(principal(upload.who), &upload.item), Ok(freed));
        "ok".to_owned()
    }

    pub(crate) fn upload_whole(&mut self) -> String {
        let who = u8::try_from(self.dice.below(CLIENTS.into())).unwrap();
        let file = self.new_file();
        let declared = self.declaration(&file);
        let (now, is_too_much) = (self.now(), self.is_too_much(who, file.size));
        let args =
            api::UploadWhole { upload: declared.clone(), bytes: file.bytes().into(), assets: Vec::new() };
        let item: api::Result<api::Item> = self.darkroom.update_as(principal(who), "upload_whole", (args,));
        match item {
            Ok(item) => {
                assert!(!is_too_much && item.state == api::item_state::PUBLISHED, "{item:?}");
                // Nobody has a session of that number.
                let upload = Upload::begun(who, file, declared, (u64::MAX, item.id), now);
                let acknowledged = (0..upload.chunks()).collect();
                self.uploads.push(Upload { acknowledged, published: true, ..upload });
                "ok".to_owned()
            }
            Err(error) => {
                assert!(is_too_much && error.code == api::code::LIMIT, "{error}");
                error.code
            }
        }
    }

    /// A photo, of which the canister makes derivatives.
    pub(crate) fn upload_photo(&mut self) -> String {
        let who = u8::try_from(self.dice.below(CLIENTS.into())).unwrap();
        self.files += 1;
        let photo = Photo::jpeg(120, 90, 80, u32::try_from(self.files).unwrap());
        let args = photo.whole(Some("chain"), None);
        let item: api::Result<api::Item> = self.darkroom.update_as(principal(who), "upload_whole", (args,));
        match item {
            Ok(item) => {
                self.photos.push(PhotoItem { who, item: item.id, published: false });
                "ok".to_owned()
            }
            Err(error) => {
                assert_eq!(error.code, api::code::LIMIT, "{error}");
                error.code
            }
        }
    }
}
