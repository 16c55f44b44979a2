//! The preview against what every processor has to hold.

use darkroom_core::media::MediaType;
use darkroom_preview::conformance::SUITE;

darkroom_core::conformance!(SUITE, |input, params, output| {
    let name = input.name;
    let says = |text: &str| params.contains(text);
    let alpha = name == "alpha-png";
    match output.media.as_str() {
        "image/png" => assert!(says("\"png\"") || says("auto"), "{name} {params}"),
        "image/webp" => assert!(says("\"webp\"") || says("auto"), "{name} {params}"),
        _ => {
            assert_eq!(output.media, MediaType::JPEG, "{name} {params}");
            assert!(!(says("\"png\"") || says("\"webp\"") || says("auto") && alpha), "{name} {params}");
            assert_eq!(MediaType::sniff(&output.bytes), Some(MediaType::JPEG));
        }
    }
    assert!(!says("max_bytes") || output.bytes.len() <= 3000, "{name}: {}", output.bytes.len());
    let size = output.meta.size.unwrap();
    assert!(input.size.covers(size), "{name}: enlarged to {size:?}");
});
