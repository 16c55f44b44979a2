//! Files looked at ahead of their upload: hashed a few at a time, and the canister asked for many at once which of them
//! it has.

use std::time::Duration;

use darkroom_client::{Darkroom, Outcome, Prepared, Result as ClientResult, UploadOptions};
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use crate::inputs::Input;

/// Files that the canister is asked for at once.
const BATCH: usize = 100;
/// How long the first of them waits for the others.
const GATHER: Duration = Duration::from_millis(500);
/// Batches in flight: while one is asked for the next is gathered.
const BATCHES: usize = 2;
/// The most files that are read and hashed at once; images are in memory meanwhile.
const HASHED: usize = 4;

/// A file, by its place among those that are meant, and what is known of it.
pub(super) type Looked = (usize, ClientResult<Found>);

/// What is known of a file.
#[derive(Debug)]
pub(super) enum Found {
    /// It is stored.
    Stored(Box<Outcome>),
    /// It is not stored, and ready to be sent.
    New(Box<Prepared>),
    /// Whoever sends it will see.
    Unknown,
}

/// How a file is to be uploaded.
pub(super) fn options_for(options: &UploadOptions, input: &Input) -> UploadOptions {
    UploadOptions { file_name: input.name.clone(), ..options.clone() }
}

/// Looks at files in their order, in batches, no faster than they are taken.
pub(super) fn look<'a>(
    darkroom: &'a Darkroom,
    options: &'a UploadOptions,
    files: &'a [Input],
) -> impl Stream<Item = Vec<Looked>> + Unpin + 'a {
    let hashed = std::thread::available_parallelism().map_or(1, usize::from).min(HASHED);
    let prepared = stream::iter(files.iter().enumerate())
        .map(move |(index, input)| async move {
            (index, darkroom.prepare_path(&input.path, options_for(options, input)).await)
        })
        .buffered(hashed);
    let batches = stream::unfold(Box::pin(prepared), |mut prepared| async {
        let mut batch = vec![prepared.next().await?];
        let end = Instant::now() + GATHER;
        while batch.len() < BATCH
            && let Ok(Some(next)) = timeout_at(end, prepared.next()).await
        {
            batch.push(next);
        }
        Some((batch, prepared))
    });
    Box::pin(batches.map(move |batch| look_up(darkroom, batch)).buffered(BATCHES))
}

async fn look_up(darkroom: &Darkroom, batch: Vec<(usize, ClientResult<Prepared>)>) -> Vec<Looked> {
    let readable = batch.iter().filter_map(|(_, prepared)| prepared.as_ref().ok());
    // What is wrong with the network or with rights is said of each file when it is sent.
    let mut stored = darkroom.stored(readable).await.unwrap_or_default().into_iter();
    let found = |(index, prepared): (usize, ClientResult<Prepared>)| {
        let found = prepared.map(|prepared| match stored.next().flatten() {
            Some(outcome) => Found::Stored(Box::new(outcome)),
            None => Found::New(Box::new(prepared)),
        });
        (index, found)
    };
    batch.into_iter().map(found).collect()
}
