//! `darkroom processors`.

mod support;

use support::Place;

#[test]
fn the_canister_has_the_processors_of_the_binary() {
    let place = Place::new();
    let lines = place.run(&["processors", "--json"]).code(0).json();
    let ids: Vec<_> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["dominant-colors", "metadata", "placeholder", "preview", "thumbnail", "watermark"]);
    let width = &lines[4]["params"]["properties"]["width"];
    assert_eq!((width["default"].as_u64(), width["maximum"].as_u64()), (Some(320), Some(4096)));
    let text = place.run(&["processors"]).code(0).stdout();
    assert!(text.contains("thumbnail, version ") && text.contains("image/jpeg image/png"), "{text}");
    let row = text.lines().find(|line| line.trim_start().starts_with("components_x")).unwrap();
    assert!(row.contains("1 to 9") && row.contains("waves across"), "{row}");
}
