//! What a canister is installed and configured with.

use candid::{CandidType, Deserialize, Principal};
use serde::Serialize;

/// Arguments of `canister_init`; absent fields take their defaults.
#[derive(Clone, Debug, Default, PartialEq, CandidType, Serialize, Deserialize)]
pub struct InitArgs {
    /// Pipelines; the first is the default. Absent: `photo`, with the lanes `original` and `derivatives`.
    pub pipelines: Option<Vec<Pipeline>>,
    /// Who may upload. Absent: controllers.
    pub access: Option<Access>,
    /// Limits. Absent: the defaults of [`Limits`].
    pub limits: Option<Limits>,
    /// Which other origins' pages may read what is served over HTTP. Absent: any. What was certified for others is
    /// certified anew by a timer, and is valid until then.
    pub cors: Option<Cors>,
    /// Whether everybody may look at public items in a gallery at `/`. Absent: no.
    pub gallery: Option<bool>,
}

/// Arguments of an upgrade; what is absent stays as it is.
pub type UpgradeArgs = InitArgs;

/// Which other origins' pages may read what is served over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub enum Cors {
    /// All.
    #[serde(rename = "any")]
    Any,
    /// At most 8, as browsers send them: http or https, a host in lower case, and a port unless it is the scheme's. Each
    /// answer is certified for each of them, which is what they cost. None at all where the list is empty.
    #[serde(rename = "origins")]
    Origins(Vec<String>),
}

/// Who may upload. Controllers always may, the anonymous principal never.
#[derive(Clone, Debug, Default, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub enum Access {
    /// Controllers only.
    #[default]
    #[serde(rename = "controllers")]
    Controllers,
    /// Any principal that has signed its call.
    #[serde(rename = "authenticated")]
    Authenticated,
    /// Controllers and these.
    #[serde(rename = "principals")]
    Principals(Vec<Principal>),
}

/// Limits of a canister; what is absent takes its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of each chunk but the last: 65,536 to 2,000,000. Default 1,900,032 (a message holds 2 MiB).
    pub chunk_size: Option<u32>,
    /// Bytes of one file: 1 to 200,000,000,000. Default 2,000,000,000.
    pub max_file_size: Option<u64>,
    /// Chunks of one file: 1 to 100,000. Default 100,000.
    pub max_chunks: Option<u32>,
    /// How long a session may rest, in seconds: 60 to 31,622,400. Default a day.
    pub session_seconds: Option<u64>,
    /// What one principal may hold. Default 100,000,000,000 bytes, 1,000,000 items, 1,024 open sessions.
    pub per_principal: Option<Quota>,
    /// What all together may hold. Default 240,000,000,000 bytes, 10,000,000 items, 100,000 open sessions.
    pub total: Option<Quota>,
    /// Cycles above the freezing threshold that must be there when an upload begins, beside the 2,500 that each
    /// declared byte takes. Default 100,000,000,000.
    pub min_cycles: Option<u64>,
    /// What may be decoded and made of images, and what that may take.
    pub images: Option<ImageLimits>,
}

/// Limits of images; what is absent takes its default. They hold for derivatives made by the canister, and clients
/// keep to them for those that they make. All are checked from an image's header before anything is decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct ImageLimits {
    /// Width times height of a source: 1 to 2^32. Default 100,000,000.
    pub max_pixels: Option<u64>,
    /// Width, and height, of a source in pixels: 1 to 4,294,967,295. Default 65,535.
    pub max_side: Option<u32>,
    /// Bytes of a source: 1 to 2^32. Default 1,073,741,824.
    pub max_bytes: Option<u64>,
    /// Frames of an animation, pages of a TIFF: 1 to 4,294,967,295; the first is what is decoded. Default 10,000.
    pub max_frames: Option<u32>,
    /// Width times height of what is made: 1 to 2^32. Default 67,108,864.
    pub max_output_pixels: Option<u64>,
    /// Instructions that stages of one message are estimated at: 1 to 40,000,000,000. Default 38,000,000,000. Stages of
    /// one source run together as far as they fit; one that does not fit alone fails before it begins.
    pub max_stage_instructions: Option<u64>,
    /// Bytes of heap that stages of one message are estimated at, beside the source: 1 to 3,221,225,472. Default
    /// 1,073,741,824.
    pub max_stage_memory: Option<u64>,
}

/// What may be held at once; what is absent takes its default. A controller is bound by it like everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Quota {
    /// Bytes of all assets, those declared at begin included.
    pub bytes: Option<u64>,
    /// Items, unpublished ones included.
    pub items: Option<u64>,
    /// Sessions that are not finished.
    pub open_sessions: Option<u32>,
}

/// A pipeline as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// Its lanes, which run side by side.
    pub lanes: Vec<Lane>,
}

/// One lane of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// Its stages.
    pub stages: Vec<Stage>,
}

/// One stage of a lane.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Stage {
    /// The asset that it makes.
    pub asset: String,
    /// The id of the processor.
    pub processor: String,
    /// The asset that it reads; absent for the passthrough.
    pub source: Option<String>,
    /// Where it runs. Absent: on the client.
    pub placement: Option<Placement>,
    /// Where the bytes are kept. Absent: as chunks.
    pub storage: Option<Storage>,
    /// Whether an item is complete without the asset where the stage fails. Absent: it is not.
    pub optional: Option<bool>,
    /// Whether the canister makes again what a client says that it made. Absent: it does not.
    pub verify: Option<Verify>,
    /// Parameters, as the text of a JSON object. Absent: the processor's defaults.
    pub params: Option<String>,
}

/// Where a stage runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub enum Placement {
    /// On the uploading client.
    #[serde(rename = "client")]
    Client,
    /// In the canister.
    #[serde(rename = "canister")]
    Canister,
}

/// Whether the canister makes again what a client says that it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub enum Verify {
    /// It takes it as it comes.
    #[serde(rename = "never")]
    Never,
    /// It does before the item is published, and refuses what differs.
    #[serde(rename = "always")]
    Always,
}

/// Where an asset's bytes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub enum Storage {
    /// As chunks in the store.
    #[serde(rename = "chunks")]
    Chunks,
    /// In the item's record, at most 32 KiB.
    #[serde(rename = "inline")]
    Inline,
}

/// A processor that the canister knows.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct ProcessorInfo {
    /// Its permanent id.
    pub id: String,
    /// The version of its output bytes.
    pub version: u32,
    /// The sort of asset that it makes, such as `image`.
    pub kind: String,
    /// The media types that it takes.
    pub accepts: Vec<String>,
    /// The JSON Schema of its params, as text; older canisters give none.
    #[serde(default)]
    pub params: Option<String>,
}
