//! A way to the network that notes every call, and can lose, repeat, delay and refuse requests, and lose and cut off
//! answers.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What is done to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The connection ends before it reaches the network.
    LoseRequest,
    /// The network has it, but the connection ends before the answer.
    LoseReply,
    /// The connection ends in the middle of the answer.
    CutReply,
    /// The network gets it twice; the second answer counts.
    Repeat,
    /// The network gets it again after so many milliseconds.
    RepeatLate(u64),
    /// It reaches the network after so many milliseconds.
    Delay(u64),
    /// It is answered with this status.
    Status(u16),
    /// There is no answer at all.
    Hold,
}

/// A request, as a rule sees it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The canister's method; absent where it is none.
    pub(crate) method: Option<String>,
    /// Which request it is, from 0.
    pub(crate) number: usize,
    /// Requests of this method that reached the network so far.
    pub(crate) passed: usize,
    /// Requests of this method that are with the network now.
    pub(crate) under_way: usize,
}

type Rule = Box<dyn FnMut(&Call) -> Fault + Send>;

struct State {
    rule: Rule,
    requests: usize,
    passed: Vec<String>,
    answered: Vec<String>,
}

/// The proxy; it ends when it is dropped.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    /// Connections whose request is still being read.
    reading: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy in front of a URL of this machine.
    pub(crate) fn start(url: &str) -> Proxy {
        let target = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let rule: Rule = Box::new(|_| Fault::None);
        let state = State { rule, requests: 0, passed: Vec::new(), answered: Vec::new() };
        let (state, stop) = (Arc::new(Mutex::new(state)), Arc::new(AtomicBool::new(false)));
        let reading = Arc::new(AtomicUsize::new(0));
        let (shared, stopped, counted) = (state.clone(), stop.clone(), reading.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (shared, stopped, target) = (shared.clone(), stopped.clone(), target.clone());
                let Ok(mut stream) = stream else { continue };
                let counted = counted.clone();
                counted.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let request = request(&mut stream);
                    let ruled = request.map(|request| request.map(|request| rule_on(request, &shared)));
                    counted.fetch_sub(1, Ordering::SeqCst);
                    // How a connection ends is what the tests are about.
                    let Ok(Some(request)) = ruled else { return };
                    let _ = serve(stream, &request, &target, &shared, &stopped);
                });
            }
        });
        Proxy { port, state, stop, reading }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Does from now on what the rule says, and forgets what was noted.
    pub(crate) fn rule(&self, rule: impl FnMut(&Call) -> Fault + Send + 'static) {
        let mut state = self.state.lock().unwrap();
        state.rule = Box::new(rule);
        state.passed.clear();
        state.answered.clear();
    }

    /// Lets everything through, and forgets what was noted.
    pub(crate) fn pass(&self) {
        self.rule(|_| Fault::None);
    }

    /// How often a method was called and reached the network.
    pub(crate) fn count(&self, method: &str) -> usize {
        count(&self.state.lock().unwrap().passed, method)
    }

    /// Every call that reached the network, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state.lock().unwrap().passed.clone()
    }

    /// Waits until the rule was asked about everything that clients have sent before.
    pub(crate) async fn settled(&self) {
        let mut quiet = 0;
        while quiet < 5 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            quiet = if self.reading.load(Ordering::SeqCst) == 0 { quiet + 1 } else { 0 };
        }
    }

    /// Waits until the client has so many answers of a method.
    pub(crate) async fn answered(&self, method: &str, times: usize) {
        let begun = Instant::now();
        while count(&self.state.lock().unwrap().answered, method) < times {
            assert!(begun.elapsed() < Duration::from_secs(60), "{method} is not answered {times} times");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn count(calls: &[String], method: &str) -> usize {
    calls.iter().filter(|call| *call == method).count()
}

/// A request and what is done to it.
struct Ruled {
    head: String,
    body: Vec<u8>,
    method: Option<String>,
    fault: Fault,
}

fn rule_on((head, body): (String, Vec<u8>), state: &Mutex<State>) -> Ruled {
    let method = method_name(&body);
    let mut state = state.lock().unwrap();
    let name = method.as_deref().unwrap_or_default();
    let (passed, answered) = (count(&state.passed, name), count(&state.answered, name));
    let number = state.requests;
    state.requests += 1;
    let call = Call { method: method.clone(), number, passed, under_way: passed.saturating_sub(answered) };
    let fault = (state.rule)(&call);
    let is_lost = matches!(fault, Fault::LoseRequest | Fault::Hold | Fault::Status(_));
    if let Some(method) = method.as_ref().filter(|_| !is_lost) {
        state.passed.push(method.clone());
    }
    Ruled { head, body, method, fault }
}

/// One request, then the connection ends.
fn serve(
    mut client: TcpStream,
    request: &Ruled,
    target: &str,
    state: &Mutex<State>,
    stop: &AtomicBool,
) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let Ruled { head, body, method, fault } = request;
    let fault = *fault;
    match fault {
        Fault::LoseRequest => return Ok(()),
        Fault::Hold => {
            while !stop.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            return Ok(());
        }
        Fault::Status(status) => {
            let head = format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            return client.write_all(head.as_bytes());
        }
        Fault::Delay(milliseconds) => std::thread::sleep(Duration::from_millis(milliseconds)),
        Fault::Repeat => drop(forward(target, head, body)),
        Fault::RepeatLate(milliseconds) => {
            let (target, head, body) = (target.to_owned(), head.clone(), body.clone());
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(milliseconds));
                // Nobody waits for this answer.
                let _ = forward(&target, &head, &body);
            });
        }
        Fault::None | Fault::LoseReply | Fault::CutReply => {}
    }
    let answer = forward(target, head, body);
    if let Some(method) = method {
        state.lock().unwrap().answered.push(method.clone());
    }
    let answer = with_close(&answer?);
    match fault {
        Fault::LoseReply => Ok(()),
        Fault::CutReply => client.write_all(&answer[..answer.len() * 2 / 3]),
        _ => client.write_all(&answer),
    }
}

/// Reads a request's head and body.
fn request(client: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut body = bytes.split_off(end + 4);
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            let read = body.len();
            body.resize(length.unwrap_or(read).max(read), 0);
            client.read_exact(&mut body[read..])?;
            return Ok(Some((head, body)));
        }
        match client.read(&mut buffer)? {
            0 => return Ok(None),
            read => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

/// Sends a request to the network and reads the whole answer.
fn forward(target: &str, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut network = TcpStream::connect(target)?;
    network.set_nodelay(true)?;
    network.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes())?;
    network.write_all(body)?;
    let mut answer = Vec::new();
    network.read_to_end(&mut answer)?;
    Ok(answer)
}

/// An answer after which the client opens another connection.
fn with_close(answer: &[u8]) -> Vec<u8> {
    let end = answer.windows(2).position(|window| window == b"\r\n").unwrap_or(answer.len());
    [&answer[..end], b"\r\nconnection: close", &answer[end..]].concat()
}

/// The canister's method, from the CBOR of a call or query.
fn method_name(body: &[u8]) -> Option<String> {
    const KEY: &[u8] = b"method_name";
    let at = body.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    // A text of up to 23 bytes has its length in its first byte; of up to 255 in the second.
    let (start, length) = match *body.get(at)? {
        short @ 0x60..=0x77 => (at + 1, usize::from(short - 0x60)),
        0x78 => (at + 2, usize::from(*body.get(at + 1)?)),
        _ => return None,
    };
    Some(String::from_utf8_lossy(body.get(start..start + length)?).into_owned())
}
