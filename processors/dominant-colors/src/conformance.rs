//! What the palette is held to (feature `testing`).

use darkroom_codec::testing::conformance::KIT;
use darkroom_core::testing::Suite;

/// The palette's suite.
pub const SUITE: Suite = Suite {
    processor: &crate::PROCESSOR,
    kit: &KIT,
    reads_all: true,
    params: &["{}", r#"{"count":1}"#, r#"{"count":16}"#, r#"{"count":8,"ignore_white":true}"#],
    refused: &[
        (r#"{"count":0}"#, "count is 0; 1 to 16 are allowed"),
        (r#"{"count":17}"#, "count is 17; 1 to 16 are allowed"),
        (r#"{"count":"five"}"#, "string \"five\""),
        (r#"{"ignore_white":1}"#, "integer `1`, expected a boolean"),
    ],
    goldens: include_str!("../tests/goldens.txt"),
    goldens_path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens.txt"),
};
