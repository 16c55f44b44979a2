//! What decoding, resizing and encoding take: estimates from above, for plans.
//!
//! Instructions were counted in a canister (WebAssembly with SIMD128, as the Internet Computer counts) over the
//! fixtures and the photos of the tests, memory with a counting allocator; each figure is the highest that was found,
//! rounded up. `tests/tests/estimates.rs` and `tests/memory.rs` hold them against what is really taken.

use darkroom_core::cost::Cost;
use darkroom_core::decode::DecodePlan;
use darkroom_core::pixels::Size;
use darkroom_jpeg::{Header, Scale};

use crate::Format;
use crate::compose::Composition;
use crate::encode;
use crate::fit::{Gravity, Placing};
use crate::resize::Light;

/// What anything takes at the least: tables, headers, small allocations.
const BASE: Cost = Cost { instructions: 3_000_000, memory: 1 << 20 };

/// Instructions for each byte of a file and for each pixel of the picture, and bytes of memory for each pixel.
struct Rate {
    byte: u64,
    pixel: u64,
    memory: u64,
}

/// A format that is always decoded at full size.
pub(crate) fn full_size(format: Format, bytes: usize, size: Size, requests: usize) -> DecodePlan {
    let rate = match format {
        Format::Png => Rate { byte: 60, pixel: 120, memory: 12 },
        Format::WebP => Rate { byte: 400, pixel: 300, memory: 16 },
        Format::Gif => Rate { byte: 100, pixel: 60, memory: 12 },
        Format::Bmp | Format::Jpeg => Rate { byte: 10, pixel: 60, memory: 12 },
        Format::Tiff => Rate { byte: 80, pixel: 120, memory: 24 },
    };
    let work = Cost {
        instructions: bytes as u64 * rate.byte + size.area() * rate.pixel,
        memory: size.area() * rate.memory,
    };
    DecodePlan {
        size,
        decoded: vec![size; requests],
        kept: if requests > 0 { size.area() * 4 } else { 0 },
        cost: if requests > 0 { BASE.then(work).beside(BASE.memory) } else { BASE },
    }
}

/// What decoding a JPEG at these scales takes: bytes of all pixels, and the work.
///
/// Entropy coding goes by the bytes of the file and the blocks of the picture, the transform and everything behind it
/// by the pixels of each scale.
pub(crate) fn jpeg(header: &Header, bytes: usize, scales: &[Scale], has_profile: bool) -> (u64, Cost) {
    let (width, height) = (u64::from(header.width), u64::from(header.height));
    let blocks = width.div_ceil(8) * height.div_ceil(8) * header.components.len() as u64;
    let coded = if header.progressive {
        bytes as u64 * 250 + blocks * 900
    } else {
        bytes as u64 * 130 + blocks * 150
    };
    let pixels = |scale: &Scale| u64::from(scale.of(header.width)) * u64::from(scale.of(header.height));
    let all: u64 = scales.iter().map(pixels).sum();
    let largest = scales.iter().map(pixels).max().unwrap_or(0);
    let each = if has_profile { 250 } else { 100 };
    // Colours are converted, and turning makes a copy, of one picture at a time.
    let memory = header.memory_many(scales) + 2 * all + 4 * largest;
    let cost = BASE.then(Cost { instructions: coded + all * each, memory });
    (all * 3, cost.beside(BASE.memory))
}

/// What `composition` takes of a source of the upright size `full` that is decoded at `decoded`.
pub(crate) fn compose(composition: &Composition, full: Size, decoded: Size) -> Cost {
    let Composition { request, light, sharpen, encoding, .. } = *composition;
    let placing = request.place(full);
    let (read, made) = (decoded.area(), placing.canvas.area());
    let mut work = BASE;
    // Colours counted, alpha looked for or flattened.
    let prepared = if encoding.format == encode::Format::Jpeg { 6 } else { 40 };
    work = work.then(Cost { instructions: read * prepared, memory: read * 4 });
    if request.gravity == Gravity::Attention {
        work = work.then(Cost { instructions: read * 60, memory: 0 });
    }
    work = work.then(resize(&placing, decoded, light));
    if sharpen > 0 {
        work = work.then(Cost { instructions: made * 150, memory: made * 12 });
    }
    work = work.then(Cost { instructions: made * 10, memory: made * 8 });
    work.then(encode::cost(&encoding, made))
}

/// What resizing takes: a pass over the rows of the part that is shown, and one over the columns of what comes of it.
pub(crate) fn resize(placing: &Placing, decoded: Size, light: Light) -> Cost {
    let Placing { source, region, picture, .. } = *placing;
    let part = |side: u32, of: u32, full: u32| (u64::from(side) * u64::from(of)).div_ceil(full.max(1).into());
    let columns = part(region.size.width, decoded.width, source.width);
    let rows = part(region.size.height, decoded.height, source.height);
    let between = u64::from(picture.width) * rows;
    // Six lobes of the kernel over what is read, or over what is made where it is larger.
    let taps = 6 * ((columns * rows).max(between) + between.max(picture.area()));
    match light {
        Light::Srgb => Cost {
            instructions: 3 * taps + 30 * (between + picture.area()) + 20 * decoded.area(),
            memory: 4 * (decoded.area() + between + picture.area()),
        },
        Light::Linear => Cost {
            instructions: 12 * taps + 60 * (between + picture.area()) + 60 * decoded.area(),
            memory: 8 * (decoded.area() + between + picture.area()),
        },
    }
}
