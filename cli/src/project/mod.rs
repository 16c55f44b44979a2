//! The project that a folder belongs to: what `icp.yaml` and `dfx.json` say of networks and canisters.
//!
//! Each is looked for in the current folder, then in its parents. Only what names networks and canisters is read; a
//! field that is not known here may be anything. What was looked up in the tools' own sources:
//!
//! | tool | networks | canister ids |
//! |---|---|---|
//! | icp | `networks`, `environments` of `icp.yaml`; `local` (127.0.0.1:8000) and `ic` | `.icp/data/mappings/<environment>.ids.json`, below `.icp/cache` where icp runs the network |
//! | dfx | `networks` of `dfx.json`; `local` (127.0.0.1:4943) and `ic` | `canister_ids.json` beside `dfx.json`, `.dfx/<network>/canister_ids.json` where the type is `ephemeral`; `remote` in `dfx.json` |

mod dfx;
mod icp;
mod ids;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use candid::Principal;
use url::Url;

use crate::error::{Error, Result};
use crate::network::RootKey;
use crate::short_file;

/// The name under which projects have a Darkroom, unless it is their only canister.
pub(crate) const CANISTER: &str = "darkroom";

/// Which tool's file says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// `icp.yaml`.
    Icp,
    /// `dfx.json`.
    Dfx,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tool::Icp => "icp.yaml",
            Tool::Dfx => "dfx.json",
        })
    }
}

/// An environment of icp's, or a network of dfx's: where canisters have one id each.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Whose it is.
    pub(crate) tool: Tool,
    /// The environment's name, or that of a network without one.
    pub(crate) name: String,
    /// The network's name; dfx has no environments, there both are the same.
    pub(crate) network: String,
    /// Where the network is; absent where it is told only while it runs, and it does not.
    pub(crate) url: Option<Url>,
    /// How its root key is known.
    pub(crate) root_key: RootKey,
    /// Where canister ids are kept; absent for a network that no environment is on.
    ids: Option<PathBuf>,
    /// Ids that the project's file itself gives.
    fixed: BTreeMap<String, Principal>,
}

impl Place {
    /// Whether this is on the network that a URL leads to.
    pub(crate) fn is_at(&self, url: &Url) -> bool {
        self.url.as_ref().is_some_and(|own| same_site(own, url))
    }

    /// Ids of canisters by name.
    pub(crate) fn canisters(&self) -> Result<BTreeMap<String, Principal>> {
        let mut canisters = match &self.ids {
            Some(path) => ids::read(self.tool, path, &self.name)?,
            None => BTreeMap::new(),
        };
        canisters.extend(self.fixed.clone());
        Ok(canisters)
    }

    /// The file that ids are kept in.
    pub(crate) fn ids(&self) -> Option<&Path> {
        self.ids.as_deref()
    }

    /// Writes a canister's id where the tool looks for it.
    pub(crate) fn set_canister(&self, canister: &str, id: Principal) -> Result<()> {
        match &self.ids {
            Some(path) => ids::write(self.tool, path, &self.name, canister, id),
            None => Ok(()),
        }
    }
}

/// What both files say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Project {
    /// The files that there are.
    pub(crate) files: Vec<(Tool, PathBuf)>,
    /// Every environment and network.
    pub(crate) places: Vec<Place>,
    /// Names of canisters by file.
    canisters: Vec<(Tool, Vec<String>)>,
}

impl Project {
    /// The project of the current folder.
    ///
    /// # Errors
    /// For a file that cannot be read or understood.
    pub(crate) fn here() -> Result<Project> {
        let here = std::env::current_dir().map_err(Error::io("cannot tell the current folder"))?;
        // As icp itself does it.
        let icp = std::env::var_os("ICP_PROJECT_ROOT").map(PathBuf::from);
        Project::of(&here, icp.as_deref())
    }

    fn of(folder: &Path, icp: Option<&Path>) -> Result<Project> {
        let mut project = Project::default();
        if let Some(path) = find(icp.unwrap_or(folder), "icp.yaml") {
            let (places, canisters) = icp::read(&path)?;
            project.add(Tool::Icp, path, places, canisters);
        }
        if let Some(path) = find(folder, "dfx.json") {
            let (places, canisters) = dfx::read(&path)?;
            project.add(Tool::Dfx, path, places, canisters);
        }
        Ok(project)
    }

    fn add(&mut self, tool: Tool, path: PathBuf, places: Vec<Place>, canisters: Vec<String>) {
        self.files.push((tool, path));
        self.places.extend(places);
        self.canisters.push((tool, canisters));
    }

    /// Whether there is one at all.
    pub(crate) fn is_there(&self) -> bool {
        !self.files.is_empty()
    }

    /// What the Darkroom is called in a tool's file: `darkroom`, or the only canister.
    pub(crate) fn darkroom(&self, tool: Tool) -> Option<&str> {
        let (_, names) = self.canisters.iter().find(|(of, _)| *of == tool)?;
        match &names[..] {
            [only] => Some(only),
            names => names.iter().map(String::as_str).find(|name| *name == CANISTER),
        }
    }

    /// Whether a tool's file has a canister of this name.
    pub(crate) fn declares(&self, tool: Tool, name: &str) -> bool {
        self.canisters.iter().any(|(of, names)| *of == tool && names.iter().any(|known| known == name))
    }
}

/// The file of this name in a folder or one of its parents.
pub(crate) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Whether two URLs lead to the same network: all names of this machine are one.
pub(crate) fn same_site(one: &Url, other: &Url) -> bool {
    let host = |url: &Url| match crate::network::is_loopback(url) {
        true => Some("localhost".to_owned()),
        false => url.host_str().map(str::to_owned),
    };
    host(one) == host(other) && one.port_or_known_default() == other.port_or_known_default()
}

/// The text of a file that a project has: a file, for what a project names may be a pipe that waits.
fn text_of(path: &Path) -> Result<String> {
    let data = std::fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if !data.is_file() {
        return Err(unreadable(path, "it is not a file"));
    }
    short_file::text(path).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &Path, reason: impl fmt::Display) -> Error {
    Error::Usage(format!("{} cannot be read: {reason}", path.display()))
}

/// What a fuzz target drives: all that the files of a folder say.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(folder: &Path) -> Result<()> {
    let project = Project::of(folder, Some(folder))?;
    for place in &project.places {
        let _ = place.canisters();
        let _ = place.url.as_ref().map(|url| place.is_at(url));
    }
    let _ = (project.darkroom(Tool::Icp), project.darkroom(Tool::Dfx));
    Ok(())
}

/// What a fuzz target drives: a file of ids, as both tools keep them.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz_ids(path: &Path) {
    for tool in [Tool::Icp, Tool::Dfx] {
        let _ = ids::read(tool, path, "local");
    }
}

#[cfg(test)]
mod tests;
