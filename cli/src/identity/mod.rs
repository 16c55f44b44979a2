//! The key that calls are signed with.
//!
//! `--identity` gives a PEM file or the name of an identity of icp or dfx. Without it, on the embedded network it is
//! the key in the state directory, made on first use; elsewhere, in a project, the identity that is selected in icp,
//! else in dfx, and only then that key. No key and no password is ever printed.

mod dfx;
mod generated;
mod icp;
mod password;
mod pem;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ic_agent::Identity;
use ic_agent::identity::AnonymousIdentity;

use crate::error::{Error, Result};
use crate::site::Site;
use crate::{short_file, suggest};

/// What icp and dfx call the identity that signs nothing.
const ANONYMOUS: &str = "anonymous";

/// An identity, and where it is from.
pub(crate) struct Chosen {
    pub(crate) identity: Arc<dyn Identity>,
    pub(crate) source: Source,
}

/// Where an identity is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A PEM file that was named.
    File(PathBuf),
    /// An identity of icp's.
    Icp(String),
    /// An identity of dfx's.
    Dfx(String),
    /// Nobody's.
    Anonymous,
    /// The key in the state directory.
    Generated(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => write!(f, "{}", path.display()),
            Source::Icp(name) => write!(f, "`{name}` of icp"),
            Source::Dfx(name) => write!(f, "`{name}` of dfx"),
            Source::Anonymous => f.write_str("anonymous"),
            Source::Generated(path) => write!(f, "the key in {}", path.display()),
        }
    }
}

/// The identity that was named, or the one for this place.
///
/// # Errors
/// For one that is not known or cannot be read, with what to do about it.
pub(crate) fn load(given: Option<&str>, password_file: Option<&Path>, site: &Site) -> Result<Chosen> {
    let source = match given {
        Some(given) => named(given)?,
        None => usual(site)?,
    };
    let identity = match &source {
        Source::Anonymous => Arc::new(AnonymousIdentity),
        Source::File(path) => pem::read(path, password_file)?,
        Source::Icp(name) => icp::load(name, password_file)?,
        Source::Dfx(name) => dfx::load(name, password_file)?,
        Source::Generated(path) => {
            if !path.exists() {
                generated::make(&site.state, path)?;
            }
            pem::read(path, password_file)?
        }
    };
    Ok(Chosen { identity, source })
}

/// What `--identity` says: `icp:NAME`, `dfx:NAME`, a file, or a name.
fn named(given: &str) -> Result<Source> {
    if let Some(name) = given.strip_prefix("icp:") {
        return Ok(Source::Icp(name.to_owned()));
    }
    if let Some(name) = given.strip_prefix("dfx:") {
        return Ok(Source::Dfx(name.to_owned()));
    }
    let path = Path::new(given);
    if is_path(given) {
        return Ok(Source::File(path.to_owned()));
    }
    if given == ANONYMOUS {
        return Ok(Source::Anonymous);
    }
    let (of_icp, of_dfx) = (icp::names()?, dfx::names()?);
    let mut found = Vec::new();
    if path.is_file() {
        found.push((Source::File(path.to_owned()), format!("./{given}")));
    }
    if of_icp.iter().any(|name| name == given) {
        found.push((Source::Icp(given.to_owned()), format!("icp:{given}")));
    }
    if of_dfx.iter().any(|name| name == given) {
        found.push((Source::Dfx(given.to_owned()), format!("dfx:{given}")));
    }
    if found.len() > 1 {
        let ways: Vec<_> = found.into_iter().map(|(_, way)| format!("`{way}`")).collect();
        return Err(Error::Usage(format!(
            "--identity: `{given}` is several identities; say {}",
            ways.join(" or ")
        )));
    }
    found.pop().map(|(source, _)| source).ok_or_else(|| {
        let known = suggest::known(given, of_icp.into_iter().chain(of_dfx).collect());
        Error::Usage(format!(
            "--identity: there is no file `{given}`, and no identity of icp or dfx; {known}"
        ))
    })
}

/// Whether a file is meant, whatever is there; anything else may be a name.
pub(crate) fn is_path(given: &str) -> bool {
    given.contains('/') || given.ends_with(".pem")
}

/// Where nothing is said.
fn usual(site: &Site) -> Result<Source> {
    if !site.network.is_local() && site.project.is_there() {
        let selected = match icp::selected()? {
            Some(name) => Some((name, Source::Icp as fn(String) -> Source)),
            None => dfx::selected()?.map(|name| (name, Source::Dfx as fn(String) -> Source)),
        };
        match selected {
            Some((name, _)) if name == ANONYMOUS => return Ok(Source::Anonymous),
            Some((name, source)) => return Ok(source(name)),
            None => {}
        }
    }
    Ok(Source::Generated(site.state.identity()))
}

/// The folder of the user's own files.
fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// A file of icp's or dfx's, if it is there.
fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match short_file::text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::Usage(format!("cannot read {}: {error}", path.display()))),
    };
    let value = serde_json::from_str(&text);
    value.map(Some).map_err(|error| Error::Usage(format!("{} cannot be read: {error}", path.display())))
}

/// What a fuzz target drives: the first byte picks a file, the rest is the file.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(data: &[u8]) {
    match data {
        [0, pem @ ..] => {
            let password = || Ok(zeroize::Zeroizing::new("correct-horse".to_owned()));
            let _ = pem::parse(pem, "key", password).map(|identity| identity.sender());
        }
        [1, file @ ..] => dfx::fuzz(file),
        [2, file @ ..] => icp::fuzz(file),
        _ => {}
    }
}
