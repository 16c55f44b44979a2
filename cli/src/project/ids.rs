//! The files in which icp and dfx keep canister ids.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use candid::Principal;
use serde_json::{Map, Value};

use super::{Tool, text_of, unreadable};
use crate::error::{Error, Result};

/// Where dfx takes an id from that has no network of its own.
const DFX_DEFAULT: &str = "__default";

/// Ids by canister: of icp's file as they are, of dfx's those of this network.
pub(super) fn read(tool: Tool, path: &Path, network: &str) -> Result<BTreeMap<String, Principal>> {
    let mut ids = BTreeMap::new();
    for (canister, entry) in &load(path)? {
        let id = match tool {
            Tool::Icp => entry.as_str(),
            Tool::Dfx => entry.get(network).or_else(|| entry.get(DFX_DEFAULT)).and_then(Value::as_str),
        };
        if let Some(id) = id {
            ids.insert(canister.clone(), parse(id).map_err(|reason| unreadable(path, reason))?);
        }
    }
    Ok(ids)
}

/// Writes one id and leaves all others.
pub(super) fn write(tool: Tool, path: &Path, network: &str, canister: &str, id: Principal) -> Result<()> {
    let mut entries = load(path)?;
    let id = Value::String(id.to_text());
    match tool {
        Tool::Icp => drop(entries.insert(canister.to_owned(), id)),
        Tool::Dfx => {
            let entry = entries.entry(canister.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            let networks = entry.as_object_mut().ok_or_else(|| {
                unreadable(path, format!("`{canister}` should have an object of networks and ids"))
            })?;
            networks.insert(network.to_owned(), id);
        }
    }
    let what = || format!("cannot write {}", path.display());
    let text = serde_json::to_string_pretty(&entries).map_err(|error| Error::Local(error.to_string()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::io(what()))?;
    let mut file = tempfile::Builder::new();
    // Ids are no secret: the file is as any other would be.
    let mut file = file.permissions(mode()).tempfile_in(folder).map_err(Error::io(what()))?;
    file.write_all(text.as_bytes()).map_err(Error::io(what()))?;
    file.persist(path).map_err(|error| Error::io(what())(error.error))?;
    Ok(())
}

fn mode() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o644)
}

fn load(path: &Path) -> Result<Map<String, Value>> {
    if std::fs::metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Ok(Map::new());
    }
    serde_json::from_str(&text_of(path)?).map_err(|error| unreadable(path, error))
}

/// A canister's id.
pub(super) fn parse(id: &str) -> Result<Principal, String> {
    Principal::from_text(id).map_err(|error| format!("`{id}` is not a canister id ({error})"))
}
