//! `darkroom get`.

mod support;

use support::{Place, asset, text};

#[test]
fn assets_come_back_byte_for_byte() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 1);
    let line = place.store(&[text(&photo)]).remove(0);
    let item = line["item"].as_str().unwrap();
    place.run(&["get", item, "original", "-o", "back.jpg"]).code(0);
    assert_eq!(std::fs::read(place.path("back.jpg")).unwrap(), std::fs::read(&photo).unwrap());
    let piped = place.run(&["get", item, "thumbnail"]);
    piped.code(0);
    let sha256 = darkroom_core::Digest::of(&piped.0.stdout).to_string();
    assert_eq!(asset(&line, "thumbnail")["sha256"], sha256);
}

#[test]
fn what_is_not_there_is_named() {
    let place = Place::new();
    place.run(&["get", "aaaaaaaaaaaaaaaa", "original", "-o", "x"]).code(2).says("darkroom run");
    let photo = place.photo("a.jpg", 2);
    let line = place.store(&[text(&photo)]).remove(0);
    let item = line["item"].as_str().unwrap();
    place.run(&["get", item, "poster", "-o", "x"]).code(2).says("it has original, preview");
    place.run(&["get", "aaaaaaaaaaaaaaaa", "original", "-o", "x"]).code(4).says("darkroom ls");
    place.run(&["get", item, "original", "-o", "no/such/folder/x"]).code(1).says("cannot write");
    assert!(!place.path("x").exists(), "a failed fetch leaves no file");
}
