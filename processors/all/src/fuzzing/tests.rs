//! The seeds of the targets `image` and `metadata`, run as the targets run them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use darkroom_codec::{CODECS, testing};
use darkroom_core::testing::{over_seeds, write_seed};
use darkroom_metadata::samples;

use super::*;

#[test]
fn images() {
    over_seeds("image", |data| image(&CODECS, data));
}

#[test]
fn blocks_and_profiles() {
    over_seeds("metadata", |data| {
        if let [0, block @ ..] = data {
            exif(&CODECS, block);
        }
    });
}

#[test]
fn all_params_are_somebody_s() {
    let registry = crate::registry().unwrap();
    for text in PARAMS {
        let params = serde_json::from_str(text).unwrap();
        assert!(registry.iter().any(|processor| processor.canonical_params(&params).is_ok()), "{text}");
    }
}

#[test]
#[ignore = "writes the seeds: run by hand"]
fn write_seeds() {
    let mut number = 0u8;
    for fixture in testing::fixtures().iter().filter(|fixture| fixture.bytes.len() < 16_000) {
        // Each of another processor, with other params.
        number = number.wrapping_add(1);
        write_seed("image", &fixture.name, &[number, number / 6], &fixture.bytes);
    }
    for (name, profile) in [
        ("srgb", testing::srgb_profile()),
        ("linear grey", testing::linear_grey_profile()),
        ("press", testing::press_profile()),
        ("turned", testing::turned_profile()),
        ("wide", testing::wide_profile()),
    ] {
        write_seed("metadata", name, &[1], &profile);
    }
    let both = [samples::camera(), samples::place()].concat();
    for (name, little, fields) in
        [("camera", true, samples::camera()), ("place", false, samples::place()), ("both", true, both)]
    {
        write_seed("metadata", name, &[0], &samples::block(&fields, little));
    }
    write_seed("metadata", "orientation", &[0], &testing::orientation_block(6));
}
