//! A proxy that counts what a network is sent.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests fail where it panics")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How each request to the network's interface begins.
const REQUEST: &[u8] = b"POST /api/";

/// Stands before a network.
pub(crate) struct Counter {
    /// Where it listens.
    pub(crate) url: String,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    bytes: AtomicU64,
    requests: AtomicU64,
}

impl Counter {
    /// Passes on to the network at this URL.
    pub(crate) fn before(network: &str) -> Counter {
        let address = network.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let counts = Arc::<Counts>::default();
        let counted = counts.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let Ok(server) = TcpStream::connect(&address) else { return };
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let counts = counted.clone();
                std::thread::spawn(move || pass(from, to, &counts));
                std::thread::spawn(move || pass(server, client, &Counts::default()));
            }
        });
        Counter { url, counts }
    }

    /// All bytes, the protocol's included.
    pub(crate) fn sent(&self) -> u64 {
        self.counts.bytes.load(Ordering::Relaxed)
    }

    /// Calls, queries, and questions for what became of calls.
    pub(crate) fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::Relaxed)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, counts: &Counts) {
    let mut bytes = vec![0; 1 << 18];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let seen = &bytes[..count];
        counts.bytes.fetch_add(count as u64, Ordering::Relaxed);
        // Whoever waits for an answer begins the next request with bytes that are read apart. To look for it anywhere
        // would make the line slow.
        counts.requests.fetch_add(seen.starts_with(REQUEST).into(), Ordering::Relaxed);
        if to.write_all(seen).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Read), to.shutdown(Shutdown::Write));
}
