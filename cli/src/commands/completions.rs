//! `darkroom completions`: commands and flags for a shell to complete.

use crate::args::{self, Completions};
use crate::commands::print;
use crate::error::Result;
use crate::settings::Settings;

pub(super) fn run(args: &Completions) -> Result<()> {
    let mut script = Vec::new();
    // The same wherever it is run: without what the folder's settings say.
    let mut command = args::command(&Settings::default());
    clap_complete::generate(args.shell, &mut command, "darkroom", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())
}
