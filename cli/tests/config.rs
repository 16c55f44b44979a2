//! `darkroom config`.

mod support;

use support::{Place, text};

const GOOD: &str = r#"
[[pipeline]]
name = "thumbs"
[[pipeline.lane]]
name = "original"
[[pipeline.lane.stage]]
asset = "original"
processor = "original"
[[pipeline.lane]]
name = "small"
[[pipeline.lane.stage]]
asset = "thumbnail"
processor = "thumbnail"
placement = "canister"
params = { width = 64, height = 64 }
"#;

#[test]
fn a_good_file_is_described() {
    let place = Place::new();
    let file = place.file("good.toml", GOOD.as_bytes());
    let done = place.run(&["config", "check", text(&file)]);
    assert!(done.code(0).stdout().contains("pipeline `thumbs` is valid"), "{}", done.stdout());
    assert!(done.stdout().contains("thumbnail (thumbnail, canister)"), "{}", done.stdout());
}

#[test]
fn mistakes_are_named_with_their_place() {
    let place = Place::new();
    let check = |text: &str| {
        let file = place.file("bad.toml", text.as_bytes());
        place.run(&["config", "check", support::text(&file)])
    };
    check(&GOOD.replace("\"thumbnail\"\nplacement", "\"thumbnial\"\nplacement"))
        .code(2)
        .says("dominant-colors, metadata, placeholder, preview, thumbnail, watermark");
    check(&GOOD.replace("width", "weight")).code(2).says("params");
    check("[[pipeline").code(2).says("line 1");
    check("").code(2).says("pipeline");
    place.run(&["config", "check", "missing.toml"]).code(2).says("missing.toml");
    assert!(place.is_unused(), "no network is needed");
}

#[test]
fn candid_is_what_the_canister_is_installed_with() {
    let place = Place::new();
    let file = place.file("good.toml", GOOD.as_bytes());
    let value = place.run(&["config", "candid", text(&file)]).code(0).stdout();
    for part in ["opt record", "pipelines = opt vec", "\"thumbs\"", "variant { canister }"] {
        assert!(value.contains(part), "`{part}` is not in {value}");
    }
}
