//! Uploads the files of a folder, those that are not stored yet, and says what became of each.
//!
//! ```console
//! $ cargo run -p darkroom-client --example folder -- http://127.0.0.1:8000 CANISTER key.pem photos/
//! ```

use std::error::Error;
use std::path::PathBuf;

use darkroom_client::{Darkroom, Event, Toolkit, UploadOptions};
use darkroom_codec::CODECS;
use futures_util::{StreamExt, TryStreamExt, stream};
use ic_agent::identity::BasicIdentity;

/// Files that are hashed, and files that are sent, at once.
const AT_ONCE: usize = 4;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |name: &str| args.next().ok_or(format!("{name} is missing: URL CANISTER KEY FOLDER"));
    let (url, canister, key, folder) = (next("URL")?, next("CANISTER")?, next("KEY")?, next("FOLDER")?);

    let toolkit = Toolkit { registry: darkroom_processors::registry()?, decoder: &CODECS };
    let darkroom = Darkroom::connect(url, canister.parse()?)
        .identity(BasicIdentity::from_pem_file(key)?)
        .toolkit(toolkit)
        .await?;

    let paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .filter(|path| path.as_ref().map_or(true, |path| path.is_file()))
        .collect::<std::io::Result<_>>()?;
    let prepared = paths.iter().map(|path| darkroom.prepare_path(path, UploadOptions::default()));
    let files: Vec<_> = stream::iter(prepared).buffered(AT_ONCE).try_collect().await?;

    // One call for 100 files, and nothing of what is there is sent.
    let stored = darkroom.stored(&files).await?;
    let missing = files.into_iter().zip(stored).filter_map(|(file, stored)| match stored {
        Some(outcome) => {
            println!("{} is item {}", file.file_name(), outcome.item);
            None
        }
        None => Some(file),
    });
    let missing: Vec<_> = missing.collect();
    let uploads = missing.into_iter().map(|file| {
        let name = file.file_name().to_owned();
        let progress = {
            let name = name.clone();
            move |event| {
                if let Event::Lane { name: lane, done, total, .. } = event {
                    println!("{name}: {lane} {done} of {total}");
                }
            }
        };
        let darkroom = &darkroom;
        async move { Ok::<_, darkroom_client::Error>((name, darkroom.upload_prepared(file, progress).await?)) }
    });
    let mut uploads = stream::iter(uploads).buffer_unordered(AT_ONCE);
    while let Some((name, outcome)) = uploads.try_next().await? {
        println!("{name} is item {}, {} assets", outcome.item, outcome.assets.len());
    }
    Ok(())
}
