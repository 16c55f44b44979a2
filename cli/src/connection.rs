//! From flags to a canister that can be called.

use std::sync::Arc;
use std::time::Duration;

use candid::Principal;
use darkroom_api as api;
use darkroom_client::{Darkroom, RetryPolicy};
use ic_agent::{Agent, Identity};

use crate::args::Target;
use crate::deploy;
use crate::error::{Error, Result};
use crate::interrupt;
use crate::network::{Endpoint, RootKey, canister_url};
use crate::project::CANISTER;
use crate::site::{Choice, Site};
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
    /// The same, with calls tried again for so long.
    pub(crate) fn patient(&self, patience: Duration) -> Connection {
        Connection {
            darkroom: self.darkroom.clone().with_retry(RetryPolicy::patient(patience)),
            agent: self.agent.clone(),
            endpoint: self.endpoint.clone(),
            fresh: self.fresh,
        }
    }

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
    let site = Site::new(target)?;
    let choice = site.canister(target.canister.as_deref())?;
    let deploys = matches!(need, Need::Deployed(_)) && site.network.is_local() && !choice.is_explicit();
    if !deploys {
        // Fails before a network is started for nothing.
        require(&site, &choice)?;
    }
    with_network(target, &site, async |agent, endpoint| {
        let deployment = deploy::Deployment { agent, state: &site.state, network: &site.network };
        let (canister, fresh) = match need {
            Need::Deployed(args) if deploys => match &choice {
                // One that icp or dfx has deployed is theirs to upgrade; what they tell may be of a network that is
                // gone, and the project's only canister may be something else.
                Choice::OfProject(_, id) if deployment.is_darkroom(*id).await? => (*id, false),
                _ => deployment.ensure(&args).await?,
            },
            _ => (require(&site, &choice)?, false),
        };
        let darkroom = Darkroom::new(agent.clone(), canister, toolkit::toolkit()?);
        let darkroom = darkroom.with_journal(site.state.uploads());
        work(&Connection { darkroom, agent: agent.clone(), endpoint, fresh }).await
    })
}

/// Runs `work` on the network that the flags name.
pub(crate) fn with_network<T>(
    target: &Target,
    site: &Site,
    work: impl AsyncFnOnce(&Agent, Arc<Endpoint>) -> Result<T>,
) -> Result<T> {
    with_identity(identity(target, site)?.identity, site, work)
}

/// The identity that the flags name, or the one for this place.
pub(crate) fn identity(target: &Target, site: &Site) -> Result<identity::Chosen> {
    identity::load(target.identity.as_deref(), target.identity_password_file.as_deref(), site)
}

/// Runs `work` on the network of `site` as `identity`.
pub(crate) fn with_identity<T>(
    identity: Arc<dyn Identity>,
    site: &Site,
    work: impl AsyncFnOnce(&Agent, Arc<Endpoint>) -> Result<T>,
) -> Result<T> {
    let endpoint = Arc::new(Endpoint::open(&site.network, &site.state)?);
    let runtime = interrupt::runtime()?;
    let result = runtime.block_on(interrupt::or_interrupted(async {
        let agent = agent(&endpoint, identity).await?;
        work(&agent, endpoint.clone()).await
    }));
    // Calls that nobody waits for any more end before the network does.
    runtime.shutdown_timeout(Duration::from_millis(200));
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
    let http = darkroom_client::http_service(&endpoint.url)?;
    let agent = Agent::builder().with_url(endpoint.url.as_str()).with_arc_http_middleware(http);
    let agent = agent.with_arc_identity(identity).build().map_err(unreachable)?;
    match endpoint.root_key() {
        RootKey::Known(key) => agent.set_root_key(key.clone()),
        // Only networks on this machine are asked for it, which the lookup of the network has made sure of.
        RootKey::Fetch => agent.fetch_root_key().await.map_err(unreachable)?,
        RootKey::Mainnet => {}
    }
    Ok(agent)
}

/// The canister's id.
pub(crate) fn require(site: &Site, choice: &Choice) -> Result<Principal> {
    if let Some(id) = choice.id() {
        return Ok(id);
    }
    let network = site.network.key();
    if let Choice::Unborn(name) = choice {
        return Err(Error::Usage(format!(
            "`{name}` has no canister on `{network}` yet; `darkroom deploy`, `icp deploy` or `dfx deploy` makes one"
        )));
    }
    let dir = site.state.root().display();
    let names = site.canister_names()?;
    Err(Error::Usage(match (site.network.is_local(), names.is_empty()) {
        (_, false) => format!(
            "none of the project's canisters on `{network}` is called `{CANISTER}`; name one with --canister: {}",
            names.join(", ")
        ),
        (true, true) => format!(
            "nothing is stored in {dir} yet; `darkroom run PHOTO` deploys a canister and uploads a photo (another state \
             directory is named with --state)"
        ),
        (false, true) => {
            format!("no canister is known on `{network}`; name one with --canister, or `darkroom deploy` one")
        }
    }))
}
