//! One small file for each property of a format that is read, and what they decode to.
//!
//! Some are made from nothing, some are carried in `tests/fixtures`, whose README says where they come from.
//! [`goldens`] runs anywhere, in a canister too, so that all machines can be held against one table.

use darkroom_core::decode::{Decode, DecodeLimits};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_core::{Digest, Result};
use mozjpeg_rs::{Encoder, Preset, Subsampling};

use super::profile::{linear_grey_profile, press_profile, srgb_profile, turned_profile, wide_profile};
use super::{cutout, orientation_block, photo_with_orientation, png, scene};
use crate::CODECS;

/// A file.
pub struct Fixture {
    /// What is special about it.
    pub name: String,
    /// What it is.
    pub media: MediaType,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Carried files.
const CARRIED: &[(&str, &[u8])] = &[
    ("jpeg sampled 4:1:0", include_bytes!("../../tests/fixtures/sampled-410.jpg")),
    ("jpeg sampled 4:1:1", include_bytes!("../../tests/fixtures/sampled-411.jpg")),
    ("jpeg sampled 4:2:2", include_bytes!("../../tests/fixtures/sampled-422.jpg")),
    ("jpeg sampled 4:4:0", include_bytes!("../../tests/fixtures/sampled-440.jpg")),
    ("jpeg of red, green and blue", include_bytes!("../../tests/fixtures/rgb.jpg")),
    ("jpeg progressive with restarts", include_bytes!("../../tests/data/progressive-restart.jpg")),
    ("jpeg cmyk", include_bytes!("../../tests/data/cmyk.jpg")),
    ("jpeg ycck", include_bytes!("../../tests/data/ycck.jpg")),
    ("webp lossy", include_bytes!("../../tests/fixtures/lossy.webp")),
    ("webp lossy with alpha", include_bytes!("../../tests/fixtures/lossy-alpha.webp")),
    ("webp lossless with alpha", include_bytes!("../../tests/fixtures/lossless-alpha.webp")),
    ("webp animation", include_bytes!("../../tests/fixtures/animation.webp")),
    ("gif animation", include_bytes!("../../tests/fixtures/animation.gif")),
    ("gif interlaced with a clear colour", include_bytes!("../../tests/fixtures/interlaced-clear.gif")),
    ("bmp run lengths of 8 bits", include_bytes!("../../tests/fixtures/rle8.bmp")),
    ("bmp with alpha", include_bytes!("../../tests/fixtures/alpha-v5.bmp")),
    ("tiff strips lzw", include_bytes!("../../tests/fixtures/strips-lzw.tiff")),
    ("tiff tiles deflate with alpha", include_bytes!("../../tests/fixtures/tiles-alpha.tiff")),
    ("tiff palette packbits", include_bytes!("../../tests/fixtures/palette.tiff")),
    ("tiff cmyk", include_bytes!("../../tests/fixtures/cmyk.tiff")),
    ("tiff big-endian 16 bits", include_bytes!("../../tests/fixtures/big-endian-16.tiff")),
    ("tiff planar", include_bytes!("../../tests/fixtures/planar.tiff")),
    ("tiff bilevel", include_bytes!("../../tests/fixtures/bilevel.tiff")),
];

/// All of them.
///
/// # Panics
/// When one cannot be made.
pub fn fixtures() -> Vec<Fixture> {
    let carried = CARRIED.iter().map(|(name, bytes)| (*name, bytes.to_vec()));
    let all = carried.map(|(name, bytes)| (name.to_owned(), bytes)).chain(jpegs()).chain(pngs());
    all.map(|(name, bytes)| {
        let media = MediaType::sniff(&bytes).unwrap_or(MediaType::OCTET_STREAM);
        Fixture { name, media, bytes }
    })
    .collect()
}

#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
fn jpegs() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let picture = scene(Size::new(61, 43), 21);
    let write = |encoder: Encoder, pixels: &Pixels| {
        encoder.encode_rgb(pixels.data(), pixels.size().width, pixels.size().height).unwrap()
    };
    for (preset, form) in
        [(Preset::BaselineFastest, "baseline"), (Preset::ProgressiveBalanced, "progressive")]
    {
        for (sampling, ratio) in [(Subsampling::S444, "4:4:4"), (Subsampling::S420, "4:2:0")] {
            let encoder = Encoder::new(preset).quality(85).subsampling(sampling);
            all.push((format!("jpeg {form} {ratio}"), write(encoder, &picture)));
        }
        let luma: Vec<u8> = picture.data().chunks(3).map(|pixel| pixel[1]).collect();
        let grey = Encoder::new(preset).quality(85).encode_gray(&luma, 61, 43).unwrap();
        let linear = with_profile(&grey, &linear_grey_profile(), 1000);
        all.push((format!("jpeg {form} grey"), grey));
        all.push((format!("jpeg {form} linear grey profile"), linear));
        let one = write(Encoder::new(preset).quality(85), &scene(Size::new(1, 1), 3));
        all.push((format!("jpeg {form} 1x1"), one));
    }
    let restarts = Encoder::new(Preset::BaselineFastest).quality(85).restart_interval(3);
    all.push(("jpeg restart markers".to_owned(), write(restarts, &picture)));
    let wide = write(Encoder::new(Preset::BaselineFastest).quality(60), &scene(Size::new(65_500, 1), 4));
    all.push(("jpeg 65500 wide".to_owned(), wide));
    for exif in 1..=8 {
        all.push((format!("jpeg orientation {exif}"), photo_with_orientation(40, 26, 80, 6, exif)));
    }
    let plain = photo_with_orientation(40, 26, 80, 6, 1);
    let several = with_profile(&plain, &wide_profile(), 100);
    all.push(("jpeg wide profile in several parts".to_owned(), several));
    all.push(("jpeg srgb profile".to_owned(), with_profile(&plain, &srgb_profile(), 60_000)));
    all.push(("jpeg turned profile".to_owned(), with_profile(&plain, &turned_profile(), 60_000)));
    let press = press_profile();
    let cmyk = with_profile(include_bytes!("../../tests/data/cmyk.jpg"), &press, 60_000);
    all.push(("jpeg cmyk press profile".to_owned(), cmyk));
    let ycck = with_profile(include_bytes!("../../tests/data/ycck.jpg"), &press, 60_000);
    all.push(("jpeg ycck press profile".to_owned(), ycck));
    all
}

#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
fn pngs() -> Vec<(String, Vec<u8>)> {
    use ::png::{BitDepth, ColorType};
    let mut all = Vec::new();
    let kinds = [
        (ColorType::Grayscale, 1, "grey"),
        (ColorType::Rgb, 3, "colour"),
        (ColorType::Indexed, 1, "palette"),
        (ColorType::GrayscaleAlpha, 2, "grey and alpha"),
        (ColorType::Rgba, 4, "colour and alpha"),
    ];
    let depths = [BitDepth::One, BitDepth::Two, BitDepth::Four, BitDepth::Eight, BitDepth::Sixteen];
    let (width, height) = (29usize, 17usize);
    let noise = scene(Size::new(64, 64), 8).into_data();
    for (color, samples, name) in kinds {
        for depth in depths {
            let bits = depth as usize;
            let legal = match color {
                ColorType::Grayscale => true,
                ColorType::Indexed => bits <= 8,
                _ => bits >= 8,
            };
            let clear: Option<&[u8]> = match color {
                ColorType::Grayscale => Some(&[0, 1]),
                ColorType::Indexed => Some(&[0, 130]),
                ColorType::Rgb => Some(&[0, 1, 0, 1, 0, 1]),
                _ => None,
            };
            for clear in [None, clear].into_iter().take(if clear.is_some() { 2 } else { 1 }) {
                if !legal {
                    continue;
                }
                let mut bytes = Vec::new();
                let mut encoder = ::png::Encoder::new(&mut bytes, 29, 17);
                encoder.set_color(color);
                encoder.set_depth(depth);
                if color == ColorType::Indexed {
                    encoder.set_palette(noise[..3 << bits.min(8)].to_vec());
                }
                if let Some(clear) = clear {
                    encoder.set_trns(clear);
                }
                let mut writer = encoder.write_header().unwrap();
                let raw = &noise[..(width * samples * bits).div_ceil(8) * height];
                writer.write_image_data(raw).unwrap();
                writer.finish().unwrap();
                let also = if clear.is_some() { " with a clear one" } else { "" };
                all.push((format!("png {name} {bits}{also}"), bytes));
            }
        }
    }
    let pixels = cutout(Size::new(29, 17), 9);
    for (name, profile) in [("wide", wide_profile()), ("turned", turned_profile())] {
        let mut bytes = Vec::new();
        let mut info = ::png::Info::with_size(29, 17);
        info.color_type = ColorType::Rgba;
        info.bit_depth = BitDepth::Eight;
        info.icc_profile = Some(profile.into());
        info.exif_metadata = Some(orientation_block(6).into());
        let encoder = ::png::Encoder::with_info(&mut bytes, info).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(pixels.data()).unwrap();
        writer.finish().unwrap();
        all.push((format!("png {name} profile, turned right"), bytes));
    }
    all.push(("png soft alpha".to_owned(), png(&pixels).unwrap()));
    all
}

/// A JPEG with a profile in parts of some bytes.
///
/// # Panics
/// For more than 255 parts, and parts of 65,520 bytes and more.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn with_profile(jpeg: &[u8], profile: &[u8], part: usize) -> Vec<u8> {
    let parts = profile.chunks(part);
    let count = u8::try_from(parts.len()).unwrap();
    let segment = |(number, part): (u8, &[u8])| {
        let length = u16::try_from(2 + 14 + part.len()).unwrap().to_be_bytes();
        [&[0xff, 0xe2][..], &length, b"ICC_PROFILE\0", &[number, count], part].concat()
    };
    let segments: Vec<u8> = (1..=count).zip(parts).flat_map(segment).collect();
    [&jpeg[..2], &segments, &jpeg[2..]].concat()
}

/// What a fixture decodes to.
pub struct Golden {
    /// The fixture's name.
    pub name: String,
    /// Its upright size.
    pub size: Size,
    /// The SHA-256 of the upright pixels at full size as RGBA.
    pub full: Digest,
    /// The same of what serves a request for a quarter of each side.
    pub quarter: Digest,
}

/// Decodes all fixtures.
///
/// # Errors
/// The first that a fixture gives.
pub fn goldens() -> Result<Vec<Golden>> {
    let golden = |Fixture { name, media, bytes }: Fixture| -> Result<Golden> {
        let limits = DecodeLimits::default();
        let size = CODECS.size(&media, &bytes, limits)?;
        let full = CODECS.decode(&media, &bytes, size, limits)?;
        let least = Size::new(size.width.div_ceil(4), size.height.div_ceil(4));
        let quarter = CODECS.decode(&media, &bytes, least, limits)?;
        Ok(Golden { name, size: full.size(), full: digest(&full), quarter: digest(&quarter) })
    };
    fixtures().into_iter().map(golden).collect()
}

fn digest(pixels: &Pixels) -> Digest {
    match pixels.format() {
        PixelFormat::Rgba8 => Digest::of(pixels.data()),
        PixelFormat::Rgb8 => {
            let pixels = pixels.data().as_chunks::<3>().0.iter();
            Digest::of(&pixels.flat_map(|&[r, g, b]| [r, g, b, 255]).collect::<Vec<_>>())
        }
    }
}
