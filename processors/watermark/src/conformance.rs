//! What the watermark is held to (feature `testing`).

use darkroom_codec::testing::conformance::KIT;
use darkroom_core::testing::Suite;

/// The watermark's suite.
pub const SUITE: Suite = Suite {
    processor: &crate::PROCESSOR,
    kit: &KIT,
    reads_all: true,
    params: &[
        "{}",
        r#"{"text":"© Ana Gómez","size":40,"max_edge":300}"#,
        r##"{"text":"Łódź, Ελλάς, Київ","gravity":"center","size":90,"opacity":40,"color":"#203040","max_edge":300}"##,
        r##"{"text":"proof","gravity":"north-west","outline":false,"color":"#ff8000","format":"png","max_edge":200}"##,
        r#"{"text":"proof","gravity":"south","size":100,"margin":50,"format":"webp","max_edge":200}"#,
        // 8 x 6 pixels: a red frame, half transparent inside.
        r#"{"image":"iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGCAYAAAD+Bd/7AAAAKklEQVR42mN4pmHzHx9mABFAEADEDECsgcxGVoAhCWIjK9DAZgrxVuDDAIOsglFXb1OPAAAAAElFTkSuQmCC","size":30,"max_edge":300}"#,
        r#"{"image":"iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGCAYAAAD+Bd/7AAAAKklEQVR42mN4pmHzHx9mABFAEADEDECsgcxGVoAhCWIjK9DAZgrxVuDDAIOsglFXb1OPAAAAAElFTkSuQmCC","size":100,"margin":0,"opacity":50,"gravity":"west","format":"auto","max_edge":200}"#,
        r##"{"opacity":0,"background":"#102030","quality":40,"max_edge":200}"##,
    ],
    refused: &[
        (
            r#"{"text":"a","image":"iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGCAYAAAD+Bd/7AAAAKklEQVR42mN4pmHzHx9mABFAEADEDECsgcxGVoAhCWIjK9DAZgrxVuDDAIOsglFXb1OPAAAAAElFTkSuQmCC"}"#,
            "text and image are both set",
        ),
        (r#"{"text":""}"#, "text has 0 characters; 1 to 100 are allowed"),
        (r#"{"text":"   "}"#, "text is blank"),
        (r#"{"text":"日本"}"#, "text has '日' (U+65E5), which the font lacks"),
        (r#"{"text":"a\nb"}"#, "text has '\\n' (U+000A), which the font lacks"),
        (r#"{"image":"?"}"#, "image is not base64"),
        (r#"{"image":"R0lGODlh"}"#, "image is not a PNG"),
        (r#"{"image":"iVBORw0KGgo="}"#, "image: damaged PNG"),
        (
            r#"{"image":"iVBORw0KGgoAAAANSUhEUgAABAEAAAAGCAYAAACyyYezAAAAKklEQVR42mN4pmHzHx9mABFAEADEDECsgcxGVoAhCWIjK9DAZgrxVuDDAIOsglFXb1OPAAAAAElFTkSuQmCC"}"#,
            "image: image width is 1025; at most 1024 is allowed",
        ),
        (r#"{"gravity":"attention"}"#, "gravity is attention"),
        (r#"{"gravity":"top"}"#, "unknown variant `top`"),
        (r#"{"size":0}"#, "size is 0; 1 to 100 are allowed"),
        (r#"{"margin":51}"#, "margin is 51; 0 to 50 are allowed"),
        (r#"{"opacity":101}"#, "opacity is 101; 0 to 100 are allowed"),
        (r#"{"max_edge":15}"#, "max_edge is 15; 16 to 8192 are allowed"),
        (r#"{"quality":0}"#, "quality is 0; 1 to 100 are allowed"),
        (r#"{"color":"orange"}"#, "found colour `orange`; allowed: #rrggbb"),
        (r#"{"format":"gif"}"#, "unknown variant `gif`"),
    ],
    goldens: include_str!("../tests/goldens.txt"),
    goldens_path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens.txt"),
};
