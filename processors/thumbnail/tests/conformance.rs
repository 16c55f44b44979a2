//! The thumbnail against what every processor has to hold.

use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_thumbnail::conformance::SUITE;

darkroom_core::conformance!(SUITE, |input, params, output| {
    let name = input.name;
    let says = |text: &str| params.contains(text);
    if says("\"png\"") {
        assert_eq!(output.media, MediaType::PNG, "{name}");
    } else if says("\"webp\"") {
        assert_eq!(output.media.as_str(), "image/webp", "{name}");
    } else if !says("auto") || !["alpha-png", "dot", "strip"].contains(&name) {
        assert_eq!(output.media, MediaType::JPEG, "{name} {params}");
        assert_eq!(MediaType::sniff(&output.bytes), Some(MediaType::JPEG));
    } else {
        assert_ne!(output.media, MediaType::JPEG, "{name} {params}");
    }
    assert!(!says("max_bytes") || output.bytes.len() <= 1500, "{name}: {}", output.bytes.len());
    let size = output.meta.size.unwrap();
    if says("contain") {
        assert!([Size::new(90, 120), Size::new(90, 60)].contains(&size), "{name}");
    } else if says("enlarge") {
        assert!(size.width == 90 || size.height == 60, "{name}");
    } else {
        assert!(input.size.covers(size), "{name}: enlarged to {size:?}");
    }
});

#[test]
fn a_budget_that_cannot_be_kept_is_an_error() {
    let photo = darkroom_codec::testing::photo(640, 480, 85, 3);
    let params = r#"{"width":400,"height":400,"max_bytes":700}"#;
    let error = SUITE.run(&MediaType::JPEG, &photo, params).unwrap_err();
    assert_eq!(error.code(), "over_budget");
    let text = error.to_string();
    assert!(
        text.starts_with("JPEG down to quality 1 has ") && text.ends_with("at most 700 are allowed"),
        "{text}"
    );
}

#[test]
fn a_result_that_would_be_too_large_is_an_error() {
    let strip = darkroom_codec::testing::photo(3000, 1, 85, 3);
    let params = r#"{"width":4096,"height":4096,"fit":"outside","enlarge":true}"#;
    let error = SUITE.run(&MediaType::JPEG, &strip, params).unwrap_err();
    assert_eq!(error.code(), "image_too_large");
}
