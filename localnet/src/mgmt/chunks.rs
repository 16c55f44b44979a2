//! The chunk store, for modules that do not fit into one message.

use super::{Call, Outcome, invalid};
use crate::reject::{ErrorCode, Reject};
use crate::state::Hash;
use candid::Principal;
use management_types as types;
use sha2::{Digest, Sha256};
use std::sync::Arc;

const MAX_CHUNK: usize = 1 << 20;
const MAX_CHUNKS: usize = 100;

impl Call<'_> {
    /// Chunks are the business of controllers and of the canister itself.
    fn may_store(&self, canister: Principal) -> Result<(), Reject> {
        if self.request.sender == canister { Ok(()) } else { self.controls(canister) }
    }

    pub(super) fn upload_chunk(&mut self) -> Outcome {
        let args: types::UploadChunkArgs = self.arg()?;
        self.may_store(args.canister_id)?;
        if args.chunk.len() > MAX_CHUNK {
            return Err(store_error(format!(
                "Wasm chunk size {} exceeds the maximum chunk size of {MAX_CHUNK}",
                args.chunk.len()
            )));
        }
        let hash: Hash = Sha256::digest(&args.chunk).into();
        let stored = {
            let state = self.instance.read();
            let chunks = &state.canister(args.canister_id)?.record.chunks;
            (chunks.contains(&hash), chunks.len())
        };
        if !stored.0 {
            if stored.1 >= MAX_CHUNKS {
                return Err(store_error(format!(
                    "Wasm chunk store has already reached maximum capacity of {} bytes or the maximum number of \
                     entries, {MAX_CHUNKS}",
                    MAX_CHUNKS * MAX_CHUNK
                )));
            }
            self.executor
                .store_blob(&hash, &args.chunk)
                .map_err(|e| store_error(format!("the chunk cannot be stored: {e}")))?;
            self.change(|state| -> Result<(), Reject> {
                state.canister_mut(args.canister_id)?.record.chunks.insert(hash);
                state.blobs.insert(hash, Arc::new(args.chunk));
                Ok(())
            })?;
        }
        self.reply((types::ChunkHash { hash: hash.to_vec() },))
    }

    pub(super) fn clear_chunk_store(&mut self) -> Outcome {
        let args: types::CanisterIdRecord = self.arg()?;
        self.may_store(args.canister_id)?;
        self.change(|state| -> Result<(), Reject> {
            state.canister_mut(args.canister_id)?.record.chunks.clear();
            state.drop_unused_blobs();
            Ok(())
        })?;
        self.reply(())
    }

    pub(super) fn stored_chunks(&mut self) -> Outcome {
        let args: types::CanisterIdRecord = self.arg()?;
        self.may_store(args.canister_id)?;
        let list: Vec<types::ChunkHash> = {
            let state = self.instance.read();
            let chunks = &state.canister(args.canister_id)?.record.chunks;
            chunks.iter().map(|hash| types::ChunkHash { hash: hash.to_vec() }).collect()
        };
        self.reply((list,))
    }

    /// The module that these chunks make up.
    pub(super) fn assemble(&self, store: Principal, hashes: &[types::ChunkHash]) -> Result<Vec<u8>, Reject> {
        if hashes.len() > MAX_CHUNKS {
            return Err(invalid(format!(
                "{} chunks are more than a module may have, {MAX_CHUNKS}",
                hashes.len()
            )));
        }
        let state = self.instance.read();
        let chunks = &state.canister(store)?.record.chunks;
        let mut module = Vec::new();
        for chunk in hashes {
            let known = Hash::try_from(chunk.hash.as_slice()).ok().filter(|hash| chunks.contains(hash));
            let bytes = known.and_then(|hash| state.blobs.get(&hash)).ok_or_else(|| {
                store_error(format!("Chunk hash {} was not found", hex::encode(&chunk.hash)))
            })?;
            module.extend_from_slice(bytes);
        }
        Ok(module)
    }
}

pub(super) fn store_error(what: impl std::fmt::Display) -> Reject {
    Reject::new(ErrorCode::CanisterContractViolation, format!("Error from Wasm chunk store: {what}."))
}
