//! The limits: those of images from arguments, and all of them as they travel.

use darkroom_api as api;
use ic_stable_structures::Memory;

use super::config::{NANOS, check};
use super::{Service, Wire};
use crate::store::{ImageLimitsRecord, QuotaRecord};

/// `images` with what `args` gives in its place, checked.
pub(super) fn images(images: ImageLimitsRecord, args: &api::ImageLimits) -> api::Result<ImageLimitsRecord> {
    let given = |field, given: Option<u64>, kept: u64, most: u64| match given {
        Some(found) => check(&format!("images.{field}"), found, 1..=most),
        None => Ok(kept),
    };
    let narrow = |field, found: Option<u32>, kept: u32| {
        let checked = given(field, found.map(u64::from), kept.into(), u32::MAX.into())?;
        Ok(u32::try_from(checked).unwrap_or(kept))
    };
    Ok(ImageLimitsRecord {
        pixels: given("max_pixels", args.max_pixels, images.pixels, 1 << 32)?,
        side: narrow("max_side", args.max_side, images.side)?,
        bytes: given("max_bytes", args.max_bytes, images.bytes, 1 << 32)?,
        frames: narrow("max_frames", args.max_frames, images.frames)?,
        output_pixels: given("max_output_pixels", args.max_output_pixels, images.output_pixels, 1 << 32)?,
        stage_instructions: given(
            "max_stage_instructions",
            args.max_stage_instructions,
            images.stage_instructions,
            40_000_000_000,
        )?,
        stage_memory: given("max_stage_memory", args.max_stage_memory, images.stage_memory, 3 << 30)?,
    })
}

impl<M: Memory + Clone> Service<M> {
    /// All limits, with their defaults filled in.
    pub(crate) fn limits(&self) -> api::Result<api::Limits> {
        let config = self.store.config().wire()?;
        let quota = |quota: QuotaRecord| api::Quota {
            bytes: Some(quota.bytes),
            items: Some(quota.items),
            open_sessions: Some(quota.open_sessions),
        };
        let images = config.images;
        Ok(api::Limits {
            chunk_size: Some(config.chunk_size),
            max_file_size: Some(config.max_file_size),
            max_chunks: Some(config.max_chunks),
            session_seconds: Some(config.session_nanos / NANOS),
            per_principal: Some(quota(config.per_principal)),
            total: Some(quota(config.total)),
            min_cycles: Some(config.min_cycles),
            images: Some(api::ImageLimits {
                max_pixels: Some(images.pixels),
                max_side: Some(images.side),
                max_bytes: Some(images.bytes),
                max_frames: Some(images.frames),
                max_output_pixels: Some(images.output_pixels),
                max_stage_instructions: Some(images.stage_instructions),
                max_stage_memory: Some(images.stage_memory),
            }),
        })
    }
}
