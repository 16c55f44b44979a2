//! `darkroom deploy` and `darkroom status`.

mod support;

use support::Place;

#[test]
fn a_canister_is_installed_once_and_its_state_told() {
    let place = Place::new();
    assert!(place.run(&["status"]).code(0).stdout().contains("none deployed"));
    assert!(place.run(&["deploy"]).code(0).stdout().contains("installed"));
    assert!(place.run(&["deploy"]).code(0).stdout().contains("is up to date"));
    assert!(place.run(&["deploy", "--access", "authenticated"]).code(0).stdout().contains("upgraded"));
    let cors = ["deploy", "--cors", "https://a.example", "--cors", "http://localhost:8080"];
    assert!(place.run(&cors).code(0).stdout().contains("upgraded"));
    place.run(&["deploy", "--cors", "https://a.example/path"]).code(4).says("allowed are http or https");
    place.run(&["deploy", "--cors", "any", "--cors", "https://a.example"]).code(2).says("stand alone");
    for gallery in ["--gallery", "--gallery=off"] {
        assert!(place.run(&["deploy", gallery]).code(0).stdout().contains("upgraded"));
    }
    place.run(&["deploy", "--gallery=maybe"]).code(2).says("on, off");
    let status = place.run(&["status"]).code(0).stdout();
    assert!(status.contains("as in this binary") && status.contains("photo: lane original"), "{status}");
}

#[test]
fn mainnet_canisters_are_not_created_by_the_way() {
    let place = Place::new();
    place.run(&["deploy", "--network", "ic"]).code(2).says("--canister");
    place.run(&["deploy", "--canister", "nonsense"]).code(2).says("not a canister id");
}
