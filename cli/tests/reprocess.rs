//! `darkroom reprocess`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use support::{Place, asset, text};

/// The original, and a preview and thumbnails of it.
fn config(width: u32, thumbnail: &str) -> String {
    format!(
        r#"
[[pipeline]]
name = "photo"
[[pipeline.lane]]
name = "all"
[[pipeline.lane.stage]]
asset = "original"
processor = "original"
[[pipeline.lane.stage]]
asset = "preview"
processor = "preview"
params = {{ max_edge = 400 }}
[[pipeline.lane.stage]]
asset = "thumbnail"
processor = "thumbnail"
source = "preview"
params = {{ width = {width}, height = 100 }}
{thumbnail}
"#
    )
}

/// A place with so many photos in it, and their items.
fn place(photos: u64) -> (Place, Vec<String>) {
    let place = Place::new();
    configure(&place, 100, "");
    let paths: Vec<_> = (0..photos).map(|seed| place.photo(&format!("{seed}.jpg"), seed)).collect();
    let lines = place.store(&paths.iter().map(|path| text(path)).collect::<Vec<_>>());
    (place, lines.iter().map(|line| line["item"].as_str().unwrap().to_owned()).collect())
}

fn configure(place: &Place, width: u32, thumbnail: &str) {
    let file = place.file("darkroom.toml", config(width, thumbnail).as_bytes());
    place.run(&["deploy", "--config", text(&file)]).code(0);
}

#[test]
fn what_another_configuration_gives_is_made_here_and_served() {
    let (place, items) = place(2);
    let done = place.run(&["reprocess", &items[0]]);
    assert_eq!(done.code(0).stdout(), format!("item {}: nothing to do\n", items[0]));
    configure(&place, 80, "");
    let done = place.run(&["reprocess", &items[0]]);
    assert_eq!(done.code(0).stdout(), format!("item {}: made again: thumbnail\n", items[0]));
    let line = place.run(&["reprocess", "--json", &items[0]]).code(0).json().remove(0);
    assert_eq!((&line["changed"], &line["removed"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert_eq!(asset(&line, "thumbnail")["width"], 80);
    assert_eq!(asset(&line, "thumbnail")["provenance"], "claimed");
    let done = place.run(&["reprocess", "--all"]);
    assert_eq!(done.code(0).stdout(), format!("item {}: made again: thumbnail\n", items[1]));
    done.says("2 items, 1 of them as they should be");
    place.run(&["verify", &items[1]]).code(0);
}

#[test]
fn the_canister_makes_what_is_placed_there_and_verifies_what_is_asked_for() {
    let (place, items) = place(1);
    configure(&place, 60, "placement = \"canister\"");
    place.run(&["reprocess", &items[0]]).code(0);
    let line = place.run(&["ls", "--json"]).code(0).json().remove(0);
    assert_eq!(
        (&asset(&line, "preview")["provenance"], &asset(&line, "thumbnail")["provenance"]),
        (&"claimed".into(), &"verified".into())
    );
    let table = place.run(&["ls"]);
    assert!(table.code(0).stdout().contains("1 verified, 1 claimed"), "{}", table.stdout());
    let done = place.run(&["reprocess", "--verify", &items[0]]);
    assert_eq!(done.code(0).stdout(), format!("item {}: made again: preview\n", items[0]));
    let table = place.run(&["ls"]);
    assert!(table.code(0).stdout().contains("2 verified"), "{}", table.stdout());
}

#[test]
fn a_stage_that_fails_leaves_the_item_as_it_was() {
    let (place, items) = place(1);
    configure(&place, 60, "placement = \"canister\"");
    let toml =
        config(60, "placement = \"canister\"").replace("height = 100", "height = 100, max_bytes = 256");
    let file = place.file("darkroom.toml", toml.as_bytes());
    place.run(&["deploy", "--config", text(&file)]).code(0);
    place.run(&["reprocess", &items[0]]).code(1).says("at most 256 are allowed");
    let line = place.run(&["ls", "--json"]).code(0).json().remove(0);
    assert_eq!(asset(&line, "thumbnail")["width"], 100);
    // Where it is optional, the item goes on without it.
    let file = place.file("darkroom.toml", format!("{toml}\noptional = true").as_bytes());
    place.run(&["deploy", "--config", text(&file)]).code(0);
    let done = place.run(&["reprocess", &items[0]]);
    assert_eq!(done.code(0).stdout(), format!("item {}: nothing to do\n", items[0]));
    done.says("with the same `thumbnail` as before: ");
    let line = place.run(&["ls", "--json"]).code(0).json().remove(0);
    assert_eq!(line["failed"][0]["asset"], "thumbnail");
    assert_eq!(line["failed"][0]["code"], "over_budget");
    assert_eq!(asset(&line, "thumbnail")["width"], 100);
}

#[test]
fn a_required_stage_that_failed_on_the_canister_is_tried_again() {
    let place = Place::new();
    let toml =
        config(60, "placement = \"canister\"").replace("height = 100", "height = 100, max_bytes = 256");
    let file = place.file("darkroom.toml", toml.as_bytes());
    let photo = place.photo("a.jpg", 1);
    place.run(&["run", "--config", text(&file), text(&photo)]).code(1).says("at most 256 are allowed");
    // It is there, unpublished, and the second run sends nothing of it again.
    place.run(&["run", text(&photo)]).code(1).says("continues item").says("at most 256 are allowed");
    assert_eq!(place.run(&["ls"]).code(0).stdout(), "");
}

#[test]
fn what_cannot_be_is_said() {
    let (place, items) = place(1);
    place.run(&["reprocess"]).code(2);
    place.run(&["reprocess", "--all", &items[0]]).code(2);
    place.run(&["reprocess", "aaaaaaaaaaaaaaaa"]).code(4).says("there is no item `aaaaaaaaaaaaaaaa`");
    place.run(&["reprocess", "--pipeline", "film", &items[0]]).code(4).says("there is no pipeline `film`");
    place.run(&["reprocess", "aaaaaaaaaaaaaaaa", &items[0]]).code(1).says("there is no item");
}

#[test]
fn a_file_is_stored_without_what_is_optional_and_cannot_be_made() {
    let place = Place::new();
    let toml = r#"
[[pipeline]]
name = "any"
[[pipeline.lane]]
name = "all"
[[pipeline.lane.stage]]
asset = "original"
processor = "original"
[[pipeline.lane.stage]]
asset = "preview"
processor = "preview"
optional = true
[[pipeline.lane.stage]]
asset = "thumbnail"
processor = "thumbnail"
source = "preview"
optional = true
"#;
    let file = place.file("darkroom.toml", toml.as_bytes());
    let damaged = place.file("damaged.jpg", b"\xff\xd8\xff\xe0 and no more");
    let done = place.run(&["run", "--json", "--config", text(&file), text(&damaged)]);
    let line = done.code(0).json().remove(0);
    let names: Vec<_> = line["assets"].as_array().unwrap().iter().map(|asset| &asset["name"]).collect();
    assert_eq!(names, ["original"]);
    let failed: Vec<_> = line["failed"].as_array().unwrap().iter().map(|failed| &failed["code"]).collect();
    assert_eq!(failed.len(), 2);
    assert_eq!(failed[1], "source_failed");
    place.run(&["run", text(&damaged)]).code(0).says("damaged.jpg: without `preview`");
    // Of more files than have a row for each asset too.
    for number in 0..13 {
        place.file(&format!("many/{number}.jpg"), format!("\u{7f}ELF {number}").as_bytes());
    }
    let done = place.run(&["run", "many"]);
    assert!(
        done.code(0).stdout().contains("13 files: 13 uploaded, 13 without what is optional;"),
        "{}",
        done.stdout()
    );
    assert_eq!(done.stderr().matches(".jpg: without `preview`: ").count(), 13, "{}", done.stderr());
}
