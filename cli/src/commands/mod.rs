//! One file per command.

mod config;
mod deploy;
mod get;
mod localnet;
mod ls;
mod new_processor;
mod processors;
mod reprocess;
mod rm;
mod run;
pub(crate) mod share;
mod status;
mod verify;

use std::io::Write;

use crate::args::{Args, Command};
use crate::error::{Error, Result};

/// Carries out a command.
pub(crate) fn run(args: Args) -> Result<()> {
    let target = &args.target;
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
        Command::Status => status::run(target),
        Command::Localnet(command) => localnet::run(target, &command),
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
