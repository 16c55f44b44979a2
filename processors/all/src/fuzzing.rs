//! What the fuzz targets in `fuzz/` drive, and the tests over their seeds: whole images through every processor.
#![allow(missing_docs, reason = "not a part of the interface")]
#![allow(clippy::expect_used, reason = "a fuzz target fails by panicking")]

use darkroom_core::asset::Derivative;
use darkroom_core::decode::{Decode, DecodeLimits};
use darkroom_core::media::MediaType;
use darkroom_core::processor::{Descriptor, RawParams};
use darkroom_core::source::Source;

/// Small, so that an input takes milliseconds; the limits themselves are tested elsewhere.
pub const LIMITS: DecodeLimits =
    DecodeLimits { pixels: 1 << 20, side: 65_535, bytes: 1 << 20, frames: 200, output_pixels: 1 << 20 };

/// Params that reach other code than the defaults do. Each processor takes those that it knows.
const PARAMS: [&str; 16] = [
    "{}",
    r#"{"max_edge":64}"#,
    r#"{"max_edge":200,"format":"png"}"#,
    r#"{"max_edge":100,"format":"webp"}"#,
    r#"{"max_edge":64,"format":"auto","quality":50}"#,
    r#"{"max_edge":90,"progressive":true,"trellis":true,"linear":true,"sharpen":100}"#,
    r#"{"max_edge":90,"max_bytes":900,"chroma":"444"}"#,
    r#"{"width":40,"height":30,"fit":"cover","gravity":"attention"}"#,
    r#"{"width":40,"height":90,"fit":"contain","enlarge":true,"format":"webp"}"#,
    r#"{"width":300,"height":300,"fit":"inside","linear":true}"#,
    r#"{"kind":"blurhash"}"#,
    r#"{"kind":"color"}"#,
    r#"{"kind":"jpeg"}"#,
    r#"{"text":"proof","size":60,"gravity":"north-west","max_edge":100}"#,
    r#"{"location":true}"#,
    r#"{"count":16,"ignore_white":true}"#,
];

/// The params among [`PARAMS`] that a processor takes.
pub fn params_of(processor: &Descriptor) -> Vec<RawParams> {
    let parsed = PARAMS.iter().map(|text| serde_json::from_str(text).expect("they are JSON objects"));
    parsed.filter(|params| processor.canonical_params(params).is_ok()).collect()
}

/// The first byte picks a processor, the second its params; the rest is an image, declared as what it begins like.
///
/// # Panics
/// When a processor does, or gives what is no valid derivative.
pub fn image(decoder: &dyn Decode, data: &[u8]) {
    let [pick, params, bytes @ ..] = data else { return };
    let registry = crate::registry().expect("ids are unique");
    let processors: Vec<_> = registry.iter().collect();
    let processor = processors[usize::from(*pick) % processors.len()];
    let all = params_of(processor);
    let params = &all[usize::from(*params) % all.len()];
    let media = MediaType::sniff(bytes).unwrap_or(MediaType::JPEG);
    // An error is an answer too.
    let _ = check(decoder, processor, params, &media, bytes, LIMITS);
}

/// Runs a processor. Gives the code of its error, or a derivative that was looked through.
///
/// # Panics
/// When the processor does, when its estimate does, or when what it gives is no valid derivative.
pub fn check(
    decoder: &dyn Decode,
    processor: &Descriptor,
    params: &RawParams,
    media: &MediaType,
    bytes: &[u8],
    limits: DecodeLimits,
) -> Result<Derivative, &'static str> {
    let source = Source::new(bytes, media.clone(), decoder, limits);
    // As stages do before they run.
    if let Ok(full) = source.size() {
        let request = processor.request(full, params).expect("the params are known");
        let source = Source::new(bytes, media.clone(), decoder, limits).with_requests(request);
        let plan = source.plan().expect("the size is known");
        assert_eq!(plan.size, full);
        let at = plan.decoded.first().copied().unwrap_or(full);
        processor.cost(full, at, params).expect("the params are known");
    }
    let made = processor.process(&source, params).map_err(|error| error.code())?;
    let Derivative { media, bytes, meta } = &made;
    assert!(!bytes.is_empty(), "{processor:?} made nothing");
    match media.as_str() {
        "application/json" => {
            let json = serde_json::from_slice::<serde_json::Value>(bytes);
            json.expect("what is called JSON is JSON");
        }
        kind if kind.starts_with("image/") => {
            let own = DecodeLimits { pixels: limits.output_pixels, ..DecodeLimits::default() };
            let size = decoder.size(media, bytes, own).expect("a derivative can be read");
            // A placeholder's size is that of what it stands for.
            assert!(
                processor.kind().0 == "placeholder" || meta.size == Some(size),
                "{meta:?}, found {size:?}"
            );
            let pixels = decoder.decode(media, bytes, size, own).expect("a derivative can be decoded");
            assert_eq!(pixels.size(), size);
        }
        _ => assert!(bytes.len() < 200, "{processor:?} made {} bytes of {media}", bytes.len()),
    }
    Ok(made)
}

/// An EXIF block from its TIFF header on: in a JPEG of 8x8 pixels, read by the processor of metadata.
///
/// # Panics
/// When it does, or when what it gives is no JSON.
pub fn exif(decoder: &dyn Decode, block: &[u8]) {
    let Ok(length) = u16::try_from(2 + 6 + block.len()) else { return };
    // One component, 8x8, and no scan: only headers are read.
    let frame = [0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0];
    let jpeg = [&[0xff, 0xd8, 0xff, 0xe1], &length.to_be_bytes()[..], b"Exif\0\0", block, &frame].concat();
    let registry = crate::registry().expect("ids are unique");
    let processor = registry.get("metadata").expect("it is linked");
    for params in params_of(processor) {
        let _ = check(decoder, processor, &params, &MediaType::JPEG, &jpeg, LIMITS);
    }
}

#[cfg(test)]
mod tests;
