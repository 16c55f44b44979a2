//! `darkroom.toml`: what flags are where neither the command line nor a variable says so.
//!
//! The table `[cli]` of the file in the current folder, or else in the nearest parent that has one. Its values become
//! the defaults of the flags, so that they are checked and shown as those are. Pipelines in the same file count only
//! where `--config` names it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Command;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::{Error, Result};
use crate::identity::is_path;
use crate::network::NetworkName;
use crate::project;

/// The file.
const FILE: &str = "darkroom.toml";

#[derive(Deserialize)]
struct File {
    cli: Option<Table>,
}

/// `[cli]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    network: Option<String>,
    canister: Option<String>,
    identity: Option<String>,
    state: Option<PathBuf>,
    jobs: Option<u64>,
    in_flight: Option<u64>,
    pipeline: Option<String>,
    retry_for: Option<String>,
}

/// Flags that have a variable, beside those of the target: by command, flag, and variable.
const VARIABLES: [(&str, &str, &str); 8] = [
    ("run", "pipeline", "DARKROOM_PIPELINE"),
    ("run", "config", "DARKROOM_CONFIG"),
    ("run", "in_flight", "DARKROOM_IN_FLIGHT"),
    ("run", "jobs", "DARKROOM_JOBS"),
    ("run", "retry_for", "DARKROOM_RETRY_FOR"),
    ("reprocess", "jobs", "DARKROOM_JOBS"),
    ("deploy", "config", "DARKROOM_CONFIG"),
    ("deploy", "access", "DARKROOM_ACCESS"),
];

/// What the file says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    path: Option<PathBuf>,
    table: Table,
}

impl Settings {
    /// Reads the file of the current folder or of the nearest parent that has one; nothing where there is none.
    ///
    /// # Errors
    /// For a file that cannot be read, is not TOML, or has something else in `[cli]`.
    pub(crate) fn load() -> Result<Settings> {
        let here = std::env::current_dir().map_err(Error::io("cannot tell the current folder"))?;
        match project::find(&here, FILE) {
            Some(path) => Settings::read(&path),
            None => Ok(Settings::default()),
        }
    }

    fn read(path: &Path) -> Result<Settings> {
        let shown = path.display();
        let text = crate::short_file::text(path)
            .map_err(|error| Error::Usage(format!("cannot read the configuration {shown}: {error}")))?;
        let mut table = table(&text).map_err(|error| Error::Usage(format!("{shown}, {error}")))?;
        // What it names lies beside it, wherever the command is run.
        let folder = path.parent().unwrap_or(Path::new("."));
        table.state = table.state.map(|state| folder.join(state));
        table.identity = table.identity.map(|identity| match is_path(&identity) {
            true => folder.join(identity).display().to_string(),
            false => identity,
        });
        Ok(Settings { path: Some(path.to_owned()), table })
    }

    /// The commands with variables for their flags, and with the file's values as their defaults.
    pub(crate) fn apply(&self, mut command: Command) -> Command {
        for (name, flag, variable) in VARIABLES {
            command = mut_flag(command, name, flag, |arg| arg.env(variable));
        }
        let Table { network, canister, identity, state, jobs, in_flight, pipeline, retry_for } =
            self.table.clone();
        let state = state.map(|state| state.display().to_string());
        let global = [("network", network), ("canister", canister), ("identity", identity), ("state", state)];
        for (flag, value) in global.into_iter().filter_map(|(flag, value)| Some((flag, value?))) {
            command = command.mut_arg(flag, |arg| arg.default_value(value));
        }
        let jobs = jobs.map(|jobs| jobs.to_string());
        let of_commands = [
            ("run", "jobs", jobs.clone()),
            ("reprocess", "jobs", jobs),
            ("run", "in_flight", in_flight.map(|in_flight| in_flight.to_string())),
            ("run", "pipeline", pipeline),
            ("run", "retry_for", retry_for),
        ];
        for (name, flag, value) in of_commands {
            if let Some(value) = value {
                command = mut_flag(command, name, flag, |arg| arg.default_value(value));
            }
        }
        command
    }

    /// The canister of the file is one of the file's network: whether it counts on this one.
    pub(crate) fn canister_counts_on(&self, network: &str) -> bool {
        let is_name = |text: &String| candid::Principal::from_text(text).is_err();
        let of_file = self.table.network.as_deref().unwrap_or("local").parse::<NetworkName>();
        self.table.canister.as_ref().is_none_or(is_name) || of_file.is_ok_and(|name| name.key() == network)
    }

    /// The file, if one of its values is this.
    pub(crate) fn source_of(&self, value: &str) -> Option<&Path> {
        let Table { network, canister, identity, state, jobs, in_flight, pipeline, retry_for } = &self.table;
        let texts = [network, canister, identity, pipeline, retry_for].into_iter().flatten().cloned();
        let numbers = [jobs, in_flight].into_iter().flatten().map(u64::to_string);
        let state = state.iter().map(|state| state.display().to_string());
        let is_value = texts.chain(numbers).chain(state).any(|own| own == value);
        self.path.as_deref().filter(|_| is_value)
    }
}

/// Changes a flag of a command, where it has that flag.
fn mut_flag(
    command: Command,
    name: &str,
    flag: &str,
    change: impl FnOnce(clap::Arg) -> clap::Arg,
) -> Command {
    let has_it = command
        .find_subcommand(name)
        .is_some_and(|sub| sub.get_arguments().any(|arg| arg.get_id().as_str() == flag));
    match has_it {
        true => command.mut_subcommand(name, |sub| sub.mut_arg(flag, change)),
        false => command,
    }
}

/// Checks the table `[cli]` of a configuration, if it has one.
///
/// # Errors
/// For what is not TOML, and what is not known in the table, with the line and what may have been meant.
pub(crate) fn check(text: &str) -> Result<(), darkroom_client::config::ConfigError> {
    table(text).map(drop)
}

/// Whether a configuration is for the command line only: it has that table, which is valid, and nothing beside it.
///
/// # Errors
/// As [`check`].
pub(crate) fn is_alone(text: &str) -> Result<bool, darkroom_client::config::ConfigError> {
    check(text)?;
    let file: BTreeMap<String, IgnoredAny> = darkroom_client::config::read(text)?;
    Ok(file.keys().eq(["cli"]))
}

fn table(text: &str) -> Result<Table, darkroom_client::config::ConfigError> {
    let file: File = darkroom_client::config::read(text)?;
    Ok(file.cli.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_with_a_variable_is_there() {
        let command = <crate::args::Args as clap::CommandFactory>::command();
        for (name, flag, _) in VARIABLES {
            let sub = command.find_subcommand(name).unwrap();
            assert!(sub.get_arguments().any(|arg| arg.get_id().as_str() == flag), "{name} {flag}");
        }
    }

    #[test]
    fn only_the_table_of_the_command_line_counts() {
        let text = "[cli]\nnetwork = \"ic\"\njobs = 4\n[[pipeline]]\nname = \"photo\"\n";
        let table = table(text).unwrap();
        assert_eq!((table.network.as_deref(), table.jobs), (Some("ic"), Some(4)));
        assert!(check("[[pipeline]]\nname = \"photo\"\n").is_ok());
        let error = check("[cli]\nnetwrok = \"ic\"\n").unwrap_err();
        assert_eq!(error.suggestion.as_deref(), Some("network"));
        assert!(is_alone("[cli]\nnetwork = \"ic\"\n").unwrap());
        assert!(!is_alone("[cli]\nnetwork = \"ic\"\n[[pipelines]]\nname = \"photo\"\n").unwrap());
        assert!(!is_alone("").unwrap());
        assert!(is_alone("[cli]\nnetwrok = \"ic\"\n").is_err());
        assert_eq!(error.position.unwrap().line, 2);
    }

    #[test]
    fn an_id_belongs_to_its_network() {
        let settings = |canister: &str| Settings {
            path: None,
            table: Table { network: Some("ic".into()), canister: Some(canister.into()), ..Table::default() },
        };
        let id = settings("ryjl3-tyaaa-aaaaa-aaaba-cai");
        assert!(id.canister_counts_on("ic") && !id.canister_counts_on("local"));
        assert!(settings("darkroom").canister_counts_on("local"));
    }
}
