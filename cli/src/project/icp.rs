//! What `icp.yaml` says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::{Place, Tool, text_of, unreadable};
use crate::error::Result;
use crate::network::{MAINNET, RootKey};

/// Where icp's own network listens unless something else is said.
const HOST: &str = "127.0.0.1";
const PORT: u16 = 8000;

#[derive(Deserialize)]
struct File {
    canisters: Option<Vec<Entry<Canister>>>,
    networks: Option<Vec<Entry<Network>>>,
    environments: Option<Vec<Entry<Environment>>>,
}

/// Something said here, or in a file of its own.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry<T> {
    Path(String),
    Here(T),
}

#[derive(Deserialize)]
struct Canister {
    name: String,
}

#[derive(Deserialize)]
struct Network {
    name: String,
    mode: String,
    url: Option<String>,
    #[serde(rename = "api-url")]
    api_url: Option<String>,
    #[serde(rename = "root-key")]
    root_key: Option<String>,
    gateway: Option<Gateway>,
}

#[derive(Default, Deserialize)]
struct Gateway {
    bind: Option<String>,
    port: Option<u16>,
}

#[derive(Deserialize)]
struct Environment {
    name: String,
    network: String,
}

/// What icp writes of a network that it runs.
#[derive(Deserialize)]
struct Descriptor {
    gateway: DescribedGateway,
}

#[derive(Deserialize)]
struct DescribedGateway {
    port: u16,
}

/// A network, whoever uses it.
struct Known {
    url: Option<Url>,
    root_key: RootKey,
    /// Below `.icp`, by whether icp runs it.
    folder: &'static str,
}

/// Its environments and networks, and the names of its canisters.
pub(super) fn read(path: &Path) -> Result<(Vec<Place>, Vec<String>)> {
    let file: File = parse(path)?;
    let root = path.parent().unwrap_or(Path::new("."));
    let mut networks = BTreeMap::new();
    networks.insert("local".to_owned(), managed(root, "local", None));
    for network in entries(root, file.networks, "network.yaml")? {
        let known = known(root, &network)
            .map_err(|reason| unreadable(path, format!("network `{}`: {reason}", network.name)))?;
        networks.insert(network.name, known);
    }
    // icp lets nobody define it otherwise.
    let mainnet = Url::parse(MAINNET).map_err(|error| unreadable(path, error))?;
    let mainnet = Known { url: Some(mainnet), root_key: RootKey::Mainnet, folder: "data" };
    networks.insert("ic".to_owned(), mainnet);

    let mut environments: BTreeMap<String, String> =
        ["local", "ic"].map(|name| (name.to_owned(), name.to_owned())).into();
    for environment in entries(root, file.environments, "environment.yaml")? {
        environments.insert(environment.name, environment.network);
    }
    let mut places = Vec::new();
    for (name, network) in &environments {
        let known = networks.get(network).ok_or_else(|| {
            let names = crate::suggest::known(network, networks.keys().cloned().collect());
            unreadable(path, format!("environment `{name}` is on `{network}`, which is no network; {names}"))
        })?;
        let ids = root.join(".icp").join(known.folder).join("mappings").join(format!("{name}.ids.json"));
        places.push(place(name, network, known, Some(ids)));
    }
    let bare = networks.iter().filter(|(name, _)| !environments.values().any(|used| used == *name));
    places.extend(bare.map(|(name, known)| place(name, name, known, None)));
    let canisters = entries(root, file.canisters, "canister.yaml")?;
    Ok((places, canisters.into_iter().map(|canister| canister.name).collect()))
}

fn place(name: &str, network: &str, known: &Known, ids: Option<PathBuf>) -> Place {
    Place {
        tool: Tool::Icp,
        name: name.to_owned(),
        network: network.to_owned(),
        url: known.url.clone(),
        root_key: known.root_key.clone(),
        ids,
        fixed: BTreeMap::new(),
    }
}

fn known(root: &Path, network: &Network) -> Result<Known, String> {
    if network.mode != "connected" {
        return Ok(managed(root, &network.name, network.gateway.as_ref()));
    }
    let url = network.api_url.as_ref().or(network.url.as_ref()).ok_or("it is connected and has no `url`")?;
    let url = Url::parse(url).map_err(|error| format!("`{url}`: {error}"))?;
    let root_key = match network.root_key.as_deref() {
        None => RootKey::of(&url),
        Some("mainnet") => RootKey::Mainnet,
        Some("fetch") => RootKey::Fetch,
        Some(key) => RootKey::Known(
            hex::decode(key).map_err(|error| format!("`root-key` is no hexadecimal text: {error}"))?,
        ),
    };
    Ok(Known { url: Some(url), root_key, folder: "data" })
}

/// A network that icp runs on this machine.
fn managed(root: &Path, name: &str, gateway: Option<&Gateway>) -> Known {
    let host = gateway.and_then(|gateway| gateway.bind.as_deref()).unwrap_or(HOST);
    let port = match gateway.and_then(|gateway| gateway.port) {
        None => Some(PORT),
        // Any free one: told where it runs.
        Some(0) => running_port(root, name),
        Some(port) => Some(port),
    };
    let url = port.and_then(|port| Url::parse(&format!("http://{host}:{port}")).ok());
    Known { url, root_key: RootKey::Fetch, folder: "cache" }
}

fn running_port(root: &Path, name: &str) -> Option<u16> {
    let path = root.join(".icp/cache/networks").join(name).join("descriptor.json");
    let text = text_of(&path).ok()?;
    let descriptor: Descriptor = serde_json::from_str(&text).ok()?;
    Some(descriptor.gateway.port)
}

/// Entries with those that are in files of their own; such as are found by a pattern are left to icp.
fn entries<T: DeserializeOwned>(root: &Path, list: Option<Vec<Entry<T>>>, in_folder: &str) -> Result<Vec<T>> {
    let mut found = Vec::new();
    for entry in list.unwrap_or_default() {
        match entry {
            Entry::Here(entry) => found.push(entry),
            Entry::Path(path) if path.contains('*') => {}
            Entry::Path(path) => {
                let path = root.join(path);
                found.push(parse(&if path.is_dir() { path.join(in_folder) } else { path })?);
            }
        }
    }
    Ok(found)
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = text_of(path)?;
    serde_saphyr::from_str(&text).map_err(|error| unreadable(path, error))
}
