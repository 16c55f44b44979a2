//! The PocketIC server's protocol, in this process.

use crate::Error;
use crate::http::pocketic::{Server, router};
use crate::http::serve::{self, Port};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A server that clients of PocketIC can use. Dropping it stops it.
///
/// ```no_run
/// use darkroom_localnet::PocketIcServer;
///
/// let server = PocketIcServer::start(0)?;
/// println!("PocketIC clients connect to {}", server.url());
/// server.stop();
/// # Ok::<(), darkroom_localnet::Error>(())
/// ```
#[derive(Debug)]
pub struct PocketIcServer {
    server: Arc<Server>,
    port: Option<Port>,
    number: u16,
    runtime: Option<Runtime>,
}

impl PocketIcServer {
    /// Starts a server on a port of `127.0.0.1`, 0 for any, and returns once it listens.
    ///
    /// # Errors
    ///
    /// If the port cannot be had.
    pub fn start(port: u16) -> Result<PocketIcServer, Error> {
        let server = Arc::new(Server::new());
        let runtime = serve::runtime()?;
        let opened = std::thread::scope(|scope| {
            let open = || runtime.block_on(Port::open(router(server.clone()), port));
            scope.spawn(open).join()
        });
        let port = opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let number = port.number;
        Ok(PocketIcServer { server, port: Some(port), number, runtime: Some(runtime) })
    }

    /// Where it listens, such as `http://127.0.0.1:8000`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.number)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.number
    }

    /// How long nothing was asked of it.
    pub fn idle(&self) -> Duration {
        self.server.idle()
    }

    /// Stops, each instance after the message it executes.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.port.take();
        self.server.clear();
        if let Some(runtime) = self.runtime.take() {
            serve::end(runtime);
        }
    }
}

impl Drop for PocketIcServer {
    fn drop(&mut self) {
        self.end();
    }
}
