//! `darkroom rm`.

mod support;

use support::{Place, text};

#[test]
fn a_removed_item_is_gone_and_can_be_stored_again() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 1);
    let line = place.store(&[text(&photo)]).remove(0);
    let item = line["item"].as_str().unwrap();
    let done = place.run(&["rm", item]);
    assert!(done.code(0).stdout().contains("freed"));
    assert!(place.run(&["ls", "--json"]).code(0).json().is_empty());
    // A reply can be lost: the same call gets the same answer.
    assert_eq!(place.run(&["rm", item]).code(0).stdout(), done.stdout());
    place.run(&["rm", "aaaaaaaaaaaaaaaa"]).code(4).says("item");
    place.store(&[text(&photo)]);
    assert_eq!(place.run(&["ls", "--json"]).code(0).json().len(), 1);
}
