//! Whole files of each format, and where they are cut.

use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;

use super::{Fixture, jpeg};
use crate::testing::{
    fixtures, orientation_block, photo_with_orientation, png_with_alpha, wide_profile, with_exif,
    with_profile,
};

/// The bytes in which a header is cut at every one.
const HEADER: usize = 400;

/// A whole file, and the lengths to which it is cut.
pub struct Cut {
    /// The file.
    pub whole: Fixture,
    /// Lengths, shorter than the whole.
    pub lengths: Vec<usize>,
}

/// Files of every format: cut at every byte of their header, at each border of a JPEG's segments with the bytes around
/// it, all over the rest, and shortly before their end.
pub fn cuts() -> Vec<Cut> {
    let own = [
        "webp lossy with alpha",
        "webp animation",
        "gif animation",
        "bmp with alpha",
        "bmp run lengths of 8 bits",
    ];
    let more = [
        "tiff strips lzw",
        "tiff tiles deflate with alpha",
        "tiff big-endian 16 bits",
        "jpeg progressive 4:2:0",
    ];
    let mut all: Vec<Fixture> = fixtures()
        .into_iter()
        .filter(|file| own.contains(&&file.name[..]) || more.contains(&&file.name[..]))
        .collect();
    let turned = photo_with_orientation(40, 26, 80, 6, 6);
    let jpeg = with_profile(&with_exif(&turned, &orientation_block(3)), &wide_profile(), 100);
    all.push(Fixture {
        name: "jpeg with exif and a profile".to_owned(),
        media: MediaType::JPEG,
        bytes: jpeg,
    });
    let Size { width, height } = Size::new(29, 17);
    all.push(Fixture {
        name: "png".to_owned(),
        media: MediaType::PNG,
        bytes: png_with_alpha(width, height, 9),
    });
    all.into_iter()
        .map(|whole| {
            let length = whole.bytes.len();
            let mut lengths: Vec<usize> = (0..HEADER.min(length)).collect();
            if whole.media == MediaType::JPEG {
                lengths.extend(
                    jpeg::segments(&whole.bytes).into_iter().flat_map(|at| at.saturating_sub(2)..at + 5),
                );
            }
            lengths.extend((HEADER..length).step_by(length / 20 + 1));
            lengths.extend(length.saturating_sub(12)..length);
            lengths.sort_unstable();
            lengths.dedup();
            lengths.retain(|cut| *cut < length);
            Cut { whole, lengths }
        })
        .collect()
}
