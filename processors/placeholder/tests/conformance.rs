//! The placeholder against what every processor has to hold.

use darkroom_codec::testing::conformance::Suite;
use darkroom_core::media::MediaType;
use darkroom_placeholder::PROCESSOR;

const SUITE: Suite = Suite {
    processor: &PROCESSOR,
    params: &["{}", r#"{"kind":"thumbhash"}"#],
    names: &["kind"],
    refused: &[
        (r#"{"kind":"blurhash"}"#, "unknown variant `blurhash`, expected `thumbhash`"),
        (r#"{"kind":1}"#, "invalid type"),
    ],
    goldens: include_str!("goldens.txt"),
    goldens_path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens.txt"),
};

#[test]
fn the_same_bytes_everywhere() {
    SUITE.goldens(|input, output| {
        assert_eq!(output.media, MediaType::THUMBHASH);
        assert_eq!(output.meta.size, Some(input.size), "{}: the size of the source", input.name);
        let (width, height, _) = thumbhash::thumb_hash_to_rgba(&output.bytes).unwrap();
        assert_eq!(width > height, input.size.width > input.size.height, "{}", input.name);
        assert!(output.bytes.len() <= 32, "{}: {} bytes", input.name, output.bytes.len());
    });
}

#[test]
fn params_are_checked() {
    SUITE.params();
}

#[test]
fn hostile_inputs_are_errors() {
    SUITE.hostile_inputs();
}
