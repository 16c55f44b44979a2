//! What derivatives of a photo cost, step by step, and what they cost with the `image` crate alone.

use std::cell::RefCell;
use std::io::Cursor;

use darkroom_codec::encode::{self, Encoding};
use darkroom_codec::fit::{Fit, Placing, Request};
use darkroom_codec::resize::{self, Light};
use darkroom_codec::{CODECS, jpeg};
use darkroom_core::Result;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::processor::Processor as _;
use darkroom_core::source::Source;
use darkroom_placeholder::Placeholder;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;

use crate::instructions;

/// Preview, thumbnail and placeholder as in the default pipeline.
const PREVIEW: u32 = 2048;
const THUMBNAIL: u32 = 320;
const PLACEHOLDER: u32 = 100;
const QUALITIES: [u32; 2] = [82, 80];

thread_local! {
    /// The photo. It comes in pieces that fit into messages.
    static PHOTO: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[ic_cdk::update]
fn load(piece: Vec<u8>) {
    PHOTO.with_borrow_mut(|photo| photo.extend(piece));
}

/// Instructions of each step of the default pipeline.
#[ic_cdk::update]
fn steps() -> Result<Vec<(String, u64)>, String> {
    PHOTO.with_borrow(|photo| measured(photo)).map_err(|error| error.to_string())
}

fn measured(photo: &[u8]) -> Result<Vec<(String, u64)>> {
    let mut steps = Vec::new();
    let mut last = instructions();
    let mut done = |step: String| {
        let now = instructions();
        steps.push((step, now - last));
        last = now;
    };
    let mut derive = |name: &str, from: &[u8], request: Request, quality| -> Result<Vec<u8>> {
        let limits = DecodeLimits::default();
        let placing: Placing = request.place(jpeg::size(from, limits)?);
        let pixels = jpeg::decode(from, placing.at_least(), limits)?;
        let Size { width, height } = pixels.size();
        done(format!("{name}: decoding to {width} x {height}"));
        let picture = resize::place(&pixels, &placing, Light::Srgb)?;
        let Size { width, height } = picture.size();
        done(format!("{name}: resizing to {width} x {height}"));
        let file = encode::encode(&picture, &Encoding { quality, ..Encoding::default() }, false)?.bytes;
        done(format!("{name}: encoding to {} bytes", file.len()));
        Ok(file)
    };
    let request = Request::inside(Size::new(PREVIEW, PREVIEW));
    let preview = derive("preview", photo, request, QUALITIES[0])?;
    let request = Request { fit: Fit::Cover, ..Request::inside(Size::new(THUMBNAIL, THUMBNAIL)) };
    let thumbnail = derive("thumbnail", &preview, request, QUALITIES[1])?;
    let source = Source::new(&thumbnail, MediaType::JPEG, &CODECS, DecodeLimits::default());
    Placeholder.process(&source, &Default::default())?;
    done("placeholder".to_owned());
    Ok(steps)
}

/// Instructions of the same three the plain way: `image` decodes the photo, resizes it three times and encodes.
#[ic_cdk::update]
fn plain() -> Result<u64, String> {
    let made = PHOTO.with_borrow(|photo| -> image::ImageResult<usize> {
        let photo = image::load_from_memory(photo)?;
        let pictures = [
            photo.resize(PREVIEW, PREVIEW, FilterType::Lanczos3),
            photo.resize_to_fill(THUMBNAIL, THUMBNAIL, FilterType::Lanczos3),
            photo.resize(PLACEHOLDER, PLACEHOLDER, FilterType::Lanczos3),
        ];
        let mut bytes = 0;
        for (picture, quality) in pictures.iter().zip([82, 80, 80]) {
            let mut file = Cursor::new(Vec::new());
            picture.write_with_encoder(JpegEncoder::new_with_quality(&mut file, quality))?;
            bytes += file.into_inner().len();
        }
        Ok(bytes)
    });
    std::hint::black_box(made.map_err(|error| error.to_string())?);
    Ok(instructions())
}
