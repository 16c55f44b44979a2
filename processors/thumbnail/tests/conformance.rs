//! The thumbnail against what every processor has to hold.

use darkroom_codec::testing::conformance::Suite;
use darkroom_core::media::MediaType;
use darkroom_thumbnail::PROCESSOR;

const SUITE: Suite = Suite {
    processor: &PROCESSOR,
    params: &[
        "{}",
        r#"{"width":100,"height":50}"#,
        r##"{"width":90,"height":120,"fit":"contain","background":"#204060"}"##,
        r#"{"width":90,"height":120,"fit":"inside","quality":40}"#,
    ],
    names: &["width", "height", "fit", "quality", "background"],
    refused: &[
        (r#"{"width":0}"#, "width is 0; 1 to 4096 are allowed"),
        (r#"{"height":4097}"#, "height is 4097; 1 to 4096 are allowed"),
        (r#"{"quality":101}"#, "quality is 101; 1 to 100 are allowed"),
        (r#"{"fit":"stretch"}"#, "unknown variant `stretch`, expected one of `cover`, `contain`, `inside`"),
        (r#"{"width":"wide"}"#, "string \"wide\""),
        (r##"{"background":"#12"}"##, "found colour `#12`; allowed: #rrggbb"),
    ],
    goldens: include_str!("goldens.txt"),
    goldens_path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens.txt"),
};

#[test]
fn the_same_bytes_everywhere() {
    SUITE.goldens(|input, output| {
        assert_eq!(output.media, MediaType::JPEG, "{}", input.name);
        assert_eq!(MediaType::sniff(&output.bytes), Some(MediaType::JPEG));
        assert!(output.meta.size.is_some());
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
