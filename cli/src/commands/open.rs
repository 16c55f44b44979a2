//! `darkroom open`: where browsers find an item.

use std::process::{Command, Stdio};

use crate::args::{Open, Target};
use crate::commands::print;
use crate::connection::{Connection, Need, with_canister};
use crate::error::{Error, Result};

/// What opens a URL in the browser of the desktop.
const OPENERS: [&str; 2] = ["xdg-open", "open"];

pub(super) fn run(target: &Target, args: &Open) -> Result<()> {
    with_canister(target, Need::Canister, async |connection: &Connection| {
        let item = connection.darkroom.item(&args.item).await?;
        let path = match &args.asset {
            None => format!("/{}", item.id),
            Some(name) => {
                if !item.assets.iter().any(|asset| asset.name == *name) {
                    let names = item.assets.iter().map(|asset| asset.name.clone()).collect();
                    return Err(Error::Usage(format!(
                        "item {} has no asset `{name}`; {}",
                        item.id,
                        crate::suggest::known(name, names)
                    )));
                }
                format!("/{}/{name}", item.id)
            }
        };
        let url = connection.url(&path);
        print(&url)?;
        if item.visibility == darkroom_api::Visibility::Private {
            say!("note: the item is private; `darkroom share {}` makes a URL that others can open", item.id);
        }
        if connection.endpoint.is_embedded() {
            say!("note: the local network ends with this command; `darkroom localnet start` serves the URL");
        }
        match args.browser {
            true => browse(&url),
            false => Ok(()),
        }
    })
}

/// Opens a URL in the browser, and does not wait for it.
fn browse(url: &str) -> Result<()> {
    for opener in OPENERS {
        let quiet = Command::new(opener).arg(url).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if quiet.is_ok_and(|status| status.success()) {
            return Ok(());
        }
    }
    Err(Error::Local(format!("no browser can be opened: there is no {}", OPENERS.join(" and no "))))
}
