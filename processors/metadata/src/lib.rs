//! Darkroom processor `metadata`: what a photo says of itself, as JSON.
//!
//! Size and media type, and from its EXIF block the camera, the exposure, the time and, only when asked for, the
//! place. The other processors carry no metadata over; this one says what a page may show beside a picture. What
//! the block lacks is left out of the JSON, and a block that is damaged gives what can be read of it.
//!
//! Only headers are read, never pixels. What is looked at is bounded whatever the block says: directories are searched
//! in place by [`darkroom_codec::exif`], and there are at most three of them. It is held against kamadak-exif in the
//! tests.
//!
//! ```
//! use darkroom_codec::{CODECS, testing};
//! use darkroom_core::decode::DecodeLimits;
//! use darkroom_core::media::MediaType;
//! use darkroom_core::processor::Processor;
//! use darkroom_core::source::Source;
//! use darkroom_metadata::{Metadata, MetadataParams};
//!
//! let photo = testing::photo_with_orientation(600, 400, 80, 1, 6);
//! let source = Source::new(&photo, MediaType::JPEG, &CODECS, DecodeLimits::default());
//! let metadata = Metadata.process(&source, &MetadataParams::default())?;
//! assert_eq!(metadata.bytes, br#"{"width":600,"height":400,"media_type":"image/jpeg","orientation":6}"#);
//! # Ok::<(), darkroom_core::Error>(())
//! ```

mod camera;
#[cfg(feature = "testing")]
pub mod conformance;
mod container;
mod location;
mod number;
mod params;
mod render;
#[cfg(feature = "testing")]
pub mod samples;
mod text;
mod time;

use darkroom_core::asset::{Asset, AssetKind, Derivative};
use darkroom_core::cost::Cost;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::processor::Processor;
use darkroom_core::source::Source;

pub use params::MetadataParams;

/// What a photo says of itself. Its size is that of the photo.
#[derive(Debug)]
pub struct Description;

impl Asset for Description {
    const KIND: AssetKind = AssetKind("metadata");
    type Meta = Size;
}

/// Reads metadata.
#[derive(Clone, Copy, Debug, Default)]
pub struct Metadata;

impl Processor for Metadata {
    type Params = MetadataParams;
    type Output = Description;
    const ID: &'static str = "metadata";
    const VERSION: u32 = 1;
    const ACCEPTS: &'static [MediaType] = darkroom_codec::READABLE;

    fn process(
        &self,
        source: &Source<'_>,
        params: &MetadataParams,
    ) -> darkroom_core::Result<Derivative<Size>> {
        render::render(source, params)
    }

    fn cost(&self, _: Size, _: Size, _: &MetadataParams) -> Option<Cost> {
        Some(render::COST)
    }
}

darkroom_core::register_processor!(Metadata);
