//! `darkroom processors`.

mod support;

use support::Place;

#[test]
fn the_canister_has_the_processors_of_the_binary() {
    let place = Place::new();
    let lines = place.run(&["processors", "--json"]).code(0).json();
    let ids: Vec<_> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["placeholder", "preview", "thumbnail"]);
    assert!(place.run(&["processors"]).code(0).stdout().contains("image/jpeg image/png"));
}
