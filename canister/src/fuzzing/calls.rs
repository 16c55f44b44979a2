//! One call: which, whose, and what it takes.

use candid::CandidType;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::id::SessionId;
use serde::de::DeserializeOwned;

use super::Input;
use super::service::{Known, SECOND, World, caller, tell, told};

/// A PNG of one pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\0\x01\
    \0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";

impl World {
    pub(super) fn call(&mut self, input: &mut Input<'_>) {
        let (call, whose) = (input.byte(), input.byte());
        let message = self.message(whose);
        match call % 19 {
            0 => self.begin(input, whose),
            1 => self.put(input, whose),
            2 => {
                let session = SessionId(self.session(input));
                tell(self.service.finish_upload(message, session));
            }
            3 => {
                let session = SessionId(self.session(input));
                tell(self.service.abort_upload(message.caller, self.now, session));
            }
            4 => {
                let item = self.item(input);
                tell(self.service.delete_item(message.caller, self.now, &item));
            }
            5 => {
                let (upload, bytes) = declaration(input);
                let assets = if input.bit() { vec![asset(input, &bytes)] } else { Vec::new() };
                let args = api::UploadWhole { upload, bytes: bytes.clone().into(), assets };
                if let Some(item) = told(self.service.upload_whole(message, &args)) {
                    self.uploads.push(Known { item: item.id, session: 0, bytes });
                }
            }
            6 => {
                let (item, source) = (self.item(input), self.source(input));
                let count = input.byte() % 4;
                let assets = (0..count).map(|_| asset(input, &source)).collect();
                tell(self.service.put_assets(message, &api::PutAssets { item, assets }));
            }
            7 => {
                let (item, source) = (self.item(input), self.source(input));
                let mut asset = asset(input, &source);
                let size = u64::from(input.u16()) * 3;
                let bytes = bytes_of(usize::try_from(size).unwrap_or_default(), 5);
                (asset.sha256, asset.bytes) = (Digest::of(&bytes).0.into(), Vec::new().into());
                let args = api::BeginAsset { item, asset, size };
                if let Some(upload) = told(self.service.begin_asset(message, &args)) {
                    self.uploads.push(Known { item: upload.item, session: upload.session, bytes });
                }
            }
            8 => self.token(input, whose),
            9 => self.look(input, whose),
            10 => self.upgrade(),
            11 => {
                self.now += u64::from(input.byte()) * SECOND;
                self.reap();
            }
            12 => self.run_jobs(),
            13 => {
                let args = api::Reprocess {
                    item: self.item(input),
                    pipeline: input.bit().then(|| pipeline(input)),
                    verify: input.bit().then(|| input.bit()),
                    idempotency_key: input.bit().then(|| text(input, 130)),
                };
                if let Some(revision) =
                    told(self.service.reprocess(message, &args)).and_then(|made| made.revision)
                {
                    let bytes = self.source(input);
                    self.uploads.push(Known { item: revision.id, session: 0, bytes });
                }
            }
            14 => {
                let args = api::InitArgs {
                    gallery: Some(input.bit()),
                    cors: match input.byte() % 3 {
                        0 => None,
                        1 => Some(api::Cors::Any),
                        _ => {
                            Some(api::Cors::Origins(vec!["https://example.org".to_owned(), text(input, 60)]))
                        }
                    },
                    ..Default::default()
                };
                tell(self.service.configure(message.caller, &args));
            }
            15 => {
                let error =
                    api::Error { code: text(input, 70), message: text(input, 1200), retryable: false };
                let name = ["metadata", "placeholder", "thumbnail"][usize::from(input.byte() % 3)];
                let stages = vec![api::FailedStage { asset: name.to_owned(), error }];
                let args = api::FailStages { item: self.item(input), stages };
                tell(self.service.fail_stages(message, &args));
            }
            16 => {
                // The stage's message trapped.
                if let Some(job) = self.service.next_job(self.now) {
                    let trap = api::Error::new(api::code::STAGE_TRAPPED, text(input, 2000));
                    let ended = match input.byte() % 3 {
                        0 => self.service.fail_job(job.number, &trap, self.now),
                        1 => self.service.isolate_job(job.number),
                        _ => self.service.postpone_job(job.number, Some(trap.message)),
                    };
                    ended.expect("a job can be ended");
                }
            }
            17 => self.certify(),
            _ => self.raw(input, whose),
        }
    }

    fn begin(&mut self, input: &mut Input<'_>, whose: u8) {
        let (upload, bytes) = declaration(input);
        if let Some(upload) = told(self.service.begin_upload(self.message(whose), &upload)) {
            self.uploads.push(Known { item: upload.item, session: upload.session, bytes });
        }
    }

    fn put(&mut self, input: &mut Input<'_>, whose: u8) {
        let (pick, index, how) = (input.byte(), input.byte() % 8, input.byte());
        let Some(known) = self.known(pick) else { return };
        let chunk = known.bytes.chunks(65_536).nth(usize::from(index)).unwrap_or_default().to_vec();
        let mut put = api::PutChunk {
            session: known.session,
            index: index.into(),
            sha256: Digest::of(&chunk).0.into(),
            bytes: chunk.into(),
        };
        match how % 16 {
            0 => put.index = u32::MAX - u32::from(input.byte()),
            1 => put.bytes.push(input.byte()),
            2 => put.sha256[0] ^= 1,
            3 => {
                put.bytes = input.bytes(300).to_vec().into();
                put.sha256 = Digest::of(&put.bytes).0.into();
            }
            _ => {}
        }
        tell(self.service.put_chunk(self.message(whose), &put));
    }

    fn token(&mut self, input: &mut Input<'_>, whose: u8) {
        let (who, pick) = (caller(whose), usize::from(input.byte()));
        let known = self.tokens.get(pick % self.tokens.len().max(1)).map(|(id, _)| id.clone());
        match input.byte() % 4 {
            0 => {
                let id = known.unwrap_or_else(|| text(input, 40));
                tell(self.service.revoke_token(who, self.now, &id));
            }
            1 => {
                let args = api::ListTokens {
                    item: input.bit().then(|| self.item(input)),
                    after: if input.bit() { known } else { None },
                    limit: input.bit().then(|| input.u16().into()),
                };
                tell(self.service.list_tokens(who, self.now, &args));
            }
            _ => {
                let lifetime_seconds = input.bit().then(|| u64::from(input.u16()));
                let args =
                    api::CreateToken { item: self.item(input), asset: asset_name(input), lifetime_seconds };
                self.drawn += 1;
                let random = Digest::of(&self.drawn.to_be_bytes()).0;
                tell(self.service.check_token(who, self.now, &args));
                if let Some(made) = told(self.service.create_token(who, self.now, &args, random)) {
                    self.tokens.push((made.token.id, made.path));
                }
            }
        }
    }

    fn look(&mut self, input: &mut Input<'_>, whose: u8) {
        let (who, item) = (caller(whose), self.item(input));
        let session = SessionId(self.session(input));
        match input.byte() % 6 {
            0 => tell(self.service.describe(who, &item)),
            1 => tell(self.service.session_status(who, self.now, session)),
            2 => {
                let args = api::GetChunk { item, asset: asset_name(input), index: input.u16().into() };
                tell(self.service.get_chunk(who, &args));
            }
            3 => {
                let after = input.bit().then(|| text(input, 60));
                let args = api::ListItems { after, limit: Some(input.u16().into()) };
                tell(self.service.list(who, &args));
            }
            4 => {
                let keys: Vec<_> = (0..input.byte()).map(|_| text(input, 8)).collect();
                tell(self.service.find_uploads(who, &keys));
            }
            _ => {
                let pick = usize::from(input.byte());
                let path = self.tokens.get(pick % self.tokens.len().max(1)).map(|(_, path)| path.clone());
                let url = path.unwrap_or_else(|| format!("/{item}/{}", asset_name(input)));
                let request = api::HttpRequest {
                    method: "GET".to_owned(),
                    url,
                    headers: vec![("range".to_owned(), text(input, 40))],
                    body: Vec::new().into(),
                    certificate_version: Some(2),
                };
                let status = super::http::ask(&self.service, &request, self.now).status_code;
                assert!(super::http::STATUSES.contains(&status), "{status}");
            }
        }
    }

    /// A call with whatever was sent, where that is an argument of it.
    fn raw(&mut self, input: &mut Input<'_>, whose: u8) {
        let (which, bytes) = (input.byte(), input.bytes(4_000));
        let message = self.message(whose);
        let (who, now) = (message.caller, self.now);
        let service = &mut self.service;
        match which % 10 {
            0 => with(bytes, |args| tell(service.begin_upload(message, args))),
            1 => with(bytes, |args| tell(service.begin_asset(message, args))),
            2 => with(bytes, |args| tell(service.put_chunk(message, args))),
            3 => with(bytes, |args| tell(service.upload_whole(message, args))),
            4 => with(bytes, |args| tell(service.put_assets(message, args))),
            5 => with(bytes, |args| tell(service.fail_stages(message, args))),
            6 => with(bytes, |args| tell(service.reprocess(message, args))),
            7 => with(bytes, |args| tell(service.check_token(who, now, args))),
            8 => with(bytes, |args: &api::InitArgs| {
                // Others than the usual limits would only make an input slow.
                let args = api::InitArgs { limits: None, ..args.clone() };
                tell(service.configure(who, &args));
            }),
            _ => with(bytes, |keys: &Vec<String>| tell(service.find_uploads(who, keys))),
        }
    }

    fn known(&self, pick: u8) -> Option<&Known> {
        self.uploads.get(usize::from(pick) % self.uploads.len().max(1))
    }

    /// A session that was begun, or any number.
    fn session(&self, input: &mut Input<'_>) -> u64 {
        match (self.known(input.byte()), input.byte() % 8) {
            (Some(known), 1..) => known.session,
            _ => input.u16().into(),
        }
    }

    /// An item that was begun, or any text.
    fn item(&self, input: &mut Input<'_>) -> String {
        match (self.known(input.byte()), input.byte() % 8) {
            (Some(known), 1..) => known.item.clone(),
            _ => text(input, 40),
        }
    }

    /// The bytes of an upload.
    fn source(&self, input: &mut Input<'_>) -> Vec<u8> {
        self.known(input.byte()).map(|known| known.bytes.clone()).unwrap_or_default()
    }
}

/// Calls with an argument, if it is one.
fn with<T: CandidType + DeserializeOwned>(bytes: &[u8], call: impl FnOnce(&T)) {
    if let Ok(args) = candid::decode_one(bytes) {
        call(&args);
    }
}

fn text(input: &mut Input<'_>, most: u16) -> String {
    String::from_utf8_lossy(input.bytes(most)).into_owned()
}

fn pipeline(input: &mut Input<'_>) -> String {
    match input.byte() % 4 {
        0 => "photo".to_owned(),
        1 | 2 => "raw".to_owned(),
        _ => text(input, 70),
    }
}

fn asset_name(input: &mut Input<'_>) -> String {
    match input.byte() % 5 {
        0 => text(input, 70),
        pick => ["original", "metadata", "placeholder", "thumbnail"][usize::from(pick) - 1].to_owned(),
    }
}

fn bytes_of(size: usize, seed: usize) -> Vec<u8> {
    (0..size).map(|i| u8::try_from((i / 7 + size + seed) % 251).unwrap_or_default()).collect()
}

/// A declaration and the bytes that it is of.
fn declaration(input: &mut Input<'_>) -> (api::BeginUpload, Vec<u8>) {
    let bytes = match input.byte() % 4 {
        0 => PNG.to_vec(),
        1 => bytes_of(usize::from(input.u16()) * 5, input.byte().into()),
        2 => bytes_of(usize::from(input.byte()), 1),
        _ => input.bytes(3_000).to_vec(),
    };
    let media = ["image/png", "image/gif", "image/jpeg", "application/octet-stream"];
    let media_type = match input.byte() % 5 {
        0 => text(input, 130),
        pick => media[usize::from(pick) - 1].to_owned(),
    };
    let flags = input.byte();
    let size =
        if flags & 1 == 0 { bytes.len() as u64 } else { u64::from(input.u16()) << (input.byte() % 60) };
    let upload = api::BeginUpload {
        pipeline: (flags & 2 != 0).then(|| pipeline(input)),
        file_name: if flags & 4 == 0 { "a.png".to_owned() } else { text(input, 260) },
        media_type,
        size,
        sha256: match flags >> 3 & 3 {
            0 => None,
            1 => Some([7; 32].into()),
            _ => Some(Digest::of(&bytes).0.into()),
        },
        visibility: match flags >> 5 & 3 {
            0 => None,
            1 => Some(api::Visibility::Public),
            _ => Some(api::Visibility::Private),
        },
        idempotency_key: (flags & 128 != 0).then(|| text(input, 130)),
    };
    (upload, bytes)
}

/// What a client says that it made.
fn asset(input: &mut Input<'_>, source: &[u8]) -> api::PutAsset {
    let flags = input.byte();
    let bytes = if flags & 1 == 0 { PNG.to_vec() } else { input.bytes(2_000).to_vec() };
    api::PutAsset {
        name: asset_name(input),
        media_type: if flags & 2 == 0 { "image/png".to_owned() } else { text(input, 60) },
        sha256: if flags & 4 == 0 { Digest::of(&bytes).0.into() } else { [1; 32].into() },
        bytes: bytes.into(),
        width: (flags & 8 != 0).then(|| u32::from(input.u16())),
        height: (flags & 16 != 0).then(|| u32::from(input.u16())),
        processor_version: if flags & 32 == 0 { 1 + u32::from(input.byte() % 4) } else { u32::MAX },
        source_sha256: if flags & 64 == 0 { Digest::of(source).0.into() } else { [2; 32].into() },
    }
}
