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
    // What is there and is the asset stays, what is something else is not lost.
    place.run(&["get", item, "original", "-o", "back.jpg"]).code(0).says("is there already");
    let other = place.file("other.jpg", b"something else");
    place
        .run(&["get", item, "original", "-o", "other.jpg"])
        .code(2)
        .says("exists")
        .says("--force replaces it");
    assert_eq!(std::fs::read(&other).unwrap(), b"something else");
    place.run(&["get", item, "original", "-o", "other.jpg", "--force"]).code(0).says("verified");
    assert_eq!(std::fs::read(&other).unwrap(), std::fs::read(&photo).unwrap());
    place.run(&["get", item, "original", "--force"]).code(2);
    let piped = place.run(&["get", item, "thumbnail", "-o", "-"]);
    piped.code(0);
    assert_eq!(place.run(&["get", item, "thumbnail"]).code(0).0.stdout, piped.0.stdout);
    let sha256 = darkroom_core::Digest::of(&piped.0.stdout).to_string();
    assert_eq!(asset(&line, "thumbnail")["sha256"], sha256);
}

#[test]
fn what_is_no_regular_file_is_neither_read_nor_replaced() {
    let place = Place::new();
    let listener = std::os::unix::net::UnixListener::bind(place.path("socket")).unwrap();
    for force in [&[][..], &["--force"]] {
        let args = [&["get", "aaaaaaaaaaaaaaaa", "original", "-o", "socket"], force].concat();
        place.run(&args).code(2).says("is no regular file").says("-o -");
    }
    drop(listener);
    let args = ["get", "aaaaaaaaaaaaaaaa", "original", "-o", "/dev/stdout"];
    place.run(&args).code(2).says("is no regular file");
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

#[test]
fn a_download_that_was_cut_off_goes_on() {
    let place = Place::new();
    let photo = place.file("large.jpg", &darkroom_codec::testing::photo(3000, 2400, 99, 3));
    let line = place.store(&[text(&photo)]).remove(0);
    let (item, bytes) = (line["item"].as_str().unwrap(), std::fs::read(&photo).unwrap());
    // What a download leaves that was killed in its third chunk; its name and form are the client library's.
    let part = place
        .path(&format!(".back.jpg.{}.part", &asset(&line, "original")["sha256"].as_str().unwrap()[..16]));
    std::fs::write(&part, &bytes[..4_000_000]).unwrap();
    place
        .run(&["get", item, "original", "-o", "back.jpg"])
        .code(0)
        .says("were fetched before")
        .says("verified");
    assert_eq!(std::fs::read(place.path("back.jpg")).unwrap(), bytes);
    assert!(!part.exists());
}
