//! How an upload is done.

use std::time::Duration;

use darkroom_api::Visibility;
use darkroom_core::media::MediaType;

/// Options of an upload; [`Default`] serves for most.
#[derive(Clone, Debug)]
pub struct UploadOptions {
    /// The pipeline; absent for the canister's first.
    pub pipeline: Option<String>,
    /// The file's name without folders; absent for that of the path, or `file`.
    pub file_name: Option<String>,
    /// What the bytes are; absent to look at them.
    pub media_type: Option<MediaType>,
    /// Who may read the item.
    pub visibility: Visibility,
    /// The most chunks of this upload that are on their way at once: 1 and more, by default 32. How many there
    /// are below that follows what the network takes, over all uploads of a [`Darkroom`](crate::Darkroom).
    pub in_flight: usize,
    /// How long to wait for the stages that the canister runs: 15 minutes by default.
    pub patience: Duration,
}

impl Default for UploadOptions {
    fn default() -> Self {
        UploadOptions {
            pipeline: None,
            file_name: None,
            media_type: None,
            visibility: Visibility::Public,
            in_flight: 32,
            patience: Duration::from_secs(15 * 60),
        }
    }
}
