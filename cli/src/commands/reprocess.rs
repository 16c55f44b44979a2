//! `darkroom reprocess`: derivatives made again where they are missing or outdated.

use darkroom_api as api;
use darkroom_client::{Error as ClientError, ReprocessOptions, Reprocessed};
use futures_util::{StreamExt, stream};

use crate::args::{Reprocess, Target};
use crate::commands::{json, ls, print};
use crate::connection::{Connection, Need, with_canister};
use crate::error::{Error, Result, client_exit_code, client_text};
use crate::report::ReprocessLine;

pub(super) fn run(target: &Target, args: &Reprocess) -> Result<()> {
    with_canister(target, Need::Canister, async |connection: &Connection| {
        let items = match args.all {
            true => ls::all(connection).await?.into_iter().map(|item| item.id).collect(),
            false => args.items.clone(),
        };
        let options =
            ReprocessOptions { pipeline: args.pipeline.clone(), verify: args.verify, ..Default::default() };
        let reprocess = |item: String| {
            let options = &options;
            async move {
                let result = connection.darkroom.reprocess(&item, options).await;
                (item, result)
            }
        };
        let mut done = stream::iter(items.into_iter().map(reprocess)).buffered(args.jobs.into());
        let (mut codes, mut right, mut foreign, mut good) = (Vec::new(), 0, 0, 0);
        while let Some((item, result)) = done.next().await {
            match result {
                Ok(result) => {
                    good += 1;
                    right += u32::from(result.is_unchanged());
                    show(connection, args, &result)?;
                }
                // Everybody's are listed.
                Err(ClientError::Refused { source, .. })
                    if args.all && source.code == api::code::FORBIDDEN =>
                {
                    foreign += 1;
                }
                Err(error) => {
                    say!("error: item {item}: {}", client_text(&error));
                    codes.push(client_exit_code(&error));
                }
            }
        }
        if args.all && !args.json {
            let others =
                if foreign > 0 { format!(", {foreign} of others left alone") } else { String::new() };
            say!("{good} items, {right} of them as they should be{others}");
        }
        match codes.first() {
            None => Ok(()),
            Some(code) if good == 0 && codes.iter().all(|other| other == code) => {
                Err(Error::Files { code: *code })
            }
            Some(_) => Err(Error::Reported),
        }
    })
}

fn show(connection: &Connection, args: &Reprocess, result: &Reprocessed) -> Result<()> {
    if args.json {
        return print(&json(&ReprocessLine::new(connection, result))?);
    }
    let mut said = Vec::new();
    if !result.changed.is_empty() {
        said.push(format!("made again: {}", result.changed.join(", ")));
    }
    if !result.removed.is_empty() {
        said.push(format!("removed: {}", result.removed.join(", ")));
    }
    match said.is_empty() {
        // Of many items only those that have changed are of interest.
        true if args.all => {}
        true => print(&format!("item {}: nothing to do", result.item))?,
        false => print(&format!("item {}: {}", result.item, said.join("; ")))?,
    }
    for failed in &result.failed {
        let is_old = result.assets.iter().any(|asset| asset.name == failed.asset);
        let how = if is_old { "with the same" } else { "without" };
        say!("item {}: {how} `{}` as before: {}", result.item, failed.asset, failed.message);
    }
    Ok(())
}
