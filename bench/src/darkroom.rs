//! The Darkroom canister, with a pipeline that has nothing but the original.

use std::ops::Range;

use anyhow::{Result, anyhow, ensure};
use darkroom_api as api;
use darkroom_localnet::PocketIcServer;
use serde_bytes::ByteBuf;

use crate::meter::{Measured, Meter};
use crate::store::{File, Store, sha256};

/// Sessions that are open at a time while the store is filled; the canister allows 1,024.
const OPEN: u64 = 500;

/// The canister.
pub(crate) struct Darkroom {
    meter: Meter,
}

impl Darkroom {
    /// Installs it with the chunk size to measure with.
    pub(crate) fn install(server: &PocketIcServer, chunk: u32) -> Result<Darkroom> {
        let original = api::Stage {
            asset: "original".to_owned(),
            processor: "original".to_owned(),
            source: None,
            placement: None,
            storage: None,
            optional: None,
            verify: None,
            params: None,
        };
        let lane = api::Lane { name: "original".to_owned(), stages: vec![original] };
        let args = api::InitArgs {
            pipelines: Some(vec![api::Pipeline { name: "file".to_owned(), lanes: vec![lane] }]),
            limits: Some(api::Limits { chunk_size: Some(chunk), ..api::Limits::default() }),
            ..api::InitArgs::default()
        };
        let meter = Meter::install(server, darkroom_wasm::CANISTER, candid::encode_one(Some(args))?)?;
        Ok(Darkroom { meter })
    }

    /// Sends a chunk as it is given and takes any answer; gives the instructions and the code of a refusal.
    pub(crate) fn attempt(&self, chunk: api::PutChunk) -> Result<(u64, Option<String>)> {
        let reply: Measured<api::Result<api::ChunkReceipt>> = self.meter.call("put_chunk", (chunk,))?;
        Ok((reply.instructions, reply.value.err().map(|error| error.code)))
    }
}

/// A chunk of a session.
pub(crate) fn chunk(session: u64, index: u32, bytes: &[u8]) -> api::PutChunk {
    api::PutChunk { session, index, bytes: ByteBuf::from(bytes), sha256: sha256(bytes).into() }
}

fn declaration(file: &File) -> api::BeginUpload {
    api::BeginUpload {
        pipeline: None,
        file_name: file.name.clone(),
        media_type: "application/octet-stream".to_owned(),
        size: file.bytes.len() as u64,
        // Not declared, so that the last chunk does not finish by itself and the two are measured apart.
        sha256: None,
        visibility: None,
        idempotency_key: None,
    }
}

fn accepted<T>(reply: Measured<api::Result<T>>) -> Result<Measured<T>> {
    let value = reply.value.map_err(|error| anyhow!("{error}"))?;
    Ok(Measured { value, instructions: reply.instructions })
}

impl Store for Darkroom {
    type Session = api::Upload;

    fn meter(&self) -> &Meter {
        &self.meter
    }

    fn begin(&mut self, file: &File) -> Result<Measured<api::Upload>> {
        accepted(self.meter.call("begin_upload", (declaration(file),))?)
    }

    fn put(&mut self, session: &mut api::Upload, index: u32, bytes: &[u8]) -> Result<u64> {
        let chunk = chunk(session.session, index, bytes);
        Ok(accepted::<api::ChunkReceipt>(self.meter.call("put_chunk", (chunk,))?)?.instructions)
    }

    fn finish(&mut self, session: api::Upload) -> Result<Measured<String>> {
        let mut instructions = 0;
        loop {
            let reply: Measured<api::FinishUpload> =
                accepted(self.meter.call("finish_upload", (session.session,))?)?;
            instructions += reply.instructions;
            if reply.value.done {
                ensure!(reply.value.item.state == api::item_state::PUBLISHED, "an item is not published");
                return Ok(Measured { value: session.item, instructions });
            }
        }
    }

    fn get(&self, id: &str, size: usize) -> Result<u64> {
        let args = api::GetChunk { item: id.to_owned(), asset: "original".to_owned(), index: 0 };
        let reply: Measured<ByteBuf> = accepted(self.meter.call("get_chunk", (args,))?)?;
        ensure!(reply.value.len() == size, "{id} has {} bytes instead of {size}", reply.value.len());
        Ok(reply.instructions)
    }

    fn store(&mut self, file: &File) -> Result<Measured<String>> {
        let bytes = ByteBuf::from(file.bytes.as_slice());
        let whole = api::UploadWhole { upload: declaration(file), bytes, assets: Vec::new() };
        let reply: Measured<api::Item> = accepted(self.meter.call("upload_whole", (whole,))?)?;
        ensure!(reply.value.state == api::item_state::PUBLISHED, "an item is not published");
        Ok(Measured { value: reply.value.id, instructions: reply.instructions })
    }

    fn path(&self, id: &str) -> String {
        format!("/{id}/original")
    }

    fn delete(&mut self, id: &str) -> Result<u64> {
        Ok(accepted::<api::Freed>(self.meter.call("delete_item", (id,))?)?.instructions)
    }

    fn fill(&mut self, numbers: Range<u64>, size: usize) -> Result<String> {
        let mut last = String::new();
        for start in numbers.clone().step_by(usize::try_from(OPEN)?) {
            let files: Vec<File> =
                (start..numbers.end.min(start + OPEN)).map(|number| File::new(number, size)).collect();
            let args = files.iter().map(|file| candid::encode_one(declaration(file)));
            let uploads = self.all::<api::Upload>("begin_upload", args)?;
            let sent = uploads.iter().zip(&files);
            let args = sent.map(|(upload, file)| candid::encode_one(chunk(upload.session, 0, &file.bytes)));
            self.all::<api::ChunkReceipt>("put_chunk", args)?;
            let args = uploads.iter().map(|upload| candid::encode_one(upload.session));
            let finished = self.all::<api::FinishUpload>("finish_upload", args)?;
            ensure!(finished.iter().all(|finished| finished.done), "an upload is not finished");
            last = uploads.last().map(|upload| upload.item.clone()).unwrap_or(last);
        }
        Ok(last)
    }
}

impl Darkroom {
    fn all<R>(&self, method: &str, args: impl Iterator<Item = candid::Result<Vec<u8>>>) -> Result<Vec<R>>
    where
        R: candid::CandidType + serde::de::DeserializeOwned + Send,
    {
        let replies = self.meter.many::<api::Result<R>>(method, args.collect::<Result<_, _>>()?)?;
        replies.into_iter().map(|reply| reply.map_err(|error| anyhow!("{method}: {error}"))).collect()
    }
}
