//! The Candid types and error codes that canister, client and tests share, and the JSON that the canister serves.
//!
//! Nothing but data, and how to read it: this crate knows no pipeline and no I/O. Ids travel as text, SHA-256 values as 32-byte
//! blobs, times as nanoseconds since 1970, sizes in bytes. Variants that may grow are never returned: errors are
//! records with a text code, states are text.

mod answer;
pub mod code;
mod config;
pub mod document;
mod error;
mod http;
mod item;
mod refusal;
mod token;
mod upload;

pub use answer::read_answer;
pub use config::{
    Access, Cors, ImageLimits, InitArgs, Lane, Limits, Pipeline, Placement, ProcessorInfo, Quota, Stage,
    Storage, UpgradeArgs, Verify,
};
pub use error::Error;
pub use http::{HeaderField, HttpRequest, HttpResponse};
pub use item::{
    Asset, Item, ItemPage, ListItems, Recipe, Reprocess, Reprocessed, StageStatus, item_state, provenance,
    stage_state,
};
pub use token::{CreateToken, CreatedToken, ListTokens, Token, TokenPage};
pub use upload::{
    BeginAsset, BeginUpload, ChunkRange, ChunkReceipt, FailStages, FailedStage, FinishUpload, Freed,
    GetChunk, Holding, PutAsset, PutAssets, PutChunk, SessionStatus, StoreUsage, Upload, UploadWhole, Usage,
    Visibility,
};

/// A SHA-256 value: a blob of 32 bytes.
pub type Sha256 = serde_bytes::ByteArray<32>;

/// What every endpoint but the HTTP one returns.
pub type Result<T> = std::result::Result<T, Error>;
