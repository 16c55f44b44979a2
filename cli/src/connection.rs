//! From flags to a canister that can be called.

use std::sync::Arc;

use candid::Principal;
use darkroom_api as api;
use darkroom_client::Darkroom;
use ic_agent::{Agent, Identity};

use crate::args::Target;
use crate::deploy;
use crate::error::{Error, Result};
use crate::interrupt;
use crate::network::{Endpoint, NetworkName, canister_url};
use crate::state::State;
use crate::{identity, toolkit};

/// What a command needs of the canister.
#[derive(Debug)]
pub(crate) enum Need {
    /// It is there.
    Canister,
    /// It is there; on the local network it is installed where it is missing, with these arguments.
    Deployed(Box<api::InitArgs>),
}

/// A network, an identity there, and a canister on it.
pub(crate) struct Connection {
    pub(crate) darkroom: Darkroom,
    /// What the canister is reached through.
    pub(crate) agent: Agent,
    pub(crate) endpoint: Arc<Endpoint>,
    /// Whether the canister was installed just now, with the arguments of [`Need::Deployed`].
    pub(crate) fresh: bool,
}

impl Connection {
    /// Where browsers find an asset.
    pub(crate) fn asset_url(&self, item: &str, asset: &str) -> String {
        self.url(&format!("/{item}/{asset}"))
    }

    /// Where browsers find a path of the canister's.
    pub(crate) fn url(&self, path: &str) -> String {
        canister_url(&self.endpoint.url, self.darkroom.canister(), path)
    }
}

/// Runs `work` on the canister that the flags name, then leaves the network in good order, whatever came of it.
pub(crate) fn with_canister<T>(
    target: &Target,
    need: Need,
    work: impl AsyncFnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let explicit = target.canister.as_deref().map(parse_canister).transpose()?;
    let state = State::new(&target.state);
    if matches!(need, Need::Canister) {
        require_known(target, &state, explicit)?;
    }
    with_network(target, async |agent, endpoint| {
        let network = &target.network;
        let deployment = deploy::Deployment { agent, state: &state, network };
        let (canister, fresh) = match (explicit, need) {
            (Some(canister), _) => (canister, false),
            (None, Need::Deployed(args)) if *network == NetworkName::Local => {
                deployment.ensure(&args).await?
            }
            (None, _) => (known(network, &state)?, false),
        };
        let darkroom = Darkroom::new(agent.clone(), canister, toolkit::toolkit()?);
        let darkroom = darkroom.with_journal(state.uploads());
        work(&Connection { darkroom, agent: agent.clone(), endpoint, fresh }).await
    })
}

/// Runs `work` on the network that the flags name.
pub(crate) fn with_network<T>(
    target: &Target,
    work: impl AsyncFnOnce(&Agent, Arc<Endpoint>) -> Result<T>,
) -> Result<T> {
    let state = State::new(&target.state);
    let identity = identity::load(target.identity.as_deref(), &state)?;
    let endpoint = Arc::new(Endpoint::open(&target.network, &state)?);
    let runtime = interrupt::runtime()?;
    let result = runtime.block_on(interrupt::or_interrupted(async {
        let agent = agent(&endpoint, identity).await?;
        work(&agent, endpoint.clone()).await
    }));
    // Calls that nobody waits for any more end before the network does.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    let closed = match Arc::try_unwrap(endpoint) {
        Ok(endpoint) => endpoint.close(),
        Err(shared) => {
            drop(shared);
            Ok(())
        }
    };
    let value = result?;
    closed?;
    Ok(value)
}

async fn agent(endpoint: &Endpoint, identity: Arc<dyn Identity>) -> Result<Agent> {
    let unreachable = |error: ic_agent::AgentError| {
        Error::Network(format!("cannot reach {}: {error}; check --network and that it runs", endpoint.url))
    };
    let agent = Agent::builder().with_url(endpoint.url.as_str()).with_arc_identity(identity);
    let agent = agent.build().map_err(unreachable)?;
    match endpoint.root_key() {
        Some(key) => agent.set_root_key(key),
        // Only networks on this machine are asked for a key; all others must be mainnet.
        None if endpoint.own_root_key => agent.fetch_root_key().await.map_err(unreachable)?,
        None => {}
    }
    Ok(agent)
}

fn parse_canister(text: &str) -> Result<Principal> {
    Principal::from_text(text).map_err(|error| {
        Error::Usage(format!(
            "--canister: `{text}` is not a canister id ({error}); one looks like ryjl3-tyaaa-aaaaa-aaaba-cai"
        ))
    })
}

/// Fails before a network is started for nothing.
fn require_known(target: &Target, state: &State, explicit: Option<Principal>) -> Result<()> {
    if explicit.is_some() {
        return Ok(());
    }
    known(&target.network, state).map(|_| ())
}

/// The canister that was deployed to a network from this state directory.
fn known(network: &NetworkName, state: &State) -> Result<Principal> {
    state.canister(network.key())?.ok_or_else(|| {
        let dir = state.root().display();
        Error::Usage(match network {
            NetworkName::Local => format!(
                "nothing is stored in {dir} yet; `darkroom run PHOTO` deploys a canister and uploads a photo \
                 (another state directory is named with --state)"
            ),
            _ => format!(
                "no canister is known on `{}`; name one with --canister ID, or `darkroom deploy` one",
                network.key()
            ),
        })
    })
}
