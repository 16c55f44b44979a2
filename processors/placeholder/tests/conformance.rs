//! The placeholder against what every processor has to hold.

use base64::Engine as _;
use darkroom_codec::CODECS;
use darkroom_core::decode::{Decode as _, DecodeLimits};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_placeholder::conformance::SUITE;
use serde_json::{Value, json};

darkroom_core::conformance!(SUITE, |input, params, output| {
    assert_eq!(output.meta.size, Some(input.size), "{}: the size of the source", input.name);
    let params: Value = serde_json::from_str(params).unwrap();
    let kind = params["kind"].as_str().unwrap_or("thumbhash");
    if kind == "thumbhash" {
        assert_eq!(output.media, MediaType::THUMBHASH);
        let (width, height, _) = thumbhash::thumb_hash_to_rgba(&output.bytes).unwrap();
        assert_eq!(width > height, input.size.width > input.size.height, "{}", input.name);
        assert!(output.bytes.len() <= 32, "{}: {} bytes", input.name, output.bytes.len());
        return;
    }
    assert_eq!(output.media.as_str(), "application/json");
    let found: Value = serde_json::from_slice(&output.bytes).unwrap();
    let value = found["value"].as_str().unwrap();
    let (width, height) = (input.size.width, input.size.height);
    assert_eq!(found, json!({ "kind": kind, "value": value, "width": width, "height": height }));
    match kind {
        "blurhash" => {
            assert_eq!(blurhash::decode(value, 8, 8, 1.0).unwrap().len(), 8 * 8 * 4);
            assert!(output.bytes.len() < 110, "{}", output.bytes.len());
        }
        "color" => assert!(darkroom_codec::color::Color::parse(value).is_some(), "{value}"),
        kind => {
            let data = value.strip_prefix(&format!("data:image/{kind};base64,")).unwrap();
            let bytes = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
            let media = MediaType::sniff(&bytes).unwrap();
            let size = CODECS.size(&media, &bytes, DecodeLimits::default()).unwrap();
            let edge = params["max_edge"].as_u64().unwrap_or(20);
            let edge = u32::try_from(edge).unwrap();
            assert!(Size::new(edge, edge).covers(size) && input.size.covers(size), "{size:?}");
            assert!(output.bytes.len() < 32 << 10, "what can be stored inline");
        }
    }
});
