//! Our ThumbHash against the reference encoder and decoder.

use darkroom_codec::testing::{cutout, scene};
use darkroom_core::pixels::PixelFormat;
use proptest::prelude::*;

use super::*;

/// The reference's hash of the same picture.
fn reference(picture: &Pixels) -> Vec<u8> {
    let size = picture.size();
    ::thumbhash::rgba_to_thumb_hash(
        size.width as usize,
        size.height as usize,
        straight(picture).as_flattened(),
    )
}

/// Equal up to the last bit of a cosine, which may turn a value that lies between two steps of four to six bits.
fn near(ours: &[u8], theirs: &[u8]) -> bool {
    let (Some((ours, our_rest)), Some((theirs, their_rest))) =
        (ours.split_first_chunk::<5>(), theirs.split_first_chunk::<5>())
    else {
        return false;
    };
    let fields = |head: &[u8; 5]| {
        let [a, b, c, d, e] = head.map(u32::from);
        let (means, scales) = (a | b << 8 | c << 16, d | e << 8);
        [(means, 0, 6), (means, 6, 6), (means, 12, 6), (means, 18, 5), (means, 23, 1)]
            .into_iter()
            .chain([(scales, 0, 3), (scales, 3, 6), (scales, 9, 6), (scales, 15, 1)])
            .map(|(bits, from, count)| bits >> from & ((1 << count) - 1))
            .collect::<Vec<_>>()
    };
    let nibbles = |rest: &[u8]| rest.iter().flat_map(|byte| [byte & 15, byte >> 4]).collect::<Vec<_>>();
    let heads = fields(ours).into_iter().zip(fields(theirs)).all(|(a, b)| a.abs_diff(b) <= 1);
    let rests = nibbles(our_rest).into_iter().zip(nibbles(their_rest)).all(|(a, b)| a.abs_diff(b) <= 1);
    heads && rests && our_rest.len() == their_rest.len()
}

#[test]
fn scenes_hash_as_with_the_reference() {
    let mut equal = 0;
    let mut all = 0;
    for seed in 0..6 {
        for (width, height) in [(100, 75), (75, 100), (100, 100), (100, 1), (1, 100), (7, 5), (1, 1)] {
            let size = Size::new(width, height);
            for picture in [scene(size, seed), cutout(size, seed)] {
                let (ours, theirs) = (encode(&picture), reference(&picture));
                assert!(near(&ours, &theirs), "{size:?}, seed {seed}: {ours:?}, reference {theirs:?}");
                equal += usize::from(ours == theirs);
                all += 1;
            }
        }
    }
    assert!(equal * 100 >= all * 95, "{equal} of {all} are equal");
}

#[test]
fn a_plain_colour_comes_back() {
    for color in [[0, 0, 0], [255, 255, 255], [200, 40, 10], [10, 90, 250]] {
        let data = color.repeat(60 * 40);
        let picture = Pixels::new(Size::new(60, 40), PixelFormat::Rgb8, data).unwrap();
        let (width, height, pixels) = ::thumbhash::thumb_hash_to_rgba(&encode(&picture)).unwrap();
        assert!(width > height);
        for pixel in pixels.chunks(4) {
            let off = pixel.iter().zip(color).map(|(a, b)| a.abs_diff(b)).max();
            assert!(off < Some(9) && pixel[3] == 255, "{color:?} came back as {pixel:?}");
        }
    }
}

#[test]
fn what_is_fully_transparent_stays_so() {
    let picture = Pixels::new(Size::new(8, 8), PixelFormat::Rgba8, vec![0; 256]).unwrap();
    let (_, _, pixels) = ::thumbhash::thumb_hash_to_rgba(&encode(&picture)).unwrap();
    assert!(pixels.chunks(4).all(|pixel| pixel[3] == 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn noise_hashes_as_with_the_reference(
        width in 1..=100u32,
        height in 1..=100u32,
        bytes in proptest::collection::vec(any::<u8>(), 64),
        alpha in any::<bool>(),
    ) {
        let length = width as usize * height as usize * if alpha { 4 } else { 3 };
        let data = bytes.iter().cycle().take(length).copied().collect();
        let format = if alpha { PixelFormat::Rgba8 } else { PixelFormat::Rgb8 };
        let picture = Pixels::new(Size::new(width, height), format, data).unwrap();
        let (ours, theirs) = (encode(&picture), reference(&picture));
        prop_assert!(near(&ours, &theirs), "{ours:?}, reference {theirs:?}");
    }
}
