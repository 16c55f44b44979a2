//! Uploading: sessions and chunks.

use candid::{CandidType, Deserialize};
use serde::Serialize;
use serde_bytes::ByteBuf;

use crate::{Error, Sha256};

/// Declares an item and opens the session of its original.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct BeginUpload {
    /// The pipeline; absent for the first one configured.
    pub pipeline: Option<String>,
    /// The file's name, without folders; at most 255 bytes.
    pub file_name: String,
    /// The file's media type.
    pub media_type: String,
    /// Bytes in all.
    pub size: u64,
    /// SHA-256 of the whole. Recommended: finish then refuses anything else.
    pub sha256: Option<Sha256>,
    /// Who may read the item once it is published; absent for everybody.
    pub visibility: Option<Visibility>,
    /// At most 128 bytes. The same key from the same caller gives the same session, with what has arrived, until
    /// the item is aborted or deleted.
    pub idempotency_key: Option<String>,
}

/// A small file with its derivatives, uploaded in one call. All of it has to fit into one message, of 2 MiB.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct UploadWhole {
    /// What [`BeginUpload`] declares. A repeated call gives the same item only with an idempotency key.
    pub upload: BeginUpload,
    /// All bytes of the file.
    pub bytes: ByteBuf,
    /// Derivatives, as for [`PutAssets`]; those that are missing may follow in calls of their own.
    pub assets: Vec<PutAsset>,
}

/// Who may read an item once it is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub enum Visibility {
    /// Everybody.
    #[default]
    #[serde(rename = "public")]
    Public,
    /// The owner and controllers.
    #[serde(rename = "private")]
    Private,
}

/// Opens the session of a derivative that is too large for [`PutAssets`].
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct BeginAsset {
    /// The item, as given by `begin_upload`.
    pub item: String,
    /// What is declared of the derivative; its `bytes` are empty here.
    pub asset: PutAsset,
    /// Bytes in all.
    pub size: u64,
}

/// An open session.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Upload {
    /// The item.
    pub item: String,
    /// The session.
    pub session: u64,
    /// Bytes of each chunk but the last.
    pub chunk_size: u32,
    /// The chunks that have arrived.
    pub coverage: Vec<ChunkRange>,
    /// When the session ends unless something arrives before, in nanoseconds since 1970 (UTC); 0 where it has ended and
    /// the asset is complete.
    pub expires_at: u64,
}

/// Chunk indexes from `start` up to but not including `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct ChunkRange {
    /// The first index.
    pub start: u32,
    /// The index after the last.
    pub end: u32,
}

/// One chunk.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct PutChunk {
    /// The session.
    pub session: u64,
    /// Which chunk, from 0.
    pub index: u32,
    /// Its bytes: as many as `chunk_size` of the session, of the last chunk the rest.
    pub bytes: ByteBuf,
    /// Their SHA-256.
    pub sha256: Sha256,
}

/// What became of a chunk.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct ChunkReceipt {
    /// The same bytes had arrived before.
    pub repeated: bool,
    /// Chunks that have arrived.
    pub present: u32,
    /// Chunks in all.
    pub total: u32,
    /// Bytes of the prefix that is hashed.
    pub hashed: u64,
    /// The item as it now stands, once the session is complete: where the SHA-256 of the whole was declared, the
    /// last chunk finishes by itself. Absent: send what is missing, then call `finish_upload`.
    pub item: Option<crate::Item>,
}

/// Whole derivatives in one call. All of them have to fit into one message, of 2 MiB; a larger one has a session of its own
/// ([`BeginAsset`]).
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct PutAssets {
    /// The item.
    pub item: String,
    /// The derivatives.
    pub assets: Vec<PutAsset>,
}

/// Says that optional stages of the client failed, so that the item is complete without them.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct FailStages {
    /// The item.
    pub item: String,
    /// The stages.
    pub stages: Vec<FailedStage>,
}

/// A stage that a client could not run.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct FailedStage {
    /// The asset that it makes.
    pub asset: String,
    /// Why it failed: 1 to 64 characters of a-z, 0-9 and _, as codes have them, and at most 1,000 bytes for people.
    pub error: Error,
}

/// One derivative, with what the client says about how it was made.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct PutAsset {
    /// Its name in the pipeline.
    pub name: String,
    /// What the bytes are.
    pub media_type: String,
    /// The bytes; at most 32 KiB where the stage keeps them inline.
    pub bytes: ByteBuf,
    /// Their SHA-256.
    pub sha256: Sha256,
    /// Upright width in pixels, where it has one.
    pub width: Option<u32>,
    /// Upright height in pixels, where it has one.
    pub height: Option<u32>,
    /// The version of the processor that made it.
    pub processor_version: u32,
    /// SHA-256 of the source that it was made from.
    pub source_sha256: Sha256,
}

/// A session as it stands.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct SessionStatus {
    /// The item that it belongs to.
    pub item: String,
    /// The asset that it fills.
    pub asset: String,
    /// Declared bytes.
    pub size: u64,
    /// Bytes of each chunk but the last.
    pub chunk_size: u32,
    /// The chunks that have arrived.
    pub coverage: Vec<ChunkRange>,
    /// The chunks that are missing.
    pub missing: Vec<ChunkRange>,
    /// Bytes of the prefix that is hashed.
    pub hashed: u64,
    /// The SHA-256 of the whole, once finished.
    pub sha256: Option<Sha256>,
    /// When the session ends unless something arrives before, in nanoseconds since 1970 (UTC).
    pub expires_at: u64,
}

/// What `finish_upload` gives.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct FinishUpload {
    /// Whether the session is complete; if not, call again: there is more to hash.
    pub done: bool,
    /// Bytes of the prefix that is hashed.
    pub hashed: u64,
    /// The item as it now stands.
    pub item: crate::Item,
}

/// What `abort_upload` and `delete_item` give; for a while after it, the same call gives the same answer.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Freed {
    /// Stored bytes that are freed; those of very many chunks little by little.
    pub bytes: u64,
}

/// What somebody holds, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Holding {
    /// Bytes of all assets, those declared at begin included.
    pub bytes: u64,
    /// Items, unpublished ones included.
    pub items: u64,
    /// Sessions that are not finished.
    pub open_sessions: u32,
    /// The most bytes allowed.
    pub max_bytes: u64,
    /// The most items allowed.
    pub max_items: u64,
    /// The most open sessions allowed.
    pub max_open_sessions: u32,
}

/// What the caller holds, what all hold, and how the canister's memory is used.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Usage {
    /// What the caller holds.
    pub own: Holding,
    /// What all hold together.
    pub total: Holding,
    /// How the bytes are stored.
    pub store: StoreUsage,
}

/// How the bytes are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct StoreUsage {
    /// Stored chunks.
    pub chunks: u64,
    /// Bytes of stored chunks.
    pub bytes: u64,
    /// Bytes between them that are free to be used again.
    pub free_bytes: u64,
    /// Records of sessions, finished ones that have not expired included.
    pub sessions: u64,
    /// Deleted and expired assets whose chunks are still being freed.
    pub being_freed: u64,
    /// Whether something is not certified yet as it should be, after a change of how or of the origins.
    pub being_certified: bool,
    /// The version of the layout of stable memory.
    pub layout_version: u32,
}

/// Asks for a chunk of a complete asset that the caller may read.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct GetChunk {
    /// The item.
    pub item: String,
    /// The asset.
    pub asset: String,
    /// Which chunk, from 0.
    pub index: u32,
}
