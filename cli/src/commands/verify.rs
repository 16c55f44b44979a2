//! `darkroom verify`: an item's hashes checked and its derivatives made again.

use darkroom_client::Check;

use crate::args::{Target, Verify};
use crate::commands::print;
use crate::connection::{Connection, Need, with_canister};
use crate::error::{Error, Result};
use crate::text;

pub(super) fn run(target: &Target, args: &Verify) -> Result<()> {
    with_canister(target, Need::Canister, async |connection: &Connection| {
        let reports = connection.darkroom.verify(&args.item).await?;
        let rows = reports.iter().map(|report| {
            let asset = &report.asset;
            [asset.name.clone(), text::bytes(asset.bytes), asset.sha256.to_string(), say(&report.check)]
        });
        print(&text::table(["ASSET", "BYTES", "SHA-256", "CHECK"], rows.collect(), &[1]))?;
        if reports.iter().all(|report| report.check.is_good()) {
            return Ok(());
        }
        Err(Error::Local(format!("item {} is not what its recipes give", args.item)))
    })
}

fn say(check: &Check) -> String {
    match check {
        Check::Original => "hash verified".to_owned(),
        Check::Remade => "hash verified, made again with the same bytes".to_owned(),
        Check::Differs(found) => format!("made again with other bytes: {found}"),
        Check::NotRemade(reason) => format!("hash verified, not made again: {reason}"),
        _ => "not understood by this version".to_owned(),
    }
}
