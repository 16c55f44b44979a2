//! What a placeholder can be asked to be.

use darkroom_core::processor::Params;
use serde::{Deserialize, Serialize};

/// The forms of placeholder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// ThumbHash: about 25 bytes, with transparency and aspect ratio.
    #[default]
    Thumbhash,
}

/// Parameters of [`Placeholder`](crate::Placeholder).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlaceholderParams {
    /// Which form: `thumbhash`.
    pub kind: Kind,
}

impl Params for PlaceholderParams {
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}
