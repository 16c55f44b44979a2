//! Listening: a runtime with threads that can execute Wasm, and routers bound to ports of 127.0.0.1.

use crate::Error;
use crate::exec::THREAD_STACK;
use axum::Router;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;

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
    stop: Option<oneshot::Sender<()>>,
}

impl Port {
    /// Serves `router` on a port, 0 for any.
    pub(crate) async fn open(router: Router, port: u16) -> Result<Port, Error> {
        let fail = |source| Error::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(fail)?;
        let number = listener.local_addr().map_err(fail)?.port();
        let (stop, stopped) = oneshot::channel();
        let served = axum::serve(listener, router).with_graceful_shutdown(async move {
            let _ = stopped.await;
        });
        tokio::spawn(async move {
            let _ = served.await;
        });
        Ok(Port { number, stop: Some(stop) })
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// Ends a runtime from any thread, also from one of another runtime.
pub(crate) fn end(runtime: Runtime) {
    if Handle::try_current().is_ok() {
        runtime.shutdown_background();
    } else {
        runtime.shutdown_timeout(Duration::from_secs(5));
    }
}
