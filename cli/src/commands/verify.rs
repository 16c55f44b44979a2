//! `darkroom verify`: an item's hashes checked, its derivatives made again, and what is served of it.

use darkroom_api as api;
use darkroom_client::{AssetReport, Check};

use crate::args::{Target, Verify};
use crate::commands::print;
use crate::connection::{Connection, Need, with_canister};
use crate::error::{Error, Result};
use crate::gateway::{Gateway, Served};
use crate::text;

/// What speaks against the way an asset is served, and what there is to say of it.
struct Serving {
    good: bool,
    text: String,
}

pub(super) fn run(target: &Target, args: &Verify) -> Result<()> {
    with_canister(target, Need::Canister, async |connection: &Connection| {
        let reports = connection.darkroom.verify(&args.item).await?;
        let item = connection.darkroom.certified_item(&args.item).await?;
        let gateway = Gateway::new(connection)?;
        let mut rows = Vec::new();
        let mut good = true;
        for report in &reports {
            let serving = serving(connection, &gateway, &item, report).await?;
            good &= serving.good && report.check.is_good();
            let asset = &report.asset;
            let (bytes, sha256) = (text::bytes(asset.bytes), asset.sha256.to_string());
            rows.push([asset.name.clone(), bytes, sha256, say(&report.check), serving.text]);
        }
        print(&text::table(["ASSET", "BYTES", "SHA-256", "CHECK", "GATEWAY"], rows, &[1]))?;
        if item.visibility == api::Visibility::Private {
            say!(
                "the item is private, so there are no public URLs of it; `darkroom share` makes some that end"
            );
        }
        if good {
            return Ok(());
        }
        Err(Error::Local(format!("item {} is not what it should be; the table says where", args.item)))
    })
}

/// Whether browsers get the asset, if it is public, and nothing, if it is not.
async fn serving(
    connection: &Connection,
    gateway: &Gateway,
    item: &api::Item,
    report: &AssetReport,
) -> Result<Serving> {
    let asset = &report.asset;
    let url = connection.asset_url(&item.id, &asset.name);
    let asked = async {
        let certified = gateway.certified(&format!("/{}/{}", item.id, asset.name)).await?;
        Ok((certified, gateway.served(&url).await?))
    };
    let (certified, served) = match asked.await {
        Ok(found) => found,
        // What is wrong with one asset is no reason not to look at the others.
        Err(Error::Local(text)) => return Ok(Serving { good: false, text }),
        Err(error) => return Err(error),
    };
    let is_private = item.visibility == api::Visibility::Private;
    let text = match (&certified, &served) {
        (Served::Nothing, Served::Nothing) if is_private => {
            return Ok(Serving { good: true, text: "certified: nothing is public".to_owned() });
        }
        (Served::Bytes { sha256, answers }, Served::Bytes { sha256: whole, .. })
            if !is_private && *sha256 == asset.sha256 && *whole == asset.sha256 =>
        {
            let text = format!("certified in {}, downloaded", text::count(*answers as usize, "answer"));
            return Ok(Serving { good: true, text });
        }
        (Served::Nothing, Served::Nothing) => "the canister serves nothing".to_owned(),
        (Served::Bytes { .. }, _) if is_private => "it is served although the item is private".to_owned(),
        (Served::Bytes { sha256, .. }, _) if *sha256 != asset.sha256 => {
            format!("the canister serves other bytes: {sha256}")
        }
        (_, Served::Bytes { sha256, .. }) => format!("the gateway serves other bytes: {sha256}"),
        (_, Served::Nothing) => "the gateway serves nothing".to_owned(),
    };
    Ok(Serving { good: false, text })
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
