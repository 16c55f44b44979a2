//! The palette against what every processor has to hold, and pictures of known colours.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use darkroom_codec::testing::png;
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_dominant_colors::conformance::SUITE;
use serde_json::{Value, json};

darkroom_core::conformance!(SUITE, |input, params, output| {
    assert_eq!(output.meta.size, Some(input.size), "{}: the size of the source", input.name);
    assert_eq!(output.media.as_str(), "application/json");
    let found: Value = serde_json::from_slice(&output.bytes).unwrap();
    assert_eq!((&found["width"], &found["height"]), (&json!(input.size.width), &json!(input.size.height)));
    let asked: Value = serde_json::from_str(params).unwrap();
    let colors = found["colors"].as_array().unwrap();
    assert!(colors.len() as u64 <= asked["count"].as_u64().unwrap_or(5) && !colors.is_empty());
    let shares: Vec<u64> = colors.iter().map(|color| color["share"].as_u64().unwrap()).collect();
    assert!(shares.is_sorted_by(|a, b| a >= b), "{shares:?}");
    // Each is rounded, and what rounds to nothing is left out.
    assert!(shares.iter().sum::<u64>().abs_diff(1000) <= 8, "{shares:?}");
});

/// The palette of a picture whose columns, from the left, are so many of each colour.
fn of(height: u32, columns: &[(usize, [u8; 4])], params: &str) -> Value {
    let row: Vec<u8> = columns.iter().flat_map(|(count, color)| color.repeat(*count)).collect();
    let size = Size::new(u32::try_from(row.len() / 4).unwrap(), height);
    let picture = Pixels::new(size, PixelFormat::Rgba8, row.repeat(height as usize)).unwrap();
    let output = SUITE.run(&MediaType::PNG, &png(&picture).unwrap(), params).unwrap();
    let found: Value = serde_json::from_slice(&output.bytes).unwrap();
    found["colors"].clone()
}

const RED: [u8; 4] = [200, 30, 30, 255];
const BLUE: [u8; 4] = [20, 40, 160, 255];
const WHITE: [u8; 4] = [255; 4];

#[test]
fn known_colours_come_back_with_their_shares() {
    let green = [10, 120, 60, 255];
    let found = of(50, &[(50, RED), (30, BLUE), (20, green)], "{}");
    let expected = json!([
        { "color": "#c81e1e", "share": 500 },
        { "color": "#1428a0", "share": 300 },
        { "color": "#0a783c", "share": 200 },
    ]);
    assert_eq!(found, expected);
    let equals = of(10, &[(30, RED), (30, BLUE)], "{}");
    let expected = json!([{ "color": "#1428a0", "share": 500 }, { "color": "#c81e1e", "share": 500 }]);
    assert_eq!(equals, expected, "the darkest of equals comes first");
    let mean = of(10, &[(30, RED), (30, BLUE)], r#"{"count":1}"#);
    assert_eq!(mean, json!([{ "color": "#6e235f", "share": 1000 }]));
}

#[test]
fn sixteen_colours_are_told_apart() {
    let columns: Vec<_> = (0..16u8).map(|at| (4, [at * 16, 255 - at * 16, at / 4 * 64, 255])).collect();
    let found = of(16, &columns, r#"{"count":16}"#);
    let mut found: Vec<_> =
        found.as_array().unwrap().iter().map(|color| color["color"].to_string()).collect();
    let text = |[r, g, b, _]: [u8; 4]| format!("\"#{r:02x}{g:02x}{b:02x}\"");
    let mut expected: Vec<_> = columns.iter().map(|(_, color)| text(*color)).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn what_cannot_be_seen_does_not_count() {
    let clear = [9, 9, 9, 0];
    assert_eq!(of(8, &[(8, clear)], "{}"), json!([]));
    let half = of(8, &[(60, clear), (20, RED), (40, [20, 40, 160, 51])], "{}");
    let expected = json!([{ "color": "#c81e1e", "share": 714 }, { "color": "#1428a0", "share": 286 }]);
    assert_eq!(half, expected, "half transparent is half there");
}

#[test]
fn white_counts_unless_it_is_ignored() {
    let columns = [(60, WHITE), (20, RED)];
    let white = json!([{ "color": "#ffffff", "share": 750 }, { "color": "#c81e1e", "share": 250 }]);
    assert_eq!(of(8, &columns, "{}"), white);
    let without = json!([{ "color": "#c81e1e", "share": 1000 }]);
    assert_eq!(of(8, &columns, r#"{"ignore_white":true}"#), without);
    assert_eq!(of(8, &[(8, WHITE)], r#"{"ignore_white":true}"#), json!([]));
}

#[test]
fn a_large_picture_is_as_a_small_one() {
    let found = of(700, &[(1500, RED), (500, BLUE)], r#"{"count":2}"#);
    let shares = [&found[0]["share"], &found[1]["share"]].map(|share| share.as_u64().unwrap());
    assert!(shares[0].abs_diff(750) <= 10 && shares[1].abs_diff(250) <= 10, "{found}");
    for (found, expected) in [(&found[0], RED), (&found[1], BLUE)] {
        let found = darkroom_codec::color::Color::parse(found["color"].as_str().unwrap()).unwrap().rgb();
        let off = found.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max().unwrap();
        assert!(off <= 4, "{found:?} for {expected:?}");
    }
}
