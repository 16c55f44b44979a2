//! `darkroom rm`: an item and all its assets, gone.

use crate::args::{Rm, Target};
use crate::commands::print;
use crate::connection::{Connection, Need, with_canister};
use crate::error::Result;
use crate::text;

pub(super) fn run(target: &Target, args: &Rm) -> Result<()> {
    with_canister(target, Need::Canister, async |connection: &Connection| {
        let freed = connection.darkroom.remove(&args.item).await?;
        print(&format!("removed {}, {} freed", args.item, text::bytes(freed)))
    })
}
