//! The embedded network: found running, or started in this process.

use std::time::{Duration, Instant};

use darkroom_localnet::{Error as LocalnetError, Network, NetworkConfig, RoundConfig};
use url::Url;

use crate::error::{Error, Result};
use crate::network::{DEFAULT_PORT, Endpoint, RootKey, running};
use crate::state::State;

/// How long to wait for another process to give the state free.
const PATIENCE: Duration = Duration::from_secs(180);

/// Bytes of ingress messages that a subnet's round takes.
const ROUND_BYTES: u64 = 4 << 20;

/// The network of this state directory: the one that runs on its own, or one in this process.
pub(super) fn open(state: &State) -> Result<Endpoint> {
    match start_or_find(state, chosen_port()?, None)? {
        Found::Running(running) => {
            Ok(Endpoint { url: parse(&running.url)?, root_key: RootKey::Fetch, embedded: None })
        }
        Found::Started(network) => Ok(Endpoint {
            url: parse(&network.url())?,
            root_key: RootKey::Known(network.root_key()),
            embedded: Some(network),
        }),
    }
}

/// Where the network of this state directory is, or will be unless its port is taken.
pub(super) fn expected_url(state: &State) -> Result<Url> {
    match running::find(state)? {
        Some(running) => parse(&running.url),
        None => parse(&format!("http://127.0.0.1:{}", chosen_port()?.unwrap_or(DEFAULT_PORT))),
    }
}

fn parse(url: &str) -> Result<Url> {
    Url::parse(url).map_err(|error| Error::Network(format!("{url}: {error}")))
}

fn chosen_port() -> Result<Option<u16>> {
    let Ok(text) = std::env::var("DARKROOM_PORT") else { return Ok(None) };
    let port = text.parse().map_err(|_| Error::Usage(format!("DARKROOM_PORT: `{text}` is not a port")))?;
    Ok(Some(port))
}

/// Starts the network, to run on its own.
///
/// # Errors
/// When one runs already.
pub(crate) fn start(state: &State, port: Option<u16>, round: Option<RoundConfig>) -> Result<Network> {
    match start_or_find(state, port, round)? {
        Found::Started(network) => Ok(network),
        Found::Running(running) => Err(Error::Local(format!(
            "a localnet runs already for {}, at {} (process {}); `darkroom localnet stop` ends it",
            state.root().display(),
            running.url,
            running.pid
        ))),
    }
}

/// Rounds of this length.
pub(crate) fn round(milliseconds: u32) -> RoundConfig {
    RoundConfig { length: Duration::from_millis(milliseconds.into()), ingress_bytes: ROUND_BYTES }
}

enum Found {
    Running(running::Running),
    Started(Network),
}

fn start_or_find(state: &State, port: Option<u16>, round: Option<RoundConfig>) -> Result<Found> {
    state.create()?;
    let mut listen = port.unwrap_or(DEFAULT_PORT);
    let begun = Instant::now();
    let mut told = false;
    loop {
        if let Some(running) = running::find(state)? {
            return Ok(Found::Running(running));
        }
        let config = NetworkConfig {
            state_dir: Some(state.localnet()),
            port: listen,
            round,
            ..NetworkConfig::default()
        };
        match Network::start(config) {
            Ok(network) => return Ok(Found::Started(network)),
            Err(LocalnetError::StateInUse { pid, .. }) if begun.elapsed() < PATIENCE => {
                if !told && begun.elapsed() > Duration::from_millis(500) {
                    told = true;
                    note!(
                        "waiting for process {pid}, which uses the local network in {}",
                        state.root().display()
                    );
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(LocalnetError::Listen { port: taken, source })
                if port.is_none()
                    && taken == DEFAULT_PORT
                    && source.kind() == std::io::ErrorKind::AddrInUse =>
            {
                note!("note: port {DEFAULT_PORT} is taken; the local network uses another this time");
                listen = 0;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
