//! Other decoders and encoders, which agree within rounding.

use darkroom_jpeg::{Decoder, Image, Limits, Scale};
use mozjpeg_rs::{Encoder, Preset, Subsampling};

use crate::support::{Form, Picture, encode};

fn decode(bytes: &[u8], scale: Scale) -> Image {
    Decoder::new(bytes, &Limits::default()).unwrap().decode(scale).unwrap()
}

fn jpeg_decoder(bytes: &[u8], scale: Scale) -> Vec<u8> {
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    decoder.read_info().unwrap();
    let info = decoder.info().unwrap();
    let side = |full: u16| u16::try_from(scale.of(full.into())).unwrap();
    let size = decoder.scale(side(info.width), side(info.height)).unwrap();
    assert_eq!(size, (side(info.width), side(info.height)));
    decoder.decode().unwrap()
}

fn zune(bytes: &[u8]) -> Vec<u8> {
    zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(bytes)).decode().unwrap()
}

/// The largest and the mean difference.
fn difference(a: &[u8], b: &[u8]) -> (u8, f64) {
    assert_eq!(a.len(), b.len());
    let most = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    (most, sum as f64 / a.len() as f64)
}

/// A photo-like picture: slopes, an edge and a little noise.
fn photo(width: usize, height: usize) -> Vec<u8> {
    let mut random = crate::support::Random(5);
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let edge = if (x as i64 - 90).pow(2) + (y as i64 - 70).pow(2) < 2500 { 60 } else { 0 };
            for slope in [x + y / 2, 2 * y, (width - x) + y] {
                pixels.push((slope % 400 / 3 + edge + random.below(9) as usize).min(255) as u8);
            }
        }
    }
    pixels
}

#[test]
fn scaled_components_agree_with_jpeg_decoder() {
    // Without subsampling the two differ only in how they round; at 1/8 the other rounds down.
    for sampling in [&[(1, 1)][..], &[(1, 1); 3]] {
        let picture = Picture::random(203, 117, sampling, 20, 9);
        let components = sampling.len();
        for form in [Form::baseline(components), Form::progressive(components)] {
            let bytes = encode(&picture, &form);
            for scale in Scale::ALL {
                let (most, mean) = difference(&decode(&bytes, scale).pixels, &jpeg_decoder(&bytes, scale));
                assert!(most <= 3 && mean < 1.1, "{scale:?}: {most}, {mean}");
            }
        }
    }
}

#[test]
fn full_size_agrees_with_zune() {
    for subsampling in [Subsampling::S444, Subsampling::S422, Subsampling::S420] {
        for preset in [Preset::BaselineFastest, Preset::ProgressiveBalanced] {
            let pixels = photo(211, 157);
            let bytes = Encoder::new(preset)
                .quality(90)
                .subsampling(subsampling)
                .encode_rgb(&pixels, 211, 157)
                .unwrap();
            let ours = decode(&bytes, Scale::Full).pixels;
            let (most, mean) = difference(&ours, &zune(&bytes));
            assert!(most <= 4 && mean < 0.5, "{subsampling:?}: {most}, {mean}");
            let (_, mean) = difference(&ours, &pixels);
            assert!(mean < 4.0, "{subsampling:?} from the original: {mean}");
        }
    }
}

#[test]
fn small_scales_are_the_picture_made_smaller() {
    let (width, height) = (208, 160);
    let pixels = photo(width, height);
    for subsampling in [Subsampling::S444, Subsampling::S422, Subsampling::S420, Subsampling::S440] {
        let encoder = Encoder::new(Preset::BaselineBalanced).quality(95).subsampling(subsampling);
        let bytes = encoder.encode_rgb(&pixels, width as u32, height as u32).unwrap();
        for scale in [Scale::Eighth, Scale::Quarter, Scale::Half] {
            let side = 8 / scale.points() as usize;
            let image = decode(&bytes, scale);
            let mut averages = Vec::new();
            for y in 0..height / side {
                for x in 0..width / side {
                    for channel in 0..3 {
                        let places =
                            (0..side * side).map(|i| ((y * side + i / side) * width) + x * side + i % side);
                        let sum: usize = places.map(|place| usize::from(pixels[place * 3 + channel])).sum();
                        averages.push((sum / (side * side)) as u8);
                    }
                }
            }
            let (_, mean) = difference(&image.pixels, &averages);
            assert!(mean < 4.0, "{subsampling:?} {scale:?}: {mean}");
        }
    }
}
