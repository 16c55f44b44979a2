//! A network that runs on its own, as it tells other processes of itself.

use std::fs::File;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::state::State;

/// How long a network may take to write its state and end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What it tells.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Running {
    /// Its process.
    pub(crate) pid: u32,
    /// Where it listens.
    pub(crate) url: String,
}

/// Tells others; until it is dropped.
#[derive(Debug)]
pub(crate) struct Announcement(State);

impl Drop for Announcement {
    fn drop(&mut self) {
        // Whoever finds it afterwards sees that nobody holds the state.
        let _ = std::fs::remove_file(self.0.localnet_file());
    }
}

/// Tells others of a network in this process.
pub(crate) fn announce(state: &State, url: &str) -> Result<Announcement> {
    let running = Running { pid: std::process::id(), url: url.to_owned() };
    let text = serde_json::to_string(&running).map_err(|error| Error::Local(error.to_string()))?;
    state.write(&state.localnet_file(), text.as_bytes())?;
    Ok(Announcement(state.clone()))
}

/// The one that runs with this state directory.
pub(crate) fn find(state: &State) -> Result<Option<Running>> {
    let path = state.localnet_file();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(format!("cannot read {}", path.display()))(error)),
    };
    // What an ended process left, or what is no announcement at all, counts for nothing.
    let running: Option<Running> = serde_json::from_str(&text).ok();
    Ok(running.filter(|running| holder(state) == Some(running.pid)))
}

/// Ends it and waits until its state is written. False if none runs.
pub(crate) fn stop(state: &State) -> Result<bool> {
    let Some(running) = find(state)? else { return Ok(false) };
    let what = || format!("cannot stop process {}", running.pid);
    let pid = i32::try_from(running.pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| Error::Local(format!("{}: no such process id", what())))?;
    rustix::process::kill_process(pid, Signal::TERM).map_err(|error| Error::io(what())(error.into()))?;
    let begun = Instant::now();
    while holder(state) == Some(running.pid) {
        if begun.elapsed() > PATIENCE {
            return Err(Error::Local(format!("{}: it has not ended after {} s", what(), PATIENCE.as_secs())));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(true)
}

/// The process that uses the network's state now.
fn holder(state: &State) -> Option<u32> {
    let path = state.localnet().join("lock");
    let file = File::open(&path).ok()?;
    // A shared lock, given back at once, so that others who look do not find themselves in the way.
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => None,
        Err(_) => std::fs::read_to_string(&path).ok()?.trim().parse().ok(),
    }
}
