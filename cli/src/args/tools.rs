//! Flags of the commands around the canister and the command line itself.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use clap_complete::Shell;

/// Arguments of `upgrade`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Upgrade {
    /// Say what would change, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Arguments of `open`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Open {
    /// The item's id.
    pub(crate) item: String,
    /// The asset's name; the description of the item if not given.
    pub(crate) asset: Option<String>,
    /// Open it in the browser too.
    #[arg(long)]
    pub(crate) browser: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Doctor {
    /// Print one JSON object per check, a line each.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `completions`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Completions {
    /// The shell that they are for.
    pub(crate) shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Man {
    /// A folder for a page of each command; without it, the first page goes to standard output.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}
