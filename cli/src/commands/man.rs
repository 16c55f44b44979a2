//! `darkroom man`: the manual pages.

use crate::args::{self, Man};
use crate::commands::print;
use crate::error::{Error, Result};
use crate::settings::Settings;

pub(super) fn run(args: &Man) -> Result<()> {
    let command = args::command(&Settings::default());
    let Some(folder) = &args.output else {
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(command).render(&mut page);
        rendered.map_err(Error::io("cannot write the manual page"))?;
        return print(String::from_utf8_lossy(&page).trim_end());
    };
    let what = || format!("cannot write manual pages to {}", folder.display());
    std::fs::create_dir_all(folder).map_err(Error::io(what()))?;
    clap_mangen::generate_to(command, folder).map_err(Error::io(what()))?;
    say!("manual pages are in {}; `man -M` or MANPATH finds them below a folder man1", folder.display());
    Ok(())
}
