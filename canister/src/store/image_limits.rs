//! Limits of images and of the stages that work on them, as they are kept.

use darkroom_core::cost::Cost;
use darkroom_core::decode::DecodeLimits;
use serde::{Deserialize, Serialize};

/// What may be decoded and made, here and by clients, and what a stage of this canister may take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ImageLimitsRecord {
    /// Width times height.
    pub(crate) pixels: u64,
    /// Width, and height.
    pub(crate) side: u32,
    /// Bytes of a file.
    pub(crate) bytes: u64,
    /// Frames of an animation, pages of a TIFF.
    pub(crate) frames: u32,
    /// Width times height of what is made.
    pub(crate) output_pixels: u64,
    /// Instructions of a message that runs stages.
    pub(crate) stage_instructions: u64,
    /// Bytes of heap of a message that runs stages, beside the source.
    pub(crate) stage_memory: u64,
}

impl Default for ImageLimitsRecord {
    fn default() -> Self {
        let DecodeLimits { pixels, side, bytes, frames, output_pixels } = DecodeLimits::default();
        ImageLimitsRecord {
            pixels,
            side,
            bytes,
            frames,
            output_pixels,
            // A message may spend 40e9, and keeping what was made takes some of it.
            stage_instructions: 38_000_000_000,
            stage_memory: 1 << 30,
        }
    }
}

impl ImageLimitsRecord {
    /// As sources take them.
    pub(crate) fn decode(&self) -> DecodeLimits {
        let ImageLimitsRecord { pixels, side, bytes, frames, output_pixels, .. } = *self;
        DecodeLimits { pixels, side, bytes, frames, output_pixels }
    }

    /// As lanes take them.
    pub(crate) fn budget(&self) -> Cost {
        Cost { instructions: self.stage_instructions, memory: self.stage_memory }
    }
}
