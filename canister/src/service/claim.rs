//! What a client says about a derivative that it made.

use darkroom_api as api;
use darkroom_core::asset::{Asset, AssetName, Image, Meta};
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::{Placement, Plan};
use darkroom_core::pixels::Size;
use ic_stable_structures::Memory;

use super::{Service, Wire, digest};
use crate::store::RecipeRecord;

/// What a client says about a derivative, checked.
pub(super) struct Claim {
    pub(super) name: AssetName,
    pub(super) media: MediaType,
    pub(super) meta: Meta,
    pub(super) recipe: RecipeRecord,
}

impl<M: Memory + Clone> Service<M> {
    /// Checks what a client says about a derivative.
    pub(super) fn claim(&self, plan: &Plan, asset: &api::PutAsset) -> api::Result<Claim> {
        let refuse = |code: &str, message: String| Err(api::Error::new(code, message));
        let stage = plan.stage(&asset.name).filter(|stage| stage.placement == Placement::Client);
        let Some(stage) = stage else {
            let yours: Vec<_> =
                plan.stages().iter().filter(|stage| stage.placement == Placement::Client).collect();
            let yours: Vec<_> = yours.iter().map(|stage| stage.asset.as_str()).collect();
            let name: String = asset.name.chars().take(64).collect();
            let message = format!(
                "asset `{name}` is not made by the client in pipeline `{}`; it makes: {}",
                plan.name(),
                if yours.is_empty() { "none".to_owned() } else { yours.join(", ") }
            );
            return refuse(api::code::STAGE_NOT_YOURS, message);
        };
        let version = stage.processor.version();
        if asset.processor_version != version {
            let message = format!(
                "asset `{}` was made by version {} of processor `{}`; this canister has version {version}",
                asset.name,
                asset.processor_version,
                stage.processor.id()
            );
            return refuse(api::code::PROCESSOR_VERSION, message);
        }
        let media = MediaType::parse(&asset.media_type).wire()?;
        if let Some(found) = MediaType::sniff(&asset.bytes).filter(|found| *found != media) {
            let message = format!("asset `{}` is declared as {media}; its bytes are {found}", asset.name);
            return refuse(api::code::INVALID_ARGUMENT, message);
        }
        let is_image = stage.processor.kind() == Image::KIND;
        if is_image && !asset.bytes.is_empty() && MediaType::sniff(&asset.bytes).is_none() {
            let message = format!("asset `{}` is an image; its bytes are none", asset.name);
            return refuse(api::code::INVALID_ARGUMENT, message);
        }
        let size = match (asset.width, asset.height) {
            (Some(width), Some(height)) => Some(Size::new(width, height)),
            _ => None,
        };
        Ok(Claim {
            name: stage.asset.clone(),
            media,
            meta: Meta { size },
            recipe: RecipeRecord {
                source: stage.source.clone(),
                source_sha256: digest(&asset.source_sha256),
                processor: stage.processor.id().to_owned(),
                version,
                params: stage.canonical_params.clone(),
                on_canister: false,
            },
        })
    }
}
