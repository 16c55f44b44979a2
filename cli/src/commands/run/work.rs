//! Files in flight: begun one after the other, a few at once, until all are done, one fails, or Ctrl-C.

use std::collections::VecDeque;
use std::time::Duration;

use darkroom_api as api;
use darkroom_client::{Event, Outcome, Prepared, Result as ClientResult, UploadOptions};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::feed::{self, Found, Looked};
use super::results::Results;
use crate::args::Run;
use crate::commands::json;
use crate::connection::Connection;
use crate::display::Display;
use crate::error::{Error, FAILED, INTERRUPTED, Result, client_exit_code, client_text};
use crate::inputs::{Input, Inputs};
use crate::interrupt::Stop;
use crate::report::RunLine;
use crate::text;

/// How long files in flight may go on after Ctrl-C: small ones are done by then.
const GRACE: Duration = Duration::from_secs(2);
/// The most files that wait for their upload, having been looked at.
const AHEAD: usize = 200;

/// One run over all files.
struct Work<'a> {
    connection: &'a Connection,
    args: &'a Run,
    options: &'a UploadOptions,
    display: &'a Display,
    results: Results,
    /// Exit codes of what failed.
    failures: Vec<u8>,
    /// Why no other file is begun.
    ended: Option<Ended>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Failed,
    Interrupted,
}

/// How files are uploaded.
pub(super) fn options(args: &Run) -> UploadOptions {
    UploadOptions {
        pipeline: args.pipeline.clone(),
        in_flight: args.in_flight.into(),
        visibility: if args.private { api::Visibility::Private } else { api::Visibility::Public },
        ..Default::default()
    }
}

/// Uploads all files, and prints what came of it.
pub(super) async fn upload_all(connection: &Connection, args: &Run, inputs: &Inputs) -> Result<()> {
    let bytes = inputs.files.iter().map(|file| file.bytes).sum();
    let display = Display::new(args.quiet, inputs.files.len(), bytes);
    let options = options(args);
    let work = Work {
        connection,
        args,
        options: &options,
        display: &display,
        results: Results::new(inputs.files.len(), inputs.problems.len(), inputs.repeated.len()),
        failures: vec![FAILED; inputs.problems.len()],
        ended: None,
    };
    let work = display.during(work.all(&inputs.files)).await?;
    let (mut results, failures, ended) = (work.results, work.failures, work.ended);
    drop(display);
    results.show(connection, args)?;
    if ended == Some(Ended::Interrupted) {
        if results.is_complete() && failures.is_empty() {
            return Ok(());
        }
        say!("interrupted; the same command goes on from here");
        return Err(Error::Files { code: INTERRUPTED });
    }
    match failures.first() {
        None => Ok(()),
        // Where everything failed for one reason, the exit code says which.
        Some(code) if results.is_nothing_stored() && failures.iter().all(|other| other == code) => {
            Err(Error::Files { code: *code })
        }
        Some(_) => Err(Error::Reported),
    }
}

impl<'a> Work<'a> {
    async fn all(mut self, files: &'a [Input]) -> Result<Work<'a>> {
        let stop = Stop::in_order()?;
        let jobs = usize::from(self.args.jobs);
        let mut feed = feed::look(&self.connection.darkroom, self.options, files);
        // So few files are all sent at once, each of which asks for itself, sooner.
        let mut is_fed = files.len() <= jobs;
        let mut waiting: VecDeque<Looked> = VecDeque::new();
        if is_fed {
            waiting.extend((0..files.len()).map(|index| (index, Ok(Found::Unknown))));
        }
        let mut in_flight = FuturesUnordered::new();
        let mut grace = None;
        loop {
            while self.ended.is_none()
                && in_flight.len() < jobs
                && let Some((index, found)) = waiting.pop_front()
            {
                match found {
                    Ok(Found::Stored(outcome)) => {
                        self.display.skip(files[index].bytes);
                        self.record(index, &files[index], Ok(*outcome))?;
                    }
                    Ok(Found::New(prepared)) => {
                        in_flight.push(self.upload(index, &files[index], Some(*prepared)));
                    }
                    Ok(Found::Unknown) => in_flight.push(self.upload(index, &files[index], None)),
                    Err(error) => {
                        self.display.skip(files[index].bytes);
                        self.record(index, &files[index], Err(error))?;
                    }
                }
            }
            if in_flight.is_empty() && (self.ended.is_some() || is_fed) {
                break;
            }
            tokio::select! {
                biased;
                () = stop.asked(), if self.ended != Some(Ended::Interrupted) => {
                    self.ended = Some(Ended::Interrupted);
                    grace = Some(tokio::time::Instant::now() + GRACE);
                    let files = text::count(in_flight.len(), "file");
                    self.display.note(&format!(
                        "\nstopping: waiting for {files} in flight; Ctrl-C again ends at once"
                    ));
                }
                () = until(grace), if grace.is_some() => {
                    self.results.cut_off(in_flight.len());
                    break;
                }
                Some((index, result)) = in_flight.next() => self.record(index, &files[index], result)?,
                batch = feed.next(), if !is_fed && self.ended.is_none() && waiting.len() < AHEAD => match batch {
                    Some(batch) => waiting.extend(batch),
                    None => is_fed = true,
                },
            }
        }
        drop(in_flight);
        Ok(self)
    }

    /// One file's upload.
    fn upload(
        &self,
        index: usize,
        input: &'a Input,
        prepared: Option<Prepared>,
    ) -> impl Future<Output = (usize, ClientResult<Outcome>)> + use<'a> {
        let (connection, options, display) = (self.connection, self.options, self.display);
        async move {
            let shown = || text::printable(&input.shown);
            let name = input.path.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = input.name.clone().or(name).unwrap_or_else(|| input.shown.clone());
            let progress = display.file(&name, input.bytes);
            let report = |event: Event| {
                if let Event::Begun { item, resumed: true } = &event {
                    let shown = shown();
                    display.note(&format!("note: {shown} continues item {item}, a part of which is stored"));
                }
                progress.show(&event);
            };
            let darkroom = &connection.darkroom;
            let result = match prepared {
                Some(prepared) => darkroom.upload_prepared(prepared, report).await,
                None => darkroom.upload_path(&input.path, feed::options_for(options, input), report).await,
            };
            (index, result)
        }
    }

    fn record(&mut self, index: usize, input: &Input, result: ClientResult<Outcome>) -> Result<()> {
        match result {
            Ok(outcome) => {
                if self.args.json {
                    let line = RunLine::new(self.connection, &input.shown, &outcome);
                    self.display.print(&json(&line)?)?;
                }
                self.results.stored(self.connection, index, &input.shown, outcome);
            }
            Err(error) => {
                let shown = text::printable(&input.shown);
                self.display.alarm(&format!("error: {shown}: {}", client_text(&error)));
                self.failures.push(client_exit_code(&error));
                self.results.failed();
                if !self.args.keep_going && self.ended.is_none() {
                    self.ended = Some(Ended::Failed);
                }
            }
        }
        Ok(())
    }
}

async fn until(instant: Option<tokio::time::Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
