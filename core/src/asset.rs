//! Assets: the named, immutable results of an item.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::media::MediaType;
use crate::pixels::Size;

/// The name of the asset that holds the uploaded bytes.
pub const ORIGINAL: &str = "original";

/// An asset's name: 1 to 64 of `a-z`, `0-9` and `-`, starting with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssetName(String);

impl AssetName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`Error::InvalidName`].
    pub fn new(name: &str) -> Result<AssetName> {
        if !is_kebab(name) {
            return Err(Error::InvalidName {
                what: "asset name",
                found: name.chars().take(64).collect(),
                allowed: KEBAB_RULE,
            });
        }
        Ok(AssetName(name.to_owned()))
    }

    /// The name `original`.
    pub fn original() -> AssetName {
        AssetName(ORIGINAL.to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AssetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) const KEBAB_RULE: &str = "1 to 64 of a-z, 0-9 and -, starting with a letter";

pub(crate) fn is_kebab(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// What sort of asset something is; an open set, so that a new sort needs no change here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AssetKind(pub &'static str);

/// A sort of asset with the metadata that goes with it.
///
/// ```
/// use darkroom_core::asset::{Asset, AssetKind, Meta};
/// struct Palette;
/// struct PaletteMeta {}
/// impl From<PaletteMeta> for Meta {
///     fn from(_: PaletteMeta) -> Meta {
///         Meta::default()
///     }
/// }
/// impl Asset for Palette {
///     const KIND: AssetKind = AssetKind("palette");
///     type Meta = PaletteMeta;
/// }
/// assert_eq!(Palette::KIND.0, "palette");
/// ```
pub trait Asset: 'static {
    /// Its sort.
    const KIND: AssetKind;
    /// What is known about it beside its bytes.
    type Meta: Into<Meta>;
}

/// What is stored beside an asset's bytes, whatever its sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Upright size, for assets that have one.
    pub size: Option<Size>,
}

impl From<Size> for Meta {
    fn from(size: Size) -> Meta {
        Meta { size: Some(size) }
    }
}

/// A picture that a browser shows.
#[derive(Debug)]
pub struct Image;

impl Asset for Image {
    const KIND: AssetKind = AssetKind("image");
    type Meta = Size;
}

/// What a page shows until the picture is there. Its size is that of the picture it stands for.
#[derive(Debug)]
pub struct Placeholder;

impl Asset for Placeholder {
    const KIND: AssetKind = AssetKind("placeholder");
    type Meta = Size;
}

/// What a processor made: an asset's bytes, their media type and metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivative<M = Meta> {
    /// What the bytes are.
    pub media: MediaType,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Beside the bytes.
    pub meta: M,
}

impl<M: Into<Meta>> Derivative<M> {
    /// The same with metadata of the common form.
    pub fn erase(self) -> Derivative {
        Derivative { media: self.media, bytes: self.bytes, meta: self.meta.into() }
    }
}
