//! The watermark against what every processor has to hold, and where and how marks lie.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use darkroom_codec::{CODECS, testing};
use darkroom_core::decode::{Decode as _, DecodeLimits};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{PixelFormat, Pixels, Size};
use darkroom_watermark::conformance::SUITE;
use serde_json::json;

darkroom_core::conformance!(SUITE, |input, params, output| {
    let (name, size) = (input.name, output.meta.size.unwrap());
    let decoded = CODECS.decode(&output.media, &output.bytes, size, DecodeLimits::default()).unwrap();
    assert_eq!(decoded.size(), size, "{name} {params}");
    assert!(input.size.covers(size), "{name}: enlarged to {size:?}");
    let edge = if params.contains("max_edge") { 300 } else { 2048 };
    assert!(Size::new(edge, edge).covers(size), "{name} {params}");
    for (format, media) in [("png", MediaType::PNG), ("webp", MediaType::WEBP)] {
        assert!(!params.contains(&format!("\"{format}\"")) || output.media == media, "{name} {params}");
    }
});

/// A picture of one colour with a mark on it.
fn marked(size: Size, pixel: &[u8], params: serde_json::Value) -> Pixels {
    let format = if pixel.len() == 4 { PixelFormat::Rgba8 } else { PixelFormat::Rgb8 };
    let plain = Pixels::new(size, format, pixel.repeat(usize::try_from(size.area()).unwrap())).unwrap();
    let output = SUITE.run(&MediaType::PNG, &testing::png(&plain).unwrap(), &params.to_string()).unwrap();
    CODECS.decode(&output.media, &output.bytes, size, DecodeLimits::default()).unwrap()
}

/// Left, top, right and bottom of what is not of this colour; the ends lie inside.
fn changed(picture: &Pixels, pixel: &[u8]) -> Option<[usize; 4]> {
    let width = picture.size().width as usize;
    let pixels = picture.data().chunks_exact(pixel.len()).enumerate();
    let places = pixels.filter(|(_, found)| *found != pixel).map(|(at, _)| (at % width, at / width));
    places.fold(None, |bounds, (x, y)| {
        let [left, top, right, bottom] = bounds.unwrap_or([x, y, x, y]);
        Some([left.min(x), top.min(y), right.max(x), bottom.max(y)])
    })
}

#[test]
fn a_text_lies_where_it_is_asked_for_and_is_as_wide() {
    let grey = [120, 120, 120];
    for (gravity, left, top) in [("north-west", 20, 20), ("south-east", 280, 342), ("center", 150, 181)] {
        let params = json!({
            "text": "HHHHHHHH", "gravity": gravity, "size": 50, "margin": 5, "outline": false, "format": "png",
        });
        // Eight capitals are about an eighth as high as wide.
        let bounds = changed(&marked(Size::new(600, 400), &grey, params), &grey);
        assert_eq!(bounds, Some([left, top, left + 299, top + 37]), "{gravity}: half as wide as the picture");
    }
}

#[test]
fn it_can_be_read_on_black_and_on_white() {
    for ground in [0u8, 255] {
        let params = json!({ "text": "Ana", "size": 60, "opacity": 100, "format": "png" });
        let picture = marked(Size::new(200, 120), &[ground; 3], params);
        let found = |value: u8| picture.data().chunks(3).filter(|pixel| **pixel == [value; 3]).count();
        let opposite = found(255 - ground);
        assert!(opposite > 200, "on {ground}: {opposite} pixels of the other end");
    }
}

#[test]
fn opacity_mixes() {
    let white = json!({ "text": "I", "size": 5, "opacity": 50, "outline": false, "format": "png" });
    let picture = marked(Size::new(400, 400), &[100, 0, 200], white.clone());
    let most = picture.data().chunks(3).max_by_key(|pixel| pixel[1]).unwrap();
    assert_eq!(most, [178, 128, 228]);
    let clear = marked(Size::new(400, 400), &[9, 9, 9, 0], white);
    let most = clear.data().chunks(4).max_by_key(|pixel| pixel[3]).unwrap();
    assert_eq!(most, [255, 255, 255, 128], "over nothing it is itself");
    let none = json!({ "text": "I", "opacity": 0, "format": "png" });
    assert_eq!(changed(&marked(Size::new(90, 90), &[7, 8, 9], none), &[7, 8, 9]), None);
}

#[test]
fn an_image_lies_on_the_picture_as_it_is() {
    let mark = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 0], [9, 9, 9, 128]].concat();
    let mark = Pixels::new(Size::new(2, 2), PixelFormat::Rgba8, mark).unwrap();
    let image = STANDARD.encode(testing::png(&mark).unwrap());
    let params = json!({
        "image": image, "gravity": "north-west", "size": 20, "margin": 10, "opacity": 100, "format": "png",
    });
    let ground = [100, 100, 100];
    let picture = marked(Size::new(10, 10), &ground, params);
    let at = |x: usize, y: usize| &picture.data()[(y * 10 + x) * 3..][..3];
    assert_eq!(
        [at(1, 1), at(2, 1), at(1, 2), at(2, 2)],
        [[255, 0, 0], [0, 255, 0], [100, 100, 100], [54, 54, 54]]
    );
    assert_eq!(changed(&picture, &ground), Some([1, 1, 2, 2]));
}

#[test]
fn images_are_as_large_as_said_and_errors_where_they_do_not_decode() {
    let sized = |width, height| {
        let plain =
            Pixels::new(Size::new(width, height), PixelFormat::Rgb8, vec![7; (width * height * 3) as usize]);
        STANDARD.encode(testing::png(&plain.unwrap()).unwrap())
    };
    let photo = testing::photo(64, 48, 80, 1);
    let run = |image: &str| {
        let output = SUITE.run(&MediaType::JPEG, &photo, &json!({ "image": image }).to_string());
        output.map(|output| output.bytes.len()).map_err(|error| error.to_string())
    };
    assert!(run(&sized(1024, 1024)).is_ok());
    let refused = run(&sized(1, 1025)).unwrap_err();
    assert!(refused.contains("height is 1025; at most 1024 is allowed"), "{refused}");
    let long = run(&"A".repeat(32_772)).unwrap_err();
    assert!(long.contains("image has 32772 characters of base64; 32768 are allowed"), "{long}");
    // The header is whole, the pixels are not.
    let whole = testing::png(&testing::scene(Size::new(40, 40), 1)).unwrap();
    let broken = run(&STANDARD.encode(&whole[..whole.len() - 300])).unwrap_err();
    assert!(broken.contains("image: damaged PNG"), "{broken}");
}
