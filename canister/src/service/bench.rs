//! What the lane of derivatives reads from the store and leaves there.

use darkroom_api as api;
use darkroom_core::asset::{AssetName, Meta};
use darkroom_core::id::ChunkKey;
use darkroom_core::lane::{Made, Stored, Workbench};
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::PlannedStage;
use darkroom_core::{Digest, Error};
use ic_stable_structures::Memory;

use super::upload::done;
use super::{Service, Wire, insert_asset};
use crate::store::{AssetRecord, Draft, HoldingRecord, ItemRecord, Location, Origin, RecipeRecord};

/// An item on the bench of the lane that makes its derivatives.
pub(super) struct Bench<'a, M: Memory> {
    pub(super) service: &'a mut Service<M>,
    pub(super) item: ItemRecord,
    pub(super) draft: Draft,
    /// The stages that were run or refused, and why where they failed.
    pub(super) ended: Vec<(AssetName, api::Result<()>)>,
}

impl<M: Memory + Clone> Workbench for Bench<'_, M> {
    fn source(&self, name: &AssetName) -> Result<Option<Stored>, Error> {
        let Some(asset) = self.item.asset(name.as_str()) else { return Ok(None) };
        // Before it is read into the heap.
        let allowed = self.service.store.config()?.images.bytes;
        if asset.size > allowed {
            return Err(Error::ImageTooLarge { what: "file size in bytes", found: asset.size, allowed });
        }
        let bytes = self.service.bytes(asset)?;
        Ok(Some(Stored { bytes, media: asset.media.clone(), sha256: asset.sha256 }))
    }

    fn keep(&mut self, stage: &PlannedStage, made: Made) -> Result<(), Error> {
        if self.item.asset(stage.asset.as_str()).is_some() {
            return self.confirm(stage, &made);
        }
        let plan = darkroom_core::pipeline::Plan::new(&self.draft.pipeline, self.service.registry())?;
        let bytes = &made.derivative.bytes;
        let add = HoldingRecord { bytes: bytes.len() as u64, ..HoldingRecord::default() };
        let config = self.service.store.config()?;
        // It is made, and has no room: the stage fails for that, not its processor.
        let location = self.service.reserve(&self.item.owner, add, &config).and_then(|()| {
            let stored = self.service.store_bytes(&self.item, &plan, stage.asset.as_str(), bytes);
            stored.or_else(|error| self.service.give_back(&self.item.owner, add).and(Err(error)))
        });
        let location = match location {
            Ok(location) => location,
            Err(error) => {
                self.ended.push((stage.asset.clone(), Err(error)));
                return Ok(());
            }
        };
        let record = AssetRecord {
            name: stage.asset.clone(),
            media: made.derivative.media,
            size: bytes.len() as u64,
            sha256: Digest::of(bytes),
            meta: made.derivative.meta,
            location,
            origin: Origin::Verified(RecipeRecord {
                source: stage.source.clone(),
                source_sha256: made.source,
                processor: stage.processor.id().to_owned(),
                version: stage.processor.version(),
                params: stage.canonical_params.clone(),
                on_canister: true,
            }),
            session: None,
            since: None,
        };
        done(&mut self.draft, record.name.as_str());
        insert_asset(&mut self.item, &plan, record);
        self.ended.push((stage.asset.clone(), Ok(())));
        Ok(())
    }

    fn fail(&mut self, stage: &PlannedStage, error: Error) -> Result<(), Error> {
        self.ended.push((stage.asset.clone(), Err(error).wire()));
        Ok(())
    }
}

impl<M: Memory + Clone> Bench<'_, M> {
    /// Compares what a client made with what its recipe gives.
    fn confirm(&mut self, stage: &PlannedStage, made: &Made) -> Result<(), Error> {
        let claimed = self.item.assets.iter_mut().find(|asset| asset.name == stage.asset);
        let Some(claimed) = claimed else { return Ok(()) };
        let derivative = &made.derivative;
        let found = shown(&claimed.media, claimed.meta, claimed.sha256);
        let made = shown(&derivative.media, derivative.meta, Digest::of(&derivative.bytes));
        if found != made {
            return Err(Error::DerivativeMismatch { asset: stage.asset.to_string(), found, made });
        }
        if let Origin::Claimed(recipe) = &claimed.origin {
            claimed.origin = Origin::Verified(recipe.clone());
        }
        done(&mut self.draft, stage.asset.as_str());
        self.ended.push((stage.asset.clone(), Ok(())));
        Ok(())
    }
}

/// What is compared of two derivatives, as it is shown.
fn shown(media: &MediaType, meta: Meta, sha256: Digest) -> String {
    let size =
        meta.size.map(|size| format!(" of {} x {} pixels", size.width, size.height)).unwrap_or_default();
    format!("{media}{size} with SHA-256 {sha256}")
}

impl<M: Memory + Clone> Service<M> {
    /// All bytes of an asset.
    fn bytes(&self, asset: &AssetRecord) -> Result<Vec<u8>, Error> {
        let (blob, count) = match &asset.location {
            Location::Inline(bytes) => return Ok(bytes.clone()),
            Location::Chunks { blob, count, .. } => (*blob, *count),
        };
        let mut bytes = vec![0; usize::try_from(asset.size).unwrap_or_default()];
        let mut rest = bytes.as_mut_slice();
        for index in 0..count {
            let read = self.store.chunks.read(ChunkKey { blob, index }, rest);
            rest = read.and_then(|read| rest.get_mut(read..)).ok_or_else(|| Error::Corrupt {
                what: "asset",
                reason: format!("chunk {index} of `{}` is not in the store", asset.name),
            })?;
        }
        Ok(bytes)
    }
}
