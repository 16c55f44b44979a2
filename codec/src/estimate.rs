//! What decoding, resizing and encoding take: estimates from above, for plans.
//!
//! Instructions were counted in a canister (WebAssembly with SIMD128, as the Internet Computer counts) over the
//! fixtures and the photos of the tests, memory with a counting allocator; each figure is the highest that was found,
//! rounded up. `tests/tests/estimates.rs` and `codec/tests/memory.rs` hold them against what is really taken.

use darkroom_core::cost::Cost;
use darkroom_core::decode::DecodePlan;
use darkroom_core::pixels::Size;
use darkroom_jpeg::{Header, Scale};
use memchr::memmem;

use crate::Format;
use crate::compose::Composition;
use crate::encode;
use crate::fit::{Gravity, Placing};
use crate::png;
use crate::resize::Light;

/// What anything takes at the least: tables, headers, small allocations.
const BASE: Cost = Cost { instructions: 6_000_000, memory: 1 << 20 };

/// What inflating a PNG's profile takes at most, whatever it says: the decoder ends at 16 MiB, and its buffer has grown to
/// half as much again.
const INFLATED: Cost = Cost { instructions: 100_000_000, memory: 32 << 20 };

/// Instructions for each byte of a file whose blocks are walked through: 15 for blocks of one byte.
const WALK: u64 = 20;

/// Instructions for each chunk of a PNG beside its bytes: as the header is read, and as its pixels are. The decoder moves
/// its window for each that has pixels, also for none.
const CHUNK_WALK: u64 = 2_000;
const CHUNK: u64 = 30_000;

/// Instructions for each byte of a file and for each pixel of the picture, and bytes of memory for each pixel.
struct Rate {
    byte: u64,
    pixel: u64,
    memory: u64,
}

/// A format that is always decoded at full size.
pub(crate) fn full_size(format: Format, bytes: &[u8], size: Size, requests: usize) -> DecodePlan {
    // Whether there is a profile, or a turn, is seen by the names of their chunks; what a TIFF has is assumed.
    let names = |name: &str| memmem::find(bytes, name.as_bytes()).is_some();
    let (has_profile, is_turned) = match format {
        Format::Png => (names("iCCP"), names("eXIf")),
        Format::WebP => (names("ICCP"), names("EXIF")),
        Format::Tiff => (true, true),
        Format::Gif | Format::Bmp | Format::Jpeg => (false, false),
    };
    let behind = match format {
        Format::Tiff => 800,
        _ if has_profile => 200,
        _ => 0,
    } + if is_turned { 60 } else { 0 };
    // What the header takes, however little is asked for: all blocks of a file are walked through.
    let (header, profile, pieces) = match format {
        // A PNG's profile is inflated each time that it is opened.
        Format::Png if has_profile => (INFLATED, INFLATED.instructions, png::chunks(bytes).count()),
        Format::Png => (Cost::default(), 0, png::chunks(bytes).count()),
        _ if has_profile => (Cost::default(), 40_000_000, 0),
        _ => (Cost::default(), 0, 0),
    };
    let pieces = pieces as u64;
    let walk = bytes.len() as u64 * WALK + pieces * CHUNK_WALK;
    let header = header.then(Cost { instructions: walk, memory: 0 });
    let rate = match format {
        Format::Png => Rate { byte: 70, pixel: 150, memory: 12 },
        Format::WebP => Rate { byte: 400, pixel: 300, memory: 16 },
        Format::Gif => Rate { byte: 250, pixel: 60, memory: 12 },
        Format::Bmp | Format::Jpeg => Rate { byte: 10, pixel: 60, memory: 12 },
        Format::Tiff => Rate { byte: 80, pixel: 120, memory: 24 },
    };
    let work = Cost {
        instructions: profile
            + bytes.len() as u64 * rate.byte
            + pieces * CHUNK
            + size.area() * (rate.pixel + behind),
        memory: size.area() * rate.memory,
    };
    DecodePlan {
        size,
        decoded: vec![size; requests],
        kept: if requests > 0 { size.area() * 4 } else { 0 },
        cost: if requests > 0 { header.then(BASE).then(work).beside(BASE.memory) } else { header.then(BASE) },
    }
}

/// What a JPEG's headers say of its decoding.
pub(crate) struct Jpeg<'a> {
    pub(crate) header: &'a Header,
    /// Of the file.
    pub(crate) bytes: usize,
    /// Of a progressive one, and as many as are read at most.
    pub(crate) scans: u64,
    pub(crate) has_profile: bool,
    /// Whether it is stored turned or mirrored.
    pub(crate) is_turned: bool,
}

/// What decoding a JPEG at these scales, each of them once, takes: bytes of all pixels, and the work.
///
/// Entropy coding goes by the bytes of the file and the blocks of the picture, the transform and everything behind it
/// by the pixels of each scale.
pub(crate) fn jpeg(file: &Jpeg<'_>, scales: &[Scale]) -> (u64, Cost) {
    let Jpeg { header, bytes, scans, has_profile, is_turned } = *file;
    let (width, height) = (u64::from(header.width), u64::from(header.height));
    let inks = header.components.len() == 4;
    let blocks = width.div_ceil(8) * height.div_ceil(8) * header.components.len() as u64;
    let coded = if header.progressive {
        // Each scan goes over all blocks, also one of a few bytes; files as they are have about ten.
        bytes as u64 * 250 + blocks * (900 + 80 * scans.saturating_sub(10))
    } else {
        bytes as u64 * 130 + blocks * 150
    };
    let pixels = |scale: Scale| u64::from(scale.of(header.width)) * u64::from(scale.of(header.height));
    // Chroma that is sampled at half the rate is transformed at twice the size.
    let transformed = |scale: Scale| match scale {
        Scale::Eighth => 700,
        Scale::Quarter => 600,
        Scale::Half => 320,
        Scale::Full => 160,
    };
    let color = match (inks, has_profile) {
        (false, false) => 0,
        (false, true) => 200,
        (true, false) => 150,
        (true, true) => 800,
    };
    let behind = color + if is_turned { 60 } else { 0 };
    // Blocks are transformed whole, however little of them lies within the picture.
    let sampled =
        |side: fn(&darkroom_jpeg::Component) -> u8| header.components.iter().map(side).max().unwrap_or(1);
    let whole = |side: u32, sampled: u8| side.next_multiple_of(8 * u32::from(sampled.max(1)));
    let whole_width = whole(header.width, sampled(|component| component.horizontal));
    let whole_height = whole(header.height, sampled(|component| component.vertical));
    let worked = |scale: Scale| u64::from(scale.of(whole_width)) * u64::from(scale.of(whole_height));
    let all: u64 = scales.iter().map(|scale| pixels(*scale)).sum();
    let largest = scales.iter().map(|scale| pixels(*scale)).max().unwrap_or(0);
    let work: u64 = scales.iter().map(|scale| worked(*scale) * (transformed(*scale) + behind)).sum();
    let profile = if has_profile { 40_000_000 } else { 0 };
    // Colours are converted, and turning makes a copy, of one picture at a time.
    let memory = header.memory_many(scales) + 2 * all + 4 * largest;
    // A sequential scan has tables made for each component that read several bits at once.
    let tables = if header.progressive { 0 } else { header.components.len() as u64 * 1_500_000 };
    let cost = BASE.then(Cost { instructions: tables + coded + work + profile, memory });
    (all * 3, cost.beside(BASE.memory))
}

/// What `composition` takes of a source of the upright size `full` that is decoded at `decoded`.
pub(crate) fn compose(composition: &Composition, full: Size, decoded: Size) -> Cost {
    let Composition { request, light, sharpen, encoding, .. } = *composition;
    let placing = request.place(full);
    let (read, made) = (decoded.area(), placing.canvas.area());
    let mut work = BASE;
    // Colours counted, alpha looked for or flattened.
    let prepared = if encoding.format == encode::Format::Jpeg { 60 } else { 160 };
    work = work.then(Cost { instructions: read * prepared, memory: read * 4 });
    if request.gravity == Gravity::Attention {
        work = work.then(Cost { instructions: 20_000_000 + read * 60, memory: 0 });
    }
    work = work.then(resize(&placing, decoded, light));
    if sharpen > 0 {
        work = work.then(Cost { instructions: made * 150, memory: made * 12 });
    }
    work = work.then(Cost { instructions: made * 10, memory: made * 8 });
    work.then(encode::cost(&encoding, made))
}

/// What resizing takes: rows are made fewer, then shorter.
pub(crate) fn resize(placing: &Placing, decoded: Size, light: Light) -> Cost {
    let Placing { source, region, picture, .. } = *placing;
    let part = |side: u32, of: u32, full: u32| (u64::from(side) * u64::from(of)).div_ceil(full.max(1).into());
    let columns = part(region.size.width, decoded.width, source.width);
    let rows = part(region.size.height, decoded.height, source.height);
    let between = columns * u64::from(picture.height);
    // Six lobes of the kernel over what is read, or over what is made where that is more.
    let taps = 6 * ((columns * rows).max(between) + between.max(picture.area()));
    // They are computed for each row and column.
    let weights = 6 * 900 * (columns.max(picture.width.into()) + rows.max(picture.height.into()));
    let (each, sample, around) = match light {
        Light::Srgb => (4, 60, 150),
        Light::Linear => (20, 120, 350),
    };
    Cost {
        instructions: each * taps + sample * (between + picture.area()) + around * decoded.area() + weights,
        memory: match light {
            Light::Srgb => 4 * (decoded.area() + 2 * between + 2 * picture.area()),
            // With alpha 8 bytes a pixel; without it 6, beside a copy of 3 that alpha may have been taken from. The
            // table to sRGB stays.
            Light::Linear => 9 * decoded.area() + 8 * (between + picture.area()) + (1 << 16),
        } + 80 * (columns + rows),
    }
}
