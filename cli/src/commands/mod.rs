//! One file per command.

mod completions;
mod config;
mod deploy;
mod doctor;
mod get;
mod localnet;
mod ls;
mod man;
mod new_processor;
mod open;
mod processors;
mod reprocess;
mod rm;
mod run;
pub(crate) mod share;
mod status;
mod upgrade;
mod verify;

use std::io::Write;

use crate::args::{Args, Command};
use crate::error::{Error, Result};

/// Carries out a command; `settings` is whether `darkroom.toml` can be used, which not every command asks.
pub(crate) fn run(args: Args, settings: Result<()>) -> Result<()> {
    let target = &args.target;
    let alone = matches!(
        args.command,
        Command::Config(_) | Command::NewProcessor { .. } | Command::Completions(_) | Command::Man(_)
    );
    if !alone {
        settings?;
    }
    match args.command {
        Command::Run(args) => run::run(target, &args),
        Command::Get(args) => get::run(target, &args),
        Command::Ls(args) => ls::run(target, &args),
        Command::Rm(args) => rm::run(target, &args),
        Command::Share(args) => share::run(target, &args),
        Command::Verify(args) => verify::run(target, &args),
        Command::Reprocess(args) => reprocess::run(target, &args),
        Command::Processors(args) => processors::run(target, &args),
        Command::Config(command) => config::run(&command),
        Command::NewProcessor { name } => new_processor::run(&name),
        Command::Deploy(args) => deploy::run(target, &args),
        Command::Upgrade(args) => upgrade::run(target, &args),
        Command::Status => status::run(target),
        Command::Doctor(args) => doctor::run(target, &args),
        Command::Open(args) => open::run(target, &args),
        Command::Localnet(command) => localnet::run(target, &command),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// Prints results. A reader that has gone away ends the command quietly.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::io("cannot write to standard output")(error))
        }
        _ => Ok(()),
    }
}

/// A line of JSON.
fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Local(error.to_string()))
}
