//! `darkroom new-processor`.

mod support;

use support::Place;

#[test]
fn a_crate_is_written_once_and_linked() {
    let place = Place::new();
    place.run(&["new-processor", "average-tone"]).code(2).says("is not in a Darkroom workspace");
    let manifest = place.file("processors/all/Cargo.toml", b"[dependencies]\na = \"1\"\n\n[features]\n");
    let list = place.file("processors/all/src/lib.rs", b"    vec![\n        &a::PROCESSOR,\n    ]\n");
    place.file("Cargo.toml", b"[workspace]\n");
    place.run(&["new-processor", "Average"]).code(2).says("the name is `Average`");
    let written = place.run(&["new-processor", "average-tone"]).code(0).stdout();
    assert!(written.contains("processors/average-tone/src/render.rs"), "{written}");
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    assert!(read(&manifest).contains("darkroom-average-tone = { path = \"../average-tone\" }\n\n[features]"));
    assert!(read(&list).contains("        &darkroom_average_tone::PROCESSOR,\n    ]"));
    let code = read(&place.path("processors/average-tone/src/lib.rs"));
    assert!(code.contains("register_processor!(AverageTone);") && !code.contains("xample"), "{code}");
    place.run(&["new-processor", "average-tone"]).code(2).says("processors/average-tone is there already");
}
