//! `run --dry-run`: what would be uploaded, and what is stored already.

use darkroom_client::UploadOptions;
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;

use super::feed::{self, Found, Looked};
use crate::args::Run;
use crate::commands::{json, print};
use crate::connection::Connection;
use crate::error::{Error, FAILED, Result, client_exit_code, client_text};
use crate::inputs::{Input, Inputs};
use crate::text;

/// A line of `run --dry-run --json`.
#[derive(Debug, Serialize)]
struct PlanLine<'a> {
    file: &'a str,
    bytes: u64,
    /// `upload` or `skip`.
    action: &'static str,
    /// The item that it is stored as.
    item: Option<String>,
}

/// Says what a run would do on this canister, or on one that is still to be deployed. Sends nothing.
pub(super) async fn show(connection: Option<&Connection>, args: &Run, inputs: &Inputs) -> Result<()> {
    let options = super::work::options(args);
    let mut looked = match connection {
        Some(connection) => look(connection, &options, &inputs.files),
        None => {
            let unknown = (0..inputs.files.len()).map(|index| (index, Ok(Found::Unknown))).collect();
            stream::iter([unknown]).boxed_local()
        }
    };
    let mut failures = vec![FAILED; inputs.problems.len()];
    let (mut rows, mut uploads, mut skips, mut bytes) = (Vec::new(), 0, 0, 0);
    while let Some(batch) = looked.next().await {
        for (index, found) in batch {
            let input = &inputs.files[index];
            let item = match found {
                Ok(Found::Stored(outcome)) => Some(outcome.item),
                Ok(Found::New(_) | Found::Unknown) => None,
                Err(error) => {
                    say!("error: {}: {}", text::printable(&input.shown), client_text(&error));
                    failures.push(client_exit_code(&error));
                    continue;
                }
            };
            let action = if item.is_some() { "skip" } else { "upload" };
            if item.is_some() {
                skips += 1;
            } else {
                (uploads, bytes) = (uploads + 1, bytes + input.bytes);
            }
            if args.json {
                print(&json(&PlanLine { file: &input.shown, bytes: input.bytes, action, item })?)?;
            } else {
                rows.push(row(input, action, item));
            }
        }
    }
    if !args.quiet {
        let all = text::count(inputs.files.len() + inputs.problems.len(), "file");
        let mut sum = format!("{all}: {uploads} to upload ({}), {skips} stored before", text::bytes(bytes));
        if !failures.is_empty() {
            sum += &format!(", {} failed", failures.len());
        }
        sum += "; nothing was sent";
        if args.json {
            say!("{sum}");
        } else {
            print(&text::table(["FILE", "BYTES", "ACTION", "ITEM"], rows, &[1]))?;
            print(&sum)?;
        }
    }
    match failures.first() {
        None => Ok(()),
        Some(code) if uploads + skips == 0 && failures.iter().all(|other| other == code) => {
            Err(Error::Files { code: *code })
        }
        Some(_) => Err(Error::Reported),
    }
}

fn look<'a>(
    connection: &'a Connection,
    options: &'a UploadOptions,
    files: &'a [Input],
) -> std::pin::Pin<Box<dyn Stream<Item = Vec<Looked>> + 'a>> {
    feed::look(&connection.darkroom, options, files).boxed_local()
}

fn row(input: &Input, action: &str, item: Option<String>) -> [String; 4] {
    [input.shown.clone(), text::bytes(input.bytes), action.to_owned(), item.unwrap_or_default()]
}
