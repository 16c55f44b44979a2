//! `darkroom run`: files and folders through both lanes to stored, verified assets.

use std::path::{Path, PathBuf};

use darkroom_api as api;
use darkroom_client::config::{pipeline_from_wire, to_wire};
use darkroom_client::{Error as ClientError, Event, Outcome, UploadOptions};
use darkroom_core::asset::ORIGINAL;
use darkroom_core::pipeline::Config;
use futures_util::{StreamExt, stream};

use crate::args::{Run, Target};
use crate::bars::Bars;
use crate::commands::{config, json};
use crate::connection::{Connection, Need, with_canister};
use crate::error::{Error, FAILED, Result, client_exit_code, client_text};
use crate::inputs::{self, Inputs};
use crate::report::RunLine;
use crate::text;

pub(super) fn run(target: &Target, args: &Run) -> Result<()> {
    let configured = args.config.as_deref().map(config::read).transpose()?;
    let configured = configured.map(|(config, _)| config);
    let inputs = inputs::find(&args.paths);
    for (path, reason) in &inputs.problems {
        eprintln!("error: {}: {reason}", shown(path));
    }
    for path in &inputs.repeated {
        eprintln!("note: {} is named more than once; it is taken once", shown(path));
    }
    if inputs.files.is_empty() {
        return Err(Error::Reported);
    }
    let init = configured.as_ref().map(config::init_args).unwrap_or_default();
    with_canister(target, Need::Deployed(Box::new(init)), async |connection: &Connection| {
        if let Some(config) = configured.as_ref().filter(|_| !connection.fresh) {
            configure(connection, config).await?;
        }
        check_pipeline(connection, args.pipeline.as_deref()).await?;
        upload_all(connection, args, &inputs).await
    })
}

/// Configures the canister with the pipelines of a file, unless it has them.
async fn configure(connection: &Connection, config: &Config) -> Result<()> {
    let darkroom = &connection.darkroom;
    let present = darkroom.pipelines().await?;
    let present = present.iter().map(pipeline_from_wire).collect::<Result<Vec<_>, _>>();
    if present.is_ok_and(|present| present == config.pipelines) {
        return Ok(());
    }
    let args = api::InitArgs { pipelines: Some(to_wire(config)), ..Default::default() };
    darkroom.configure(&args).await?;
    eprintln!("configured canister {} with the pipelines of --config", darkroom.canister());
    Ok(())
}

/// Refuses an unknown pipeline once instead of for each file.
async fn check_pipeline(connection: &Connection, name: Option<&str>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    let known = connection.darkroom.pipelines().await?;
    if known.iter().any(|pipeline| pipeline.name == name) {
        return Ok(());
    }
    let known = known.into_iter().map(|pipeline| pipeline.name).collect::<Vec<_>>().join(", ");
    Err(ClientError::UnknownPipeline { name: name.to_owned(), known }.into())
}

async fn upload_all(connection: &Connection, args: &Run, inputs: &Inputs) -> Result<()> {
    let bars = Bars::new();
    let options = UploadOptions {
        pipeline: args.pipeline.clone(),
        in_flight: args.in_flight.into(),
        visibility: if args.private { api::Visibility::Private } else { api::Visibility::Public },
        ..Default::default()
    };
    let upload = |(index, path): (usize, &'_ PathBuf)| {
        let (path, options, bars) = (path.clone(), options.clone(), &bars);
        async move {
            let lanes = bars.file(&path);
            let report = |event| {
                if let Event::Begun { item, resumed: true } = &event {
                    bars.say(&format!(
                        "note: {} continues item {item}, a part of which is stored",
                        shown(&path)
                    ));
                }
                lanes.show(event);
            };
            let result = connection.darkroom.upload_path(&path, options, report).await;
            drop(lanes);
            (index, path, result)
        }
    };
    let mut uploads =
        stream::iter(inputs.files.iter().enumerate().map(upload)).buffer_unordered(args.jobs.into());
    let mut stored = Vec::new();
    let mut codes = vec![FAILED; inputs.problems.len()];
    while let Some((index, path, result)) = uploads.next().await {
        match result {
            Ok(outcome) => {
                if args.json {
                    bars.print(&json(&RunLine::new(connection, &path.to_string_lossy(), &outcome))?)?;
                }
                stored.push((index, path, outcome));
            }
            Err(error) => {
                bars.say(&format!("error: {}: {}", shown(&path), client_text(&error)));
                codes.push(client_exit_code(&error));
            }
        }
    }
    stored.sort_by_key(|(index, _, _)| *index);
    if !args.json && !stored.is_empty() {
        show(connection, &stored)?;
    }
    match codes.first() {
        None => Ok(()),
        // Where everything failed for one reason, the exit code says which.
        Some(code) if stored.is_empty() && codes.iter().all(|other| other == code) => {
            Err(Error::Files { code: *code })
        }
        Some(_) => Err(Error::Reported),
    }
}

/// The table at the end.
fn show(connection: &Connection, stored: &[(usize, PathBuf, Outcome)]) -> Result<()> {
    let mut rows = Vec::new();
    for (_, path, outcome) in stored {
        for (index, asset) in outcome.assets.iter().enumerate() {
            rows.push([
                if index == 0 { shown(path) } else { String::new() },
                asset.name.clone(),
                text::size(asset.width, asset.height),
                text::bytes(asset.bytes),
                asset.sha256.to_string().chars().take(12).collect(),
                connection.asset_url(&outcome.item, &asset.name),
            ]);
        }
    }
    let header = ["FILE", "ASSET", "SIZE", "BYTES", "SHA-256", "URL"];
    super::print(&text::table(header, rows, &[3]))?;
    super::print("")?;
    for (_, path, outcome) in stored {
        let lanes: Vec<_> = outcome
            .lanes
            .iter()
            .map(|lane| format!("{} {}", lane.name, text::duration(lane.elapsed)))
            .collect();
        let how = if outcome.already_stored {
            "stored before, verified again".to_owned()
        } else {
            let sent = resumed(outcome).unwrap_or_default();
            format!("{}, lanes: {}{sent}", text::duration(outcome.elapsed), lanes.join(", "))
        };
        super::print(&format!("{} is item {} ({how})", shown(path), outcome.item))?;
        for failed in &outcome.failed {
            eprintln!("{}: without `{}`: {}", shown(path), failed.asset, failed.message);
        }
    }
    if connection.endpoint.is_embedded() {
        eprintln!("\nto open the URLs, start the network that serves them: cargo darkroom localnet start");
    }
    Ok(())
}

/// How much of a continued upload had to be sent.
fn resumed(outcome: &Outcome) -> Option<String> {
    let size = outcome.assets.iter().find(|asset| asset.name == ORIGINAL)?.bytes;
    let sent = || format!(", continued: sent {} of {}", text::bytes(outcome.sent), text::bytes(size));
    (outcome.sent < size).then(sent)
}

fn shown(path: &Path) -> String {
    text::printable(&path.to_string_lossy())
}
