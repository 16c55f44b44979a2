//! Calls of any caller's, with what may come back of them: for suites with several owners and refusals.

use candid::utils::ArgumentEncoder;
use candid::{CandidType, Principal};
use darkroom_api as api;
use darkroom_core::Digest;
use pocket_ic::{PocketIc, RejectResponse};
use serde::de::DeserializeOwned;

use crate::{Darkroom, File};

impl Darkroom {
    /// A canister of the given module with the given arguments and cycles, on a network of its own.
    pub fn of(wasm: &[u8], args: Option<api::InitArgs>, cycles: u128) -> Darkroom {
        Darkroom::of_on(crate::network(), wasm, args, cycles)
    }

    /// A canister of the given module with the given arguments and cycles, on this network.
    pub fn of_on(network: PocketIc, wasm: &[u8], args: Option<api::InitArgs>, cycles: u128) -> Darkroom {
        let owner = Principal::self_authenticating([1]);
        let id = network.create_canister_with_settings(Some(owner), None);
        network.add_cycles(id, cycles);
        let args = candid::encode_one(args).unwrap_or_else(|error| panic!("{error}"));
        network.install_canister(id, wasm.to_vec(), args, Some(owner));
        Darkroom { network, id, owner }
    }

    /// Upgrades the canister to another module, without arguments.
    ///
    /// # Errors
    /// Why the upgrade was rejected; the canister then runs what it ran.
    pub fn upgrade_to(&self, wasm: &[u8]) -> Result<(), RejectResponse> {
        let args = candid::encode_one(None::<api::InitArgs>).unwrap_or_else(|error| panic!("{error}"));
        self.network.upgrade_canister(self.id, wasm.to_vec(), args, Some(self.owner))
    }

    /// An update call that may be rejected; its reply is not looked at.
    ///
    /// # Errors
    /// The reject.
    pub fn attempt(
        &self,
        caller: Principal,
        method: &str,
        args: impl ArgumentEncoder,
    ) -> Result<Vec<u8>, RejectResponse> {
        let args = candid::encode_args(args).unwrap_or_else(|error| panic!("{error}"));
        self.network.update_call(self.id, caller, method, args)
    }

    /// An update call of anybody's. A refusal before it is executed is the error that it tells, as the client library
    /// reads it.
    ///
    /// # Errors
    /// What the canister answers or refuses with.
    pub fn answer_as<R: CandidType + DeserializeOwned>(
        &self,
        caller: Principal,
        method: &str,
        args: impl ArgumentEncoder,
    ) -> api::Result<R> {
        match self.attempt(caller, method, args) {
            Ok(reply) => candid::decode_one::<api::Result<R>>(&reply)
                .unwrap_or_else(|error| panic!("{method}: {error}")),
            Err(reject) => Err(api::Error::from_refusal(&reject.reject_message)
                .unwrap_or_else(|| panic!("{method}: {reject:?}"))),
        }
    }

    /// Changes the configuration.
    pub fn configure(&self, args: api::InitArgs) {
        self.update::<api::Result<()>>("configure", (args,)).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Adds the pipeline `file` of [`originals_only`] behind those that are configured.
    pub fn take_files(&self) {
        let mut pipelines: Vec<api::Pipeline> = self.query("pipelines", ());
        pipelines.push(originals_only());
        self.configure(api::InitArgs { pipelines: Some(pipelines), ..Default::default() });
    }

    /// `begin_upload`.
    pub fn begin_as(&self, caller: Principal, args: &api::BeginUpload) -> api::Result<api::Upload> {
        self.answer_as(caller, "begin_upload", (args,))
    }

    /// `put_chunk` with a chunk of a file.
    pub fn put_of(
        &self,
        caller: Principal,
        upload: &api::Upload,
        file: &File,
        index: u32,
    ) -> api::Result<api::ChunkReceipt> {
        self.put_bytes(caller, upload.session, index, &file.chunk(index, upload.chunk_size))
    }

    /// `finish_upload`, until it is done.
    pub fn finish_as(&self, caller: Principal, session: u64) -> api::Result<api::FinishUpload> {
        loop {
            let finished: api::Result<api::FinishUpload> =
                self.answer_as(caller, "finish_upload", (session,));
            if finished.as_ref().map_or(true, |finished| finished.done) {
                return finished;
            }
        }
    }

    /// A whole file, its chunks in order, with or without its SHA-256 declared.
    pub fn upload_file(&self, caller: Principal, file: &File, sha256: bool, key: Option<&str>) -> api::Item {
        let upload =
            self.begin_as(caller, &file.declared(sha256, key)).unwrap_or_else(|error| panic!("{error}"));
        for index in 0..file.chunks(upload.chunk_size) {
            self.put_of(caller, &upload, file, index)
                .unwrap_or_else(|error| panic!("chunk {index}: {error}"));
        }
        self.finish_as(caller, upload.session).unwrap_or_else(|error| panic!("{error}")).item
    }

    /// `upload_whole` without derivatives.
    pub fn whole_as(&self, caller: Principal, file: &File, key: Option<&str>) -> api::Result<api::Item> {
        let args = api::UploadWhole {
            upload: file.declared(true, key),
            bytes: file.bytes().into(),
            assets: Vec::new(),
        };
        self.answer_as(caller, "upload_whole", (args,))
    }

    /// `abort_upload`.
    pub fn abort_as(&self, caller: Principal, session: u64) -> api::Result<api::Freed> {
        self.answer_as(caller, "abort_upload", (session,))
    }

    /// `delete_item`.
    pub fn delete_as(&self, caller: Principal, item: &str) -> api::Result<api::Freed> {
        self.answer_as(caller, "delete_item", (item,))
    }

    /// `session_status`.
    pub fn status_as(&self, caller: Principal, session: u64) -> api::Result<api::SessionStatus> {
        self.query_as(caller, "session_status", (session,))
    }

    /// `usage`.
    pub fn usage_as(&self, caller: Principal) -> api::Usage {
        self.query_as::<api::Result<api::Usage>>(caller, "usage", ())
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// How the bytes are stored.
    pub fn store(&self) -> api::StoreUsage {
        self.usage_as(self.owner).store
    }

    /// One chunk of an asset.
    pub fn chunk_as(&self, caller: Principal, item: &str, asset: &str, index: u32) -> api::Result<Vec<u8>> {
        let args = api::GetChunk { item: item.to_owned(), asset: asset.to_owned(), index };
        let bytes: api::Result<serde_bytes::ByteBuf> = self.query_as(caller, "get_chunk", (args,));
        bytes.map(serde_bytes::ByteBuf::into_vec)
    }

    /// Asserts that an item's original is this file: its size, its SHA-256 and each of its bytes.
    pub fn assert_stored(&self, caller: Principal, item: &api::Item, file: &File) {
        let asset = item.assets.iter().find(|asset| asset.name == "original");
        let asset = asset.unwrap_or_else(|| panic!("{} has no original: {item:?}", file.name));
        assert_eq!((asset.size, asset.chunks), (file.size, file.chunks(asset.chunk_size)), "{}", file.name);
        assert_eq!(Digest(*asset.sha256), file.sha256(), "{}", file.name);
        for index in 0..asset.chunks {
            let found = self.chunk_as(caller, &item.id, &asset.name, index);
            let found = found.unwrap_or_else(|error| panic!("{} chunk {index}: {error}", file.name));
            assert!(
                found == file.chunk(index, asset.chunk_size),
                "{} chunk {index} has other bytes",
                file.name
            );
        }
    }

    /// Lets time pass and timers run.
    pub fn later(&self, seconds: u64) {
        self.network.advance_time(std::time::Duration::from_secs(seconds));
        for _ in 0..10 {
            self.network.tick();
        }
    }

    /// Runs rounds until everything is certified.
    pub fn certified(&self) {
        for _ in 0..200 {
            if !self.store().being_certified {
                return;
            }
            self.network.tick();
        }
        panic!("the canister does not end certifying: {:?}", self.store());
    }

    /// Runs rounds until nothing waits to be freed.
    pub fn freed(&self) {
        for _ in 0..200 {
            if self.store().being_freed == 0 {
                return;
            }
            self.network.tick();
        }
        panic!("the canister does not end freeing: {:?}", self.store());
    }
}

/// A pipeline whose only lane takes the original, of any kind.
pub fn originals_only() -> api::Pipeline {
    let stage = api::Stage {
        asset: "original".to_owned(),
        processor: "original".to_owned(),
        source: None,
        placement: None,
        storage: None,
        optional: None,
        verify: None,
        params: None,
    };
    let lane = api::Lane { name: "original".to_owned(), stages: vec![stage] };
    api::Pipeline { name: "file".to_owned(), lanes: vec![lane] }
}

/// Arguments for a canister that takes files from everybody who signs, as they are.
pub fn files_from_all(limits: api::Limits) -> api::InitArgs {
    api::InitArgs {
        pipelines: Some(vec![originals_only()]),
        access: Some(api::Access::Authenticated),
        limits: Some(limits),
        ..Default::default()
    }
}

/// Another principal for each number; never the owner of [`Darkroom`].
pub fn principal(number: u8) -> Principal {
    Principal::self_authenticating([2, number])
}
