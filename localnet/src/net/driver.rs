//! The thread that drives a network by the wall clock.

use super::Instance;
use crate::RoundConfig;
use crate::exec::THREAD_STACK;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long the network sleeps when nothing happens, so that timers and heartbeats are on time.
const IDLE: Duration = Duration::from_millis(100);

/// A running driver; it stops when dropped, after the message being executed.
#[derive(Debug)]
pub(crate) struct Driver {
    instance: Arc<Instance>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    /// Starts to drive `instance`; `None` if something drives it already.
    pub(crate) fn start(
        instance: Arc<Instance>,
        rounds: Option<RoundConfig>,
    ) -> std::io::Result<Option<Driver>> {
        if instance.live.swap(true, Ordering::SeqCst) {
            return Ok(None);
        }
        let stop = Arc::new(AtomicBool::new(false));
        instance.advance(rounds.map(|r| r.ingress_bytes));
        let (driven, stopped) = (instance.clone(), stop.clone());
        let thread = std::thread::Builder::new()
            .name("darkroom-executor".into())
            .stack_size(THREAD_STACK)
            .spawn(move || drive(&driven, &stopped, rounds))?;
        Ok(Some(Driver { instance, stop, thread: Some(thread) }))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.instance.wake();
        if let Some(thread) = self.thread.take() {
            // A driver that panicked has nothing left to wait for.
            let _ = thread.join();
        }
        self.instance.live.store(false, Ordering::SeqCst);
    }
}

fn drive(instance: &Instance, stop: &AtomicBool, rounds: Option<RoundConfig>) {
    while !stop.load(Ordering::SeqCst) {
        let start = Instant::now();
        let more = instance.advance(rounds.map(|r| r.ingress_bytes));
        match rounds {
            Some(round) => instance.sleep(round.length.saturating_sub(start.elapsed()), stop, false),
            None if !more => instance.sleep(IDLE, stop, true),
            None => {}
        }
    }
}
