//! What lies on the picture: a text or an image.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use darkroom_codec::color::Color;
use darkroom_codec::png;
use darkroom_codec::resize::{self, Light};
use darkroom_core::decode::DecodeLimits;
use darkroom_core::pixels::{Pixels, Size};
use darkroom_core::processor::Processor as _;
use darkroom_core::{Error, Result};

use crate::blend::{over, percent};
use crate::font::Line;
use crate::layout::Room;
use crate::params::WatermarkParams;
use crate::{Watermark, outline};

/// The most bytes of an image.
const MAX_BYTES: usize = 24 << 10;
/// The most pixels of an image in each direction.
pub(crate) const MAX_SIDE: u32 = 1024;

const LIMITS: DecodeLimits = DecodeLimits {
    pixels: MAX_SIDE as u64 * MAX_SIDE as u64,
    side: MAX_SIDE,
    bytes: MAX_BYTES as u64,
    frames: 1,
    output_pixels: MAX_SIDE as u64 * MAX_SIDE as u64,
};

/// Lays on the picture what the params say.
///
/// # Errors
/// [`Error::InvalidParams`] for an image whose pixels do not decode: its header is all that is read when params are
/// checked.
pub(crate) fn lay(picture: Pixels, params: &WatermarkParams) -> Result<Pixels> {
    let room = Room::of(picture.size(), params);
    match &params.image {
        Some(image) => lay_image(picture, image, &room, params.opacity),
        None => lay_text(picture, params.text(), &room, params),
    }
}

/// How large the mark on a picture of this size is at most.
pub(crate) fn most(picture: Size, params: &WatermarkParams) -> Size {
    let room = Room::of(picture, params);
    match &params.image {
        Some(_) => room.bounds,
        None => Line::of(params.text()).map_or(room.bounds, |line| room.fit(line.size())),
    }
}

fn lay_text(picture: Pixels, text: &str, room: &Room, params: &WatermarkParams) -> Result<Pixels> {
    let Some(line) = Line::of(text) else { return Ok(picture) };
    let ink = room.fit(line.size());
    let radius = if params.outline { radius(&line, ink) } else { 0 };
    // One pixel more, for what rounding puts beside the ink.
    let around = radius + 1;
    let covered = outline::text(&line, ink, around);
    let [red, green, blue] = params.color.rgb();
    let opacity = |alpha| percent(percent(alpha, params.opacity), u32::from(params.color.alpha) * 100 / 255);
    let (left, top) = room.place(ink);
    let place = (i64::from(left) - i64::from(around), i64::from(top) - i64::from(around));
    let size = covered.size;
    let picture = if params.outline {
        let [r, g, b] = contrast(params.color);
        let outline = covered.outline(radius);
        over(picture, |at| [r, g, b, opacity(outline[at])], size, place)?
    } else {
        picture
    };
    over(picture, |at| [red, green, blue, opacity(covered.data[at])], size, place)
}

/// How far the outline of a text reaches: a sixteenth of the font's size, from 1 to 16 pixels.
fn radius(line: &Line, ink: Size) -> u32 {
    let em = u64::from(line.em) * u64::from(ink.height) / u64::from(line.ink.height().max(1));
    u32::try_from(em / 16).unwrap_or(u32::MAX).clamp(1, 16)
}

/// Black or white, whichever is farther in luminance (ITU-R BT.601).
fn contrast(color: Color) -> [u8; 3] {
    let [red, green, blue] = color.rgb().map(u32::from);
    if red * 299 + green * 587 + blue * 114 >= 127_500 { [0; 3] } else { [255; 3] }
}

fn lay_image(picture: Pixels, image: &str, room: &Room, opacity: u32) -> Result<Pixels> {
    let refused = |reason| Error::InvalidParams { processor: Watermark::ID.to_owned(), reason };
    let bytes = bytes(image).map_err(refused)?;
    let mark = png::decode(&bytes, LIMITS).map_err(|error| refused(format!("image: {error}")))?;
    let size = room.fit(mark.size());
    let mark = resize::resize(&mark, size, Light::Srgb)?;
    let channels = mark.format().channels();
    let (left, top) = room.place(size);
    let color = |at: usize| {
        let pixel = &mark.data()[at * channels..(at + 1) * channels];
        [pixel[0], pixel[1], pixel[2], percent(pixel.get(3).copied().unwrap_or(255), opacity)]
    };
    over(picture, color, size, (left.into(), top.into()))
}

/// Refuses what is not a PNG in base64 of a size that is allowed, by its header.
///
/// # Errors
/// A sentence for people.
pub(crate) fn check_image(image: &str) -> std::result::Result<(), String> {
    png::size(&bytes(image)?, LIMITS).map(|_| ()).map_err(|error| format!("image: {error}"))
}

fn bytes(image: &str) -> std::result::Result<Vec<u8>, String> {
    let allowed = MAX_BYTES.div_ceil(3) * 4;
    if image.len() > allowed {
        return Err(format!("image has {} characters of base64; {allowed} are allowed, 24 KiB", image.len()));
    }
    let bytes = STANDARD.decode(image).map_err(|error| format!("image is not base64: {error}"))?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("image has {} bytes; {MAX_BYTES} are allowed", bytes.len()));
    }
    if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Err("image is not a PNG; a PNG in base64 is allowed".to_owned());
    }
    Ok(bytes)
}
