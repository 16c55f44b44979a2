//! How each endpoint is called, and how its answers are read.

use candid::{Encode, Reserved};
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::File;
use pocket_ic::{ErrorCode, RejectResponse};

use crate::table::{Answer, Row, Subject, TIMER};
use crate::world::{OPTIONAL, Things, World, derivative, failed};

/// The argument of a call that succeeds where it is allowed.
pub(crate) fn argument(world: &World, row: &Row, subject: Subject, things: &Things) -> Vec<u8> {
    match row.method() {
        "processors" | "pipelines" | "limits" | "usage" => Encode!(),
        "begin_upload" => Encode!(&declared()),
        "upload_whole" => {
            let bytes = file().bytes().into();
            Encode!(&api::UploadWhole { upload: declared(), bytes, assets: Vec::new() })
        }
        "configure" => Encode!(&api::InitArgs { gallery: Some(false), ..Default::default() }),
        "run_job" => Encode!(&u64::MAX),
        TIMER => Ok(u64::MAX.to_be_bytes().to_vec()),
        "items" => Encode!(&api::ListItems { after: None, limit: Some(100) }),
        "http_request" => Encode!(&get(&format!("/{}/original", things.of(subject).item))),
        "list_tokens" => {
            let item = row.label.contains(' ').then(|| things.of(subject).item.clone());
            Encode!(&api::ListTokens { item, after: None, limit: None })
        }
        "revoke_token" => Encode!(&things.token().token.id),
        _ => of_a_thing(world, row.method(), things, subject),
    }
    .unwrap()
}

fn of_a_thing(world: &World, method: &str, things: &Things, subject: Subject) -> candid::Result<Vec<u8>> {
    let thing = things.of(subject);
    let item = thing.item.clone();
    let optional = derivative(OPTIONAL, &world.versions, &thing.file);
    match method {
        "item" | "delete_item" => Encode!(&item),
        "session_status" | "finish_upload" | "abort_upload" => Encode!(&thing.session),
        "find_uploads" => Encode!(&vec![thing.key.clone()]),
        "get_chunk" => Encode!(&api::GetChunk { item, asset: "preview".to_owned(), index: 0 }),
        "put_chunk" => {
            let bytes = thing.file.chunk(1, 65_536);
            let sha256 = Digest::of(&bytes).0.into();
            Encode!(&api::PutChunk { session: thing.session, index: 1, bytes: bytes.into(), sha256 })
        }
        "put_assets" => Encode!(&api::PutAssets { item, assets: vec![optional] }),
        "begin_asset" => {
            let asset = api::PutAsset { bytes: Vec::new().into(), ..optional };
            Encode!(&api::BeginAsset { item, asset, size: 1003 })
        }
        "fail_stages" => Encode!(&failed(&item)),
        "create_token" => {
            Encode!(&api::CreateToken { item, asset: "original".to_owned(), lifetime_seconds: None })
        }
        "reprocess" => {
            Encode!(&api::Reprocess { item, pipeline: None, verify: None, idempotency_key: None })
        }
        _ => panic!("nothing is said of how `{method}` is called"),
    }
}

fn file() -> File {
    File::new(1, 1000)
}

fn declared() -> api::BeginUpload {
    api::BeginUpload { media_type: "image/jpeg".to_owned(), ..file().declared(true, None) }
}

/// A request as a gateway passes it on.
pub(crate) fn get(url: &str) -> api::HttpRequest {
    api::HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new().into(),
        certificate_version: Some(2),
    }
}

/// What has come back of a call, and whether that was before the call was executed.
pub(crate) fn read(
    row: &Row,
    things: &Things,
    subject: Subject,
    reply: Result<Vec<u8>, RejectResponse>,
) -> (String, bool) {
    match reply {
        Ok(reply) => (answer(row, things, subject, &reply), false),
        Err(reject) => match api::Error::from_refusal(&reject.reject_message) {
            Some(error) if !reject.certified => (error.code, true),
            _ if reject.error_code == ErrorCode::CanisterCalledTrap => {
                (Answer::Trap.text().to_owned(), false)
            }
            _ => (format!("{reject:?}"), false),
        },
    }
}

fn answer(row: &Row, things: &Things, subject: Subject, reply: &[u8]) -> String {
    let listed = |listed: api::Result<bool>| match listed {
        Ok(true) => Answer::Listed.text().to_owned(),
        Ok(false) => Answer::Absent.text().to_owned(),
        Err(error) => error.code,
    };
    match row.label {
        // They refuse nobody, and paths have a table of their own.
        "processors" | "pipelines" | "limits" | "http_request" | "run_job" | TIMER => {
            Answer::Ok.text().to_owned()
        }
        "items" => {
            let page: api::Result<api::ItemPage> = candid::decode_one(reply).unwrap();
            let item = &things.of(subject).item;
            listed(page.map(|page| page.items.iter().any(|other| other.id == *item)))
        }
        "find_uploads" => {
            let found: api::Result<Vec<Option<api::Item>>> = candid::decode_one(reply).unwrap();
            let item = &things.of(subject).item;
            listed(found.map(|found| found.iter().flatten().any(|other| other.id == *item)))
        }
        "list_tokens" => {
            let page: api::Result<api::TokenPage> = candid::decode_one(reply).unwrap();
            listed(page.map(|page| page.tokens.contains(&things.token().token)))
        }
        _ => {
            let answer: api::Result<Reserved> = candid::decode_one(reply).unwrap();
            answer.map_or_else(|error| error.code, |_| Answer::Ok.text().to_owned())
        }
    }
}
