//! The processors and codecs of this binary.

use darkroom_client::Toolkit;
use darkroom_core::registry::Registry;

use crate::error::{Error, Result};

/// The processors of this binary, the same as the canister's.
pub(crate) fn registry() -> Result<Registry> {
    darkroom_processors::registry().map_err(|error| Error::Local(error.to_string()))
}

/// What the client library works with.
pub(crate) fn toolkit() -> Result<Toolkit> {
    Ok(Toolkit { registry: registry()?, decoder: &darkroom_codec::CODECS })
}
