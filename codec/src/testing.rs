//! Pictures for tests, made from nothing but a seed: the same on every machine.

pub mod conformance;
mod fixtures;
mod hostile;
mod profile;
mod scene;
mod tall;

use darkroom_core::pixels::{Pixels, Size};
use darkroom_core::{Error, Result};

use crate::encode::jpeg;
use crate::orientation::Orientation;

pub use fixtures::{Fixture, Golden, fixtures, goldens, with_profile};
pub use hostile::{Cut, cuts, hostile};
pub use profile::{linear_grey_profile, press_profile, srgb_profile, turned_profile, wide_profile};
pub use scene::{cutout, scene};
pub use tall::tall;

/// A JPEG like one from a camera: smooth light, edges, and the noise of a sensor. At quality 95 it has about
/// 0.6 bytes per pixel, at 99 about one: 20 MB for 5000x4000.
///
/// # Panics
/// For sides that a JPEG cannot have.
pub fn photo(width: u32, height: u32, quality: u32, seed: u64) -> Vec<u8> {
    photo_with_orientation(width, height, quality, seed, 1)
}

/// The same picture as [`photo`], stored turned, with the EXIF orientation (1 to 8) that turns it upright.
/// `width` and `height` are upright. For 1 there is no EXIF block.
///
/// # Panics
/// For sides that a JPEG cannot have and for other orientations.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn photo_with_orientation(width: u32, height: u32, quality: u32, seed: u64, exif: u8) -> Vec<u8> {
    let orientation = Orientation::from_exif(exif.into()).unwrap();
    let stored = stored(orientation).apply(scene(Size::new(width, height), seed)).unwrap();
    let jpeg = jpeg::fastest(&stored, quality).unwrap();
    if exif == 1 { jpeg } else { with_exif(&jpeg, &orientation_block(exif)) }
}

/// A PNG with soft transparency.
///
/// # Panics
/// For sides of 0.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn png_with_alpha(width: u32, height: u32, seed: u64) -> Vec<u8> {
    png(&cutout(Size::new(width, height), seed)).unwrap()
}

/// Writes pixels as PNG.
///
/// # Errors
/// None that valid pixels can cause.
pub fn png(pixels: &Pixels) -> Result<Vec<u8>> {
    let refused = |error: png::EncodingError| Error::Damaged { format: "PNG", reason: error.to_string() };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixels.size().width, pixels.size().height);
    encoder.set_color(if pixels.format().channels() == 3 {
        png::ColorType::Rgb
    } else {
        png::ColorType::Rgba
    });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(refused)?;
    writer.write_image_data(pixels.data()).map_err(refused)?;
    writer.finish().map_err(refused)?;
    Ok(bytes)
}

/// A JPEG with an EXIF block (which starts with its TIFF header) put in front.
///
/// # Panics
/// For blocks of 64 KiB and more.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn with_exif(jpeg: &[u8], tiff: &[u8]) -> Vec<u8> {
    let length = u16::try_from(2 + 6 + tiff.len()).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, b"Exif\0\0", tiff, &jpeg[2..]].concat()
}

/// An EXIF block that holds an orientation and nothing else.
pub fn orientation_block(exif: u8) -> Vec<u8> {
    // Big-endian TIFF: header, one directory with one entry (tag 0x0112, one SHORT), no next directory.
    let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, exif, 0, 0];
    [b"MM\0*\0\0\0\x08\0\x01" as &[u8], &entry, &[0; 4]].concat()
}

/// What turns an upright picture into the stored one.
fn stored(orientation: Orientation) -> Orientation {
    match orientation {
        Orientation::Right => Orientation::Left,
        Orientation::Left => Orientation::Right,
        itself => itself,
    }
}
