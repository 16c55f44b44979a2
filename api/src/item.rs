//! Items and their assets.

use candid::{CandidType, Deserialize, Principal};
use serde::Serialize;

use crate::upload::Visibility;
use crate::{Error, Pipeline, Placement, Sha256};

/// States of an item.
pub mod item_state {
    /// Assets are still to come.
    pub const OPEN: &str = "open";
    /// The canister is making derivatives.
    pub const PROCESSING: &str = "processing";
    /// A stage failed; the item stays unpublished.
    pub const FAILED: &str = "failed";
    /// Complete, and readable by whoever may.
    pub const PUBLISHED: &str = "published";
}

/// States of a stage.
pub mod stage_state {
    /// Waits for its source.
    pub const WAITING: &str = "waiting";
    /// The canister will run it.
    pub const QUEUED: &str = "queued";
    /// The canister is running it.
    pub const RUNNING: &str = "running";
    /// Its asset is stored.
    pub const DONE: &str = "done";
    /// It failed; the status has the reason.
    pub const FAILED: &str = "failed";
}

/// Where the trust in an asset comes from.
pub mod provenance {
    /// The uploaded bytes themselves, hashed by the canister.
    pub const UPLOADED: &str = "uploaded";
    /// A client says that the recipe gives these bytes.
    pub const CLAIMED: &str = "claimed";
    /// The canister made them itself.
    pub const VERIFIED: &str = "verified";
}

/// An item.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Item {
    /// Its id: 16 characters.
    pub id: String,
    /// Who uploaded it.
    pub owner: Principal,
    /// The pipeline that it went through.
    pub pipeline: String,
    /// The name of the uploaded file.
    pub file_name: String,
    /// Who may read it.
    pub visibility: Visibility,
    /// `open`, `processing`, `failed` or `published`: see [`item_state`].
    pub state: String,
    /// When the upload began, in nanoseconds since 1970 (UTC).
    pub created_at: u64,
    /// When it was published, in nanoseconds since 1970 (UTC).
    pub published_at: Option<u64>,
    /// The assets that are complete, in pipeline order.
    pub assets: Vec<Asset>,
    /// The stages that make derivatives, in pipeline order; of a published item those whose assets are there, then those
    /// that failed.
    pub stages: Vec<StageStatus>,
    /// Of a published item: the one in which `reprocess` has derivatives of it made again.
    #[serde(default)]
    pub revision: Option<String>,
    /// Of such a one: the item that it is for. It is gone when that one has its assets.
    #[serde(default)]
    pub revises: Option<String>,
}

/// A complete asset.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Asset {
    /// Its name in the pipeline.
    pub name: String,
    /// What the bytes are.
    pub media_type: String,
    /// How many bytes.
    pub size: u64,
    /// Their SHA-256, computed by the canister.
    pub sha256: Sha256,
    /// Upright width in pixels, where known.
    pub width: Option<u32>,
    /// Upright height in pixels, where known.
    pub height: Option<u32>,
    /// How many chunks `get_chunk` gives.
    pub chunks: u32,
    /// Bytes of each chunk but the last.
    pub chunk_size: u32,
    /// `uploaded`, `claimed` or `verified`: see [`provenance`].
    pub provenance: String,
    /// How it was made; absent for the original.
    pub recipe: Option<Recipe>,
}

/// How a derivative was made.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Recipe {
    /// The asset that it was made from.
    pub source: String,
    /// SHA-256 of that asset.
    pub source_sha256: Sha256,
    /// The processor's id.
    pub processor: String,
    /// The processor's version.
    pub version: u32,
    /// The params in canonical form: the text of a JSON object.
    pub params: String,
    /// Where it was made.
    pub placement: Placement,
}

/// How far a stage is.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct StageStatus {
    /// The asset that it makes.
    pub asset: String,
    /// Where it runs.
    pub placement: Placement,
    /// `waiting`, `queued`, `running`, `done` or `failed`: see [`stage_state`].
    pub state: String,
    /// How often the canister has begun it.
    pub attempts: u32,
    /// Why it failed.
    pub error: Option<Error>,
}

/// Asks for a page of items, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct ListItems {
    /// Continue where the page before said in `next`; absent for the first page.
    pub after: Option<String>,
    /// How many at most; 1 to 100, absent for 50.
    pub limit: Option<u32>,
}

/// A page of items.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct ItemPage {
    /// Published items that the caller may read, newest first.
    pub items: Vec<Item>,
    /// Where to continue; absent on the last page. A page can be empty and have one.
    pub next: Option<String>,
}

/// Asks for derivatives that are missing or outdated to be made again.
#[derive(Clone, Debug, Default, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Reprocess {
    /// The item.
    pub item: String,
    /// The pipeline to go through; absent for the item's own, as it is configured now.
    pub pipeline: Option<String>,
    /// Whether the canister is to make again what it has of clients. Absent: where the pipeline says so.
    pub verify: Option<bool>,
    /// The idempotency key that an upload of the same file through that pipeline would have: it leads to this item from
    /// then on, the one of before no longer. Absent: none does. Counts where the caller is the item's owner.
    pub idempotency_key: Option<String>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Reprocessed {
    /// The item as it is served.
    pub item: Item,
    /// Where its new derivatives are made: those of the client are put here, as into an item. Absent where there is
    /// nothing to do, or nothing left.
    pub revision: Option<Item>,
    /// The pipeline of the revision, or of the item where that is not published.
    pub pipeline: Option<Pipeline>,
}
