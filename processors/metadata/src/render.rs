//! From source to JSON.

use darkroom_codec::exif;
use darkroom_codec::orientation::Orientation;
use darkroom_core::asset::Derivative;
use darkroom_core::cost::Cost;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::processor::Processor as _;
use darkroom_core::source::Source;
use darkroom_core::{Error, Result};
use serde::Serialize;

use crate::Metadata;
use crate::camera::Camera;
use crate::container;
use crate::location::Location;
use crate::params::MetadataParams;
use crate::time;

const EXIF_DIRECTORY: u16 = 0x8769;
const GPS_DIRECTORY: u16 = 0x8825;

/// What it takes at most, counted by hand: 22 lookups among 4,096 entries of some 40 instructions (4 million), texts
/// and JSON (under 1 million), and reading the header, of which a profile that is inflated on the way is the most
/// (40 million and 8 MiB, as the codec's estimates have it).
pub(crate) const COST: Cost = Cost { instructions: 50_000_000, memory: 16 << 20 };

/// What the JSON says, in its order.
#[derive(Serialize)]
struct Record<'a> {
    width: u32,
    height: u32,
    media_type: &'a str,
    orientation: u8,
    #[serde(flatten)]
    camera: Option<Camera>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_at: Option<String>,
    #[serde(flatten)]
    location: Option<Location>,
}

pub(crate) fn render(source: &Source<'_>, params: &MetadataParams) -> Result<Derivative<Size>> {
    let size = source.size()?;
    let first = container::exif(source.media(), source.bytes()).and_then(exif::directory);
    let exif = first.and_then(|first| first.below(EXIF_DIRECTORY));
    let gps = || first.and_then(|first| first.below(GPS_DIRECTORY));
    let record = Record {
        width: size.width,
        height: size.height,
        media_type: source.media().as_str(),
        // By which the codec turns this file, as EXIF counts it.
        orientation: first.map(Orientation::in_directory).unwrap_or_default() as u8 + 1,
        camera: first.filter(|_| params.camera).map(|first| Camera::read(first, exif)),
        taken_at: exif.filter(|_| params.time).and_then(time::taken_at),
        location: if params.location { gps().and_then(Location::read) } else { None },
    };
    let failed = |error: serde_json::Error| Error::ProcessorFailed {
        processor: Metadata::ID.to_owned(),
        reason: error.to_string(),
    };
    let bytes = serde_json::to_vec(&record).map_err(failed)?;
    Ok(Derivative { media: MediaType::parse("application/json")?, bytes, meta: size })
}
