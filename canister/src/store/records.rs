//! Stored records and their encoding: one byte of version, then CBOR with named fields.
//!
//! A field that is added gets a serde default; any other change gets the next version and a migration here.

use darkroom_core::asset::{AssetName, Meta};
use darkroom_core::id::{BlobId, ItemId, SessionId};
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::{Config, Pipeline};
use darkroom_core::session::Session;
use darkroom_core::{Digest, Error};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::cbor;
use super::image_limits::ImageLimitsRecord;
use crate::certify::cors::Cors;

/// The version that all records are written with.
const VERSION: u8 = 1;

pub(super) fn encode(record: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    bytes.push(VERSION);
    if cbor::write(record, &mut bytes).is_some() {
        return bytes;
    }
    bytes.truncate(1);
    // Writing to a vector cannot fail, and no record has a type that CBOR lacks; if one ever did, the message
    // must not go on with half a record.
    if let Err(error) = ciborium::into_writer(record, &mut bytes) {
        panic!("record cannot be encoded: {error}");
    }
    bytes
}

pub(super) fn decode<R: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<R, Error> {
    let corrupt = |reason: String| Error::Corrupt { what, reason };
    match bytes.split_first() {
        // What is wrong with a record that cannot be read, `ciborium` says.
        Some((&VERSION, body)) => cbor::read(body).map_or_else(
            || ciborium::from_reader(body).map_err(|error| corrupt(format!("{} bytes: {error}", body.len()))),
            Ok,
        ),
        Some((version, _)) => Err(corrupt(format!("record version {version}"))),
        None => Err(corrupt("empty record".to_owned())),
    }
}

/// What the canister is configured with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ConfigRecord {
    /// Pipelines; the first is the default.
    pub(crate) pipelines: Config,
    /// Who may upload beside controllers: `None` for any signed caller, else these.
    pub(crate) uploaders: Option<Vec<ByteBuf>>,
    /// Bytes of each chunk but the last.
    pub(crate) chunk_size: u32,
    /// Bytes of one file.
    pub(crate) max_file_size: u64,
    /// Chunks of one file.
    #[serde(default = "max_chunks")]
    pub(crate) max_chunks: u32,
    /// Nanoseconds that a session may rest.
    pub(crate) session_nanos: u64,
    /// What one principal may hold.
    #[serde(default = "QuotaRecord::per_principal")]
    pub(crate) per_principal: QuotaRecord,
    /// What all together may hold.
    #[serde(default = "QuotaRecord::total")]
    pub(crate) total: QuotaRecord,
    /// Cycles above the freezing threshold without which no upload begins.
    #[serde(default = "min_cycles")]
    pub(crate) min_cycles: u64,
    /// Limits of images and of stages.
    #[serde(default)]
    pub(crate) images: ImageLimitsRecord,
    /// Which other origins' pages may read what is served.
    #[serde(default)]
    pub(crate) cors: Cors,
    /// Whether there is a gallery.
    #[serde(default)]
    pub(crate) gallery: bool,
}

/// The default of [`ConfigRecord::max_chunks`].
pub(crate) fn max_chunks() -> u32 {
    darkroom_core::session::MAX_CHUNKS
}

/// The default of [`ConfigRecord::min_cycles`].
pub(crate) fn min_cycles() -> u64 {
    100_000_000_000
}

/// The most that may be held.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct QuotaRecord {
    /// Bytes of all assets.
    pub(crate) bytes: u64,
    /// Items.
    pub(crate) items: u64,
    /// Unfinished sessions.
    pub(crate) open_sessions: u32,
}

impl QuotaRecord {
    /// The default for one principal.
    pub(crate) fn per_principal() -> QuotaRecord {
        QuotaRecord { bytes: 100_000_000_000, items: 1_000_000, open_sessions: 1024 }
    }

    /// The default for all together: of the 256 GiB that stable memory has room for, so much that tables have some too.
    pub(crate) fn total() -> QuotaRecord {
        QuotaRecord { bytes: 240_000_000_000, items: 10_000_000, open_sessions: 100_000 }
    }
}

/// What somebody holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct HoldingRecord {
    /// Unfinished sessions.
    pub(crate) open_sessions: u32,
    /// Items, unpublished ones included.
    #[serde(default)]
    pub(crate) items: u64,
    /// Bytes of complete assets, and declared bytes of unfinished sessions.
    #[serde(default)]
    pub(crate) bytes: u64,
}

/// Something deleted or aborted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GoneRecord {
    /// Whose it was.
    pub(crate) owner: Vec<u8>,
    /// The bytes that it held.
    pub(crate) bytes: u64,
}

/// An upload in flight, or a finished one that has not expired.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SessionRecord {
    /// Coverage and hash.
    pub(crate) session: Session,
    /// The item that it belongs to.
    pub(crate) item: ItemId,
    /// What was declared of the asset.
    pub(crate) asset: AssetRecord,
}

/// An item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ItemRecord {
    /// The uploader's principal.
    pub(crate) owner: Vec<u8>,
    /// The pipeline's name.
    pub(crate) pipeline: String,
    /// The file's name.
    pub(crate) file_name: String,
    /// Readable by owner and controllers only.
    pub(crate) private: bool,
    /// SHA-256 over owner, `#` and idempotency key.
    pub(crate) key: Option<[u8; 32]>,
    /// The session of the original.
    pub(crate) session: SessionId,
    /// Nanoseconds since 1970.
    pub(crate) created_at: u64,
    /// Nanoseconds since 1970.
    pub(crate) published_at: Option<u64>,
    /// The assets that are complete, in pipeline order.
    pub(crate) assets: Vec<AssetRecord>,
    /// What is only needed until the item is published.
    pub(crate) draft: Option<Draft>,
    /// Of a published item: the one in which derivatives of it are being made again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<ItemId>,
    /// Of such a one: the item that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revises: Option<ItemId>,
    /// Of a published item: the optional stages that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) failed: Vec<FailedRecord>,
}

/// The unpublished part of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// The pipeline as it was when the upload began.
    pub(crate) pipeline: Pipeline,
    /// The stages that make derivatives, sources first.
    pub(crate) stages: Vec<StageRecord>,
    /// Open sessions of derivatives.
    pub(crate) sessions: Vec<SessionId>,
    /// Of a revision: the assets that it has from its item, whose bytes are not its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) kept: Vec<AssetName>,
}

/// How far a stage is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageRecord {
    /// The asset that it makes.
    pub(crate) asset: AssetName,
    /// Where it is.
    pub(crate) state: StageState,
    /// How often the canister has begun it.
    pub(crate) attempts: u32,
}

/// An optional stage that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FailedRecord {
    /// The asset that it was to make.
    pub(crate) asset: AssetName,
    /// Placed on the canister, not on the client.
    pub(crate) on_canister: bool,
    /// How often the canister had begun it.
    pub(crate) attempts: u32,
    /// Permanent code.
    pub(crate) code: String,
    /// For people.
    pub(crate) message: String,
}

/// Where a stage is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum StageState {
    /// Its source is not complete, or the client has not sent it.
    Waiting,
    /// In the queue of jobs.
    Queued,
    /// Begun by the canister.
    Running,
    /// Its asset is stored.
    Done,
    /// It failed for good.
    Failed {
        /// Permanent code.
        code: String,
        /// For people.
        message: String,
    },
}

/// An asset; as declared in a session, where its place and hash are not final.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AssetRecord {
    /// Its name in the pipeline.
    pub(crate) name: AssetName,
    /// What the bytes are.
    pub(crate) media: MediaType,
    /// How many bytes.
    pub(crate) size: u64,
    /// Computed by this canister.
    pub(crate) sha256: Digest,
    /// Beside the bytes.
    pub(crate) meta: Meta,
    /// Where the bytes are.
    pub(crate) location: Location,
    /// How it came to be.
    pub(crate) origin: Origin,
    /// The session that filled it, where one did.
    #[serde(default)]
    pub(crate) session: Option<SessionId>,
    /// When it took the place of another; absent for one that was published with its item. Nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<u64>,
}

/// Where an asset's bytes are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Location {
    /// In the record.
    Inline(#[serde(with = "serde_bytes")] Vec<u8>),
    /// In the chunk store.
    Chunks {
        /// Whose chunks.
        blob: BlobId,
        /// Bytes of each but the last.
        chunk_size: u32,
        /// How many.
        count: u32,
    },
}

/// How an asset came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// The uploaded bytes.
    Uploaded,
    /// Made by a client, as it says.
    Claimed(RecipeRecord),
    /// Made by this canister.
    Verified(RecipeRecord),
}

/// How a derivative was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecipeRecord {
    /// The source asset.
    pub(crate) source: AssetName,
    /// Its SHA-256.
    pub(crate) source_sha256: Digest,
    /// The processor's id.
    pub(crate) processor: String,
    /// The processor's version.
    pub(crate) version: u32,
    /// The params in canonical form.
    pub(crate) params: String,
    /// Made by the canister, not by a client.
    pub(crate) on_canister: bool,
}

/// A stage that waits for the canister.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    /// The item.
    pub(crate) item: ItemId,
    /// The asset to make.
    pub(crate) asset: AssetName,
    /// How often it was begun.
    pub(crate) attempts: u32,
    /// Why the last attempt did not come through.
    #[serde(default)]
    pub(crate) last: Option<String>,
    /// Whether it is to share its message with no other: it did, and the message failed.
    #[serde(default)]
    pub(crate) alone: bool,
}

impl Origin {
    /// The recipe, of a derivative.
    pub(crate) fn recipe(&self) -> Option<&RecipeRecord> {
        match self {
            Origin::Uploaded => None,
            Origin::Claimed(recipe) | Origin::Verified(recipe) => Some(recipe),
        }
    }
}

impl ItemRecord {
    /// When an asset of it got its place. Nanoseconds since 1970, 0 while it is not published.
    pub(crate) fn since(&self, asset: &AssetRecord) -> u64 {
        asset.since.or(self.published_at).unwrap_or_default()
    }

    /// The asset of this name, if it is complete.
    pub(crate) fn asset(&self, name: &str) -> Option<&AssetRecord> {
        self.assets.iter().find(|asset| asset.name.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_within_a_record_is_written_by_the_library() {
        let record = (vec![1u8, 2], serde_json::json!({ "a": 1, "b": 0.5 }), "end".to_owned());
        let mut expected = vec![VERSION];
        ciborium::into_writer(&record, &mut expected).unwrap();
        assert_eq!(encode(&record), expected);
        assert_eq!(decode::<(Vec<u8>, serde_json::Value, String)>("record", &expected).unwrap(), record);
    }
}
