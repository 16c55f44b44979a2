//! What `dfx.json` says.

use std::collections::BTreeMap;
use std::path::Path;

use candid::Principal;
use serde::Deserialize;
use url::Url;

use super::{Place, Tool, ids, text_of, unreadable};
use crate::error::Result;
use crate::network::{MAINNET, RootKey};

/// Where dfx's own network listens that all projects share, and one that a project has for itself.
const SHARED: &str = "127.0.0.1:4943";
const OF_PROJECT: &str = "127.0.0.1:8000";

#[derive(Deserialize)]
struct File {
    canisters: Option<BTreeMap<String, Canister>>,
    networks: Option<BTreeMap<String, Network>>,
}

#[derive(Deserialize)]
struct Canister {
    remote: Option<Remote>,
}

#[derive(Deserialize)]
struct Remote {
    #[serde(default)]
    id: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
struct Network {
    providers: Option<Vec<String>>,
    bind: Option<String>,
    r#type: Option<String>,
}

/// Its networks, and the names of its canisters.
pub(super) fn read(path: &Path) -> Result<(Vec<Place>, Vec<String>)> {
    let text = text_of(path)?;
    let file: File = serde_json::from_str(&text).map_err(|error| unreadable(path, error))?;
    let root = path.parent().unwrap_or(Path::new("."));
    let canisters = file.canisters.unwrap_or_default();
    let mut networks = file.networks.unwrap_or_default();
    let shared = Network { bind: Some(SHARED.to_owned()), ..Network::default() };
    networks.entry("local".to_owned()).or_insert(shared);
    // dfx lets nobody define it otherwise.
    let mainnet = Network { providers: Some(vec![MAINNET.to_owned()]), ..Network::default() };
    networks.insert("ic".to_owned(), mainnet);
    let mut places = Vec::new();
    for (name, network) in networks {
        let fixed = fixed(&canisters, &name).map_err(|reason| unreadable(path, reason))?;
        let place = place(root, name, &network, fixed).map_err(|reason| unreadable(path, reason))?;
        places.push(place);
    }
    Ok((places, canisters.into_keys().collect()))
}

fn place(
    root: &Path,
    name: String,
    network: &Network,
    fixed: BTreeMap<String, Principal>,
) -> Result<Place, String> {
    let (url, usual) = match (&network.providers, &network.bind) {
        (Some(providers), _) => {
            let first = providers.first().ok_or_else(|| format!("network `{name}` has no provider"))?;
            (first.clone(), "persistent")
        }
        (None, bind) => (format!("http://{}", bind.as_deref().unwrap_or(OF_PROJECT)), "ephemeral"),
    };
    let url = Url::parse(&url).map_err(|error| format!("network `{name}`, `{url}`: {error}"))?;
    let ids = match network.r#type.as_deref().unwrap_or(usual) {
        "persistent" => root.join("canister_ids.json"),
        _ => root.join(".dfx").join(&name).join("canister_ids.json"),
    };
    Ok(Place {
        tool: Tool::Dfx,
        network: name.clone(),
        name,
        root_key: RootKey::of(&url),
        url: Some(url),
        ids: Some(ids),
        fixed,
    })
}

fn fixed(
    canisters: &BTreeMap<String, Canister>,
    network: &str,
) -> Result<BTreeMap<String, Principal>, String> {
    let remote = canisters.iter().filter_map(|(name, canister)| {
        let id = canister.remote.as_ref()?.id.get(network)?;
        Some(ids::parse(id).map(|id| (name.clone(), id)))
    });
    remote.collect()
}
