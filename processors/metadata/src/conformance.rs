//! What the metadata is held to (feature `testing`).

use darkroom_codec::testing::conformance::KIT as CODEC;
use darkroom_core::media::MediaType;
use darkroom_core::testing::{Input, Kit, Suite};

use crate::samples;

/// The codec's inputs, and files of every format that carries EXIF.
pub static KIT: Kit = Kit { decoder: CODEC.decoder, inputs, fragile: CODEC.fragile, bombs: CODEC.bombs };

fn inputs() -> Vec<Input> {
    let mut all = (CODEC.inputs)();
    let fields = [samples::camera(), samples::place()].concat();
    let (little, big) = (samples::block(&fields, true), samples::block(&fields, false));
    let files = [
        ("exif-jpeg", MediaType::JPEG, samples::jpeg(&little)),
        ("exif-png", MediaType::PNG, samples::png_with(&big)),
        ("exif-webp", MediaType::WEBP, samples::webp_with(&big)),
        ("exif-tiff", MediaType::TIFF, samples::tiff(&fields, true)),
    ];
    all.extend(files.map(|(name, media, bytes)| Input { name, media, bytes, size: samples::SIZE }));
    all
}

/// The metadata's suite.
pub const SUITE: Suite = Suite {
    processor: &crate::PROCESSOR,
    kit: &KIT,
    reads_all: false,
    params: &[
        "{}",
        r#"{"location":true}"#,
        r#"{"camera":false}"#,
        r#"{"camera":false,"time":false,"location":true}"#,
        r#"{"camera":false,"time":false}"#,
    ],
    refused: &[
        (r#"{"location":"yes"}"#, "string \"yes\", expected a boolean"),
        (r#"{"camera":1}"#, "integer `1`, expected a boolean"),
        (r#"{"time":null}"#, "null, expected a boolean"),
    ],
    goldens: include_str!("../tests/goldens.txt"),
    goldens_path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens.txt"),
};
