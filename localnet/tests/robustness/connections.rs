//! HTTP below the messages: heads that are no heads, bodies that lie about their length, connections left open.

use crate::raw::{Random, seed};
use crate::victim::Victim;
use crate::{mutate, rounds};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// Sends bytes and gives all that comes back until the connection is closed. A server that waits for more is told
/// after `patience` that nothing follows.
pub(crate) fn exchange(address: &str, bytes: &[u8], patience: Duration) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    // The server may refuse before all is sent; it may also reset the connection then.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    for (last, timeout) in [(false, patience), (true, Duration::from_secs(60))] {
        stream.set_read_timeout(Some(timeout)).unwrap();
        match stream.read_to_end(&mut answer) {
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                let text = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]);
                assert!(!last, "no answer to {text:?}");
                let _ = stream.shutdown(Shutdown::Write);
            }
            _ => break,
        }
    }
    answer
}

/// How long what may be half a request is given. It decides nothing but how much of a request is served.
pub(crate) const PATIENCE: Duration = Duration::from_millis(30);

/// Requests that are wrong in one way each.
fn heads(base: &str) -> Vec<Vec<u8>> {
    let line = format!("POST {base}/read/query HTTP/1.1\r\nhost: localhost\r\n");
    let with = |rest: &str| format!("{line}{rest}").into_bytes();
    vec![
        with("content-length: 18446744073709551615\r\n\r\n{}"),
        with("content-length: 18446744073709551616\r\n\r\n{}"),
        with("content-length: 4294967297\r\n\r\n{}"),
        with("content-length: -1\r\n\r\n{}"),
        with("content-length: 2\r\ncontent-length: 3\r\n\r\n{}x"),
        with("content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        with("transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}"),
        with("transfer-encoding: chunked\r\n\r\n-1\r\n{}"),
        with("transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        with("transfer-encoding: gzip\r\n\r\n{}"),
        with("expect: 100-continue\r\ncontent-length: 2\r\n\r\n{}"),
        with("upgrade: websocket\r\nconnection: upgrade\r\ncontent-length: 2\r\n\r\n{}"),
        with("content-length: 100\r\n\r\n{}"),
        with("x: \0\r\n\r\n"),
        with(&format!("{}\r\n", "x: y\r\n".repeat(200))),
        with(&format!("x: {}\r\n\r\n", "y".repeat(1 << 20))),
        with(" folded\r\n\r\n"),
        b"GET / HTTP/2.0\r\n\r\n".to_vec(),
        b"GET / HTTP/0.9\r\n\r\n".to_vec(),
        b"GET /status HTTP/1.0\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"CONNECT example.com:80 HTTP/1.1\r\nhost: example.com:80\r\n\r\n".to_vec(),
        b"OPTIONS * HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_vec(),
        b"GET http://127.0.0.1/status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_vec(),
        b"GET  HTTP/1.1\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"\r\n\r\n\r\n".to_vec(),
        vec![0; 1 << 20],
        vec![b'A'; 1 << 20],
    ]
}

#[test]
fn broken_requests_are_refused_or_closed() {
    let seed = seed();
    println!("DARKROOM_SEED={seed}");
    let mut victim = Victim::start();
    let gateway = crate::interface::gateway(&victim);
    victim.endure(rounds(3), |victim, round| {
        let mut random = Random::new(seed.wrapping_add(round));
        for address in [&victim.address, &gateway] {
            for good in heads(&victim.base) {
                for bytes in [mutate::bytes(&mut random, &good), good] {
                    let answer = exchange(address, &bytes, PATIENCE);
                    let ok = answer.is_empty() || answer.starts_with(b"HTTP/1.");
                    assert!(ok, "{}", String::from_utf8_lossy(&answer));
                }
            }
        }
    });
}

#[test]
fn open_connections_keep_nobody_out() {
    let mut victim = Victim::start();
    let gateway = crate::interface::gateway(&victim);
    let starts: [&str; 5] = [
        "",
        "POST /instances HT",
        "POST /instances HTTP/1.1\r\nhost: localhost\r\n",
        "POST /instances HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{",
        "POST /api/v2/canister/aaaaa-aa/call HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n3\r\na",
    ];
    let mut held = Vec::new();
    for n in 0..150 {
        let address = if n % 2 == 0 { &victim.address } else { &gateway };
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(starts[n % starts.len()].as_bytes()).unwrap();
        held.push(stream);
        if n % 50 == 0 {
            victim.check();
        }
    }
    victim.check();
    drop(held);
    victim.check();
}

#[test]
fn clients_that_go_away_leave_nothing_behind() {
    let mut victim = Victim::start();
    let body = crate::victim::call(victim.witness, "bump", &vec![7; 100 << 10]).to_string();
    let path = format!("{}/update/submit_ingress_message", victim.base);
    let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
    victim.endure(rounds(6), |victim, _| {
        for n in 0..60 {
            let mut stream = TcpStream::connect(&victim.address).unwrap();
            let part = head.len() + body.len() * n / 60;
            let _ = stream.write_all(&[&head, &*body].concat().as_bytes()[..part]);
        }
    });
}
