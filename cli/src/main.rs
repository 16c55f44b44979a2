//! The `darkroom` command line: photos through both lanes of a pipeline, from a terminal or a script.
//!
//! A thin layer on `darkroom-client`: arguments, networks and identities come in here, tables and JSON go out.
//! Standard output carries results alone; everything else goes to standard error.
//!
//! | file | what is in it |
//! |---|---|
//! | `args.rs` | the commands and their flags |
//! | `commands/` | one file per command |
//! | `connection.rs` | from flags to a canister that can be called |
//! | `network/` | the embedded network: started here, or found running |
//! | `deploy.rs` | the canister that the binary carries, installed and upgraded |
//! | `state.rs`, `identity.rs` | the state directory and the key in it |
//! | `inputs/` | paths given to the files that are meant; standard input |
//! | `display/` | progress: bars, lines, or nothing |
//! | `gateway.rs` | what browsers get, held against certificates |
//! | `report.rs`, `text.rs` | results as JSON and tables |
//! | `interrupt.rs` | Ctrl-C, once and twice |
//! | `error.rs` | errors and the exit codes that go with them |

mod args;
mod commands;
mod connection;
mod deploy;
mod display;
mod error;
mod gateway;
mod identity;
mod inputs;
mod interrupt;
mod network;
mod report;
mod state;
mod text;
mod toolkit;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are not errors; clap knows which stream each goes to.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(error::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match commands::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(text) = error.text() {
                eprintln!("error: {text}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}
