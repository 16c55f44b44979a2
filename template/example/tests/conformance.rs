//! The processor against what every processor has to hold.

use darkroom_example::conformance::SUITE;
use serde_json::Value;

darkroom_core::conformance!(SUITE, |input, params, output| {
    let found: Value = serde_json::from_slice(&output.bytes).unwrap();
    let color = found["color"].as_str().unwrap();
    assert!(darkroom_codec::color::Color::parse(color).is_some(), "{} {params}: {color}", input.name);
    assert_eq!((found["width"].as_u64(), found["height"].as_u64()), {
        let size = input.size;
        (Some(size.width.into()), Some(size.height.into()))
    });
});
