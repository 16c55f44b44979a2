//! `darkroom run`.

#[path = "support/counter.rs"]
mod counter;
mod support;

use std::process::Stdio;
use std::time::Instant;

use counter::Counter;
use support::{Network, Place, asset, text};

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
fn a_second_run_sends_nothing_and_a_dry_run_says_so_before() {
    let place = Place::new();
    for seed in 0..4 {
        place.photo(&format!("photos/{seed}.jpg"), seed);
    }
    let plan = place.run(&["run", "photos", "--dry-run", "--json"]);
    let lines = plan.code(0).says("4 files: 4 to upload (").says("nothing was sent").json();
    assert!(lines.iter().all(|line| line["action"] == "upload" && line["item"].is_null()), "{lines:?}");
    assert!(!place.path(".darkroom/canisters.json").exists(), "a dry run deploys nothing");

    let first = place.store(&["photos"]);
    place.photo("photos/new.jpg", 9);
    let plan = place.run(&["run", "photos", "-n", "--json"]);
    let lines = plan.code(0).says("5 files: 1 to upload (").says("4 stored before").json();
    let new = lines.iter().find(|line| line["action"] == "upload").unwrap();
    let bytes = std::fs::metadata(place.path("photos/new.jpg")).unwrap().len();
    assert_eq!((&new["file"], &new["bytes"]), (&"photos/new.jpg".into(), &bytes.into()));
    std::fs::remove_file(place.path("photos/new.jpg")).unwrap();

    let second = place.run(&["run", "photos", "--json"]);
    second.code(0).says("4 files: 4 stored before, nothing sent");
    let by_file = |lines: Vec<serde_json::Value>| {
        let by_file = |line: serde_json::Value| (line["file"].to_string(), line);
        lines.into_iter().map(by_file).collect::<std::collections::BTreeMap<_, _>>()
    };
    let (first, second) = (by_file(first), by_file(second.json()));
    assert_eq!(first.len(), 4);
    for (file, line) in &first {
        let again = &second[file];
        let hashes = |line: &serde_json::Value| ASSETS.map(|name| asset(line, name)["sha256"].clone());
        assert_eq!((&again["item"], hashes(again)), (&line["item"], hashes(line)));
        assert_eq!(asset(again, "original")["width"], 640);
        assert_eq!((&line["stored_before"], &again["stored_before"]), (&false.into(), &true.into()));
        assert_eq!(again["sent"], 0);
    }
    // A single file is asked for by itself.
    let single = place.run(&["run", "photos/1.jpg", "--json"]);
    single.code(0).says("1 file: 1 stored before, nothing sent");
    assert_eq!(place.run(&["ls", "--json"]).code(0).json().len(), 4);
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
    let done = place.run(&[&["run", "--json", "--keep-going"], &paths[..]].concat());
    done.code(1).says("5 files: 1 uploaded, 4 failed;");
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
fn after_a_failure_nothing_is_begun_unless_it_is_asked_for() {
    let place = Place::new();
    let (first, last) = (place.photo("1.jpg", 1), place.photo("3.jpg", 2));
    let words = place.file("2.jpg", b"these are words");
    let missing = place.path("missing.jpg");
    // What is known to fail before anything is begun fails before anything is begun.
    let done = place.run(&["run", text(&first), text(&missing)]);
    done.code(1).says("no such").says("1 other file not tried; --keep-going");
    assert!(place.is_unused(), "not even a network was");
    let done = place.run(&["run", "--json", "--jobs", "1", text(&first), text(&words), text(&last)]);
    done.code(1).says("3 files: 1 uploaded, 1 failed, 1 not tried;").says("--keep-going goes on");
    assert_eq!(done.json().len(), 1);
    let done = place.run(&["run", "-k", text(&first), text(&words), text(&last), text(&missing)]);
    done.code(1);
    assert!(done.stdout().contains("4 files: 1 uploaded, 1 stored before, 2 failed;"), "{}", done.stdout());
}

#[test]
fn folders_give_what_the_patterns_say_and_standard_input_a_file() {
    let place = Place::new();
    let photo = place.photo("photos/a.jpg", 1);
    place.photo("photos/raw/b.jpg", 2);
    place.file("photos/notes.txt", b"not a photo");
    let done = place.run(&["run", "photos", "--exclude", "raw/", "--json"]);
    assert_eq!(done.code(0).json().len(), 1);
    place.run(&["run", "photos", "--include", "*.cr2"]).code(1).says("nothing in it is what --include names");
    place.run(&["run", "photos", "--include", "[a"]).code(2).says("--include `[a`");
    place.run(&["run", "photos", "--name", "a.jpg"]).code(2).says("`-` reads it");

    let files = place.file(
        "files.toml",
        b"[[pipeline]]\nname = 'files'\n[[pipeline.lane]]\nname = 'original'\n\
        [[pipeline.lane.stage]]\nasset = 'original'\nprocessor = 'original'\n",
    );
    let lines = place.store(&["photos", "--config", text(&files)]);
    let names: Vec<_> = lines.iter().map(|line| line["file"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 3, "all files, where nothing is made of them: {names:?}");

    let mut command = place.command();
    let stdin = std::fs::File::open(&photo).unwrap();
    command.args(["run", "-", "--name", "from-a-pipe.jpg", "--json"]).stdin(stdin);
    let done = support::Done(command.output().unwrap());
    let line = done.code(0).json().remove(0);
    assert_eq!(line["file"], "-");
    let listed = place.run(&["ls", "--json"]);
    assert!(listed.stdout().contains("\"from-a-pipe.jpg\""), "{}", listed.stdout());
}

#[test]
fn folders_are_searched_and_what_is_named_twice_is_taken_once() {
    let place = Place::new();
    place.photo("photos/a.jpg", 4);
    place.photo("photos/deep/b.JPEG", 5);
    place.file("photos/notes.txt", b"not a photo");
    let folder = place.path("photos");
    let again = place.path("photos/a.jpg");
    std::os::unix::fs::symlink(&again, place.path("photos/linked.jpg")).unwrap();
    let done = place.run(&["run", "--json", text(&folder), text(&again), "--jobs", "4"]);
    done.code(0)
        .says("2 files: 2 uploaded, 2 named more than once;")
        .says("linked.jpg is named more than once");
    assert_eq!(done.json().len(), 2);
}

#[test]
fn stages_on_the_canister_give_the_same_bytes() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 6);
    let here = place.store(&[text(&photo)]);
    let config = place.file("canister.toml", ON_CANISTER.as_bytes());
    let done = place.run(&["run", "--quiet", "--json", text(&photo), "--config", text(&config)]);
    assert_eq!(done.code(0).stderr(), "", "the canister is configured without a word");
    let there = done.json();
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
    // Whoever was to read what is said has gone away.
    let mut command = place.command();
    command.args(["run", text(&photo)]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    let done = support::Done(child.wait_with_output().unwrap());
    assert!(done.code(0).stdout().contains("1 stored before"), "{}", done.stdout());
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
    std::fs::remove_file(place.path(".darkroom/identity.pem")).unwrap();
    let canister = place.canister();
    let args = ["run", text(&photo), "--canister", &canister];
    place.run(&args).code(4).says("forbidden");
}

/// Measured by hand, for docs/benchmarks.md.
#[test]
#[ignore = "takes a while; prints what it measures"]
fn a_thousand_small_photos() {
    const PHOTOS: u64 = 1000;
    let place = Place::new();
    let bytes: u64 = (0..PHOTOS)
        .map(|seed| std::fs::metadata(place.photo(&format!("photos/{seed:04}.jpg"), seed)).unwrap().len())
        .sum();
    let network = Network::start(&place, None);
    place.run(&["deploy"]).code(0);
    let canister = place.canister();
    for (pass, jobs) in [("first", "8"), ("second", "8")] {
        let counter = Counter::before(&network.url);
        let mut command = place.command();
        command.args([
            "run",
            "photos",
            "--json",
            "--jobs",
            jobs,
            "--network",
            &counter.url,
            "--canister",
            &canister,
        ]);
        let begun = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut peak = String::new();
        let status = loop {
            // Of a process that has ended there is no such line any more.
            let found = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let line = found.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            peak = line.map_or(peak, |line| line.trim().to_owned());
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        assert!(status.success());
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "{pass} run, {jobs} files at once: {seconds:.1} s, {:.0} photos/s, {:.1} MB/s of {:.1} MB, {} bytes sent, \
            {:.2} requests per photo, peak memory {peak}",
            PHOTOS as f64 / seconds,
            bytes as f64 / 1e6 / seconds,
            bytes as f64 / 1e6,
            counter.sent(),
            counter.requests() as f64 / PHOTOS as f64,
        );
    }
}
