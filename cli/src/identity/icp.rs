//! Identities of icp: a list, the selected one, and a PEM file for each that is kept in one.
//!
//! ```text
//! identity_list.json        what kind each is
//! identity_defaults.json    the selected one
//! keys/<name>.pem           its key, with a password or without
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ic_agent::Identity;
use ic_agent::identity::AnonymousIdentity;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{home, pem};
use crate::error::{Error, Result};
use crate::suggest;

#[derive(Default, Deserialize)]
struct List {
    identities: BTreeMap<String, Spec>,
}

#[derive(Deserialize)]
struct Spec {
    kind: String,
}

#[derive(Deserialize)]
struct Defaults {
    default: String,
}

/// Names of all.
pub(super) fn names() -> Result<Vec<String>> {
    Ok(list()?.identities.into_keys().collect())
}

/// The selected one, if one was selected.
pub(super) fn selected() -> Result<Option<String>> {
    let defaults: Option<Defaults> = parse("identity_defaults.json")?;
    Ok(defaults.map(|defaults| defaults.default))
}

pub(super) fn load(name: &str, password_file: Option<&Path>) -> Result<Arc<dyn Identity>> {
    let mut list = list()?;
    let Some(spec) = list.identities.remove(name) else {
        let known = suggest::known(name, list.identities.into_keys().collect());
        return Err(Error::Usage(format!("icp has no identity `{name}`; {known}")));
    };
    let remedy = |what: &str| {
        Err(Error::Usage(format!(
            "the identity `{name}` of icp {what}, which only icp can use\n  hint: `icp identity export {name} > FILE.pem`, \
             then --identity FILE.pem, or select another with `icp identity default`"
        )))
    };
    match spec.kind.as_str() {
        "anonymous" => Ok(Arc::new(AnonymousIdentity)),
        "pem" => {
            let path = folder().unwrap_or_default().join("keys").join(format!("{name}.pem"));
            pem::read(&path, password_file)
        }
        "keyring" => remedy("is kept in the system's keyring"),
        "hsm" => Err(Error::Usage(format!(
            "the identity `{name}` of icp is in a hardware module, which only icp can use; name another with --identity"
        ))),
        "internet-identity" => Err(Error::Usage(format!(
            "the identity `{name}` of icp is a login with Internet Identity, which only icp can use; name another with \
             --identity"
        ))),
        other => remedy(&format!("is of the kind `{other}`")),
    }
}

/// What a fuzz target drives: the files that say which identities there are.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn fuzz(bytes: &[u8]) {
    let list: Option<List> = serde_json::from_slice(bytes).ok();
    let _ = list
        .map(|list| list.identities.into_iter().map(|(name, spec)| (name, spec.kind)).collect::<Vec<_>>());
    let _: Option<Defaults> = serde_json::from_slice(bytes).ok();
}

fn list() -> Result<List> {
    Ok(parse("identity_list.json")?.unwrap_or_default())
}

fn parse<T: DeserializeOwned>(file: &str) -> Result<Option<T>> {
    let Some(path) = folder().map(|folder| folder.join(file)) else { return Ok(None) };
    super::json(&path)
}

/// Where icp keeps them.
fn folder() -> Option<PathBuf> {
    let data = match std::env::var_os("ICP_HOME") {
        Some(folder) => PathBuf::from(folder),
        None if cfg!(target_os = "macos") => home()?.join("Library/Application Support/org.dfinity.icp-cli"),
        None => match std::env::var_os("XDG_DATA_HOME").map(PathBuf::from) {
            Some(data) if data.is_absolute() => data.join("icp-cli"),
            _ => home()?.join(".local/share/icp-cli"),
        },
    };
    Some(data.join("identity"))
}
