//! The metadata against what every processor has to hold.

use darkroom_metadata::conformance::SUITE;
use darkroom_metadata::samples;
use serde_json::{Value, json};

darkroom_core::conformance!(SUITE, |input, params, output| {
    assert_eq!(output.meta.size, Some(input.size), "{}: the size of the source", input.name);
    assert_eq!(output.media.as_str(), "application/json");
    let found: Value = serde_json::from_slice(&output.bytes).unwrap();
    let (width, height) = (input.size.width, input.size.height);
    let orientation = if input.name == "turned" { 6 } else { 1 };
    let mut expected = json!({
        "width": width, "height": height, "media_type": input.media.as_str(), "orientation": orientation,
    });
    let asks = |what: &str| params.contains(what);
    let mut add = |more: Value| {
        let Value::Object(more) = more else { panic!("{more} is no object") };
        expected.as_object_mut().unwrap().extend(more);
    };
    if input.name.starts_with("exif") {
        if !asks(r#""camera":false"#) {
            add(json!({
                "make": "Darkroom", "model": "Box One", "lens": "50 mm \"normal\"", "software": "1.2",
                "exposure_time": "1/250", "f_number": 2.8, "iso": 400, "focal_length_mm": 50.5, "flash": true,
            }));
        }
        if !asks(r#""time":false"#) {
            add(json!({ "taken_at": "2024-05-01T18:30:05.25+02:00" }));
        }
        if asks(r#""location":true"#) {
            add(json!({ "latitude": -33.859_833, "longitude": -151.215, "altitude_m": 58.8 }));
        }
    }
    assert_eq!(found, expected, "{} {params}", input.name);
});

#[test]
fn fields_come_in_the_documented_order() {
    let fields = [samples::camera(), samples::place()].concat();
    let jpeg = samples::jpeg(&samples::block(&fields, false));
    let media = darkroom_core::media::MediaType::JPEG;
    let json = String::from_utf8(SUITE.run(&media, &jpeg, r#"{"location":true}"#).unwrap().bytes).unwrap();
    let order = [
        "width",
        "height",
        "media_type",
        "orientation",
        "make",
        "model",
        "lens",
        "software",
        "exposure_time",
        "f_number",
        "iso",
        "focal_length_mm",
        "flash",
        "taken_at",
        "latitude",
        "longitude",
        "altitude_m",
    ];
    let places: Vec<_> = order.iter().map(|name| json.find(&format!("\"{name}\":"))).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{json}");
}
