//! What the thumbnail is held to (feature `testing`).

use darkroom_codec::testing::conformance::KIT;
use darkroom_core::testing::Suite;

/// The thumbnail's suite.
pub const SUITE: Suite = Suite {
    processor: &crate::PROCESSOR,
    kit: &KIT,
    reads_all: true,
    params: &[
        "{}",
        r#"{"width":100,"height":50}"#,
        r##"{"width":90,"height":120,"fit":"contain","background":"#204060"}"##,
        r#"{"width":90,"height":120,"fit":"inside","quality":40}"#,
        r#"{"width":90,"height":120,"fit":"fill","trellis":false}"#,
        r#"{"width":90,"height":120,"fit":"fill","trellis":true}"#,
        r#"{"width":90,"height":120,"fit":"outside","progressive":true}"#,
        r#"{"width":90,"height":60,"gravity":"north-east","chroma":"444"}"#,
        r#"{"width":70,"height":70,"gravity":"attention"}"#,
        r##"{"width":90,"height":120,"fit":"contain","gravity":"south","format":"png","background":"#20406080"}"##,
        r##"{"width":90,"height":60,"fit":"contain","format":"webp","background":"#0000"}"##,
        r#"{"width":90,"height":60,"format":"auto","linear":true,"sharpen":100}"#,
        r#"{"width":90,"height":60,"fit":"cover","enlarge":true,"linear":true}"#,
        r#"{"width":90,"height":60,"fit":"inside","enlarge":true,"sharpen":50}"#,
        r#"{"width":90,"height":60,"max_bytes":1500,"quality":95}"#,
    ],
    refused: &[
        (r#"{"width":0}"#, "width is 0; 1 to 4096 are allowed"),
        (r#"{"height":4097}"#, "height is 4097; 1 to 4096 are allowed"),
        (r#"{"quality":101}"#, "quality is 101; 1 to 100 are allowed"),
        (r#"{"max_bytes":0}"#, "max_bytes is 0; 256 to 1073741824 are allowed"),
        (r#"{"sharpen":1000}"#, "sharpen is 1000; 0 to 300 are allowed"),
        (
            r#"{"fit":"stretch"}"#,
            "unknown variant `stretch`, expected one of `cover`, `contain`, `fill`, `inside`, `outside`",
        ),
        (r#"{"gravity":"top"}"#, "unknown variant `top`, expected one of `center`, `north`, `north-east`"),
        (r#"{"enlarge":"yes"}"#, "string \"yes\""),
        (r#"{"format":"gif"}"#, "unknown variant `gif`, expected one of `jpeg`, `png`, `webp`, `auto`"),
        (r#"{"width":"wide"}"#, "string \"wide\""),
        (r##"{"background":"#12"}"##, "found colour `#12`; allowed: #rrggbb"),
    ],
    goldens: include_str!("../tests/goldens.txt"),
    goldens_path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens.txt"),
};
