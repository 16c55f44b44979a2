//! `darkroom get`: an asset's bytes, to a file or to standard output.

use std::io::{IsTerminal, Read, Write};
use std::path::Path;

use darkroom_client::{DownloadEvent, DownloadOptions, Event, Unit};
use darkroom_core::Digest;
use darkroom_core::hash::{RollingHash, RollingSha256};

use crate::args::{Get, Target};
use crate::connection::{Connection, Need, with_canister};
use crate::display::Display;
use crate::error::{Error, Result};
use crate::text;

/// Bytes of a file that are read at once.
const BLOCK: usize = 256 << 10;

pub(super) fn run(target: &Target, args: &Get) -> Result<()> {
    let output = args.output.as_deref().filter(|path| path.as_os_str() != "-");
    if let Some(path) = output {
        check_kind(path)?;
    }
    if output.is_none() && std::io::stdout().is_terminal() {
        let text = "an asset is not text for a terminal; name a file with -o FILE, or pipe it";
        return Err(Error::Usage(text.to_owned()));
    }
    with_canister(target, Need::Canister, async |connection: &Connection| match output {
        Some(path) => to_file(connection, args, path).await,
        None => to_stdout(connection, args).await,
    })
}

/// Refuses what is there and is no file: it cannot be compared with the asset, and must not be replaced by one.
fn check_kind(path: &Path) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(data) if data.is_dir() => {
            Err(Error::Usage(format!("{} is a folder; name a file", path.display())))
        }
        Ok(data) if !data.is_file() => Err(Error::Usage(format!(
            "{} is there and is no regular file; name another, or `-o -` for standard output",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Fetches what is missing of the file; what is there already is the asset, or stays.
async fn to_file(connection: &Connection, args: &Get, path: &Path) -> Result<()> {
    if !args.force && path.exists() && is_there(connection, args, path).await? {
        return Ok(());
    }
    let darkroom = &connection.darkroom;
    let item = darkroom.item(&args.item).await?;
    let bytes = item.assets.iter().find(|asset| asset.name == args.asset).map_or(0, |asset| asset.size);
    let name =
        path.file_name().map_or_else(|| args.asset.clone(), |name| name.to_string_lossy().into_owned());
    let display = Display::new(false, 1, bytes);
    let progress = display.file(&name, bytes);
    let show = |event| {
        let (done, total) = match event {
            DownloadEvent::Begun { present, total } => {
                if present > 0 {
                    let (present, total) = (text::bytes(present), text::bytes(total));
                    display.note(&format!("note: {present} of {total} were fetched before"));
                }
                (present, total)
            }
            DownloadEvent::Bytes { done, total } => (done, total),
            _ => return,
        };
        let (name, what) = (args.asset.clone(), "fetched".to_owned());
        progress.show(&Event::Lane { index: 0, name, what, done, total, unit: Unit::Bytes });
    };
    let options = DownloadOptions { overwrite: args.force };
    let downloaded = darkroom.download(&args.item, &args.asset, path, &options, &show);
    let downloaded = display.during(downloaded).await?;
    drop(progress);
    drop(display);
    let asset = downloaded.asset;
    say!("{}: {}, SHA-256 {} verified", path.display(), text::bytes(asset.bytes), asset.sha256);
    Ok(())
}

/// Whether a file that is there is the asset already.
async fn is_there(connection: &Connection, args: &Get, path: &Path) -> Result<bool> {
    let item = connection.darkroom.certified_item(&args.item).await?;
    let Some(asset) = item.assets.iter().find(|asset| asset.name == args.asset) else { return Ok(false) };
    let found = sha256_of(path).map_err(Error::io(format!("cannot read {}", path.display())))?;
    if found != Digest(*asset.sha256) {
        return Ok(false);
    }
    say!("{} is there already: {}, SHA-256 {found} verified", path.display(), text::bytes(asset.size));
    Ok(true)
}

fn sha256_of(path: &Path) -> std::io::Result<Digest> {
    let mut file = std::fs::File::open(path)?;
    let mut block = vec![0; BLOCK];
    let mut hash = RollingSha256::default();
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(hash.finish()),
            Ok(count) => hash.update(&block[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

async fn to_stdout(connection: &Connection, args: &Get) -> Result<()> {
    let sink = |bytes: &[u8]| std::io::stdout().lock().write_all(bytes);
    connection.darkroom.get_into(&args.item, &args.asset, sink).await?;
    std::io::stdout().flush().map_err(Error::io("cannot write to standard output"))
}
