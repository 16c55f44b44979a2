//! `darkroom verify`.

mod support;

use support::{Place, text};

#[test]
fn a_stored_item_is_what_its_recipes_give() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 1);
    let line = place.store(&[text(&photo)]).remove(0);
    let done = place.run(&["verify", line["item"].as_str().unwrap()]);
    let table = done.code(0).stdout();
    assert_eq!(table.matches("made again with the same bytes").count(), 3, "{table}");
    assert_eq!(table.matches("certified in 1 answer, downloaded").count(), 4, "{table}");
    place.run(&["verify", "aaaaaaaaaaaaaaaa"]).code(4);

    // An original of several chunks is served in parts, each with a certificate.
    let large = place.file("large.jpg", &darkroom_codec::testing::photo(3000, 2400, 99, 3));
    let line = place.store(&[text(&large)]).remove(0);
    let done = place.run(&["verify", line["item"].as_str().unwrap()]);
    let table = done.code(0).stdout();
    assert!(table.contains("certified in 4 answers, downloaded"), "{table}");

    let line = place.store(&[text(&photo), "--private"]).remove(0);
    let done = place.run(&["verify", line["item"].as_str().unwrap()]);
    let table = done.code(0).says("no public URLs").stdout();
    assert_eq!(table.matches("certified: nothing is public").count(), 4, "{table}");
}
