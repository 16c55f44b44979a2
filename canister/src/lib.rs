//! The Darkroom canister: upload sessions, items and serving on the Internet Computer.
//!
//! This file has lifecycle and endpoints and nothing else; what they do is in `service`, what is kept in
//! `store`. Only `env` reads clock and caller. The endpoints that take most calls read and write their messages by `idl`;
//! they are hidden from the macro, which would take them for endpoints of bytes, and have their types from `candid_method`.

mod calls;
mod certify;
#[cfg(any(test, feature = "check"))]
mod check;
mod env;
mod files;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod hex;
mod http;
mod idl;
mod jobs;
mod operations;
mod service;
mod store;
mod timer;
mod tokens;

use std::cell::RefCell;
use std::marker::PhantomData;

use candid::candid_method;
use darkroom_api as api;
use darkroom_core::id::SessionId;
use ic_stable_structures::DefaultMemoryImpl;

use operations::Operation;
use service::Service;

/// The module's interface, where wallets and the dashboard look for it.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "a custom section is made by a link attribute")]
#[unsafe(link_section = "icp:public candid:service")]
#[used]
static CANDID: [u8; include_bytes!("../darkroom.did").len()] = *include_bytes!("../darkroom.did");

/// The version of this code, where whoever upgrades the canister can look before.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "a custom section is made by a link attribute")]
#[unsafe(link_section = "icp:public darkroom:version")]
#[used]
static CODE_VERSION: [u8; env!("CARGO_PKG_VERSION").len()] = {
    let (text, mut bytes) = (env!("CARGO_PKG_VERSION").as_bytes(), [0; env!("CARGO_PKG_VERSION").len()]);
    bytes.copy_from_slice(text);
    bytes
};

/// The version of its layout of stable memory, in decimal digits, likewise.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "a custom section is made by a link attribute")]
#[unsafe(link_section = "icp:public darkroom:layout")]
#[used]
static LAYOUT_VERSION: [u8; store::LAYOUT_DIGITS.len()] = store::LAYOUT_DIGITS;

thread_local! {
    static SERVICE: RefCell<Option<Service<DefaultMemoryImpl>>> = const { RefCell::new(None) };
}

/// Opens the state. Traps with a text for the installer where it cannot, which undoes the install or upgrade.
fn open(args: Option<api::InitArgs>) {
    let service = darkroom_processors::registry().map_err(|error| error.to_string()).and_then(|registry| {
        Service::open(DefaultMemoryImpl::default(), registry, &args.unwrap_or_default())
    });
    match service {
        Ok(service) => {
            env::certify(&service.root());
            SERVICE.set(Some(service));
        }
        Err(message) => ic_cdk::trap(message),
    }
    idl::prepare();
    jobs::start_reaper();
}

fn with_service<R>(action: impl FnOnce(&mut Service<DefaultMemoryImpl>) -> R) -> R {
    SERVICE.with_borrow_mut(|service| match service {
        Some(service) => {
            let before = service.public();
            let result = action(service);
            if service.public() != before {
                env::certify(&service.root());
            }
            result
        }
        None => ic_cdk::trap("the canister has not been initialised"),
    })
}

/// As [`with_service`], for queries: they change nothing.
fn read_service<R>(action: impl FnOnce(&Service<DefaultMemoryImpl>) -> R) -> R {
    SERVICE.with_borrow(|service| match service {
        Some(service) => action(service),
        None => ic_cdk::trap("the canister has not been initialised"),
    })
}

/// As [`with_service`], counting what the operation takes.
fn metered<R>(operation: Operation, action: impl FnOnce(&mut Service<DefaultMemoryImpl>) -> R) -> R {
    let result = with_service(action);
    operations::count(operation, env::instructions());
    result
}

/// No bytes at all are no arguments, as some tools send them.
fn decode_args(bytes: Vec<u8>) -> Option<api::InitArgs> {
    if bytes.is_empty() {
        return None;
    }
    candid::decode_one(&bytes).unwrap_or_else(|error| ic_cdk::trap(format!("invalid arguments: {error}")))
}

#[candid_method(init)]
#[ic_cdk::init(hidden = true, decode_with = "decode_args")]
fn init(args: Option<api::InitArgs>) {
    open(args);
}

#[ic_cdk::post_upgrade(decode_with = "decode_args")]
fn post_upgrade(args: Option<api::InitArgs>) {
    open(args);
    jobs::start();
}

/// Spares the canister what it would pay for and refuse. The endpoints rely on nothing of it.
#[ic_cdk::inspect_message]
fn inspect_message() {
    match read_service(|service| service.inspect(&env::ingress(), env::argument)) {
        Ok(()) => env::accept(),
        Err(error) => ic_cdk::trap(error.to_refusal()),
    }
}

/// Declares an item and opens the session of its original: for whoever `access` names. Again with the same idempotency key
/// it gives the same session, and what has arrived.
#[candid_method(update)]
#[ic_cdk::update(hidden = true, decode_with = "idl::decode", encode_with = "idl::encode")]
fn begin_upload(args: api::BeginUpload) -> api::Result<api::Upload> {
    let upload = metered(Operation::BeginUpload, |service| service.begin_upload(env::message(), &args));
    jobs::start();
    upload
}

/// Opens the session of a derivative that `put_assets` cannot take for its size: for the owner.
#[candid_method(update)]
#[ic_cdk::update(hidden = true, decode_with = "idl::decode", encode_with = "idl::encode")]
fn begin_asset(args: api::BeginAsset) -> api::Result<api::Upload> {
    let upload = metered(Operation::BeginAsset, |service| service.begin_asset(env::message(), &args));
    jobs::start();
    upload
}

/// Stores a chunk, in any order: for the owner. Again with the same bytes it changes nothing; with others it is refused.
#[candid_method(update)]
#[ic_cdk::update(hidden = true, decode_with = "idl::decode", encode_with = "idl::encode")]
fn put_chunk(args: api::PutChunk) -> api::Result<api::ChunkReceipt> {
    let receipt = metered(Operation::PutChunk, |service| service.put_chunk(env::message(), &args));
    // The last chunk completes its session.
    if receipt.as_ref().is_ok_and(|receipt| receipt.item.is_some()) {
        jobs::start();
    }
    receipt
}

/// Uploads a file and its derivatives in one message: for whoever `access` names.
#[candid_method(update)]
#[ic_cdk::update(hidden = true, decode_with = "idl::decode", encode_with = "idl::encode")]
fn upload_whole(args: api::UploadWhole) -> api::Result<api::Item> {
    let item = metered(Operation::UploadWhole, |service| service.upload_whole(env::message(), &args));
    jobs::start();
    item
}

/// Stores derivatives whole: for the owner and controllers.
#[candid_method(update)]
#[ic_cdk::update(hidden = true, decode_with = "idl::decode", encode_with = "idl::encode")]
fn put_assets(args: api::PutAssets) -> api::Result<api::Item> {
    let item = metered(Operation::PutAssets, |service| service.put_assets(env::message(), &args));
    jobs::start();
    item
}

/// Says that optional stages of the client failed: for the owner and controllers.
#[ic_cdk::update]
fn fail_stages(args: api::FailStages) -> api::Result<api::Item> {
    let item = metered(Operation::FailStages, |service| service.fail_stages(env::message(), &args));
    jobs::start();
    item
}

/// Completes a session whose chunks are all there: for the owner. Call again until it is `done`.
#[candid_method(update)]
#[ic_cdk::update(hidden = true, decode_with = "idl::decode", encode_with = "idl::encode")]
fn finish_upload(session: u64) -> api::Result<api::FinishUpload> {
    let finished =
        metered(Operation::FinishUpload, |service| service.finish_upload(env::message(), SessionId(session)));
    jobs::start();
    finished
}

/// Ends an upload that is not published, and frees what it has stored: for the owner.
#[ic_cdk::update]
fn abort_upload(session: u64) -> api::Result<api::Freed> {
    let freed = metered(Operation::AbortUpload, |service| {
        service.abort_upload(env::caller(), env::now(), SessionId(session))
    });
    jobs::start();
    freed
}

/// Deletes an item, and frees its bytes: for the owner and controllers.
#[candid_method(update)]
#[ic_cdk::update(hidden = true, decode_with = "idl::decode", encode_with = "idl::encode")]
fn delete_item(item: String) -> api::Result<api::Freed> {
    let freed =
        metered(Operation::DeleteItem, |service| service.delete_item(env::caller(), env::now(), &item));
    jobs::start();
    freed
}

/// Has derivatives that are missing or outdated made again: for the owner and controllers.
#[ic_cdk::update]
fn reprocess(args: api::Reprocess) -> api::Result<api::Reprocessed> {
    let reprocessed = metered(Operation::Reprocess, |service| service.reprocess(env::message(), &args));
    jobs::start();
    reprocessed
}

/// Makes a URL by which anybody may read one asset of a private item for a while: for the owner and controllers. Asks the
/// network for randomness in between: what is refused is refused before, and checked again after.
#[ic_cdk::update(manual_reply = true)]
fn create_token(args: api::CreateToken) -> PhantomData<api::Result<api::CreatedToken>> {
    tokens::create(env::caller(), args);
    PhantomData
}

/// Makes a token open nothing: for the owner of its item and controllers.
#[ic_cdk::update]
fn revoke_token(token: String) -> api::Result<()> {
    metered(Operation::RevokeToken, |service| service.revoke_token(env::caller(), env::now(), &token))
}

/// The valid tokens of the caller's items, in pages; of one item for its owner and controllers.
#[ic_cdk::query]
fn list_tokens(args: api::ListTokens) -> api::Result<api::TokenPage> {
    read_service(|service| service.list_tokens(env::caller(), env::now(), &args))
}

/// Changes what is given, and leaves the rest: for controllers.
#[ic_cdk::update]
fn configure(args: api::InitArgs) -> api::Result<()> {
    let configured = metered(Operation::Configure, |service| service.configure(env::caller(), &args));
    jobs::start_certifying();
    configured
}

/// Runs a stage, and those of its source that fit beside it; the driver in `jobs` calls it.
#[ic_cdk::update(hidden = true)]
fn run_job(job: u64) {
    if env::caller().principal != env::this() {
        ic_cdk::trap("only the canister itself runs its jobs");
    }
    if let Err(error) = metered(Operation::RunJob, |service| service.run_job(job, env::now())) {
        ic_cdk::trap(error.message);
    }
}

/// What in the store contradicts itself; for tests. What it changes in between is discarded with the query.
#[cfg(feature = "check")]
#[ic_cdk::query(hidden = true)]
fn check() -> Vec<String> {
    SERVICE.with_borrow_mut(|service| service.as_mut().map(Service::check).unwrap_or_default())
}

/// Has what deals with answers to the canister's own calls trap until a time in nanoseconds since 1970; for tests.
#[cfg(feature = "check")]
#[ic_cdk::update(hidden = true)]
fn trap_answers(until: u64) {
    calls::trap_until(until);
}

/// What the timer has the canister call of itself.
#[ic_cdk::update(hidden = true, decode_with = "as_they_are")]
fn run_task(args: Vec<u8>) {
    if env::caller().principal != env::this() {
        ic_cdk::trap("only the canister itself runs its tasks");
    }
    timer::run(&args);
}

fn as_they_are(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

/// The timer goes off.
#[allow(unsafe_code, reason = "the platform knows it by its name")]
#[unsafe(export_name = "canister_global_timer")]
extern "C" fn global_timer() {
    timer::wake();
}

/// What of a session has arrived: for the owner.
#[ic_cdk::query]
fn session_status(session: u64) -> api::Result<api::SessionStatus> {
    read_service(|service| service.session_status(env::caller(), env::now(), SessionId(session)))
}

/// What the caller holds, what all hold together, and how it is stored.
#[ic_cdk::query]
fn usage() -> api::Result<api::Usage> {
    read_service(|service| service.usage(env::caller()))
}

/// An item, with its assets and stages: public ones that are published for everybody, others for the owner and controllers.
#[ic_cdk::query]
fn item(item: String) -> api::Result<api::Item> {
    read_service(|service| service.describe(env::caller(), &item))
}

/// The published items that the caller may read, newest first, in pages.
#[ic_cdk::query]
fn items(args: api::ListItems) -> api::Result<api::ItemPage> {
    read_service(|service| service.list(env::caller(), &args))
}

/// The published items that uploads of the caller's with these idempotency keys have led to; at most 100 keys.
#[ic_cdk::query]
fn find_uploads(idempotency_keys: Vec<String>) -> api::Result<Vec<Option<api::Item>>> {
    read_service(|service| service.find_uploads(env::caller(), &idempotency_keys))
}

/// The bytes of a chunk of a complete asset: for whoever may read the item.
#[ic_cdk::query]
fn get_chunk(args: api::GetChunk) -> api::Result<serde_bytes::ByteBuf> {
    read_service(|service| service.get_chunk(env::caller(), &args)).map(serde_bytes::ByteBuf::from)
}

/// The processors that the canister has.
#[ic_cdk::query]
fn processors() -> Vec<api::ProcessorInfo> {
    read_service(|service| service.processors())
}

/// The pipelines that it is configured with; the first is the default.
#[ic_cdk::query]
fn pipelines() -> Vec<api::Pipeline> {
    read_service(|service| service.pipelines()).unwrap_or_else(|error| ic_cdk::trap(error.message))
}

/// The limits that it is configured with, every one of them.
#[ic_cdk::query]
fn limits() -> api::Limits {
    read_service(|service| service.limits()).unwrap_or_else(|error| ic_cdk::trap(error.message))
}

/// What gateways ask: assets, items and the gallery as certified answers, and metrics.
#[candid_method(query)]
#[ic_cdk::query(hidden = true, manual_reply = true, decode_with = "idl::decode")]
fn http_request(request: api::HttpRequest) -> PhantomData<api::HttpResponse> {
    let around = || http::Around {
        platform: env::platform(),
        is_running: jobs::is_running(),
        spent: operations::spent().collect(),
    };
    read_service(|service| {
        let reply = http::respond(service, &request, env::now(), env::certificate().as_deref(), around);
        reply.write(service, &mut ic0::msg_reply_data_append);
    });
    ic0::msg_reply();
    PhantomData
}

#[cfg(test)]
mod tests {
    //! The interface file against the code.

    use candid_parser::utils::{CandidSource, service_equal};

    use super::*;

    candid::export_service!();

    #[test]
    fn the_interface_file_is_the_code_s() {
        let code = __export_service();
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/darkroom.did");
        if std::env::var_os("DARKROOM_BLESS").is_some() {
            std::fs::write(file, &code).unwrap();
        }
        service_equal(CandidSource::Text(&code), CandidSource::File(file.as_ref()))
            .unwrap_or_else(|error| panic!("canister/darkroom.did differs from the code: {error}\n{code}"));
    }
}
