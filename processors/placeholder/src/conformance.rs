//! What the placeholder is held to (feature `testing`).

use darkroom_codec::testing::conformance::KIT;
use darkroom_core::testing::Suite;

/// The placeholder's suite.
pub const SUITE: Suite = Suite {
    processor: &crate::PROCESSOR,
    kit: &KIT,
    reads_all: true,
    params: &[
        "{}",
        r#"{"kind":"thumbhash"}"#,
        r#"{"kind":"blurhash"}"#,
        r##"{"kind":"blurhash","components_x":9,"components_y":1,"background":"#000"}"##,
        r#"{"kind":"color"}"#,
        r#"{"kind":"jpeg"}"#,
        r##"{"kind":"jpeg","max_edge":64,"quality":10,"background":"#203040"}"##,
        r#"{"kind":"png"}"#,
        r#"{"kind":"png","max_edge":4}"#,
    ],
    refused: &[
        (
            r#"{"kind":"lqip"}"#,
            "unknown variant `lqip`, expected one of `thumbhash`, `blurhash`, `color`, `jpeg`, `png`",
        ),
        (r#"{"kind":1}"#, "invalid type"),
        (r#"{"components_x":0}"#, "components_x is 0; 1 to 9 are allowed"),
        (r#"{"components_y":10}"#, "components_y is 10; 1 to 9 are allowed"),
        (r#"{"max_edge":65}"#, "max_edge is 65; 4 to 64 are allowed"),
        (r#"{"quality":0}"#, "quality is 0; 1 to 100 are allowed"),
        (r#"{"background":"none"}"#, "found colour `none`; allowed: #rrggbb"),
    ],
    goldens: include_str!("../tests/goldens.txt"),
    goldens_path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens.txt"),
};
