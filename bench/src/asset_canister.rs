//! The DFINITY asset canister: `ic-certified-assets` from the crate registry, built here as Darkroom's canister is.

use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use candid::{CandidType, Deserialize, Nat};
use darkroom_localnet::PocketIcServer;
use serde_bytes::ByteBuf;

use crate::meter::{Measured, Meter};
use crate::store::{File, Store};

/// Bytes of the chunks of one `create_chunks` message.
const MESSAGE: usize = 1_900_000;

/// What the canister does about a file's SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hashing {
    /// It computes it when the batch is committed.
    Computed,
    /// It takes the client's word, as DFINITY's tools have it do.
    Trusted,
}

/// The canister.
pub(crate) struct AssetCanister {
    meter: Meter,
    hashing: Hashing,
}

/// A batch with one file.
pub(crate) struct Batch {
    id: Nat,
    key: String,
    sha256: ByteBuf,
    chunks: Vec<(u32, Nat)>,
}

#[derive(CandidType, Deserialize)]
struct CreateBatchResponse {
    batch_id: Nat,
}

#[derive(CandidType)]
struct CreateChunkArg<'a> {
    batch_id: Nat,
    content: &'a serde_bytes::Bytes,
}

#[derive(CandidType, Deserialize)]
struct CreateChunkResponse {
    chunk_id: Nat,
}

#[derive(CandidType)]
struct CreateChunksArg {
    batch_id: Nat,
    content: Vec<ByteBuf>,
}

#[derive(CandidType, Deserialize)]
struct CreateChunksResponse {
    chunk_ids: Vec<Nat>,
}

#[derive(CandidType)]
struct CreateAsset {
    key: String,
    content_type: String,
}

#[derive(CandidType)]
struct SetAssetContent {
    key: String,
    content_encoding: String,
    chunk_ids: Vec<Nat>,
    sha256: Option<ByteBuf>,
}

#[derive(CandidType)]
enum Operation {
    CreateAsset(CreateAsset),
    SetAssetContent(SetAssetContent),
}

#[derive(CandidType)]
struct CommitBatch {
    batch_id: Nat,
    operations: Vec<Operation>,
}

#[derive(CandidType)]
struct StoreArg<'a> {
    key: String,
    content_type: &'a str,
    content_encoding: &'a str,
    content: &'a serde_bytes::Bytes,
    sha256: Option<ByteBuf>,
}

#[derive(CandidType)]
struct Key {
    key: String,
}

#[derive(CandidType)]
struct Get {
    key: String,
    accept_encodings: Vec<String>,
}

#[derive(CandidType, Deserialize)]
struct Encoded {
    content: ByteBuf,
}

/// Builds the canister for wasm32 and packs it.
pub(crate) fn build() -> Result<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = root.join("target");
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(root)
        .args(["build", "--locked", "--package", "asset-canister", "--profile", "canister"])
        .args(["--target", "wasm32-unknown-unknown", "--target-dir"])
        .arg(&target)
        // Flags for the host; `.cargo/config.toml` has those for Wasm.
        .env_remove("RUSTFLAGS");
    let status = cargo.status().context("cargo cannot be started")?;
    ensure!(status.success(), "the asset canister does not build");
    let module = std::fs::read(target.join("wasm32-unknown-unknown/canister/asset_canister.wasm"))?;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&module)?;
    Ok(packed.finish()?)
}

impl AssetCanister {
    /// Installs it.
    pub(crate) fn install(server: &PocketIcServer, module: &[u8], hashing: Hashing) -> Result<AssetCanister> {
        let meter = Meter::install(server, module, candid::encode_args(())?)?;
        Ok(AssetCanister { meter, hashing })
    }

    fn operations(&self, file: Batch) -> [Operation; 2] {
        let Batch { key, sha256, mut chunks, .. } = file;
        // The order of the file, whatever the order of arrival.
        chunks.sort_by_key(|(index, _)| *index);
        let create = CreateAsset { key: key.clone(), content_type: "application/octet-stream".to_owned() };
        let content = SetAssetContent {
            key,
            content_encoding: "identity".to_owned(),
            chunk_ids: chunks.into_iter().map(|(_, chunk)| chunk).collect(),
            sha256: (self.hashing == Hashing::Trusted).then_some(sha256),
        };
        [Operation::CreateAsset(create), Operation::SetAssetContent(content)]
    }

    fn commit(&self, batch_id: Nat, operations: Vec<Operation>) -> Result<u64> {
        let args = candid::encode_one(CommitBatch { batch_id, operations })?;
        Ok(self.meter.raw("commit_batch", args)?.instructions)
    }

    fn create_batch(&self) -> Result<Measured<Nat>> {
        let reply: Measured<CreateBatchResponse> = self.meter.call("create_batch", ())?;
        Ok(Measured { value: reply.value.batch_id, instructions: reply.instructions })
    }
}

fn batch(id: Nat, file: &File) -> Batch {
    let sha256 = ByteBuf::from(file.sha256());
    Batch { id, key: format!("/{}", file.name), sha256, chunks: Vec::new() }
}

impl Store for AssetCanister {
    type Session = Batch;

    fn meter(&self) -> &Meter {
        &self.meter
    }

    fn begin(&mut self, file: &File) -> Result<Measured<Batch>> {
        let Measured { value, instructions } = self.create_batch()?;
        Ok(Measured { value: batch(value, file), instructions })
    }

    fn put(&mut self, session: &mut Batch, index: u32, bytes: &[u8]) -> Result<u64> {
        let content = serde_bytes::Bytes::new(bytes);
        let args = candid::encode_one(CreateChunkArg { batch_id: session.id.clone(), content })?;
        let Measured { value, instructions } = self.meter.raw("create_chunk", args)?;
        let reply: CreateChunkResponse = candid::decode_one(&value)?;
        session.chunks.push((index, reply.chunk_id));
        Ok(instructions)
    }

    fn finish(&mut self, session: Batch) -> Result<Measured<String>> {
        let (id, key) = (session.id.clone(), session.key.clone());
        let instructions = self.commit(id, self.operations(session).into())?;
        Ok(Measured { value: key, instructions })
    }

    fn get(&self, id: &str, size: usize) -> Result<u64> {
        let args = Get { key: id.to_owned(), accept_encodings: vec!["identity".to_owned()] };
        let reply: Measured<Encoded> = self.meter.call("get", (args,))?;
        let found = reply.value.content.len();
        ensure!(found == size, "{id} has {found} bytes instead of {size}");
        Ok(reply.instructions)
    }

    fn store(&mut self, file: &File) -> Result<Measured<String>> {
        let Batch { key, sha256, .. } = batch(Nat::from(0_u8), file);
        let args = StoreArg {
            key: key.clone(),
            content_type: "application/octet-stream",
            content_encoding: "identity",
            content: serde_bytes::Bytes::new(&file.bytes),
            sha256: (self.hashing == Hashing::Trusted).then_some(sha256),
        };
        let instructions = self.meter.raw("store", candid::encode_one(args)?)?.instructions;
        Ok(Measured { value: key, instructions })
    }

    fn path(&self, id: &str) -> String {
        id.to_owned()
    }

    fn delete(&mut self, id: &str) -> Result<u64> {
        let args = candid::encode_one(Key { key: id.to_owned() })?;
        Ok(self.meter.raw("delete_asset", args)?.instructions)
    }

    fn fill(&mut self, numbers: Range<u64>, size: usize) -> Result<String> {
        let mut last = String::new();
        let at_once = (MESSAGE / size.max(1)).max(1);
        for start in numbers.clone().step_by(at_once) {
            let files: Vec<File> = (start..numbers.end.min(start + at_once as u64))
                .map(|number| File::new(number, size))
                .collect();
            let id = self.create_batch()?.value;
            let content = files.iter().map(|file| ByteBuf::from(file.bytes.as_slice())).collect();
            let args = CreateChunksArg { batch_id: id.clone(), content };
            let reply: Measured<CreateChunksResponse> = self.meter.call("create_chunks", (args,))?;
            let mut operations = Vec::with_capacity(files.len() * 2);
            for (file, chunk) in files.iter().zip(reply.value.chunk_ids) {
                let mut batch = batch(id.clone(), file);
                batch.chunks.push((0, chunk));
                last.clone_from(&batch.key);
                operations.extend(self.operations(batch));
            }
            self.commit(id, operations)?;
        }
        Ok(last)
    }
}
