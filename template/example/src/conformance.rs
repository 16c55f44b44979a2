//! What the processor is held to (feature `testing`).

use darkroom_codec::testing::conformance::KIT;
use darkroom_core::testing::Suite;

/// The processor's suite.
pub const SUITE: Suite = Suite {
    processor: &crate::PROCESSOR,
    kit: &KIT,
    params: &["{}", r#"{"max_edge":1}"#, r##"{"max_edge":1024,"background":"#102030"}"##],
    refused: &[
        (r#"{"max_edge":0}"#, "max_edge is 0; 1 to 1024 are allowed"),
        (r#"{"max_edge":"large"}"#, "string \"large\""),
        (r#"{"background":"white"}"#, "found colour `white`; allowed: #rrggbb"),
    ],
    reads_all: true,
    goldens: include_str!("../tests/goldens.txt"),
    goldens_path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens.txt"),
};
