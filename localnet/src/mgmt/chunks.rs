//! The chunk store, for modules that do not fit into one message.

use super::{Call, Outcome, invalid};
use crate::reject::Reject;
use crate::state::Hash;
use candid::Principal;
use ic_management_canister_types as types;
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
            return Err(invalid(format!(
                "Wasm chunk size {} exceeds the maximum of {MAX_CHUNK}",
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
                return Err(invalid(format!("Wasm chunk store has already {MAX_CHUNKS} chunks")));
            }
            self.executor
                .store_blob(&hash, &args.chunk)
                .map_err(|e| invalid(format!("the chunk cannot be stored: {e}")))?;
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
            let gone = std::mem::take(&mut state.canister_mut(args.canister_id)?.record.chunks);
            for hash in gone {
                if !state.canisters.values().any(|c| c.record.chunks.contains(&hash)) {
                    state.blobs.remove(&hash);
                }
            }
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
        let state = self.instance.read();
        let chunks = &state.canister(store)?.record.chunks;
        let mut module = Vec::new();
        for chunk in hashes {
            let known = Hash::try_from(chunk.hash.as_slice()).ok().filter(|hash| chunks.contains(hash));
            let bytes = known.and_then(|hash| state.blobs.get(&hash)).ok_or_else(|| {
                invalid(format!("Wasm chunk {} is not in the store of {store}", hex::encode(&chunk.hash)))
            })?;
            module.extend_from_slice(bytes);
        }
        Ok(module)
    }
}
