//! Work that Ctrl-C or a request to end stops in good order, and at once when it comes a second time.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::error::{Error, INTERRUPTED, Result};

/// Whether a signal has come; signals are for the whole process.
static ASKED: Mutex<Option<watch::Receiver<bool>>> = Mutex::new(None);
/// Whether the work that runs ends by itself when it is asked to.
static IN_ORDER: AtomicBool = AtomicBool::new(false);

/// A runtime for calls to networks.
pub(crate) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::io("cannot start the runtime"))
}

/// Work that ends by itself when it is asked to.
#[derive(Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Promises that the work that runs will look at this.
    pub(crate) fn in_order() -> Result<Stop> {
        let asked = asked()?;
        IN_ORDER.store(true, Ordering::Relaxed);
        Ok(Stop(asked))
    }

    /// Resolves once the end is asked for.
    pub(crate) async fn asked(&self) {
        wait(self.0.clone()).await;
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        IN_ORDER.store(false, Ordering::Relaxed);
    }
}

/// Resolves once the process is interrupted or asked to end.
pub(crate) async fn interrupted() -> Result<()> {
    wait(asked()?).await;
    Ok(())
}

/// Runs `work` unless it is interrupted before its end. Work that has promised to end by itself is waited for.
pub(crate) async fn or_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        result = interrupted() => {
            result?;
            if IN_ORDER.load(Ordering::Relaxed) { work.await } else { Err(Error::Interrupted) }
        }
        result = &mut work => result,
    }
}

async fn wait(mut asked: watch::Receiver<bool>) {
    if asked.wait_for(|asked| *asked).await.is_err() {
        // Nobody listens any more, so nothing will come.
        std::future::pending::<()>().await;
    }
}

/// Begins to listen, once. From then on the first signal is for the work that runs, and a second ends the process,
/// also while a network is being closed and no work runs any more.
fn asked() -> Result<watch::Receiver<bool>> {
    let mut listening = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(asked) = listening.as_ref() {
        return Ok(asked.clone());
    }
    let what = "cannot listen for signals";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Error::io(what))?;
    let entered = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::io(what))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::io(what))?;
    drop(entered);
    let (tell, asked) = watch::channel(false);
    let listen = move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if tell.send_replace(true) {
                    say!("\nended at once; what was stored is kept");
                    std::process::exit(INTERRUPTED.into());
                }
            }
        });
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(Error::io(what))?;
    *listening = Some(asked.clone());
    Ok(asked)
}
