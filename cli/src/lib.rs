//! The `darkroom` command line: photos through both lanes of a pipeline, from a terminal or a script.
//!
//! A thin layer on `darkroom-client`: arguments, networks and identities come in here, tables and JSON go out.
//! Standard output carries results alone; everything else goes to standard error.
//!
//! | file | what is in it |
//! |---|---|
//! | `args.rs`, `args/` | the commands and their flags, and the examples below their help |
//! | `settings.rs` | what `darkroom.toml` says of the flags |
//! | `project/`, `site.rs` | networks and canisters of icp's and dfx's projects, and which of them are meant |
//! | `commands/` | one file per command |
//! | `connection.rs` | from flags to a canister that can be called |
//! | `network/` | the embedded network: started here, or found running |
//! | `deploy.rs`, `release.rs` | the canister that the binary carries, installed and upgraded, never downgraded |
//! | `state.rs` | the state directory |
//! | `identity/` | the key that calls are signed with |
//! | `suggest.rs` | what may have been meant by an unknown name |
//! | `inputs/` | paths given to the files that are meant; standard input |
//! | `display/` | progress: bars, lines, or nothing |
//! | `gateway.rs` | what browsers get, held against certificates |
//! | `report.rs`, `text.rs` | results as JSON and tables |
//! | `interrupt.rs` | Ctrl-C, once and twice |
//! | `short_file.rs` | configurations, ids and keys: files that are read whole, up to a length |
//! | `say.rs` | lines on standard error, which may be a pipe that nobody reads |
//! | `error.rs` | errors and the exit codes that go with them |

#![deny(clippy::print_stderr)]

#[macro_use]
mod say;

mod args;
mod commands;
mod connection;
mod deploy;
mod display;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
mod identity;
mod inputs;
mod interrupt;
mod network;
mod project;
mod release;
mod report;
mod settings;
mod short_file;
mod site;
mod state;
mod suggest;
mod text;
mod toolkit;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches};

use settings::Settings;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    // Commands that need no settings work whatever is wrong with them.
    let loaded = Settings::load();
    let settings = loaded.as_ref().ok().cloned().unwrap_or_default();
    let mut command = args::command(&settings);
    if std::env::args_os().any(|arg| arg == "--version") {
        command =
            command.long_version(format!("{}\nmodule {}", env!("CARGO_PKG_VERSION"), deploy::carried()));
    }
    let parsed = command.try_get_matches().and_then(|matches| parse(&matches, &settings));
    let args = match parsed {
        Ok(args) => args,
        Err(error) => {
            // Help and version are not errors; clap knows which stream each goes to.
            let _ = error.print();
            tell_source(&error, &settings);
            return if error.use_stderr() { ExitCode::from(error::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match commands::run(args, loaded.map(drop)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(text) = error.text() {
                say!("error: {text}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

fn parse(matches: &ArgMatches, settings: &Settings) -> Result<args::Args, clap::Error> {
    let mut args = args::Args::from_arg_matches(matches)?;
    let is_default = matches.value_source("canister") == Some(ValueSource::DefaultValue);
    if is_default && !settings.canister_counts_on(args.target.network.key()) {
        args.target.canister = None;
    }
    Ok(args)
}

/// A wrong value may stand in a file that is far from the command line.
fn tell_source(error: &clap::Error, settings: &Settings) {
    if error.kind() == ErrorKind::ValueValidation
        && let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
        && let Some(path) = settings.source_of(value)
    {
        say!("note: `{value}` is also what {} says", path.display());
    }
}
