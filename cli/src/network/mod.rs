//! Which network is meant, and how it is reached.

mod local;
pub(crate) mod running;

use std::str::FromStr;

use candid::Principal;
use darkroom_localnet::Network as LocalNetwork;
use url::Url;

use crate::error::{Error, Result};
use crate::state::State;

pub(crate) use local::{round, start};

/// Where the embedded network listens unless that port is taken, so that URLs stay good from run to run.
pub(crate) const DEFAULT_PORT: u16 = 8088;

/// Where mainnet is called.
pub(crate) const MAINNET: &str = "https://icp-api.io";

/// A network as it is named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NetworkName {
    /// The embedded one.
    Local,
    /// Mainnet.
    Ic,
    /// One that is reached through this URL.
    Url(Url),
    /// One that `icp.yaml` or `dfx.json` says more of.
    Named(String),
}

impl FromStr for NetworkName {
    type Err = String;

    fn from_str(text: &str) -> Result<NetworkName, String> {
        let is_name = |text: &str| {
            let mut letters = text.chars();
            letters.next().is_some_and(char::is_alphanumeric)
                && letters.all(|letter| letter.is_alphanumeric() || "-_".contains(letter))
        };
        match text {
            "local" => Ok(NetworkName::Local),
            "ic" => Ok(NetworkName::Ic),
            name if is_name(name) => Ok(NetworkName::Named(name.to_owned())),
            other => match Url::parse(other) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                    Ok(NetworkName::Url(url))
                }
                _ => Err("expected `local`, `ic`, a network or environment of icp.yaml or dfx.json, or a URL such as \
                     http://127.0.0.1:8000"
                    .to_owned()),
            },
        }
    }
}

impl NetworkName {
    /// Under which canister ids are remembered.
    pub(crate) fn key(&self) -> &str {
        match self {
            NetworkName::Local => "local",
            NetworkName::Ic => "ic",
            NetworkName::Url(url) => url.as_str(),
            NetworkName::Named(name) => name,
        }
    }
}

/// How a network's root key is known, by which all its answers are verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RootKey {
    /// It is mainnet's, which is built in.
    Mainnet,
    /// The network is asked for it: good only for one on this machine.
    Fetch,
    /// It has been told.
    Known(Vec<u8>),
}

impl RootKey {
    /// That of a URL of which nothing is told: what is not on this machine must be mainnet.
    pub(crate) fn of(url: &Url) -> RootKey {
        match is_loopback(url) {
            true => RootKey::Fetch,
            false => RootKey::Mainnet,
        }
    }
}

/// A network that has been looked up.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// As it was named.
    pub(crate) name: NetworkName,
    /// Where it is; absent for the embedded one.
    url: Option<Url>,
    root_key: RootKey,
}

impl Network {
    /// The embedded one, mainnet, or that of a URL.
    ///
    /// # Errors
    /// For a name that files would have to tell more of, and a root key that would have to be fetched from afar.
    pub(crate) fn new(name: NetworkName, told: Option<(Url, RootKey)>) -> Result<Network> {
        let (url, root_key) = match (&name, told) {
            (_, Some((url, root_key))) => (Some(url), root_key),
            (NetworkName::Local, None) => (None, RootKey::Fetch),
            (NetworkName::Url(url), None) => (Some(url.clone()), RootKey::of(url)),
            (NetworkName::Ic, None) => {
                let url = Url::parse(MAINNET).map_err(|error| Error::Network(error.to_string()))?;
                (Some(url), RootKey::Mainnet)
            }
            (NetworkName::Named(name), None) => {
                return Err(Error::Usage(format!("--network: nothing is told of `{name}`")));
            }
        };
        if let Some(url) = &url
            && root_key == RootKey::Fetch
            && !is_loopback(url)
        {
            return Err(Error::Usage(format!(
                "the root key of `{}` would be fetched from {url}, which is not this machine: anybody on the way \
                 could give another\n  hint: write the key itself as `root-key` into icp.yaml, or `mainnet`",
                name.key()
            )));
        }
        Ok(Network { name, url, root_key })
    }

    /// Under which canister ids are remembered.
    pub(crate) fn key(&self) -> &str {
        self.name.key()
    }

    /// Whether it is the embedded one.
    pub(crate) fn is_local(&self) -> bool {
        self.name == NetworkName::Local
    }

    /// Where it is, or will be when it runs.
    pub(crate) fn url(&self, state: &State) -> Result<Url> {
        match &self.url {
            Some(url) => Ok(url.clone()),
            None => local::expected_url(state),
        }
    }
}

/// A network that can be called.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Where its interface is.
    pub(crate) url: Url,
    /// How its root key is known.
    root_key: RootKey,
    /// When it runs in this process.
    embedded: Option<LocalNetwork>,
}

impl Endpoint {
    /// Reaches the network, starting the embedded one if that is meant and none runs.
    pub(crate) fn open(network: &Network, state: &State) -> Result<Endpoint> {
        match &network.url {
            Some(url) => {
                Ok(Endpoint { url: url.clone(), root_key: network.root_key.clone(), embedded: None })
            }
            None => local::open(state),
        }
    }

    /// How the root key is known.
    pub(crate) fn root_key(&self) -> &RootKey {
        &self.root_key
    }

    /// Whether the network ends with this process.
    pub(crate) fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Stops the embedded network with its state written.
    pub(crate) fn close(self) -> Result<()> {
        self.embedded.map_or(Ok(()), |network| network.stop().map_err(Error::from))
    }
}

/// Where browsers find a path of a canister's.
pub(crate) fn canister_url(base: &Url, canister: Principal, path: &str) -> String {
    let host = base.host_str().unwrap_or_default();
    let mainnet = ["ic0.app", "icp0.io", "icp-api.io", "internetcomputer.org"];
    if mainnet.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}"))) {
        return format!("https://{canister}.icp0.io{path}");
    }
    if is_loopback(base) {
        let port = base.port().map_or_else(String::new, |port| format!(":{port}"));
        return format!("{}://{canister}.localhost{port}{path}", base.scheme());
    }
    let base = base.as_str().trim_end_matches('/');
    format!("{base}{path}?canisterId={canister}")
}

/// Whether a URL stays on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_named_or_reached_by_url() {
        assert_eq!("local".parse(), Ok(NetworkName::Local));
        assert_eq!("ic".parse(), Ok(NetworkName::Ic));
        assert_eq!("staging-2".parse(), Ok(NetworkName::Named("staging-2".to_owned())));
        assert!(matches!("http://127.0.0.1:4943".parse(), Ok(NetworkName::Url(_))));
        for bad in ["", "-x", "a b", "127.0.0.1:4943", "ftp://example.org", "http://"] {
            assert!(bad.parse::<NetworkName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_networks_on_this_machine_are_asked_for_their_root_key() {
        let own = |text: &str| RootKey::of(&Url::parse(text).unwrap()) == RootKey::Fetch;
        for local in ["http://127.0.0.1:80", "http://localhost:8000", "http://x.localhost", "http://[::1]:1"]
        {
            assert!(own(local), "{local}");
        }
        for other in ["https://icp-api.io", "http://10.0.0.1", "https://localhost.example.org"] {
            assert!(!own(other), "{other}");
            let told = (Url::parse(other).unwrap(), RootKey::Fetch);
            let error =
                Network::new(NetworkName::Named("far".to_owned()), Some(told)).unwrap_err().to_string();
            assert!(error.contains("root key of `far`") && error.contains(other), "{error}");
        }
    }

    #[test]
    fn urls_follow_the_network() {
        let url = |base: &str| canister_url(&Url::parse(base).unwrap(), Principal::from_slice(&[1]), "/i/a");
        let id = Principal::from_slice(&[1]);
        assert_eq!(url("http://127.0.0.1:8088"), format!("http://{id}.localhost:8088/i/a"));
        assert_eq!(url("https://icp-api.io"), format!("https://{id}.icp0.io/i/a"));
        assert_eq!(url("https://net.example/"), format!("https://net.example/i/a?canisterId={id}"));
    }
}
