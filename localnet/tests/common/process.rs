//! The server as a process of its own, to be killed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each suite uses a part")]

use pocket_ic::{PocketIc, PocketIcBuilder};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Server {
    process: Child,
    pub address: String,
}

impl Server {
    pub fn start() -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_darkroom-localnet"))
            .args(["--ttl", "600"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Server { process, address: format!("127.0.0.1:{}", line.trim()) }
    }

    pub fn instance(&self, dir: &Path) -> PocketIc {
        PocketIcBuilder::new()
            .with_server_url(format!("http://{}/", self.address).parse().unwrap())
            .with_application_subnet()
            .with_state_dir(dir.to_owned())
            .build()
    }

    /// Sends a request and does not wait for what comes of it.
    pub fn post(&self, path: &str, body: &str) {
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    }

    /// Begins a round and dies somewhere in it, the later the more `yields`.
    pub fn tick_and_die(self, pic: PocketIc, yields: u64) {
        self.post(&format!("/instances/{}/update/tick", pic.instance_id()), r#"{"blockmakers":null}"#);
        for _ in 0..yields {
            std::thread::yield_now();
        }
        // Dropped, it would tell the server to end the instance properly.
        std::mem::forget(pic);
        self.kill();
    }

    /// SIGKILL: nothing can be tidied up.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Lets some microseconds pass, more exactly than sleeping would.
pub fn spin(micros: u64) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(micros) {
        std::thread::yield_now();
    }
}
