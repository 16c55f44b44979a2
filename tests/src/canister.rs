//! A Darkroom canister on a network, with its calls as methods.

use candid::utils::ArgumentEncoder;
use candid::{CandidType, Principal};
use darkroom_api as api;
use darkroom_core::Digest;
use pocket_ic::PocketIc;
use serde::de::DeserializeOwned;

use crate::Photo;

/// A canister, the network that it runs on, and the principal that uploads.
pub struct Darkroom {
    /// The network.
    pub network: PocketIc,
    /// The canister.
    pub id: Principal,
    /// Its controller, who also uploads.
    pub owner: Principal,
}

impl Darkroom {
    /// A canister with the default configuration on a network of its own.
    pub fn new() -> Darkroom {
        Darkroom::with(None)
    }

    /// A canister with the given init arguments on a network of its own.
    pub fn with(args: Option<api::InitArgs>) -> Darkroom {
        Darkroom::on(crate::network(), args)
    }

    /// A canister with the given init arguments on this network.
    pub fn on(network: PocketIc, args: Option<api::InitArgs>) -> Darkroom {
        let owner = Principal::self_authenticating([1]);
        let id = network.create_canister_with_settings(Some(owner), None);
        network.add_cycles(id, 100_000_000_000_000);
        let darkroom = Darkroom { network, id, owner };
        darkroom.install(args);
        darkroom
    }

    fn install(&self, args: Option<api::InitArgs>) {
        let args = candid::encode_one(args).unwrap_or_else(|error| panic!("{error}"));
        self.network.install_canister(self.id, darkroom_wasm::CANISTER.to_vec(), args, Some(self.owner));
    }

    /// Upgrades the canister to the same Wasm.
    pub fn upgrade(&self) {
        let args = candid::encode_one(None::<api::InitArgs>).unwrap_or_else(|error| panic!("{error}"));
        self.network
            .upgrade_canister(self.id, darkroom_wasm::CANISTER.to_vec(), args, Some(self.owner))
            .unwrap_or_else(|error| panic!("upgrade: {error:?}"));
    }

    /// An update call of the owner's.
    pub fn update<R: CandidType + DeserializeOwned>(&self, method: &str, args: impl ArgumentEncoder) -> R {
        self.update_as(self.owner, method, args)
    }

    /// An update call of anybody's.
    pub fn update_as<R: CandidType + DeserializeOwned>(
        &self,
        caller: Principal,
        method: &str,
        args: impl ArgumentEncoder,
    ) -> R {
        let args = candid::encode_args(args).unwrap_or_else(|error| panic!("{error}"));
        let reply = self.network.update_call(self.id, caller, method, args);
        let reply = reply.unwrap_or_else(|reject| panic!("{method}: {reject:?}"));
        candid::decode_one(&reply).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// A query of the owner's.
    pub fn query<R: CandidType + DeserializeOwned>(&self, method: &str, args: impl ArgumentEncoder) -> R {
        self.query_as(self.owner, method, args)
    }

    /// A query of anybody's.
    pub fn query_as<R: CandidType + DeserializeOwned>(
        &self,
        caller: Principal,
        method: &str,
        args: impl ArgumentEncoder,
    ) -> R {
        let args = candid::encode_args(args).unwrap_or_else(|error| panic!("{error}"));
        let reply = self.network.query_call(self.id, caller, method, args);
        let reply = reply.unwrap_or_else(|reject| panic!("{method}: {reject:?}"));
        candid::decode_one(&reply).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Opens the session of a photo's original.
    pub fn begin(&self, photo: &Photo, key: Option<&str>) -> api::Upload {
        let args = photo.declared(None, key);
        self.update::<api::Result<_>>("begin_upload", (args,)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Sends one chunk of a photo.
    pub fn put(&self, upload: &api::Upload, photo: &Photo, index: u32) -> api::Result<api::ChunkReceipt> {
        let at = index as usize * upload.chunk_size as usize;
        let end = photo.bytes.len().min(at + upload.chunk_size as usize);
        self.put_bytes(self.owner, upload.session, index, &photo.bytes[at..end])
    }

    /// Sends bytes as a chunk.
    pub fn put_bytes(
        &self,
        caller: Principal,
        session: u64,
        index: u32,
        bytes: &[u8],
    ) -> api::Result<api::ChunkReceipt> {
        let sha256 = Digest::of(bytes).0.into();
        let args = api::PutChunk { session, index, bytes: bytes.to_vec().into(), sha256 };
        self.answer_as(caller, "put_chunk", (args,))
    }

    /// Finishes a session.
    pub fn finish(&self, session: u64) -> api::Result<api::FinishUpload> {
        loop {
            let finished: api::Result<api::FinishUpload> = self.update("finish_upload", (session,));
            if finished.as_ref().map_or(true, |finished| finished.done) {
                return finished;
            }
        }
    }

    /// Uploads a photo's original in order and finishes it.
    pub fn upload_original(&self, photo: &Photo) -> api::FinishUpload {
        let upload = self.begin(photo, None);
        for index in 0..chunks(&upload, photo) {
            self.put(&upload, photo, index).unwrap_or_else(|error| panic!("chunk {index}: {error}"));
        }
        self.finish(upload.session).unwrap_or_else(|error| panic!("finish: {error}"))
    }

    /// An item as the owner sees it.
    pub fn item(&self, id: &str) -> api::Result<api::Item> {
        self.query("item", (id,))
    }

    /// Runs rounds until an item is published or has failed.
    pub fn settled(&self, id: &str) -> api::Item {
        for _ in 0..200 {
            let item = self.item(id).unwrap_or_else(|error| panic!("{error}"));
            if [api::item_state::PUBLISHED, api::item_state::FAILED].contains(&item.state.as_str()) {
                return item;
            }
            self.network.tick();
        }
        panic!("item {id} does not settle: {:?}", self.item(id));
    }

    /// All bytes of an asset, chunk by chunk.
    pub fn bytes(&self, item: &str, asset: &api::Asset) -> Vec<u8> {
        let mut bytes = Vec::new();
        for index in 0..asset.chunks {
            let args = api::GetChunk { item: item.to_owned(), asset: asset.name.clone(), index };
            let chunk: api::Result<Vec<u8>> = self.query("get_chunk", (args,));
            bytes.extend(chunk.unwrap_or_else(|error| panic!("{item}/{}: {error}", asset.name)));
        }
        bytes
    }

    /// All bytes of an asset, over HTTP as a gateway assembles them.
    pub fn http_bytes(&self, item: &str, asset: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let headers = match bytes.len() {
                0 => Vec::new(),
                at => vec![("Range".to_owned(), format!("bytes={at}-"))],
            };
            let response = self.http("GET", &format!("/{item}/{asset}"), headers);
            assert!([200, 206].contains(&response.status_code), "{item}/{asset}: {}", response.status_code);
            bytes.extend_from_slice(&response.body);
            let total = header(&response, "content-range").and_then(|range| range.rsplit('/').next());
            if total.is_none_or(|total| total == bytes.len().to_string()) {
                return bytes;
            }
        }
    }

    /// A request as a gateway passes it on.
    pub fn http(&self, method: &str, url: &str, headers: Vec<(String, String)>) -> api::HttpResponse {
        let request = api::HttpRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            headers,
            body: Vec::new().into(),
            certificate_version: Some(2),
        };
        self.query_as(Principal::anonymous(), "http_request", (request,))
    }
}

impl Default for Darkroom {
    fn default() -> Self {
        Darkroom::new()
    }
}

/// A header's value.
fn header<'a>(response: &'a api::HttpResponse, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// How many chunks a photo has.
fn chunks(upload: &api::Upload, photo: &Photo) -> u32 {
    u32::try_from(photo.bytes.len().div_ceil(upload.chunk_size as usize)).unwrap_or(u32::MAX)
}
