//! What the flags mean here: a network and a canister, looked up in the project that the current folder belongs to.
//!
//! A network's name is `local` (the embedded network, always), `ic`, a URL, or an environment or network of
//! `icp.yaml` or `dfx.json`. A canister is an id, or a name that has an id on that network; where nothing is said, it
//! is the one that was deployed from the state directory, else the project's.

use std::collections::BTreeMap;
use std::path::Path;

use candid::Principal;
use url::Url;

use crate::args::Target;
use crate::error::{Error, Result};
use crate::network::{Network, NetworkName};
use crate::project::{CANISTER, Place, Project, Tool};
use crate::state::State;
use crate::suggest;

/// Where commands work.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) state: State,
    pub(crate) network: Network,
    pub(crate) project: Project,
}

/// The canister that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// `--canister` gives its id.
    Id(Principal),
    /// `--canister` gives a name, which has this id on the network.
    Named(String, Principal),
    /// `--canister` gives a name of the project's that has no id on the network yet.
    Unborn(String),
    /// It was deployed from the state directory.
    Remembered(Principal),
    /// The project has it on the network.
    OfProject(String, Principal),
    /// None.
    Unknown,
}

impl Choice {
    /// Its id.
    pub(crate) fn id(&self) -> Option<Principal> {
        match self {
            Choice::Id(id) | Choice::Named(_, id) | Choice::Remembered(id) | Choice::OfProject(_, id) => {
                Some(*id)
            }
            Choice::Unborn(_) | Choice::Unknown => None,
        }
    }

    /// Whether `--canister` says so.
    pub(crate) fn is_explicit(&self) -> bool {
        matches!(self, Choice::Id(_) | Choice::Named(..) | Choice::Unborn(_))
    }
}

impl Site {
    /// Looks up the network that the flags name.
    ///
    /// # Errors
    /// For a project that cannot be read, and a network that is not known or could be one of several.
    pub(crate) fn new(target: &Target) -> Result<Site> {
        let project = match Project::here() {
            // What cannot be read is no reason not to use the network that needs nothing of it.
            Err(error) if target.network == NetworkName::Local && target.canister.is_none() => {
                note!("note: {error}; `local` does without it");
                Project::default()
            }
            read => read?,
        };
        let told = match &target.network {
            NetworkName::Named(name) => Some(named(name, &project)?),
            _ => None,
        };
        let network = Network::new(target.network.clone(), told)?;
        Ok(Site { state: State::new(&target.state), network, project })
    }

    /// The canister that `--canister` names, or that is known here.
    ///
    /// # Errors
    /// For a name that is not known, or stands for several canisters.
    pub(crate) fn canister(&self, given: Option<&str>) -> Result<Choice> {
        match given {
            Some(text) => self.given(text),
            None => match self.state.canister(self.network.key())? {
                Some(id) => Ok(Choice::Remembered(id)),
                None => self.of_project(),
            },
        }
    }

    fn given(&self, text: &str) -> Result<Choice> {
        let reason = match Principal::from_text(text) {
            Ok(id) => return Ok(Choice::Id(id)),
            Err(error) => error,
        };
        let mut known = Vec::new();
        for tier in self.tiers()? {
            let canisters = canisters(&tier)?;
            if let Some(ids) = canisters.get(text) {
                return Ok(Choice::Named(text.to_owned(), self.only(text, ids)?));
            }
            known.extend(canisters.into_keys());
        }
        if [Tool::Icp, Tool::Dfx].into_iter().any(|tool| self.project.declares(tool, text)) {
            return Ok(Choice::Unborn(text.to_owned()));
        }
        Err(Error::Usage(format!(
            "--canister: `{text}` is not a canister id ({reason}), and no canister on `{}` has that name; {}\n  \
             hint: an id looks like ryjl3-tyaaa-aaaaa-aaaba-cai; names come from icp.yaml and dfx.json",
            self.network.key(),
            suggest::known(text, known)
        )))
    }

    /// The project's Darkroom on the network.
    fn of_project(&self) -> Result<Choice> {
        for tier in self.tiers()? {
            let canisters = canisters(&tier)?;
            let found = match canisters.get_key_value(CANISTER) {
                None if canisters.len() == 1 => canisters.first_key_value(),
                found => found,
            };
            if let Some((name, ids)) = found {
                return Ok(Choice::OfProject(name.clone(), self.only(name, ids)?));
            }
        }
        Ok(Choice::Unknown)
    }

    /// Names of canisters that have an id on the network.
    pub(crate) fn canister_names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for tier in self.tiers()? {
            names.extend(canisters(&tier)?.into_keys());
        }
        Ok(names)
    }

    /// Where the project keeps ids of this network's canisters: what is called as the network was named, then what
    /// is the same network by another name.
    fn tiers(&self) -> Result<[Vec<&Place>; 2]> {
        let url = self.network.url(&self.state)?;
        Ok(self.tiers_at(&url))
    }

    fn tiers_at(&self, url: &Url) -> [Vec<&Place>; 2] {
        let name = self.network.key();
        let by_name = matches!(self.network.name, NetworkName::Named(_) | NetworkName::Ic);
        let same = self.project.places.iter().filter(|place| match by_name {
            true => place.name == name || place.network == name,
            // Another network may well be called `local` in the project.
            false => place.is_at(url),
        });
        let (exact, others) = same.partition(|place| place.name == name);
        [exact, others]
    }

    /// Where a deployed canister's id belongs in each tool's files: tool, name, and place.
    ///
    /// Nothing where a tool has no such canister, or several environments could be meant.
    pub(crate) fn homes(&self, url: &Url, choice: &Choice) -> Vec<(&Place, String)> {
        let mut homes = Vec::new();
        for (tool, _) in &self.project.files {
            let of_tool = |tier: Vec<_>| -> Vec<&Place> {
                tier.into_iter()
                    .filter(|place: &&Place| place.tool == *tool && place.ids().is_some())
                    .collect()
            };
            let tier = self.tiers_at(url).map(of_tool).into_iter().find(|tier| !tier.is_empty());
            let name = match choice {
                Choice::Named(name, _) | Choice::Unborn(name) | Choice::OfProject(name, _) => {
                    self.project.declares(*tool, name).then_some(name.as_str())
                }
                _ => self.project.darkroom(*tool),
            };
            if let (Some([place]), Some(name)) = (tier.as_deref(), name) {
                homes.push((*place, name.to_owned()));
            }
        }
        homes
    }

    fn only(&self, name: &str, ids: &[(Principal, &Path)]) -> Result<Principal> {
        let (first, _) = ids[0];
        if ids.iter().all(|(id, _)| *id == first) {
            return Ok(first);
        }
        let shown: Vec<_> = ids.iter().map(|(id, file)| format!("{id} in {}", file.display())).collect();
        Err(Error::Usage(format!(
            "`{name}` stands for several canisters on `{}`: {}; name one by its id with --canister, or its environment \
             with --network",
            self.network.key(),
            shown.join(", ")
        )))
    }
}

/// Ids by canister, with the files that they are from.
fn canisters<'p>(places: &[&'p Place]) -> Result<BTreeMap<String, Vec<(Principal, &'p Path)>>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for place in places {
        for (name, id) in place.canisters()? {
            found.entry(name).or_default().push((id, place.ids().unwrap_or(Path::new("dfx.json"))));
        }
    }
    Ok(found)
}

/// The network of a name.
fn named(name: &str, project: &Project) -> Result<(Url, crate::network::RootKey)> {
    let places = &project.places;
    let of_name: Vec<_> = places.iter().filter(|place| place.name == name || place.network == name).collect();
    let Some(first) = of_name.first() else {
        let files: Vec<_> = project.files.iter().map(|(_, path)| path.display().to_string()).collect();
        let mut names: Vec<_> = ["local", "ic"].map(str::to_owned).into();
        names.extend(places.iter().flat_map(|place| [place.name.clone(), place.network.clone()]));
        let missing = match files.is_empty() {
            true => "there is no icp.yaml or dfx.json here or in a parent folder".to_owned(),
            false => format!("{} does not have it", files.join(" or ")),
        };
        return Err(Error::Usage(format!(
            "--network: `{name}` is not known; {missing}; {}\n  hint: a network can be named by its URL, such as \
             http://127.0.0.1:8000",
            suggest::known(name, names)
        )));
    };
    let same = |place: &&Place| {
        place.root_key == first.root_key
            && match (&place.url, &first.url) {
                (Some(url), Some(other)) => crate::project::same_site(url, other),
                (None, None) => true,
                _ => false,
            }
    };
    if !of_name.iter().all(same) {
        let shown = of_name.iter().map(|place| {
            let url = place.url.as_ref().map_or_else(|| "not running".to_owned(), Url::to_string);
            format!("{}: `{}` on network `{}`, {url}", place.tool, place.name, place.network)
        });
        return Err(Error::Usage(format!(
            "--network: `{name}` is several networks:\n  {}\n  hint: name it by its URL",
            shown.collect::<Vec<_>>().join("\n  ")
        )));
    }
    let url = first.url.clone().ok_or_else(|| {
        Error::Network(format!(
            "`{name}` is a network that icp runs, and it does not run; `icp network start {name}`"
        ))
    })?;
    Ok((url, first.root_key.clone()))
}
