//! `darkroom run`: files and folders through both lanes to stored, verified assets.

mod feed;
mod plan;
mod results;
mod work;

use std::path::Path;
use std::time::Duration;

use darkroom_api as api;
use darkroom_client::Error as ClientError;
use darkroom_client::config::{pipeline_from_wire, to_wire};
use darkroom_core::pipeline::{Config, PASSTHROUGH};

use crate::args::{Run, Target};
use crate::commands::config;
use crate::connection::{Connection, Need, with_canister};
use crate::error::{Error, Result};
use crate::inputs::{self, Inputs, globs::Globs, spool};
use crate::interrupt;
use crate::say;
use crate::site::{Choice, Site};
use crate::text;

pub(super) fn run(target: &Target, args: &Run) -> Result<()> {
    if args.quiet {
        say::be_quiet();
    }
    let configured = args.config.as_deref().map(config::read).transpose()?;
    let configured = configured.map(|(config, _)| config);
    let globs = Globs::new(&args.include, &args.exclude)?;
    let mut inputs = inputs::find(&args.paths, &globs);
    if args.name.is_some() && !inputs.stdin {
        return Err(Error::Usage("--name is the file name of standard input; `-` reads it".to_owned()));
    }
    for path in &inputs.repeated {
        note!("note: {} is named more than once; it is taken once", shown(path));
    }
    if !inputs.is_open() {
        settle(args, &globs, &mut inputs, false)?;
    }
    let pipelines = configured.as_ref().map(to_wire);
    if args.dry_run && is_undeployed(target)? {
        // Nothing is stored where nothing is.
        let pipelines = pipelines.unwrap_or_else(|| to_wire(&Config::standard()));
        let runtime = interrupt::runtime()?;
        let shown = runtime.block_on(interrupt::or_interrupted(async {
            work_on(args, &globs, &mut inputs, pipelines, None).await
        }));
        // Whoever still waits for standard input is not waited for.
        runtime.shutdown_background();
        return shown;
    }
    let need = match args.dry_run {
        true => Need::Canister,
        false => Need::Deployed(Box::new(configured.as_ref().map(config::init_args).unwrap_or_default())),
    };
    with_canister(target, need, async |connection: &Connection| {
        let connection = &connection.patient(Duration::from_secs(args.retry_for));
        let present = match configured.as_ref().filter(|_| !connection.fresh && !args.dry_run) {
            Some(config) => configure(connection, config).await?,
            None => connection.darkroom.pipelines().await?,
        };
        if args.dry_run && pipelines.as_ref().is_some_and(|wanted| *wanted != present) {
            note!("note: --config is not what the canister has; this is about the pipelines that it has now");
        }
        work_on(args, &globs, &mut inputs, present, Some(connection)).await
    })
}

/// Uploads the files, or says what would be uploaded, through one of these pipelines.
async fn work_on(
    args: &Run,
    globs: &Globs,
    inputs: &mut Inputs,
    pipelines: Vec<api::Pipeline>,
    connection: Option<&Connection>,
) -> Result<()> {
    let pipeline = choose(pipelines, args.pipeline.as_deref())?;
    if inputs.is_open() {
        settle(args, globs, inputs, makes_nothing(&pipeline))?;
    }
    let spooled = if inputs.stdin { Some(from_stdin().await?) } else { None };
    if let Some(spooled) = &spooled {
        inputs.add_spooled(spooled, args.name.as_deref());
    }
    match connection {
        Some(connection) if !args.dry_run => work::upload_all(connection, args, inputs).await,
        _ => plan::show(connection, args, inputs).await,
    }
}

/// Whether this is about a local network that no canister was deployed to yet. That is not done to look at it.
fn is_undeployed(target: &Target) -> Result<bool> {
    let site = Site::new(target)?;
    let choice = site.canister(target.canister.as_deref())?;
    Ok(site.network.is_local() && choice == Choice::Unknown)
}

/// Decides which files of folders are taken, then says what of the paths cannot be. That is a failure like any other:
/// without `--keep-going` nothing else is begun after it.
fn settle(args: &Run, globs: &Globs, inputs: &mut Inputs, everything: bool) -> Result<()> {
    inputs.narrow(everything, globs);
    for (path, reason) in &inputs.problems {
        say!("error: {}: {reason}", shown(path));
    }
    if inputs.is_empty() {
        return Err(Error::Reported);
    }
    if !inputs.problems.is_empty() && !args.keep_going {
        let files = text::count(inputs.files.len() + usize::from(inputs.stdin), "other file");
        say!("{files} not tried; --keep-going goes on with them");
        return Err(Error::Reported);
    }
    Ok(())
}

/// Standard input, in a temporary file. Reading it may take long, and an interruption does not wait for its end.
async fn from_stdin() -> Result<spool::Spooled> {
    let reading = tokio::task::spawn_blocking(spool::spool);
    reading.await.map_err(|error| Error::Local(format!("cannot read standard input: {error}")))?
}

/// Configures the canister with the pipelines of a file, unless it has them; gives those that it has then.
async fn configure(connection: &Connection, config: &Config) -> Result<Vec<api::Pipeline>> {
    let darkroom = &connection.darkroom;
    let found = darkroom.pipelines().await?;
    let present = found.iter().map(pipeline_from_wire).collect::<Result<Vec<_>, _>>();
    if present.is_ok_and(|present| present == config.pipelines) {
        return Ok(found);
    }
    let wanted = to_wire(config);
    let args = api::InitArgs { pipelines: Some(wanted.clone()), ..Default::default() };
    darkroom.configure(&args).await?;
    note!("configured canister {} with the pipelines of --config", darkroom.canister());
    Ok(wanted)
}

/// The pipeline that is meant. An unknown one is refused here once instead of for each file.
fn choose(mut known: Vec<api::Pipeline>, name: Option<&str>) -> Result<api::Pipeline> {
    let found = known.iter().position(|pipeline| name.is_none_or(|name| pipeline.name == name));
    if let Some(found) = found {
        return Ok(known.swap_remove(found));
    }
    let known = known.into_iter().map(|pipeline| pipeline.name).collect::<Vec<_>>().join(", ");
    Err(ClientError::UnknownPipeline { name: name.unwrap_or_default().to_owned(), known }.into())
}

/// Whether a pipeline makes nothing of a file, and so takes all files.
fn makes_nothing(pipeline: &api::Pipeline) -> bool {
    let mut stages = pipeline.lanes.iter().flat_map(|lane| &lane.stages);
    stages.all(|stage| stage.processor == PASSTHROUGH)
}

fn shown(path: &Path) -> String {
    text::printable(&path.to_string_lossy())
}
