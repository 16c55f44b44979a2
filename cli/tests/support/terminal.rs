//! A command on a pseudo-terminal: what it draws, screen by screen.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// How long anything may take to be drawn.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is seen of a command on a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    reader: Option<std::thread::JoinHandle<()>>,
}

/// Screens, the last of them as it is.
#[derive(Default)]
struct Seen {
    screens: Vec<String>,
    raw: Vec<u8>,
    ended: bool,
}

impl Terminal {
    /// Starts a command with standard output and standard error on a terminal of this size.
    pub(crate) fn start(mut command: Command, columns: u16, rows: u16) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options()
            .read(true)
            .write(true)
            .open(std::ffi::OsStr::from_bytes(name.to_bytes()))
            .unwrap();
        command.stdout(slave.try_clone().unwrap()).stderr(slave);
        let child = command.spawn().unwrap();
        // The child alone has the terminal open, so that reading ends with it.
        drop(command);
        let seen = Arc::<(Mutex<Seen>, Condvar)>::default();
        let reader = std::thread::spawn({
            let seen = seen.clone();
            move || read(master, columns, rows, &seen)
        });
        Terminal { child, seen, reader: Some(reader) }
    }

    /// Waits for a screen of which this holds.
    pub(crate) fn wait_for(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let (seen, changed) = &*self.seen;
        let seen = seen.lock().unwrap();
        let missing = |seen: &mut Seen| !seen.ended && !seen.screens.iter().any(|screen| holds(screen));
        let (seen, _) = changed.wait_timeout_while(seen, PATIENCE, missing).unwrap();
        let found = seen.screens.iter().find(|screen| holds(screen));
        found.unwrap_or_else(|| panic!("{what} is not seen:\n{}", seen.screens.join("\n---\n"))).clone()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end: how it ended, all screens, and all that it wrote.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let seen = std::mem::take(&mut *self.seen.0.lock().unwrap());
        (status, seen.screens, String::from_utf8_lossy(&seen.raw).into_owned())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(master: OwnedFd, columns: u16, rows: u16, seen: &(Mutex<Seen>, Condvar)) {
    let mut master = File::from(master);
    let mut screen = vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0);
    let mut bytes = [0; 4096];
    // An error is what a terminal gives once nobody has its other end open.
    while let Ok(count @ 1..) = master.read(&mut bytes) {
        screen.process(&bytes[..count]);
        let lines: Vec<_> = screen.screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
        let contents = lines.join("\n").trim_end().to_owned();
        let mut now = seen.0.lock().unwrap();
        now.raw.extend_from_slice(&bytes[..count]);
        if now.screens.last() != Some(&contents) {
            now.screens.push(contents);
        }
        seen.1.notify_all();
    }
    seen.0.lock().unwrap().ended = true;
    seen.1.notify_all();
}
