//! The preview against what every processor has to hold.

use darkroom_codec::testing::conformance::Suite;
use darkroom_core::media::MediaType;
use darkroom_preview::PROCESSOR;

const SUITE: Suite = Suite {
    processor: &PROCESSOR,
    params: &["{}", r#"{"max_edge":64}"#, r##"{"max_edge":500,"quality":40,"background":"#102030"}"##],
    names: &["max_edge", "quality", "background"],
    refused: &[
        (r#"{"max_edge":15}"#, "max_edge is 15; 16 to 8192 are allowed"),
        (r#"{"max_edge":8193}"#, "max_edge is 8193; 16 to 8192 are allowed"),
        (r#"{"quality":0}"#, "quality is 0; 1 to 100 are allowed"),
        (r#"{"quality":101}"#, "quality is 101; 1 to 100 are allowed"),
        (r#"{"quality":-1}"#, "integer `-1`"),
        (r#"{"quality":"high"}"#, "string \"high\""),
        (r#"{"background":"white"}"#, "found colour `white`; allowed: #rrggbb"),
    ],
    goldens: include_str!("goldens.txt"),
    goldens_path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens.txt"),
};

#[test]
fn the_same_bytes_everywhere() {
    SUITE.goldens(|input, output| {
        assert_eq!(output.media, MediaType::JPEG);
        assert_eq!(MediaType::sniff(&output.bytes), Some(MediaType::JPEG));
        let size = output.meta.size.unwrap();
        assert!(input.size.covers(size), "{}: enlarged to {size:?}", input.name);
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
