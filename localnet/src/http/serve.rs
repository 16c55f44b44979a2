//! Listening: a runtime with threads that can execute Wasm, and routers bound to ports of 127.0.0.1.

use crate::Error;
use crate::exec::THREAD_STACK;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::{Semaphore, watch};

/// How long a connection may take to send the head of its next request. Clients keep idle connections for less.
const HEAD: Duration = Duration::from_secs(120);

/// A runtime for serving.
pub(crate) fn runtime() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("darkroom-http")
        .thread_stack_size(THREAD_STACK)
        .enable_all()
        .build()
        .map_err(Error::io("cannot start the server's threads"))
}

/// A bound port; it is closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    /// Gone, it ends what serves the port.
    _open: watch::Sender<()>,
}

impl Port {
    /// Serves `router` on a port, 0 for any.
    pub(crate) async fn open(router: Router, port: u16) -> Result<Port, Error> {
        let fail = |source| Error::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(fail)?;
        let number = listener.local_addr().map_err(fail)?.port();
        let (open, closed) = watch::channel(());
        tokio::spawn(accept(listener, router, closed));
        Ok(Port { number, _open: open })
    }
}

/// Connections at a time: half of the files that the process may open, since memories and records are files too.
fn connections() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.and_then(|n| usize::try_from(n / 2).ok()).unwrap_or(usize::MAX).clamp(16, 16_384)
}

/// Takes connections until the port closes. With as many as there may be, others wait outside.
async fn accept(listener: TcpListener, router: Router, mut closed: watch::Receiver<()>) {
    let places = Arc::new(Semaphore::new(connections()));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.ok();
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            _ = closed.changed() => return,
        };
        let Ok((stream, _)) = accepted else {
            // The system is out of something; what is being served will give it back.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (router, closed) = (router.clone(), closed.clone());
        tokio::spawn(async move {
            connection(stream, router, closed).await;
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, router: Router, mut closed: watch::Receiver<()>) {
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut served = pin!(served);
    tokio::select! {
        // How a connection ends is the client's business.
        _ = served.as_mut() => return,
        _ = closed.changed() => served.as_mut().graceful_shutdown(),
    }
    let _ = served.await;
}

/// Ends a runtime from any thread, also from one of another runtime.
pub(crate) fn end(runtime: Runtime) {
    if Handle::try_current().is_ok() {
        runtime.shutdown_background();
    } else {
        runtime.shutdown_timeout(Duration::from_secs(5));
    }
}
