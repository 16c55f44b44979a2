//! `darkroom share`.

mod support;

use support::{Place, text};

#[test]
fn a_private_item_is_shared_listed_and_shared_no_longer() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 1);
    let private = place.store(&["--private", text(&photo)]).remove(0);
    let item = private["item"].as_str().unwrap();
    let public = place.store(&[text(&photo)]).remove(0);
    assert_ne!(public["item"], item, "the same file is another item where it is public");

    let done = place.run(&["share", item]);
    let url = done.code(0).says("works until").stdout().trim().to_owned();
    assert!(url.contains(".localhost") && url.ends_with(&format!("/{item}/original")), "{url}");
    let thumbnail = format!("{item}/thumbnail");
    let line = place.run(&["share", &thumbnail, "--for", "7d", "--json"]).code(0).json().remove(0);
    let url = line["url"].as_str().unwrap();
    assert!(url.contains("/private/") && url.ends_with(&format!("/{thumbnail}")), "{url}");
    let token = line["token"].as_str().unwrap();
    assert!(url.contains(token));

    let list = |args: &[&str]| {
        let done = place.run(&[&["share", "--list", "--json"], args].concat());
        done.code(0);
        done.json()
    };
    let listed = list(&[]);
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|line| line["item"] == item && line.get("url").is_none()));
    assert_eq!(list(&[item]), listed);
    let table = place.run(&["share", "--list"]).code(0).stdout();
    assert!(table.contains(token) && table.contains("thumbnail"), "{table}");

    place.run(&["share", "--revoke", token]).code(0);
    place.run(&["share", "--revoke", token]).code(4).says("token");
    assert_eq!(list(&[]).len(), 1);
}

#[test]
fn mistakes_are_named() {
    let place = Place::new();
    place.run(&["share"]).code(2).says("ITEM");
    place.run(&["share", "aaaaaaaaaaaaaaaa", "--for", "soon"]).code(2).says("such as 90m or 7d");
    place.run(&["share", "--list", "--revoke", "x"]).code(2).says("cannot be used with");
    let photo = place.photo("a.jpg", 1);
    let public = place.store(&[text(&photo)]).remove(0);
    let item = public["item"].as_str().unwrap();
    place.run(&["share", item]).code(4).says("is public");
    place.run(&["share", "aaaaaaaaaaaaaaaa"]).code(4).says("there is no item");
    let private = place.store(&["--private", text(&photo)]).remove(0);
    let item = private["item"].as_str().unwrap();
    place.run(&["share", item, "--for", "400d"]).code(4).says("60 to 31622400 are allowed");
    place.run(&["share", &format!("{item}/nothing")]).code(4).says("it has: original");
}
