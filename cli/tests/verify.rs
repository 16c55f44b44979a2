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
    place.run(&["verify", "aaaaaaaaaaaaaaaa"]).code(4);
}
