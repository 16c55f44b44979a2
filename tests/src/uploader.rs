//! The derivatives of a photo, made here as a client makes them.

use darkroom_api as api;
use darkroom_codec::CODECS;
use darkroom_core::asset::AssetName;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::lane::{Derive, Lane, Made, Progress, Step, Stored, Workbench};
use darkroom_core::media::MediaType;
use darkroom_core::pipeline::{Config, Plan, PlannedStage};
use darkroom_core::registry::Registry;
use darkroom_core::{Digest, Error};

use crate::Photo;

/// The processors that Darkroom is built with.
pub fn toolkit() -> Registry {
    darkroom_processors::registry().unwrap_or_else(|error| panic!("{error}"))
}

/// The derivatives of the default pipeline, in order.
///
/// # Errors
/// What the processors find.
pub fn derivatives(photo: &Photo) -> Result<Vec<(PlannedStage, Made)>, Error> {
    let plans = Config::standard().validate(&toolkit())?;
    derivatives_of(photo, &plans[0])
}

/// The derivatives of a pipeline, in order, wherever they are to be made.
///
/// # Errors
/// What the processors find.
pub fn derivatives_of(photo: &Photo, plan: &Plan) -> Result<Vec<(PlannedStage, Made)>, Error> {
    let limits = DecodeLimits::default();
    let derive = Derive { plan, placement: None, decoder: &CODECS, limits, budget: None };
    let mut bench = Bench { photo, made: Vec::new() };
    let mut progress = Progress::new([AssetName::original()]);
    while let Step::Pending(next) = derive.advance(progress, &mut bench)? {
        progress = next;
    }
    Ok(bench.made)
}

/// The call that stores them.
pub fn put_assets_args(item: &str, made: &[(PlannedStage, Made)]) -> api::PutAssets {
    let asset = |(stage, made): &(PlannedStage, Made)| api::PutAsset {
        name: stage.asset.to_string(),
        media_type: made.derivative.media.to_string(),
        bytes: made.derivative.bytes.clone().into(),
        sha256: Digest::of(&made.derivative.bytes).0.into(),
        width: made.derivative.meta.size.map(|size| size.width),
        height: made.derivative.meta.size.map(|size| size.height),
        processor_version: stage.processor.version(),
        source_sha256: made.source.0.into(),
    };
    api::PutAssets { item: item.to_owned(), assets: made.iter().map(asset).collect() }
}

struct Bench<'a> {
    photo: &'a Photo,
    made: Vec<(PlannedStage, Made)>,
}

impl Workbench for Bench<'_> {
    fn source(&self, name: &AssetName) -> Result<Option<Stored>, Error> {
        let stored = |bytes: &[u8], media| Stored { bytes: bytes.to_vec(), media, sha256: Digest::of(bytes) };
        if name.as_str() == "original" {
            return Ok(Some(stored(&self.photo.bytes, MediaType::parse(self.photo.media_type)?)));
        }
        let made = self.made.iter().find(|(stage, _)| stage.asset == *name);
        Ok(made.map(|(_, made)| stored(&made.derivative.bytes, made.derivative.media.clone())))
    }

    fn keep(&mut self, stage: &PlannedStage, made: Made) -> Result<(), Error> {
        self.made.push((stage.clone(), made));
        Ok(())
    }
}
