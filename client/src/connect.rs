//! From a URL to a canister that can be called.

use std::future::{Future, IntoFuture};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use candid::Principal;
use ic_agent::agent::HttpService;
use ic_agent::identity::AnonymousIdentity;
use ic_agent::{Agent, Identity};
use url::{Host, Url};

use crate::calls::unless_transient;
use crate::darkroom::{Darkroom, Toolkit};
use crate::error::{Error, Result};
use crate::line::Line;
use crate::retry::{RetryPolicy, Tries};
use crate::window::{Gate, MOST};

/// How long a request may take in all, as agents have it by themselves.
const LONGEST_REQUEST: Duration = Duration::from_secs(360);

/// What a connection is made with, by [`Darkroom::connect`]; awaited, it gives the [`Darkroom`].
///
/// # Errors
/// Awaited, [`Error::Url`] for a URL that is none, and [`Error::Call`] where a root key has to be asked for and cannot be.
#[derive(Clone)]
#[must_use = "it connects when it is awaited"]
pub struct Connect {
    url: String,
    canister: Principal,
    identity: Arc<dyn Identity>,
    toolkit: Option<Toolkit>,
    retry: RetryPolicy,
    window: usize,
    journal: Option<PathBuf>,
    root_key: Option<Vec<u8>>,
}

impl std::fmt::Debug for Connect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let canister = self.canister.to_text();
        f.debug_struct("Connect").field("url", &self.url).field("canister", &canister).finish_non_exhaustive()
    }
}

impl Darkroom {
    /// A canister on the network at `url`: `https://icp-api.io` is mainnet, a network on this machine has an address
    /// such as `http://127.0.0.1:8000`. What else there is to say is said to what this gives, which connects when it is
    /// awaited.
    ///
    /// Nothing is asked of mainnet for that: its root key is known. The root key of a network is what its answers are
    /// verified with, so it is asked for only where the URL is on this machine; that of any other network is named with
    /// [`root_key`](Connect::root_key).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use darkroom_client::Darkroom;
    ///
    /// let canister = "ryjl3-tyaaa-aaaaa-aaaba-cai".parse()?;
    /// let darkroom = Darkroom::connect("https://icp-api.io", canister).window(16).await?;
    /// assert_eq!(darkroom.canister(), canister);
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect(url: impl Into<String>, canister: Principal) -> Connect {
        Connect {
            url: url.into(),
            canister,
            identity: Arc::new(AnonymousIdentity),
            toolkit: None,
            retry: RetryPolicy::default(),
            window: MOST,
            journal: None,
            root_key: None,
        }
    }
}

impl Connect {
    /// As whom calls are made. By default as nobody, who may look at what is public and not upload.
    pub fn identity(self, identity: impl Identity + 'static) -> Connect {
        self.shared_identity(Arc::new(identity))
    }

    /// The same with one that is shared.
    pub fn shared_identity(self, identity: Arc<dyn Identity>) -> Connect {
        Connect { identity, ..self }
    }

    /// The processors and decoders that the application knows. By default none: then files go only through pipelines
    /// that make nothing of them.
    pub fn toolkit(self, toolkit: Toolkit) -> Connect {
        Connect { toolkit: Some(toolkit), ..self }
    }

    /// How calls are repeated that fail on the way.
    pub fn retry(self, retry: RetryPolicy) -> Connect {
        Connect { retry, ..self }
    }

    /// The most messages with many bytes that are on their way at once, over all uploads: 1 and more, by default 64.
    /// Below that the window follows what the network takes. A chunk of 1.9 MB takes five times that while it is on its
    /// way, and one upload has no more of them than 64 MiB hold.
    pub fn window(self, most: usize) -> Connect {
        Connect { window: most, ..self }
    }

    /// A directory for uploads in flight; see [`with_journal`](Darkroom::with_journal).
    pub fn journal(self, dir: impl Into<PathBuf>) -> Connect {
        Connect { journal: Some(dir.into()), ..self }
    }

    /// The root key of a network that is neither mainnet nor on this machine, DER-encoded, from whoever runs it. Whoever
    /// has made it up can make up all answers.
    pub fn root_key(self, key: impl Into<Vec<u8>>) -> Connect {
        Connect { root_key: Some(key.into()), ..self }
    }

    async fn open(self) -> Result<Darkroom> {
        let unusable = |reason: String| Error::Url { url: self.url.clone(), reason };
        let url = Url::parse(&self.url).map_err(|error| unusable(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unusable(format!("`{}` is no scheme of networks; http and https are", url.scheme())));
        }
        let agent = Agent::builder().with_url(url.as_str()).with_arc_http_middleware(http_service(&url)?);
        let agent = agent.with_arc_identity(self.identity);
        let agent = agent.build().map_err(|error| unusable(error.to_string()))?;
        match self.root_key {
            Some(key) => agent.set_root_key(key),
            None if is_on_this_machine(&url) => fetch_root_key(&agent, self.retry).await?,
            None => {}
        }
        let toolkit = self.toolkit.map_or_else(Toolkit::bare, Ok)?;
        let mut darkroom = Darkroom::new(agent, self.canister, toolkit).with_retry(self.retry);
        darkroom.calls.gate = Arc::new(Gate::new(self.window.max(1)));
        Ok(match self.journal {
            Some(dir) => darkroom.with_journal(dir),
            None => darkroom,
        })
    }
}

impl IntoFuture for Connect {
    type Output = Result<Darkroom>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Darkroom>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

/// The HTTP side of agents of the network at `url`: of large messages it sends three at once, so that little is sent in
/// vain when a client ends, and reaches a network on this machine without a proxy, whatever the environment says. A proxy
/// would find another machine there, and whoever gives the root key can make up all answers. Not every system knows that
/// names below `localhost` are this machine, so they are not asked for.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let url = "http://127.0.0.1:8000".parse()?;
/// let http = darkroom_client::http_service(&url)?;
/// let agent = ic_agent::Agent::builder().with_url(url).with_arc_http_middleware(http).build()?;
/// # drop(agent);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Url`] where the system gives no HTTP client.
pub fn http_service(url: &Url) -> Result<Arc<dyn HttpService>> {
    Ok(Arc::new(Line::new(http_client(url)?)))
}

fn http_client(url: &Url) -> Result<reqwest::Client> {
    let mut client = reqwest::Client::builder().timeout(LONGEST_REQUEST);
    if is_on_this_machine(url) {
        client = client.no_proxy();
        if let Some(Host::Domain(name)) = url.host() {
            let here = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            client = client.resolve_to_addrs(name, &here.map(|address| SocketAddr::new(address, 0)));
        }
    }
    client.build().map_err(|error| Error::Url { url: url.to_string(), reason: error.to_string() })
}

async fn fetch_root_key(agent: &Agent, retry: RetryPolicy) -> Result<()> {
    let mut tries = Tries::default();
    loop {
        match agent.fetch_root_key().await {
            Ok(()) => return Ok(()),
            Err(source) => unless_transient(&retry, "status", source, &mut tries).await?,
        }
    }
}

/// Whether a URL leads to this machine by what it says, whatever a resolver would make of it.
fn is_on_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
        }
        // RFC 6761 reserves these names for it.
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_asked_for_their_root_key() {
        let is_here = |url: &str| is_on_this_machine(&Url::parse(url).unwrap());
        for here in [
            "http://127.0.0.1:8000",
            "http://127.8.9.1/",
            "http://[::1]:4943",
            "http://[::ffff:127.0.0.1]/",
            "https://LOCALHOST",
            "http://localhost.:80",
            "http://aaaaa-aa.localhost:8000",
        ] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in [
            "https://icp-api.io",
            "https://ic0.app",
            "http://0.0.0.0:8000",
            "http://192.168.0.1",
            "http://localhost.example.com",
            "http://notlocalhost",
            "http://localhost@icp-api.io",
            "http://[fe80::1]",
        ] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }

    #[tokio::test]
    async fn mainnet_is_asked_nothing_and_what_is_no_network_is_refused() {
        let canister = Principal::management_canister();
        let darkroom = Darkroom::connect("https://icp-api.io", canister).await.unwrap();
        let mainnet = Agent::builder().with_url("https://icp-api.io").build().unwrap().read_root_key();
        assert_eq!(darkroom.calls.agent.read_root_key(), mainnet);
        let own = Darkroom::connect("https://testnet.example", canister).root_key([1, 2, 3]).await.unwrap();
        assert_eq!(own.calls.agent.read_root_key(), [1, 2, 3]);
        for url in ["", "ic", "ftp://127.0.0.1"] {
            let refused = Darkroom::connect(url, canister).await.unwrap_err();
            assert!(matches!(refused, Error::Url { .. }), "{refused}");
        }
    }

    /// Runs itself once more, in an environment with a proxy.
    #[tokio::test]
    async fn this_machine_is_reached_without_a_proxy() {
        const NAME: &str = "connect::tests::this_machine_is_reached_without_a_proxy";
        const PORT: &str = "DARKROOM_TEST_PORT";
        if let Ok(port) = std::env::var(PORT) {
            for host in ["127.0.0.1", "localhost", "aaaaa-aa.localhost"] {
                let url = Url::parse(&format!("http://{host}:{port}/")).unwrap();
                let answer = http_client(&url).unwrap().get(url).send().await;
                assert_eq!(answer.unwrap().status(), 204, "{host}");
            }
            let url = Url::parse("http://darkroom.invalid/").unwrap();
            let refused = http_client(&url).unwrap().get(url).send().await.unwrap_err();
            assert!(refused.is_connect(), "what is elsewhere goes through the proxy: {refused}");
            return;
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = std::io::Read::read(&mut stream, &mut [0; 4096]).unwrap();
                let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
                std::io::Write::write_all(&mut stream, answer).unwrap();
            }
        });
        // Nothing listens on port 1.
        let proxy = "http://127.0.0.1:1";
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", NAME, "--nocapture"]).env(PORT, port.to_string());
        again.envs(["http_proxy", "HTTP_PROXY", "ALL_PROXY"].map(|name| (name, proxy)));
        let output = again.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}{errors}");
    }

    #[tokio::test]
    async fn a_network_that_is_not_there_is_an_error_of_the_network() {
        // A port that is free: it was just now.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let retry = RetryPolicy { attempts: 1, ..Default::default() };
        let connect = Darkroom::connect(format!("http://127.0.0.1:{port}"), Principal::management_canister());
        let refused = connect.retry(retry).await.unwrap_err();
        assert_eq!(refused.kind(), crate::ErrorKind::Network, "{refused}");
    }
}
