//! The JSON that the canister serves over HTTP, certified: an item at `/<item>`, and the gallery below `/gallery`.
//!
//! Field names are permanent, and fields may be added. Times are RFC 3339 in UTC with milliseconds, sizes are bytes,
//! widths and heights pixels as they are seen, SHA-256 values lowercase hexadecimal, `base64` with padding (RFC 4648).
//! Fields that have nothing to say are left out.

use serde::{Deserialize, Serialize};

/// A public item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// The name of the uploaded file.
    pub file_name: String,
    /// What the uploaded bytes are.
    pub media_type: String,
    /// How many they are.
    pub size: u64,
    /// The pipeline that it went through.
    pub pipeline: String,
    /// When the upload began.
    pub created_at: String,
    /// When it became complete.
    pub published_at: String,
    /// All assets, in pipeline order.
    pub assets: Vec<Asset>,
    /// The optional stages that failed; absent where none did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Failure>,
    /// How a gallery shows it; absent for an item without a picture that browsers show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gallery: Option<Entry>,
}

/// An optional stage that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The asset that it was to make.
    pub asset: String,
    /// A permanent code.
    pub code: String,
    /// For people.
    pub message: String,
}

/// An asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asset {
    /// Its name in the pipeline.
    pub name: String,
    /// What the bytes are.
    pub media_type: String,
    /// How many bytes.
    pub size: u64,
    /// Width, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// SHA-256 of the bytes, computed by the canister.
    pub sha256: String,
    /// Where it is: `/<item>/<asset>`.
    pub path: String,
    /// Where these bytes are, for good: `/sha256/<sha256>`.
    pub content_path: String,
    /// One of [`provenance`](crate::provenance): `uploaded`, `claimed`, `verified`.
    pub provenance: String,
    /// How it was made; absent for the original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    /// The bytes themselves, of an asset kept inline of at most 4,096 bytes: placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
}

/// How a derivative was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The asset that it was made from.
    pub source: String,
    /// SHA-256 of that asset.
    pub source_sha256: String,
    /// The processor's id.
    pub processor: String,
    /// The processor's version.
    pub version: u32,
    /// The params, all of them.
    pub params: serde_json::Value,
    /// Where it was made: `client` or `canister`.
    pub placement: String,
}

/// Bytes of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// In base64.
    pub base64: String,
    /// As they are, for JSON and text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// `/gallery/head.json`: where the gallery begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many entries there are.
    pub count: u64,
    /// The page with the newest entry; null where there is none.
    pub newest: Option<String>,
}

/// `/gallery/pages/<page>.json`: at most 16 entries. A page without entries is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its name.
    pub page: String,
    /// The page that goes on with what is older; null on the last.
    pub older: Option<String>,
    /// The newest first.
    pub entries: Vec<Entry>,
}

/// What a gallery shows of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The item.
    pub id: String,
    /// The name of the uploaded file.
    pub file_name: String,
    /// When it became complete.
    pub published_at: String,
    /// A ThumbHash in base64, where there is one.
    pub placeholder: Option<String>,
    /// The smallest picture of at least 200 pixels on its longer side.
    pub thumbnail: Picture,
    /// The largest picture that is no original, where there is one.
    pub preview: Picture,
}

/// A picture that browsers show, at `/<item>/<asset>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// The asset's name.
    pub asset: String,
    /// Width, where known.
    pub width: Option<u32>,
    /// Height, where known.
    pub height: Option<u32>,
}
