//! What the preview is held to (feature `testing`).

use darkroom_codec::testing::conformance::KIT;
use darkroom_core::testing::Suite;

/// The preview's suite.
pub const SUITE: Suite = Suite {
    processor: &crate::PROCESSOR,
    kit: &KIT,
    reads_all: true,
    params: &[
        "{}",
        r#"{"max_edge":64}"#,
        r##"{"max_edge":500,"quality":40,"background":"#102030"}"##,
        r#"{"max_edge":200,"progressive":true}"#,
        r#"{"max_edge":200,"trellis":false,"chroma":"444"}"#,
        r#"{"max_edge":200,"trellis":true}"#,
        r#"{"max_edge":200,"quality":95}"#,
        r#"{"max_edge":200,"max_bytes":3000}"#,
        r#"{"max_edge":200,"format":"png"}"#,
        r#"{"max_edge":200,"format":"webp"}"#,
        r#"{"max_edge":200,"format":"auto","linear":true}"#,
        r#"{"max_edge":200,"linear":true,"sharpen":80}"#,
    ],
    refused: &[
        (r#"{"max_edge":15}"#, "max_edge is 15; 16 to 8192 are allowed"),
        (r#"{"max_edge":8193}"#, "max_edge is 8193; 16 to 8192 are allowed"),
        (r#"{"quality":0}"#, "quality is 0; 1 to 100 are allowed"),
        (r#"{"quality":101}"#, "quality is 101; 1 to 100 are allowed"),
        (r#"{"quality":-1}"#, "integer `-1`"),
        (r#"{"quality":"high"}"#, "string \"high\""),
        (r#"{"max_bytes":255}"#, "max_bytes is 255; 256 to 1073741824 are allowed"),
        (r#"{"max_bytes":"200 KB"}"#, "string \"200 KB\""),
        (r#"{"sharpen":301}"#, "sharpen is 301; 0 to 300 are allowed"),
        (r#"{"chroma":"411"}"#, "unknown variant `411`, expected one of `auto`, `420`, `444`"),
        (r#"{"format":"avif"}"#, "unknown variant `avif`, expected one of `jpeg`, `png`, `webp`, `auto`"),
        (r#"{"linear":1}"#, "integer `1`, expected a boolean"),
        (r#"{"background":"white"}"#, "found colour `white`; allowed: #rrggbb"),
    ],
    goldens: include_str!("../tests/goldens.txt"),
    goldens_path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens.txt"),
};
