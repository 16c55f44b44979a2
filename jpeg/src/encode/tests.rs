//! Files against those of mozjpeg-rs.

use mozjpeg_rs::{Preset, Subsampling, TrellisConfig};

use super::*;

/// Smooth areas, texture, noise, and white that is cut off.
fn picture(width: u32, height: u32, channels: u32, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let sample = |at: u32| {
        let (x, y, channel) = (at / channels % width, at / channels / width, at % channels);
        state = state.wrapping_mul(0x915f_77f5).wrapping_add(1);
        let smooth = (x * 3 + y * 2 + channel * 40 + seed) % 300;
        let noise = (state >> 24) % (1 + (x / 16 * 7 + y / 16 * 3) % 60);
        let stripes = if x / 24 % 3 == 1 { (x * y) % 90 } else { 0 };
        u8::try_from((smooth + noise + stripes).min(255)).unwrap()
    };
    (0..width * height * channels).map(sample).collect()
}

fn library(quality: u8, full: bool) -> mozjpeg_rs::Encoder {
    mozjpeg_rs::Encoder::new(Preset::BaselineBalanced)
        .force_baseline(true)
        .optimize_huffman(true)
        .subsampling(if full { Subsampling::S444 } else { Subsampling::S420 })
        .quality(quality)
        .trellis(TrellisConfig::disabled())
}

#[test]
fn files_equal_those_of_mozjpeg_rs() {
    let sizes =
        [(1, 1), (8, 8), (7, 9), (16, 16), (17, 15), (64, 64), (65, 31), (129, 40), (300, 7), (150, 203)];
    for (at, (width, height)) in (1..).zip(sizes) {
        let pixels = picture(width, height, 3, at * 31);
        let grey = picture(width, height, 1, at * 31);
        for quality in [1, 20, 49, 50, 68, 75, 82, 90, 97, 100] {
            for full_chroma in [false, true] {
                let expected = library(quality, full_chroma).encode_rgb(&pixels, width, height).unwrap();
                let found = Encoder { quality, full_chroma }.rgb(&pixels, width, height).unwrap();
                assert!(found == expected, "{width}x{height} at {quality}, full chroma: {full_chroma}");
            }
            let expected = library(quality, false).encode_gray(&grey, width, height).unwrap();
            let found = Encoder { quality, full_chroma: false }.grey(&grey, width, height).unwrap();
            assert!(found == expected, "grey {width}x{height} at {quality}");
        }
    }
}

/// Whatever an encoder may meet: extreme samples next to each other.
#[test]
fn black_and_white_noise_is_coded_as_by_mozjpeg_rs() {
    let mut state = 7u32;
    let pixels: Vec<u8> = (0..96 * 80 * 3)
        .map(|at| {
            state = state.wrapping_mul(0x915f_77f5).wrapping_add(1);
            if at / 3 % 96 < 48 {
                [0, 255][(state >> 30) as usize & 1]
            } else {
                (state >> 24).to_be_bytes()[3]
            }
        })
        .collect();
    for quality in [1, 50, 95, 100] {
        let expected = library(quality, true).encode_rgb(&pixels, 96, 80).unwrap();
        assert!(
            Encoder { quality, full_chroma: true }.rgb(&pixels, 96, 80).unwrap() == expected,
            "{quality}"
        );
    }
}

#[test]
fn what_is_no_picture_of_a_jpeg_is_refused() {
    let encoder = Encoder { quality: 80, full_chroma: false };
    assert_eq!(encoder.rgb(&[], 0, 4), Err(EncodeError::Sides { width: 0, height: 4 }));
    assert_eq!(encoder.grey(&[0; 65_536], 65_536, 1), Err(EncodeError::Sides { width: 65_536, height: 1 }));
    assert_eq!(encoder.rgb(&[0; 11], 2, 2), Err(EncodeError::Length { found: 11, expected: 12 }));
    assert!(encoder.grey(&vec![7; 65_535], 65_535, 1).is_ok());
}
