//! `darkroom ls`: the stored items, newest first.

use darkroom_api as api;

use crate::args::{Ls, Target};
use crate::commands::{json, print};
use crate::connection::{Connection, Need, with_canister};
use crate::error::Result;
use crate::report::ItemLine;
use crate::text;

/// Items asked for at once.
const PAGE: u32 = 100;

pub(super) fn run(target: &Target, args: &Ls) -> Result<()> {
    with_canister(target, Need::Canister, async |connection: &Connection| {
        let items = all(connection).await?;
        if args.json {
            return items.iter().try_for_each(|item| print(&json(&ItemLine::new(connection, item))?));
        }
        if items.is_empty() {
            say!("nothing is stored yet");
            return Ok(());
        }
        let header = ["ITEM", "FILE", "PIPELINE", "ORIGINAL", "BYTES", "ASSETS", "PROVENANCE"];
        print(&text::table(header, items.iter().map(row).collect(), &[4]))
    })
}

/// All items that the caller may read, newest first.
pub(super) async fn all(connection: &Connection) -> Result<Vec<api::Item>> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let page = connection.darkroom.list(&api::ListItems { after, limit: Some(PAGE) }).await?;
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(items);
        }
    }
}

fn row(item: &api::Item) -> [String; 7] {
    let original = item.assets.iter().find(|asset| asset.recipe.is_none());
    let assets: Vec<_> = item.assets.iter().map(with_size).collect();
    [
        item.id.clone(),
        item.file_name.clone(),
        item.pipeline.clone(),
        original.map_or_else(String::new, |asset| {
            let size = text::size(asset.width, asset.height);
            if size.is_empty() { asset.media_type.clone() } else { size }
        }),
        text::bytes(item.assets.iter().map(|asset| asset.size).sum()),
        assets.join(", "),
        provenance(item),
    ]
}

/// An asset, with its dimensions where they are known.
fn with_size(asset: &api::Asset) -> String {
    let size = text::size(asset.width, asset.height);
    if size.is_empty() { asset.name.clone() } else { format!("{} {size}", asset.name) }
}

/// How many derivatives the canister vouches for, and for how many only a client does.
fn provenance(item: &api::Item) -> String {
    let count = |kind: &str| item.assets.iter().filter(|asset| asset.provenance == kind).count();
    let kinds = [api::provenance::VERIFIED, api::provenance::CLAIMED].map(|kind| (count(kind), kind));
    let shown = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}"));
    shown.collect::<Vec<_>>().join(", ")
}
