//! `darkroom run` on a terminal, in a pipe, and with Ctrl-C.

#![allow(clippy::unwrap_used, reason = "tests fail where it panics")]

mod support;
#[path = "support/terminal.rs"]
mod terminal;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use support::{Done, Network, Place, text};
use terminal::Terminal;

fn run(place: &Place, args: &[&str]) -> Command {
    let mut command = place.command();
    command.arg("run").args(args).env("TERM", "xterm").env_remove("NO_COLOR");
    command
}

fn signal(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

fn large(place: &Place) -> std::path::PathBuf {
    place.file("photos/a-large-one.jpg", &darkroom_codec::testing::photo(4000, 3000, 97, 1))
}

#[test]
fn bars_appear_and_go_and_a_table_stays() {
    let place = Place::new();
    let _network = Network::start(&place, Some("300"));
    place.run(&["deploy"]).code(0);
    large(&place);
    place.photo("photos/small.jpg", 2);
    let terminal = Terminal::start(run(&place, &["photos", "--jobs", "1"]), 160, 30);
    let parts =
        ["0 of 2 files", "a-large-one.jpg original", "a-large-one.jpg derivatives", "MB/s", " s stored"];
    terminal.wait_for("both lanes", |screen| parts.iter().all(|part| screen.contains(part)));
    terminal.wait_for("the whole", |screen| screen.contains("1 of 2 files"));
    let (status, screens, raw) = terminal.end();
    assert!(status.success());
    let last = screens.last().unwrap();
    assert!(!last.contains("of 2 files") && !last.contains('['), "{last}");
    assert!(
        last.contains("FILE") && last.contains("placeholder") && last.contains("2 files: 2 uploaded;"),
        "{last}"
    );
    assert!(!raw.contains("\u{1b}[3"), "there are no colours: {raw:?}");
}

#[test]
fn narrow_and_dumb_terminals_and_pipes_get_what_fits() {
    let place = Place::new();
    let _network = Network::start(&place, Some("300"));
    place.run(&["deploy"]).code(0);
    let photo = large(&place);
    let terminal = Terminal::start(run(&place, &["photos"]), 40, 12);
    let parts = ["a-la\u{2026}e.jpg original", "a-la\u{2026}e.jpg derivatives", "0 of 1 file "];
    let screen = terminal.wait_for("the bars", |screen| parts.iter().all(|part| screen.contains(part)));
    assert!(screen.contains('%') && !screen.contains('['), "{screen}");
    let bars: Vec<_> = screen.lines().filter(|line| line.contains('%')).collect();
    assert!(bars.iter().all(|line| line.trim_end().ends_with('%')), "nothing is wrapped: {screen}");
    assert!(terminal.end().0.success());

    let mut command = run(&place, &[text(&photo)]);
    command.env("TERM", "dumb");
    let (status, _, raw) = Terminal::start(command, 160, 30).end();
    assert!(status.success() && !raw.contains('\u{1b}'), "{raw:?}");
    assert!(raw.contains("1 file: 1 stored before, nothing sent"), "{raw}");

    let piped = place.run(&["run", text(&photo)]);
    assert!(piped.code(0).stdout().contains("1 file: 1 stored before, nothing sent"));
    assert!(!piped.stderr().contains('\u{1b}') && !piped.stderr().contains('%'), "{}", piped.stderr());
    let quiet = place.run(&["run", "--quiet", text(&photo)]);
    assert_eq!((quiet.code(0).stdout(), quiet.stderr()), (String::new(), String::new()));
}

#[test]
fn ctrl_c_ends_in_order_and_the_same_command_goes_on() {
    let place = Place::new();
    for seed in 0..40 {
        place.photo(&format!("photos/{seed:02}.jpg"), seed);
    }
    // The network is in the same process, and has to be closed with its state written.
    let mut command = run(&place, &["photos", "--json", "--jobs", "1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    signal(child.id());
    let rest = std::io::read_to_string(&mut stdout).unwrap();
    let done = Done(child.wait_with_output().unwrap());
    done.code(130).says("stopping").says("not tried").says("the same command goes on from here");
    let stored = 1 + rest.lines().count();
    assert!(stored < 40, "nothing was left to do");
    assert_eq!(place.run(&["ls", "--json"]).code(0).json().len(), stored);
    // Of so many files each has a row, with the URL of its original.
    let again = place.run(&["run", "photos"]);
    let table = again.code(0).stdout();
    assert!(
        table.contains(&format!("40 files: {} uploaded, {stored} stored before", 40 - stored)),
        "{table}"
    );
    assert_eq!(table.lines().filter(|line| line.ends_with("/original")).count(), 40, "{table}");
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    let place = Place::new();
    place.run(&["deploy"]).code(0);
    // Three rounds at least, so that waiting for the file takes longer than this.
    let _network = Network::start(&place, Some("5000"));
    let photo = large(&place);
    let terminal = Terminal::start(run(&place, &[text(&photo)]), 160, 30);
    terminal.wait_for("a lane", |screen| screen.contains("original"));
    signal(terminal.pid());
    terminal.wait_for("the first", |screen| screen.contains("stopping: waiting for 1 file in flight"));
    signal(terminal.pid());
    let (status, _, raw) = terminal.end();
    assert_eq!(status.code(), Some(130), "{raw}");
    assert!(raw.contains("ended at once"), "{raw}");
}

/// Writes docs/recording.txt, for the README: what a run looks like in the middle and at its end.
#[test]
#[ignore = "writes a file of the documentation"]
fn the_recording_is_made_again() {
    let place = Place::new();
    let network = Network::start(&place, Some("600"));
    place.run(&["deploy"]).code(0);
    let workspace = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let rocket = std::fs::read(workspace.join("examples/photos/rocket.jpg")).unwrap();
    place.file("photos/rocket.jpg", &rocket);
    place.file("photos/beach.jpg", &darkroom_codec::testing::photo(5000, 4000, 97, 1));
    let terminal = Terminal::start(run(&place, &["photos"]), 150, 30);
    let parts = ["beach.jpg original", "beach.jpg derivatives", "1 of 2 files", "MB/s", " s stored"];
    let middle =
        terminal.wait_for("a run in the middle", |screen| parts.iter().all(|part| screen.contains(part)));
    let (status, screens, _) = terminal.end();
    assert!(status.success());
    let listed = place.run(&["ls"]).code(0).stdout();
    let text = format!(
        "$ darkroom run photos\n{middle}\n\n... and a moment later:\n\n{}\n\n$ darkroom ls\n{}\n",
        screens.last().unwrap(),
        listed.trim_end()
    );
    // Everybody's port is another.
    let port = network.url.rsplit_once(':').unwrap().1;
    std::fs::write(workspace.join("docs/recording.txt"), text.replace(port, "8088")).unwrap();
}
