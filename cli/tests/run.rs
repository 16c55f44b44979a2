//! `darkroom run`.

mod support;

use support::{Place, asset, text};

const ASSETS: [&str; 4] = ["original", "preview", "thumbnail", "placeholder"];

/// Every stage of the default pipeline on the canister.
const ON_CANISTER: &str = r#"
[[pipeline]]
name = "photo"
[[pipeline.lane]]
name = "original"
[[pipeline.lane.stage]]
asset = "original"
processor = "original"
[[pipeline.lane]]
name = "derivatives"
[[pipeline.lane.stage]]
asset = "preview"
processor = "preview"
source = "original"
placement = "canister"
params = { max_edge = 2048, quality = 82 }
[[pipeline.lane.stage]]
asset = "thumbnail"
processor = "thumbnail"
source = "preview"
placement = "canister"
params = { width = 320, height = 320, fit = "cover" }
[[pipeline.lane.stage]]
asset = "placeholder"
processor = "placeholder"
source = "thumbnail"
placement = "canister"
storage = "inline"
params = { kind = "thumbhash" }
"#;

#[test]
fn a_photo_becomes_four_assets_with_everything_scripts_need() {
    let place = Place::new();
    let photo = place.photo("ünï côde.jpg", 1);
    let lines = place.store(&[text(&photo)]);
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["file"], text(&photo));
    assert_eq!(line["pipeline"], "photo");
    let (item, canister) = (line["item"].as_str().unwrap(), line["canister"].as_str().unwrap());
    let names: Vec<_> = line["assets"].as_array().unwrap().iter().map(|asset| &asset["name"]).collect();
    assert_eq!(names, ASSETS);
    for name in ASSETS {
        let asset = asset(line, name);
        assert_eq!(asset["sha256"].as_str().unwrap().len(), 64);
        assert_eq!(asset["placement"], "client");
        assert_eq!(asset["processor"], name);
        let url = asset["url"].as_str().unwrap();
        assert!(url.starts_with(&format!("http://{canister}.localhost:")), "{url}");
        assert!(url.ends_with(&format!("/{item}/{name}")), "{url}");
    }
    let (original, thumbnail) = (asset(line, "original"), asset(line, "thumbnail"));
    assert_eq!((&original["width"], &original["height"]), (&640.into(), &480.into()));
    assert_eq!(original["bytes"], std::fs::metadata(&photo).unwrap().len());
    assert_eq!((&thumbnail["width"], &thumbnail["height"]), (&320.into(), &320.into()));
    let lanes: Vec<_> = line["lanes"].as_array().unwrap().iter().map(|lane| &lane["name"]).collect();
    assert_eq!(lanes, ["original", "derivatives"]);
    assert!(line["ms"].is_u64());
}

#[test]
fn a_second_run_finds_what_the_first_one_stored() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 2);
    let first = place.store(&[text(&photo)]);
    let second = place.store(&[text(&photo)]);
    assert_eq!(first[0]["item"], second[0]["item"]);
    assert_eq!(place.run(&["ls", "--json"]).code(0).json().len(), 1);
}

#[test]
fn bad_files_fail_alone_and_leave_nothing() {
    let place = Place::new();
    let good = place.photo("good.jpg", 3);
    let photo = std::fs::read(&good).unwrap();
    let empty = place.file("empty.jpg", b"");
    let words = place.file("words.jpg", b"these are words");
    let cut = place.file("cut.jpg", &photo[..photo.len() / 2]);
    let missing = place.path("missing.jpg");
    let paths = [&empty, &words, &good, &cut, &missing].map(|path| text(path));
    let done = place.run(&[&["run", "--json"], &paths[..]].concat());
    done.code(1);
    assert_eq!(done.json().len(), 1, "the good one is stored: {done:?}");
    for (name, reason) in [
        ("empty.jpg", "empty"),
        ("words.jpg", "no image format that is known"),
        ("cut.jpg", ""),
        ("missing.jpg", "no such"),
    ] {
        let line = done.stderr().lines().find(|line| line.contains(name)).map(str::to_owned);
        assert!(line.is_some_and(|line| line.contains(reason)), "{name}: {}", done.stderr());
    }
    assert_eq!(place.run(&["ls", "--json"]).code(0).json().len(), 1);
}

#[test]
fn folders_are_searched_and_what_is_named_twice_is_taken_once() {
    let place = Place::new();
    place.photo("photos/a.jpg", 4);
    place.photo("photos/deep/b.JPEG", 5);
    place.file("photos/notes.txt", b"not a photo");
    let folder = place.path("photos");
    let again = place.path("photos/a.jpg");
    let lines = place.store(&[text(&folder), text(&again), "--jobs", "4"]);
    assert_eq!(lines.len(), 2);
}

#[test]
fn stages_on_the_canister_give_the_same_bytes() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 6);
    let here = place.store(&[text(&photo)]);
    let config = place.file("canister.toml", ON_CANISTER.as_bytes());
    let there = place.store(&[text(&photo), "--config", text(&config)]);
    assert_ne!(here[0]["item"], there[0]["item"]);
    for name in ASSETS {
        assert_eq!(asset(&here[0], name)["sha256"], asset(&there[0], name)["sha256"], "{name}");
    }
    for name in &ASSETS[1..] {
        assert_eq!(asset(&there[0], name)["placement"], "canister", "{name}");
    }
}

#[test]
fn the_table_names_every_asset() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 7);
    let done = place.run(&["run", text(&photo)]);
    done.code(0).says("localnet start");
    for name in ASSETS {
        assert!(done.stdout().contains(name), "{}", done.stdout());
    }
}

#[test]
fn wrong_arguments_say_what_is_right() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 8);
    let photo = text(&photo);
    place.run(&["run"]).code(2);
    place.run(&["run", photo, "--in-flight", "0"]).code(2).says("1..=64");
    place.run(&["run", photo, "--pipeline", "film"]).code(2).says("it has photo");
    place.run(&["run", photo, "--canister", "nonsense"]).code(2).says("not a canister id");
    place.run(&["run", photo, "--network", "nonsense"]).code(2).says("http://");
    let pem = place.file("key.pem", b"no key");
    place.run(&["run", photo, "--identity", text(&pem)]).code(2).says("not a PEM file");
    let config = place.file("bad.toml", b"[[pipeline]]\nname = 'Photo'\n");
    place.run(&["run", photo, "--config", text(&config)]).code(2).says("bad.toml");
}

#[test]
fn networks_that_cannot_be_reached_have_an_exit_code_of_their_own() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 9);
    let args = ["run", text(&photo), "--network", "http://127.0.0.1:1", "--canister", "aaaaa-aa"];
    place.run(&args).code(3).says("cannot reach http://127.0.0.1:1");
}

#[test]
fn refused_callers_have_an_exit_code_of_their_own() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 10);
    place.store(&[text(&photo)]);
    let canisters = std::fs::read(place.path(".darkroom/canisters.json")).unwrap();
    let canisters: serde_json::Value = serde_json::from_slice(&canisters).unwrap();
    std::fs::remove_file(place.path(".darkroom/identity.pem")).unwrap();
    let args = ["run", text(&photo), "--canister", canisters["local"].as_str().unwrap()];
    place.run(&args).code(4).says("forbidden");
}
