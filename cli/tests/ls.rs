//! `darkroom ls`.

mod support;

use support::{Place, text};

#[test]
fn items_are_listed_newest_first() {
    let place = Place::new();
    place.run(&["ls"]).code(2).says("darkroom run");
    let (a, b) = (place.photo("a.jpg", 1), place.photo("b.jpg", 2));
    let first = place.store(&[text(&a)]).remove(0);
    let second = place.store(&[text(&b)]).remove(0);
    let lines = place.run(&["ls", "--json"]).code(0).json();
    let items: Vec<_> = lines.iter().map(|line| line["item"].clone()).collect();
    assert_eq!(items, [second["item"].clone(), first["item"].clone()]);
    assert_eq!(lines[0]["file"], "b.jpg");
    assert_eq!(lines[0]["state"], "published");
    assert_eq!(lines[0]["assets"].as_array().unwrap().len(), 4);
    let table = place.run(&["ls"]).code(0).stdout();
    assert!(table.contains("a.jpg") && table.contains("b.jpg"), "{table}");
}
