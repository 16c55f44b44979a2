//! Which network is meant, and how it is reached.

mod local;
pub(crate) mod running;

use std::str::FromStr;

use candid::Principal;
use darkroom_localnet::Network;
use url::Url;

use crate::error::{Error, Result};
use crate::state::State;

pub(crate) use local::{round, start};

/// Where the embedded network listens unless that port is taken, so that URLs stay good from run to run.
pub(crate) const DEFAULT_PORT: u16 = 8088;

/// A network as it is named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NetworkName {
    /// The embedded one.
    Local,
    /// Mainnet.
    Ic,
    /// One that is reached through this URL.
    Url(Url),
}

impl FromStr for NetworkName {
    type Err = String;

    fn from_str(text: &str) -> Result<NetworkName, String> {
        match text {
            "local" => Ok(NetworkName::Local),
            "ic" => Ok(NetworkName::Ic),
            other => match Url::parse(other) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                    Ok(NetworkName::Url(url))
                }
                _ => Err("expected `local`, `ic`, or a URL such as http://127.0.0.1:8000".to_owned()),
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
        }
    }
}

/// A network that can be called.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Where its interface is.
    pub(crate) url: Url,
    /// Whether its root key is its own: networks on this machine are nobody's mainnet.
    pub(crate) own_root_key: bool,
    /// When it runs in this process.
    embedded: Option<Network>,
}

impl Endpoint {
    /// Reaches the network, starting the embedded one if that is meant and none runs.
    pub(crate) fn open(name: &NetworkName, state: &State) -> Result<Endpoint> {
        let remote = |url: Url| Endpoint { own_root_key: is_loopback(&url), url, embedded: None };
        match name {
            NetworkName::Ic => {
                let url =
                    Url::parse("https://icp-api.io").map_err(|error| Error::Network(error.to_string()))?;
                Ok(remote(url))
            }
            NetworkName::Url(url) => Ok(remote(url.clone())),
            NetworkName::Local => local::open(state),
        }
    }

    /// The root key, where it is known without asking.
    pub(crate) fn root_key(&self) -> Option<Vec<u8>> {
        self.embedded.as_ref().map(Network::root_key)
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
        assert!(matches!("http://127.0.0.1:4943".parse(), Ok(NetworkName::Url(_))));
        for bad in ["", "mainnet", "127.0.0.1:4943", "ftp://example.org", "http://"] {
            assert!(bad.parse::<NetworkName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_networks_on_this_machine_bring_their_own_root_key() {
        let own = |text: &str| is_loopback(&Url::parse(text).unwrap());
        for local in ["http://127.0.0.1:80", "http://localhost:8000", "http://x.localhost", "http://[::1]:1"]
        {
            assert!(own(local), "{local}");
        }
        for other in ["https://icp-api.io", "http://10.0.0.1", "https://localhost.example.org"] {
            assert!(!own(other), "{other}");
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
