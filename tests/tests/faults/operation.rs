//! The operations: what is there before, the message that begins it, and what a client does that wants it done.

use candid::{Encode, Reserved};
use darkroom_api as api;
use darkroom_tests::{File, Gateway, Photo, pipeline, put_assets_args, stage};

use crate::world::{CHUNK, World, pipelines};

/// What is done while something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Begin,
    PutChunk,
    Finish,
    Derive,
    Verify,
    Delete,
    Reap,
    Configure,
    Serve,
}

pub(crate) const OPERATIONS: [Operation; 9] = [
    Operation::Begin,
    Operation::PutChunk,
    Operation::Finish,
    Operation::Derive,
    Operation::Verify,
    Operation::Delete,
    Operation::Reap,
    Operation::Configure,
    Operation::Serve,
];

/// A call.
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) args: Vec<u8>,
}

const KEY: &str = "key";

fn file() -> File {
    File::new(1, 3 * u64::from(CHUNK) + 100)
}

fn photo() -> Photo {
    Photo::jpeg(800, 600, 85, 1)
}

fn declared(sha256: bool) -> api::BeginUpload {
    api::BeginUpload { pipeline: Some("file".to_owned()), ..file().declared(sha256, Some(KEY)) }
}

fn put_args(upload: &api::Upload, index: u32) -> api::PutChunk {
    let bytes = file().chunk(index, CHUNK);
    let sha256 = darkroom_core::Digest::of(&bytes).0.into();
    api::PutChunk { session: upload.session, index, bytes: bytes.into(), sha256 }
}

/// The photo through a pipeline, with the derivatives that the client makes there.
fn whole_photo(pipeline: &str) -> api::UploadWhole {
    let photo = photo();
    let whole = photo.whole(Some(pipeline), Some(KEY));
    let assets = if pipeline == "client" {
        let config = darkroom_core::pipeline::Config { pipelines: vec![client_pipeline()] };
        let plans = config.validate(&darkroom_tests::toolkit()).unwrap();
        put_assets_args("", &darkroom_tests::derivatives_of(&photo, &plans[0]).unwrap()).assets
    } else {
        Vec::new()
    };
    api::UploadWhole { assets, ..whole }
}

fn client_pipeline() -> darkroom_core::pipeline::Pipeline {
    let text = r#"
        { "name": "client", "lane": [{ "name": "all", "stage": [
            { "asset": "original", "processor": "original" },
            { "asset": "thumbnail", "processor": "thumbnail", "source": "original", "placement": "client",
              "params": { "width": 64, "height": 64 } } ] }] }"#;
    serde_json::from_str(text).unwrap()
}

fn configuration() -> api::InitArgs {
    let added = pipeline("added", vec![stage("small", "thumbnail", "original", "")]);
    api::InitArgs {
        pipelines: Some([pipelines(), vec![added]].concat()),
        cors: Some(api::Cors::Origins(vec!["https://one.example".to_owned()])),
        gallery: Some(true),
        ..Default::default()
    }
}

impl Operation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::Begin => "begin",
            Operation::PutChunk => "put_chunk",
            Operation::Finish => "finish",
            Operation::Derive => "derive on canister",
            Operation::Verify => "verify",
            Operation::Delete => "delete",
            Operation::Reap => "reap",
            Operation::Configure => "configure",
            Operation::Serve => "serve",
        }
    }

    /// The exports that it runs in: where they trap, it does.
    pub(crate) fn exports(self) -> &'static [&'static str] {
        match self {
            Operation::Derive | Operation::Verify => &["run_job"],
            Operation::Reap => &["run_task"],
            Operation::Serve => &["canister_query http_request"],
            _ => &["begin_upload", "put_chunk", "finish_upload", "delete_item", "configure"],
        }
    }

    /// What is there before.
    pub(crate) fn prepare(self, world: &mut World) {
        match self {
            Operation::Begin | Operation::Derive => {}
            Operation::PutChunk => self.put(world, true, &[0]),
            Operation::Finish => self.put(world, false, &[0, 1, 2, 3]),
            Operation::Reap => self.put(world, false, &[0, 2]),
            Operation::Verify => {
                let item =
                    world.darkroom.update::<api::Result<api::Item>>("upload_whole", (whole_photo("client"),));
                let item = item.unwrap();
                assert_eq!(item.assets[1].provenance, api::provenance::CLAIMED);
                world.item = Some(item.id);
            }
            Operation::Delete | Operation::Configure | Operation::Serve => publish(world),
        }
    }

    fn put(self, world: &mut World, sha256: bool, indexes: &[u32]) {
        let owner = world.darkroom.owner;
        let upload = world.darkroom.begin_as(owner, &declared(sha256)).unwrap();
        for index in indexes {
            world.darkroom.put_of(owner, &upload, &file(), *index).unwrap();
        }
        world.item = Some(upload.item.clone());
        world.upload = Some(upload);
    }

    /// The message that begins it; nothing where it is time that does.
    pub(crate) fn request(self, world: &World) -> Option<Request> {
        let request =
            |method, args: Result<Vec<u8>, candid::Error>| Some(Request { method, args: args.unwrap() });
        let item = || world.item.as_ref().unwrap();
        match self {
            Operation::Begin => request("begin_upload", Encode!(&declared(true))),
            Operation::PutChunk => request("put_chunk", Encode!(&put_args(world.upload.as_ref()?, 1))),
            Operation::Finish => request("finish_upload", Encode!(&world.upload.as_ref()?.session)),
            Operation::Derive => request("upload_whole", Encode!(&whole_photo("chain"))),
            Operation::Verify => {
                let args = api::Reprocess {
                    item: item().clone(),
                    pipeline: None,
                    verify: Some(true),
                    idempotency_key: Some(KEY.to_owned()),
                };
                request("reprocess", Encode!(&args))
            }
            Operation::Delete => request("delete_item", Encode!(item())),
            Operation::Configure => request("configure", Encode!(&configuration())),
            Operation::Reap | Operation::Serve => None,
        }
    }

    /// Does it once, and gives what is seen of it.
    pub(crate) fn act(self, world: &mut World) -> String {
        match self.request(world) {
            Some(Request { method, args }) => {
                let answer =
                    world.darkroom.network.update_call(world.darkroom.id, world.darkroom.owner, method, args);
                if let Ok(reply) = &answer {
                    self.learn(world, reply);
                }
                told(answer)
            }
            None if self == Operation::Reap => {
                world.darkroom.later(2 * 3600);
                told_of_session(world)
            }
            None => ask(world),
        }
    }

    /// Has it begun and no further: of stages in the canister, the call is answered and none has run.
    pub(crate) fn begin(self, world: &mut World) -> Option<String> {
        let Request { method, args } =
            self.request(world).filter(|_| [Operation::Derive, Operation::Verify].contains(&self))?;
        let (id, owner) = (world.darkroom.id, world.darkroom.owner);
        let sent = world.darkroom.network.submit_call(id, owner, method, args).unwrap();
        for _ in 0..10 {
            if let Some(answer) = world.darkroom.network.ingress_status(sent.clone()) {
                if let Ok(reply) = &answer {
                    self.learn(world, reply);
                }
                return Some(told(answer));
            }
            world.darkroom.network.tick();
        }
        panic!("{self:?} is not answered");
    }

    /// Bytes that are to be free in an arena that is full otherwise, so that it can begin.
    pub(crate) fn room(self) -> u64 {
        if self == Operation::Derive { photo().bytes.len() as u64 } else { 0 }
    }

    /// Notes what an answer says of the item and the session.
    pub(crate) fn learn(self, world: &mut World, reply: &[u8]) {
        match self {
            Operation::Begin => {
                if let Ok(Ok(upload)) = candid::decode_one::<api::Result<api::Upload>>(reply) {
                    world.item = Some(upload.item.clone());
                    world.upload = Some(upload);
                }
            }
            Operation::Derive => {
                if let Ok(Ok(item)) = candid::decode_one::<api::Result<api::Item>>(reply) {
                    world.item = Some(item.id);
                }
            }
            _ => {}
        }
    }

    /// What a client does that wants it done, from wherever things stand; each step may be repeated.
    pub(crate) fn complete(self, world: &mut World) {
        match self {
            Operation::Begin => self.put(world, true, &[]),
            Operation::PutChunk => self.put(world, true, &[0, 1, 2]),
            Operation::Finish => {
                self.put(world, false, &[0, 1, 2, 3]);
                let session = world.upload.as_ref().unwrap().session;
                world.darkroom.finish(session).unwrap();
            }
            Operation::Derive => {
                let item: api::Result<api::Item> =
                    world.darkroom.update("upload_whole", (whole_photo("chain"),));
                let id = item.unwrap().id;
                world.item = Some(id.clone());
                world.rest();
                if world.darkroom.item(&id).unwrap().state == api::item_state::FAILED {
                    let again = api::Reprocess { item: id, ..Default::default() };
                    world.darkroom.update::<api::Result<api::Reprocessed>>("reprocess", (again,)).unwrap();
                }
            }
            Operation::Verify => {
                let item: api::Result<api::Item> =
                    world.darkroom.update("upload_whole", (whole_photo("client"),));
                world.item = Some(item.unwrap().id);
                let Request { method, args } = self.request(world).unwrap();
                let reply =
                    world.darkroom.network.update_call(world.darkroom.id, world.darkroom.owner, method, args);
                candid::decode_one::<api::Result<api::Reprocessed>>(&reply.unwrap()).unwrap().unwrap();
            }
            Operation::Delete => {
                let item = world.item.clone().unwrap();
                let deleted = world.darkroom.delete_as(world.darkroom.owner, &item);
                // What it freed is told for an hour.
                assert!(deleted.as_ref().is_ok_and(|freed| freed.bytes == file().size), "{deleted:?}");
            }
            Operation::Reap => world.darkroom.later(2 * 3600),
            Operation::Configure => world.darkroom.configure(configuration()),
            Operation::Serve => publish(world),
        }
        world.rest();
    }

    /// A call that should have come before, or after, comes the other way round: what is seen of both.
    pub(crate) fn reorder(self, world: &mut World) -> String {
        let owner = world.darkroom.owner;
        let code = |result: Result<String, String>| result.unwrap_or_else(|code| format!("`{code}`"));
        let ok = |_: ()| "ok".to_owned();
        let early = match self {
            // A chunk for the session that is to be the first one.
            Operation::Begin => {
                let chunk = world.darkroom.put_bytes(owner, 0, 0, &file().chunk(0, CHUNK));
                format!("chunk first: {}", code(chunk.map(|_| ()).map(ok).map_err(|error| error.code)))
            }
            Operation::PutChunk => {
                let upload = world.upload.clone().unwrap();
                let chunk = world.darkroom.put_of(owner, &upload, &file(), 2);
                let status = world.darkroom.status_as(owner, upload.session).unwrap();
                assert_eq!(status.hashed, u64::from(CHUNK));
                format!("later chunk first: {}", code(chunk.map(|_| ()).map(ok).map_err(|error| error.code)))
            }
            // Of another file whose last chunk is not there.
            Operation::Finish => {
                let other = api::BeginUpload { idempotency_key: Some("other".to_owned()), ..declared(false) };
                let upload = world.darkroom.begin_as(owner, &other).unwrap();
                let finished = world.darkroom.finish(upload.session).map(|_| ()).map(ok);
                let told = code(finished.map_err(|error| error.code));
                world.darkroom.abort_as(owner, upload.session).unwrap();
                format!("before the chunks: {told}")
            }
            // It is deleted before its stages run.
            Operation::Derive | Operation::Verify => {
                // Its stages run in rounds of their own.
                self.act(world);
                let deleted = world.darkroom.delete_as(owner, world.item.as_ref().unwrap());
                world.rest();
                format!(
                    "deleted while it runs: {}",
                    code(deleted.map(|_| ()).map(ok).map_err(|error| error.code))
                )
            }
            // A read and a repeated upload of what is gone.
            Operation::Delete => {
                let told = self.act(world);
                let item = world.item.clone().unwrap();
                let chunk = world.darkroom.chunk_as(owner, &item, "original", 0);
                format!(
                    "{told}; then a read: {}",
                    code(chunk.map(|_| ()).map(ok).map_err(|error| error.code))
                )
            }
            // A chunk that comes when the session is gone.
            Operation::Reap => {
                let upload = world.upload.clone().unwrap();
                let told = self.act(world);
                let chunk = world.darkroom.put_of(owner, &upload, &file(), 1);
                format!(
                    "{told}; a late chunk: {}",
                    code(chunk.map(|_| ()).map(ok).map_err(|error| error.code))
                )
            }
            Operation::Configure => {
                let begin = api::BeginUpload {
                    pipeline: Some("added".to_owned()),
                    idempotency_key: None,
                    ..declared(true)
                };
                let begun = world.darkroom.begin_as(owner, &begin);
                format!("an upload first: {}", code(begun.map(|_| ()).map(ok).map_err(|error| error.code)))
            }
            Operation::Serve => {
                let other = File::new(2, 2 * u64::from(CHUNK));
                let begin =
                    api::BeginUpload { pipeline: Some("file".to_owned()), ..other.declared(true, None) };
                let upload = world.darkroom.begin_as(owner, &begin).unwrap();
                world.darkroom.put_of(owner, &upload, &other, 0).unwrap();
                let url = format!("/{}/original", upload.item);
                let early = Gateway::new(&world.darkroom).get("GET", &url, &[]).status_code;
                world.darkroom.abort_as(owner, upload.session).unwrap();
                format!("before it is published: {early}, certified")
            }
        };
        match self {
            Operation::Delete | Operation::Reap | Operation::Derive | Operation::Verify => early,
            _ => format!("{early}; then {}", self.act(world)),
        }
    }
}

fn publish(world: &mut World) {
    let whole = api::UploadWhole { upload: declared(true), bytes: file().bytes().into(), assets: Vec::new() };
    let item = world.darkroom.update::<api::Result<api::Item>>("upload_whole", (whole,)).unwrap();
    world.item = Some(item.id);
}

/// What a caller sees: `ok`, the code of an error, or the reject.
pub(crate) fn told(answer: Result<Vec<u8>, pocket_ic::RejectResponse>) -> String {
    match answer {
        Err(reject) => format!("{:?}", reject.error_code),
        Ok(reply) => match candid::decode_one::<Result<Reserved, api::Error>>(&reply) {
            Ok(Ok(_)) => "ok".to_owned(),
            Ok(Err(error)) => format!("`{}`", error.code),
            Err(error) => panic!("an answer that nobody expects: {error}"),
        },
    }
}

fn told_of_session(world: &World) -> String {
    let session = world.upload.as_ref().unwrap().session;
    match world.darkroom.network.query_call(
        world.darkroom.id,
        world.darkroom.owner,
        "session_status",
        Encode!(&session).unwrap(),
    ) {
        Ok(_) => match world.darkroom.status_as(world.darkroom.owner, session) {
            Err(error) if error.code == api::code::SESSION_NOT_FOUND => "ok".to_owned(),
            Err(error) => format!("`{}`", error.code),
            Ok(_) => "it stays".to_owned(),
        },
        Err(reject) => format!("{:?}", reject.error_code),
    }
}

/// The item's original over HTTP: the status of a verified answer, or the reject.
fn ask(world: &World) -> String {
    let request = api::HttpRequest {
        method: "GET".to_owned(),
        url: format!("/{}/original", world.item.as_ref().unwrap()),
        headers: Vec::new(),
        body: Vec::new().into(),
        certificate_version: Some(2),
    };
    let args = Encode!(&request).unwrap();
    let anybody = candid::Principal::anonymous();
    match world.darkroom.network.query_call(world.darkroom.id, anybody, "http_request", args) {
        Err(reject) => format!("{:?}", reject.error_code),
        Ok(_) => {
            let (first, bytes) = Gateway::new(&world.darkroom).whole(&request.url);
            assert_eq!(darkroom_core::Digest::of(&bytes), file().sha256());
            format!("{}, certified", first.status_code)
        }
    }
}
