//! `darkroom localnet`.

#![allow(clippy::unwrap_used, reason = "tests fail where it panics")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use support::{Network, Place, asset, text};

/// The body of what a URL gives.
fn fetch(url: &str) -> Vec<u8> {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let port = host.rsplit_once(':').unwrap().1;
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 200") || answer.starts_with(b"HTTP/1.1 200"), "{url}");
    answer.split_off(end + 4)
}

#[test]
fn one_that_runs_serves_others_and_their_urls() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 1);
    let before = place.store(&[text(&photo)]).remove(0);
    let mut running = Network::start(&place, Some("20"));
    assert!(place.run(&["localnet", "status"]).code(0).stdout().contains(&running.url));
    place.run(&["localnet", "start"]).code(1).says("runs already");
    let line = place.store(&[text(&photo)]).remove(0);
    assert_eq!(line["item"], before["item"], "the state is the same");
    let original = asset(&line, "original")["url"].as_str().unwrap();
    assert!(original.contains(running.url.rsplit_once(':').unwrap().1), "{original}");
    assert_eq!(fetch(original), std::fs::read(&photo).unwrap());
    assert!(place.run(&["localnet", "stop"]).code(0).stdout().contains("stopped"));
    assert!(running.child.wait().unwrap().success());
    place.run(&["localnet", "status"]).code(1);
    place.run(&["localnet", "stop"]).code(0);
    assert_eq!(place.run(&["ls", "--json"]).code(0).json().len(), 1, "and it is kept");
}

#[test]
fn commands_wait_for_each_other() {
    let place = Place::new();
    let photos: Vec<_> = (0..3).map(|seed| place.photo(&format!("{seed}.jpg"), seed)).collect();
    let children: Vec<_> = photos
        .iter()
        .map(|photo| {
            let mut command = place.command();
            command.args(["run", "--json", text(photo)]).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(place.run(&["ls", "--json"]).code(0).json().len(), 3);
}
