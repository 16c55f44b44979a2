//! The embedded network: one instance on wall-clock time behind one port.

use crate::http::pocketic::network_router;
use crate::http::serve::{self, Port};
use crate::net::{Driver, Instance, Setup};
use crate::{Error, NetworkConfig};
use candid::Principal;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// A network in this process: the Internet Computer's HTTP interface and the gateway to canisters on
/// `127.0.0.1`, with time moving by the wall clock. Dropping it stops it.
///
/// ```no_run
/// use darkroom_localnet::{Network, NetworkConfig};
///
/// let network = Network::start(NetworkConfig::default())?;
/// println!("listening on {}", network.url());
/// network.stop()?;
/// # Ok::<(), darkroom_localnet::Error>(())
/// ```
#[derive(Debug)]
pub struct Network {
    instance: Arc<Instance>,
    driver: Option<Driver>,
    port: Option<Port>,
    number: u16,
    runtime: Option<Runtime>,
}

impl Network {
    /// Starts a network and returns once it listens. It runs on threads of its own.
    ///
    /// # Errors
    ///
    /// If the port or the state directory cannot be had, or the state cannot be read.
    pub fn start(config: NetworkConfig) -> Result<Network, Error> {
        let setup = Setup {
            state_dir: config.state_dir.as_deref(),
            time: Some(crate::clock::now()),
            fees: config.fees,
            kinds: Vec::new(),
        };
        let instance = Arc::new(Instance::start(setup)?);
        let runtime = serve::runtime()?;
        let opened = std::thread::scope(|scope| {
            // On a thread of its own, so that this may be called from within another runtime.
            let open = || runtime.block_on(Port::open(network_router(instance.clone()), config.port));
            scope.spawn(open).join()
        });
        let port = opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let driver = Driver::start(instance.clone(), config.round)
            .map_err(Error::io("cannot start the executor's thread"))?;
        let number = port.number;
        Ok(Network { instance, driver, port: Some(port), number, runtime: Some(runtime) })
    }

    /// Where it listens, such as `http://127.0.0.1:8000`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.number)
    }

    /// The root key in DER, with which certificates verify.
    pub fn root_key(&self) -> Vec<u8> {
        self.instance.keys.root_der.to_vec()
    }

    /// A canister id of the network's range, the effective id for creating canisters.
    pub fn default_effective_canister_id(&self) -> Principal {
        self.instance.subnets.default_effective()
    }

    /// Stops after the message being executed, with everything written down.
    ///
    /// # Errors
    ///
    /// If the state could not be written.
    pub fn stop(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        self.port.take();
        self.driver.take();
        let Some(runtime) = self.runtime.take() else { return Ok(()) };
        let closed = self.instance.close();
        serve::end(runtime);
        closed
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
